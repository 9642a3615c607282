package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/config"
	"leafgate/module"
)

// Spec is monitoring's line in the gateway's table.
var Spec = module.Spec{Name: "monitor", Keys: keys, New: newModule}

// A monitor is the monitoring port of one gateway.
type monitor struct {
	env     *module.Env
	options options
	about   atomic.Pointer[about]
	start   time.Time
	cpu     meter
	visits  visits

	server http.Server
	ln     net.Listener
	wg     sync.WaitGroup // the accept loop
}

// about is what /varz says of the present configuration.
type about struct {
	digest   string
	loaded   time.Time
	tags     []string
	metadata map[string]string
}

func newModule(env *module.Env, conf *config.Block) (module.Module, error) {
	o, on := readOptions(env, conf)
	known := readAbout(conf)
	if !on {
		return nil, nil
	}
	m := &monitor{env: env, options: o, start: time.Now()}
	m.about.Store(known)
	m.cpu.start()
	return m, nil
}

// Start implements module.Module.
func (m *monitor) Start(context.Context) error {
	ln, err := net.Listen("tcp", m.options.addr)
	if err != nil {
		return err
	}
	m.ln = ln
	m.server = http.Server{
		Handler:           m.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(m.env.Log.Handler(), slog.LevelDebug),
	}
	m.wg.Go(func() { _ = m.server.Serve(ln) }) // ends with Stop
	m.env.Log.Info("listening", "addr", "http://"+ln.Addr().String()+m.options.base)
	return nil
}

// Stop implements module.Module.
func (m *monitor) Stop(ctx context.Context) error {
	if m.server.Shutdown(ctx) != nil {
		_ = m.server.Close() // those who have not finished by now are cut
	}
	m.wg.Wait()
	return nil
}

// Check implements module.Reloader.
func (m *monitor) Check(conf *config.Block) error {
	o, on := readOptions(m.env, conf)
	readAbout(conf)
	if !on || o != m.options {
		return fmt.Errorf("monitor: the address and path cannot change while running: restart")
	}
	return nil
}

// Reload implements module.Reloader.
func (m *monitor) Reload(conf *config.Block) error {
	m.about.Store(readAbout(conf))
	return nil
}

// Listeners implements module.Lister.
func (m *monitor) Listeners() []module.Listener {
	return []module.Listener{{Protocol: "http", Addr: m.options.addr}}
}

// Addrs implements module.Addresser.
func (m *monitor) Addrs() []net.Addr {
	if m.ln == nil {
		return nil
	}
	return []net.Addr{m.ln.Addr()}
}

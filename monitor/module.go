package monitor

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/internal/tlsconf"
	"leafgate/module"
)

// Spec is monitoring's line in the gateway's table.
var Spec = module.Spec{Name: "monitor", Keys: keys, New: newModule}

// A monitor is the monitoring of one gateway: pages, and the port that shows them where the configuration has one.
type monitor struct {
	env     *module.Env
	options options
	about   atomic.Pointer[about]
	rules   atomic.Pointer[auth.Rules] // nil: everybody may look
	tls     *tlsconf.Server            // nil: in clear
	start   time.Time
	cpu     meter
	visits  visits

	server http.Server
	bound  atomic.Pointer[net.TCPAddr] // nil: no port, or not yet
	wg     sync.WaitGroup              // the accept loop
}

// about is what /varz says of the present configuration.
type about struct {
	digest   string
	loaded   time.Time
	tags     []string
	metadata map[string]string
}

// newModule answers a module without a port, too: others ask it for pages.
func newModule(env *module.Env, conf *config.Block) (module.Module, error) {
	m := &monitor{env: env, options: readOptions(env, conf), start: time.Now()}
	m.about.Store(readAbout(conf))
	m.rules.Store(readRules(env, conf))
	if m.options.secure {
		m.tls = tlsconf.ReadServer(conf.Block("tls"), env.Log, env.Clock.Valid)
	}
	m.cpu.start()
	return m, nil
}

// Start implements module.Module.
func (m *monitor) Start(context.Context) error {
	if m.options.addr == "" {
		return nil
	}
	ln, err := net.Listen("tcp", m.options.addr)
	if err != nil {
		return err
	}
	m.bound.Store(ln.Addr().(*net.TCPAddr))
	scheme := "http://"
	if m.tls != nil {
		scheme, ln = "https://", tls.NewListener(ln, serverOnly(m.tls.Config()))
	}
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
	m.env.Log.Info("listening", "addr", scheme+ln.Addr().String()+m.options.base)
	return nil
}

// serverOnly is c without questions about who the client is: those who look show no certificates.
func serverOnly(c *tls.Config) *tls.Config {
	load := c.GetConfigForClient
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		own, err := load(hello)
		if err != nil {
			return nil, err
		}
		own = own.Clone()
		own.ClientAuth, own.VerifyConnection = tls.NoClientCert, nil
		return own, nil
	}
	return c
}

// Stop implements module.Module.
func (m *monitor) Stop(ctx context.Context) error {
	if m.bound.Load() == nil {
		return nil
	}
	if m.server.Shutdown(ctx) != nil {
		_ = m.server.Close() // those who have not finished by now are cut
	}
	m.wg.Wait()
	return nil
}

// Check implements module.Reloader.
func (m *monitor) Check(conf *config.Block) error {
	readAbout(conf)
	readRules(m.env, conf)
	o := readOptions(m.env, conf)
	if o.secure {
		tlsconf.ReadServer(conf.Block("tls"), m.env.Log, m.env.Clock.Valid)
	}
	if o != m.options {
		return fmt.Errorf("monitor: the address and path cannot change while running: restart")
	}
	return nil
}

// Reload implements module.Reloader.
func (m *monitor) Reload(conf *config.Block) error {
	m.about.Store(readAbout(conf))
	m.rules.Store(readRules(m.env, conf))
	if m.tls != nil {
		m.tls.Replace(tlsconf.ReadServer(conf.Block("tls"), m.env.Log, m.env.Clock.Valid))
	}
	return nil
}

// Listeners implements module.Lister.
func (m *monitor) Listeners() []module.Listener {
	if m.options.addr == "" {
		return nil
	}
	l := module.Listener{Protocol: protocol, Addr: m.options.addr, Rules: m.rules.Load()}
	if m.tls != nil {
		l.TLS, l.Expires = "tls", m.tls.Expires()
	}
	return []module.Listener{l}
}

// Addrs implements module.Addresser.
func (m *monitor) Addrs() []net.Addr {
	if a := m.bound.Load(); a != nil {
		return []net.Addr{a}
	}
	return nil
}

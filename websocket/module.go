// Package websocket lets the clients of other protocols in by WebSocket: browsers, for which there is nothing else, and
// whoever has only HTTP to go through. It makes the handshake, and hands the connection to NATS, MQTT or leaf node
// sessions, which do not know of it. Frames are package netio's.
package websocket

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"leafgate/config"
	"leafgate/internal/netio"
	"leafgate/module"
)

// Spec is this frontend's line in the gateway's table.
var Spec = module.Spec{Name: "websocket", Keys: []string{"websocket", "ws"}, New: newFrontend}

// Protocol is this frontend's name for itself.
const Protocol = "websocket"

// frontend is the module: one listener, and what it carries.
type frontend struct {
	env      *module.Env
	log      *slog.Logger
	opts     atomic.Pointer[options]
	socket   module.Socket
	carried  map[string]module.Carried // by the name of the module whose protocol it is; from Start on
	upgraded atomic.Int64
	refused  atomic.Int64 // handshakes that came to nothing
}

var (
	_ module.Module       = (*frontend)(nil)
	_ module.Reloader     = (*frontend)(nil)
	_ module.LameDucker   = (*frontend)(nil)
	_ module.Addresser    = (*frontend)(nil)
	_ netio.SessionServer = (*frontend)(nil)
)

// newFrontend answers no module where the configuration has no websocket block.
func newFrontend(env *module.Env, conf *config.Block) (module.Module, error) {
	block := conf.Block("websocket", "ws")
	if block == nil {
		return nil, nil
	}
	f := &frontend{env: env, log: env.Log, carried: make(map[string]module.Carried)}
	f.opts.Store(readOptions(env, conf, block))
	return f, nil
}

// Start implements module.Module.
func (f *frontend) Start(context.Context) error {
	for _, name := range []string{natsModule, mqttModule, leafModule} {
		s, _ := f.env.Protocol(name)
		if c, ok := s.(module.Carrier); ok {
			if carried := c.Carry(); carried != nil {
				f.carried[name] = carried
			}
		}
	}
	f.update()
	o := f.opts.Load()
	if err := f.socket.Listen(f.env.Net, f, o.netOptions()); err != nil {
		return fmt.Errorf("listen for WebSocket clients on %s: %w", o.addr(), err)
	}
	f.update() // now that the port is known
	f.log.Info("listening for WebSocket clients", "addr", f.socket.Addr().String())
	return nil
}

// update tells those that are carried what the listener is.
func (f *frontend) update() {
	o := f.opts.Load()
	for _, c := range f.carried {
		c.Update(&module.Carriage{Host: o.host, Port: f.socket.Port(o.port), Advertise: o.advertise, TLS: o.tls, Rules: o.rules,
			PingInterval: o.pingInterval})
	}
}

// Stop implements module.Module. Clients hear what their protocol has to say, then that the server goes away.
func (f *frontend) Stop(ctx context.Context) error {
	f.sockets().StopAccepting()
	for _, c := range f.carried {
		c.Dismiss()
	}
	f.sockets().Stop(module.Drain(ctx))
	return nil
}

// LameDuck implements module.LameDucker. The clients there are belong to those that are carried, who send them away.
func (f *frontend) LameDuck(context.Context) error {
	f.sockets().StopAccepting()
	return nil
}

func (f *frontend) sockets() module.Sockets { return module.Sockets{&f.socket} }

// Addrs are the addresses bound.
func (f *frontend) Addrs() []net.Addr { return f.sockets().Addrs() }

// NewSession implements netio.SessionServer.
func (f *frontend) NewSession(c *netio.Conn) netio.Session {
	c.TickAt(time.Now().Add(f.opts.Load().handshakeTimeout))
	return &handshake{module: f, conn: c}
}

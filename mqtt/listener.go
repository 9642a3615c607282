package mqtt

import (
	"fmt"
	"sync/atomic"
	"time"

	"leafgate/internal/netio"
	"leafgate/module"
)

// A listener is one address with rules of its own. It makes the sessions of its connections.
type listener struct {
	module *frontend
	opts   atomic.Pointer[listenOptions]
	socket module.Socket
	terms  *netio.Terms // of connections that another module accepts; nil: this one does
}

// NewSession implements netio.SessionServer.
func (l *listener) NewSession(n *netio.Conn) netio.Session { return l.newSession(n, nil) }

// newSession makes the session of a connection. Whoever has no room hears it once it has sent CONNECT.
func (l *listener) newSession(n *netio.Conn, given *module.Given) netio.Session {
	c := &conn{lis: l, net: n, given: given}
	switch {
	case !l.module.enter(c):
		c.refuse = errTooManyConnections
	case l.module.env.Memory.Refuse():
		c.refuse = errMemory
	}
	c.by = time.Now().Add(l.opts.Load().connectTimeout()).UnixNano()
	n.TickAt(time.Unix(0, c.by))
	return c
}

// connectTimeout is how long a client may take until its CONNECT is there, TLS handshake included.
func (o *listenOptions) connectTimeout() time.Duration {
	d := o.rules.Timeout()
	if d == 0 {
		d = defaultConnectBy
	}
	if o.tls != nil {
		d += o.tls.Timeout
	}
	return d
}

// listen binds l.
func (l *listener) listen() error {
	if err := l.socket.Listen(l.module.env.Net, l, l.netOptions()); err != nil {
		return fmt.Errorf("listen for MQTT clients on %s: %w", l.opts.Load().addr(), err)
	}
	return nil
}

// netOptions is what netio has to know.
func (l *listener) netOptions() netio.ListenOptions {
	o, lo := l.module.opts.Load(), l.opts.Load()
	n := netio.ListenOptions{
		Addr:          lo.addr(),
		Proxy:         lo.proxy,
		ProxyTrusted:  lo.proxyTrusted,
		MaxPending:    o.maxPending,
		DropAtBound:   true,
		WriteDeadline: o.writeDeadline,
	}
	if lo.tls != nil {
		n.TLS = &netio.TLSOptions{Config: lo.tls.Config(), Timeout: lo.tls.Timeout, First: true}
	}
	return n
}

// port is the one clients reach, 0 before listen where any will do.
func (l *listener) port() int { return l.socket.Port(l.opts.Load().port) }

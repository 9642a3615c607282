package mqtt

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"leafgate/internal/netio"
)

// A listener is one address with rules of its own. It makes the sessions of its connections.
type listener struct {
	module *frontend
	opts   atomic.Pointer[listenOptions]
	net    atomic.Pointer[netio.Listener]
}

// NewSession implements netio.SessionServer. Whoever has no room hears it once it has sent CONNECT.
func (l *listener) NewSession(n *netio.Conn) netio.Session {
	c := &conn{lis: l, net: n}
	if !l.module.enter(c) {
		c.refuse = errTooManyConnections
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
	n, err := l.module.env.Net.Listen(l, l.netOptions())
	if err != nil {
		return fmt.Errorf("listen for MQTT clients on %s: %w", l.opts.Load().addr(), err)
	}
	l.net.Store(n)
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

// port is the one clients reach, 0 before listen.
func (l *listener) port() int {
	if n := l.net.Load(); n != nil {
		if a, ok := n.Addr().(*net.TCPAddr); ok {
			return a.Port
		}
	}
	return max(0, l.opts.Load().port)
}

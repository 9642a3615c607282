package natsproto

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
func (l *listener) NewSession(c *netio.Conn) netio.Session { return l.newSession(c, nil) }

func (l *listener) newSession(c *netio.Conn, given *module.Given) netio.Session {
	s := &session{lis: l, conn: c, given: given}
	room := l.module.enter(s)
	c.Append(s.greeting())
	if !room {
		c.EvictAfter(errMaxConnections.line(), errMaxConnections)
		return s
	}
	if l.module.env.Memory.Refuse() {
		c.EvictAfter(errMemory.line(), errMemory)
		return s
	}
	now, lo := time.Now(), l.opts.Load()
	s.pingAt = now.Add(l.pingInterval()).UnixNano()
	if lo.rules.AuthRequired() {
		s.authBy = now.Add(lo.authTimeout()).UnixNano()
	} else {
		c.Authenticated()
	}
	c.TickAt(s.nextTick())
	return s.trace()
}

// authTimeout is how long a client may take to authenticate, TLS handshake included.
func (o *listenOptions) authTimeout() time.Duration {
	d := o.rules.Timeout()
	if d == 0 {
		d = defaultAuthTimeout
	}
	if o.tls != nil {
		d += o.tls.Timeout
	}
	return d
}

// listen binds l.
func (l *listener) listen() error {
	if err := l.socket.Listen(l.module.env.Net, l, l.netOptions()); err != nil {
		return fmt.Errorf("listen for NATS clients on %s: %w", l.opts.Load().addr(), err)
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
		WriteDeadline: o.writeDeadline,
		NoStall:       o.noStall,
	}
	if lo.tls != nil {
		n.TLS = &netio.TLSOptions{
			Config:     lo.tls.Config(),
			Timeout:    lo.tls.Timeout,
			First:      lo.tls.First,
			Wait:       lo.tls.Wait,
			AllowPlain: lo.allowPlain,
		}
	}
	return n
}

// port is the one clients reach, 0 before listen where any will do.
func (l *listener) port() int { return l.socket.Port(l.opts.Load().port) }

package netio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// DialOptions say how an outgoing connection begins. Limits of zero are defaults.
type DialOptions struct {
	Addr        string                                 // host:port
	Proxy       *Tunnel                                // on the way there; nil: none
	WebSocket   *Upgrade                               // before the greeting, and behind First; nil: not
	Timeout     time.Duration                          // to connect; default 1 s
	First       *tls.Config                            // TLS before the other side's greeting; nil: not
	Greeted     func(line []byte) (*tls.Config, error) // takes the other side's first line, borrowed, and says how to go on: nil, as it is
	Greeting    time.Duration                          // how long that line may take; default 1 s
	TLSTimeout  time.Duration                          // of a handshake; default 2 s
	MostGreeted int                                    // bytes of the line; default 64 KiB
}

const defaultTLSTimeout = 2 * time.Second

func (o DialOptions) withDefaults() DialOptions {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	if o.Greeting == 0 {
		o.Greeting = time.Second
	}
	if o.TLSTimeout == 0 {
		o.TLSTimeout = defaultTLSTimeout
	}
	if o.MostGreeted == 0 {
		o.MostGreeted = 64 << 10
	}
	return o
}

// ErrGreeting: the other side did not begin as it should have.
var ErrGreeting = errors.New("no greeting")

// A Dialer makes outgoing connections for one SessionServer and owns them.
type Dialer struct{ lis *Listener }

// Dialer makes one. Of o, only limits count.
func (d *Driver) Dialer(s SessionServer, o ListenOptions) *Dialer {
	l := &Listener{driver: d, server: s, closing: make(chan struct{})}
	l.Update(o)
	d.add(l)
	return &Dialer{l}
}

// Dial connects, becomes a WebSocket, takes the greeting, starts TLS, each where that is asked for, and makes a session, which
// may speak at once. ctx ends the attempt, not the connection. Nobody dials when Stop is called, or later.
func (d *Dialer) Dial(ctx context.Context, o DialOptions) (*Conn, error) {
	o = o.withDefaults()
	addr := o.Addr
	if o.Proxy != nil {
		addr = o.Proxy.Addr
	}
	n, err := (&net.Dialer{Timeout: o.Timeout}).DialContext(ctx, "tcp", addr)
	if err != nil && o.Proxy != nil {
		err = fmt.Errorf("%w: %w", ErrProxy, err)
	}
	if err != nil {
		return nil, err
	}
	c, err := d.adopt(n.(*net.TCPConn))
	if err != nil {
		n.Close()
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	err = (&opening{c: c, o: &o}).run()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.abandon(err)
		return nil, err
	}
	c.mu.Lock()
	c.state &^= writing
	c.opened = true
	c.unlock()
	c.Flush()
	d.lis.wg.Go(c.serve)
	return c, nil
}

// adopt makes a connection of a socket. It has no part in the budget of strangers.
func (d *Dialer) adopt(n *net.TCPConn) (*Conn, error) {
	l := d.lis
	c := &Conn{lis: l, id: l.driver.lastID.Add(1), started: time.Now().UnixNano(), remote: addrPort(n.RemoteAddr()), known: true}
	c.read.Store(c.started)
	c.state = writing // until the opening is over
	if err := c.sock.init(n); err != nil {
		return nil, err
	}
	l.add(c)
	return c, nil
}

// abandon ends a connection whose opening has failed. If it has a session, that learns why.
func (c *Conn) abandon(err error) {
	c.mu.Lock()
	c.state &^= writing
	c.close(err)
	c.state |= finished
	c.unlock()
	if c.session != nil {
		c.tellSession(err)
	}
	c.lis.remove(c)
	c.sock.close()
}

// Update changes the limits, at once.
func (d *Dialer) Update(o ListenOptions) { d.lis.Update(o) }

// Stop ends the connections, which may have up to drain to take what is queued for them. It returns when every goroutine
// of theirs has ended.
func (d *Dialer) Stop(drain time.Duration) {
	d.lis.stopConns(drain)
	d.lis.driver.remove(d.lis)
}

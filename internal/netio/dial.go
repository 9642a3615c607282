package netio

import (
	"bytes"
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
	Timeout     time.Duration                          // to connect; default 1 s
	First       *tls.Config                            // TLS before the other side's greeting; nil: not
	Greeted     func(line []byte) (*tls.Config, error) // takes the other side's first line, borrowed, and says how to go on: nil, as it is
	Greeting    time.Duration                          // how long that line may take; default 1 s
	TLSTimeout  time.Duration                          // of a handshake; default 2 s
	MostGreeted int                                    // bytes of the line; default 64 KiB
}

func (o DialOptions) withDefaults() DialOptions {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	if o.Greeting == 0 {
		o.Greeting = time.Second
	}
	if o.TLSTimeout == 0 {
		o.TLSTimeout = 2 * time.Second
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

// Dial connects, takes the greeting, starts TLS where that is asked for, and makes a session, which may speak at once. ctx
// ends the attempt, not the connection. Nobody dials when Stop is called, or later.
func (d *Dialer) Dial(ctx context.Context, o DialOptions) (*Conn, error) {
	o = o.withDefaults()
	n, err := (&net.Dialer{Timeout: o.Timeout}).DialContext(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	c, err := d.adopt(n.(*net.TCPConn))
	if err != nil {
		n.Close()
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	err = c.reach(&o)
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

// reach is the opening of an outgoing connection. It blocks the caller.
func (c *Conn) reach(o *DialOptions) error {
	var l *tlsLayer
	if o.First != nil {
		l = newClientLayer(&c.sock, o.First, &c.lis.driver.chunks)
		if err := c.shake(l, o.TLSTimeout); err != nil {
			return err
		}
	}
	next, err := c.greeted(l, o)
	if err != nil {
		return err
	}
	if next != nil && l == nil {
		l = newClientLayer(&c.sock, next, &c.lis.driver.chunks)
		if err := c.shake(l, o.TLSTimeout); err != nil {
			return err
		}
	}
	if err := c.deadline(time.Time{}); err != nil {
		return err
	}
	if l != nil {
		c.secure(l)
	}
	return c.greet()
}

// greeted reads the other side's first line; what came behind it waits for the session.
func (c *Conn) greeted(l *tlsLayer, o *DialOptions) (*tls.Config, error) {
	if err := c.deadline(time.Now().Add(o.Greeting)); err != nil {
		return nil, err
	}
	line, err := c.firstLine(l, o.MostGreeted)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGreeting, err)
	}
	return o.Greeted(line)
}

var errLongGreeting = errors.New("the first line is too long")

// firstLine reads up to a line end. From TLS it reads byte by byte, which costs nothing there: what is behind the line
// stays in the layer.
func (c *Conn) firstLine(l *tlsLayer, most int) (line []byte, err error) {
	buf := make([]byte, 4<<10)
	if l != nil {
		buf = buf[:1]
	}
	for len(line) <= most {
		var n int
		if l != nil {
			n, err = l.conn.Read(buf)
		} else {
			n, err = c.sock.net.Read(buf)
		}
		line = append(line, buf[:n]...)
		if at := bytes.IndexByte(line[len(line)-n:], '\n'); at >= 0 {
			at += len(line) - n + 1
			if at < len(line) {
				c.sock.early = bytes.Clone(line[at:])
			}
			return line[:at], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errLongGreeting
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

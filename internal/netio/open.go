package netio

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// How connections begin: PROXY header, TLS, greeting, in the order that the listener's options say. All of it blocks the
// connection's goroutine, with deadlines; nobody else writes meanwhile.

// open runs the opening, then hands the connection to a goroutine with a fresh stack: greetings and handshakes need a
// deep one, which an idle connection should not keep.
func (c *Conn) open() {
	err := c.opening(c.lis.opts.Load())
	c.mu.Lock()
	c.state &^= writing
	c.opened = true
	if errors.Is(err, ErrTLSHandshake) { // nothing in clear behind that
		c.dropQueue()
	}
	c.unlock()
	if err != nil {
		c.finish(err)
		return
	}
	c.Flush()
	c.lis.wg.Go(c.serve)
}

func (c *Conn) opening(o *ListenOptions) error {
	if o.Proxy {
		if err := c.readProxyHeader(o.ProxyTrusted); err != nil {
			return fmt.Errorf("%w: %w", ErrProxyHeader, err)
		}
	}
	secured := o.TLS == nil
	if t := o.TLS; t != nil && t.First {
		var err error
		if secured, err = c.secureFirst(t); err != nil {
			return err
		}
	}
	if err := c.greet(); err != nil {
		return err
	}
	if !secured {
		if err := c.upgrade(o.TLS); err != nil {
			return err
		}
	}
	return c.deadline(time.Time{})
}

// greet makes the session, which says hello.
func (c *Conn) greet() error {
	c.feeding.Lock()
	c.session = c.lis.server.NewSession(c)
	c.fresh = nil // nothing was read for it yet
	c.feeding.Unlock()
	c.catchUp()
	if c.over() {
		return errOver
	}
	return nil
}

// secureFirst starts TLS before the greeting, if the client does. secured: there is nothing left to do about TLS.
func (c *Conn) secureFirst(t *TLSOptions) (secured bool, err error) {
	if t.Wait > 0 {
		if came, err := c.peek(t.Wait); err != nil || !came {
			return false, err
		}
	}
	if t.AllowPlain {
		if came, err := c.peek(t.Timeout); err != nil || !came || !c.startsTLS() {
			return true, err
		}
	}
	return true, c.handshake(t)
}

// upgrade starts TLS after the greeting.
func (c *Conn) upgrade(t *TLSOptions) error {
	if err := c.sayInClear(t.Timeout); err != nil {
		return err
	}
	if t.AllowPlain {
		if came, err := c.peek(t.Timeout); err != nil || !came || !c.startsTLS() {
			return err
		}
	}
	return c.handshake(t)
}

// sayInClear writes what is queued.
func (c *Conn) sayInClear(limit time.Duration) (err error) {
	c.mu.Lock()
	q := c.take()
	c.mu.Unlock()
	n := q.bytes
	c.sock.net.SetWriteDeadline(time.Now().Add(limit))
	for k := q.first; k != nil && err == nil; k = k.next {
		_, err = c.sock.net.Write(k.buf[k.from:])
	}
	q.drop(&c.lis.driver.chunks)
	c.written.Add(int64(n))
	c.mu.Lock()
	c.wrote(n, err)
	if c.state&closed != 0 {
		err = errOver
	}
	c.unlock()
	return err
}

// deadline is by when bytes must come, zero: at some time. It fails when the connection's end has begun.
func (c *Conn) deadline(t time.Time) error {
	c.sock.net.SetReadDeadline(t)
	if c.over() {
		return errOver
	}
	return nil
}

// peek waits for the client's first byte.
func (c *Conn) peek(wait time.Duration) (came bool, err error) {
	if len(c.sock.early) > 0 {
		return true, nil
	}
	if err = c.deadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	var first [1]byte
	n, err := c.sock.net.Read(first[:])
	switch {
	case n > 0:
		c.sock.early = []byte{first[0]}
		return true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, c.deadline(time.Time{})
	}
	return false, err
}

// startsTLS says whether the first byte is that of a TLS handshake record.
func (c *Conn) startsTLS() bool { return c.sock.early[0] == 0x16 }

func (c *Conn) handshake(t *TLSOptions) error {
	l := newTLSLayer(&c.sock, t.Config, &c.lis.driver.chunks)
	if err := c.shake(l, t.Timeout); err != nil {
		return err
	}
	c.secure(l)
	return nil
}

// shake runs the handshake; l goes on to block.
func (c *Conn) shake(l *tlsLayer, limit time.Duration) error {
	until := time.Now().Add(limit)
	err := c.deadline(until)
	if err == nil {
		c.sock.net.SetWriteDeadline(until)
		err = l.conn.Handshake()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTLSHandshake, err)
	}
	c.sock.net.SetWriteDeadline(time.Time{})
	return nil
}

// secure makes l what the connection reads and writes through; from now on it does not block.
func (c *Conn) secure(l *tlsLayer) {
	for u := l; u != nil; u = u.under {
		u.shaken = true
	}
	c.sock.tls.Store(l)
}

package netio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ListenOptions say how a listener treats its connections.
type ListenOptions struct {
	Addr          string // host:port; port 0 takes a free one
	TLS           *TLSOptions
	Proxy         bool           // a PROXY header comes first
	ProxyTrusted  []netip.Prefix // from whom; empty: anybody
	MaxPending    int64          // bytes queued per connection; default 64 MiB
	DropAtBound   bool           // refuse what publishers bring beyond MaxPending, instead of ending the connection
	WriteDeadline time.Duration  // how long the socket may take nothing; default 10 s
	NoStall       bool           // never pause a publisher
}

// TLSOptions say when TLS starts.
type TLSOptions struct {
	Config     *tls.Config   // GetConfigForClient may swap certificates
	Timeout    time.Duration // of the handshake; default 2 s
	First      bool          // handshake before the greeting
	Wait       time.Duration // with First: if no client byte came in that time, greet in clear
	AllowPlain bool          // a client that does not start TLS is served in clear
}

func (o ListenOptions) withDefaults() *ListenOptions {
	if o.MaxPending == 0 {
		o.MaxPending = 64 << 20
	}
	if o.WriteDeadline == 0 {
		o.WriteDeadline = 10 * time.Second
	}
	if o.TLS != nil {
		t := *o.TLS
		if t.Timeout == 0 {
			t.Timeout = 2 * time.Second
		}
		t.Config = t.Config.Clone()
		t.Config.DynamicRecordSizingDisabled = true // what is written is a burst, not the begin of a page
		o.TLS = &t
	}
	return &o
}

// A Listener accepts connections for one SessionServer.
type Listener struct {
	driver    *Driver
	server    SessionServer
	net       net.Listener
	opts      atomic.Pointer[ListenOptions]
	closing   chan struct{} // closed when accepting stops
	closeOnce sync.Once
	accepting sync.WaitGroup
	wg        sync.WaitGroup // every connection's goroutines

	mu    sync.Mutex // guards the fields below
	first *Conn
	count int
}

// Listen binds and starts to accept.
func (d *Driver) Listen(s SessionServer, o ListenOptions) (*Listener, error) {
	n, err := new(net.ListenConfig).Listen(context.Background(), "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return d.serve(n, s, o), nil
}

// serve accepts TCP connections from n.
func (d *Driver) serve(n net.Listener, s SessionServer, o ListenOptions) *Listener {
	l := &Listener{driver: d, server: s, net: n, closing: make(chan struct{})}
	l.Update(o)
	d.add(l)
	l.accepting.Go(l.accept)
	return l
}

// Addr is where l listens.
func (l *Listener) Addr() net.Addr { return l.net.Addr() }

// Update changes the options. Limits hold at once, TLS and PROXY for connections from now on; Addr stays.
func (l *Listener) Update(o ListenOptions) {
	l.opts.Store(o.withDefaults())
}

const (
	firstBackoff = 5 * time.Millisecond
	maxBackoff   = time.Second
)

// accept runs until the listener is closed. Errors that pass, such as too many open files, are waited for.
func (l *Listener) accept() {
	for backoff := firstBackoff; ; {
		n, err := l.net.Accept()
		switch {
		case err == nil:
			backoff = firstBackoff
			l.open(n.(*net.TCPConn))
		case errors.Is(err, net.ErrClosed):
			return
		default:
			l.driver.log.Warn("accept failed, will try again", "addr", l.Addr().String(), "in", backoff, "err", err)
			select {
			case <-time.After(backoff):
			case <-l.closing:
				return
			}
			backoff = min(2*backoff, maxBackoff)
		}
	}
}

// open makes a connection of a socket, unless those that are not authenticated take too much already.
func (l *Listener) open(n *net.TCPConn) {
	c := &Conn{lis: l, id: l.driver.lastID.Add(1), started: time.Now().UnixNano(), remote: addrPort(n.RemoteAddr())}
	c.read.Store(c.started)
	c.state = writing // until the opening is over
	err := c.sock.init(n)
	if err == nil && !c.hold(0) {
		err = errPreAuth
	}
	if err != nil {
		c.refused(err)
		n.Close()
		return
	}
	l.driver.accepted.Add(1)
	l.add(c)
	l.wg.Go(c.open)
}

func (l *Listener) add(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.next = l.first; l.first != nil {
		l.first.prev = c
	}
	l.first = c
	l.count++
}

func (l *Listener) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev = nil, nil
	l.count--
}

// Conns are the connections open now.
func (l *Listener) Conns() iter.Seq[*Conn] {
	l.mu.Lock()
	all := make([]*Conn, 0, l.count)
	for c := l.first; c != nil; c = c.next {
		all = append(all, c)
	}
	l.mu.Unlock()
	return func(yield func(*Conn) bool) {
		for _, c := range all {
			if !yield(c) {
				return
			}
		}
	}
}

// StopAccepting closes the listening socket; connections stay.
func (l *Listener) StopAccepting() {
	l.closeOnce.Do(func() {
		close(l.closing)
		l.net.Close()
	})
	l.accepting.Wait()
}

// Stop ends the listener and its connections, which may have up to drain to take what is queued for them. It returns
// when every goroutine of the listener has ended.
func (l *Listener) Stop(drain time.Duration) {
	l.StopAccepting()
	l.stopConns(drain)
}

func (l *Listener) stopConns(drain time.Duration) {
	for c := range l.Conns() {
		c.end(ErrServerStopped)
	}
	cut := time.AfterFunc(drain, func() {
		for c := range l.Conns() {
			c.Evict(ErrServerStopped)
		}
	})
	l.wg.Wait()
	cut.Stop()
	l.driver.remove(l)
}

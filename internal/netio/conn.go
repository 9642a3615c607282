package netio

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
)

// Conn is one connection as its session sees it. All methods may be called from any goroutine unless said otherwise.
//
// Three goroutines may be at work on it: its own, which reads and feeds; a publisher's, which writes through; and, only
// while the socket refuses bytes, a transient one that waits for it. Idle, only its own is there, and it owns no buffer.
type Conn struct {
	lis        *Listener
	next, prev *Conn // Listener.mu
	id         uint64
	remote     netip.AddrPort
	client     atomic.Pointer[netip.AddrPort] // as a proxy says; nil: remote
	own        atomic.Pointer[Terms]          // nil: the listener's
	started    int64                          // Unix nanoseconds
	sock       socket

	feeding sync.Mutex  // held while one of the session's methods runs
	session Session     // feeding; nil before the greeting and after Closed
	ticking atomic.Bool // a Tick is due
	paused  atomic.Bool // blocking work is going on
	tick    deadline    // clock.mu

	// Reading: the connection's own goroutine only, but for read.
	carry  []byte // the beginning of a unit, owned
	expect int    // bytes of that unit in all, if known
	worked chan struct{}
	read   atomic.Int64 // when bytes last came, Unix nanoseconds
	held   int32        // bytes of the pre-auth budget
	known  bool         // authenticated
	fresh  *layer       // asked for by the session, which is being fed
	renew  bool         // a fresh stack is wanted before the next wait
	renews uint8        // how often there was one

	mu       sync.Mutex // guards the fields below, but for the atomic ones
	state    state
	opened   bool // the opening is over
	out      queue
	cause    error         // of the end, the first one
	room     chan struct{} // closed when something has changed for the better; nil: nobody waits
	progress int64         // when the socket last took bytes after it had refused some, Unix nanoseconds
	pending  atomic.Int64  // bytes in out and in the writer's hands
	written  atomic.Int64
}

// state is what is going on at the writing side.
type state uint8

const (
	writing  state = 1 << iota // somebody is in a system call, or the opening owns the socket: others queue
	blocked                    // the socket refused bytes: only the owner goroutine writes
	ending                     // the connection ends once own bytes are out; nothing new is taken
	closed                     // nothing is written any more
	cutting                    // the socket is to be shut down, by who lets go of mu
	finished                   // the connection's goroutine has let go: the last writer closes the socket
)

// ID is unique in the gateway, from 1.
func (c *Conn) ID() uint64 { return c.id }

// RemoteAddr is the client's, behind a proxy too.
func (c *Conn) RemoteAddr() netip.AddrPort {
	if a := c.client.Load(); a != nil {
		return *a
	}
	return c.remote
}

// LocalAddr is the listener's side.
func (c *Conn) LocalAddr() netip.AddrPort { return addrPort(c.sock.net.LocalAddr()) }

// TLS describes the TLS session; nil: plain, or not yet.
func (c *Conn) TLS() *tls.ConnectionState {
	t := c.sock.tls.Load()
	if t == nil {
		return nil
	}
	s := t.conn.ConnectionState()
	return &s
}

// Start is when the connection was accepted.
func (c *Conn) Start() time.Time { return time.Unix(0, c.started) }

// LastRead is when bytes last came. Time that the connection spends waiting for blocking work is not idle.
func (c *Conn) LastRead() time.Time {
	if c.paused.Load() {
		return time.Now()
	}
	return time.Unix(0, c.read.Load())
}

// Behind says whose connection it is that a proxy has passed on. Session goroutine only.
func (c *Conn) Behind(client netip.AddrPort) { c.client.Store(&client) }

// Terms are the limits of connections, where they are not those of the listener. The zero value is to be updated first.
type Terms struct{ opts atomic.Pointer[ListenOptions] }

// Update changes them, at once. Of o, only limits count.
func (t *Terms) Update(o ListenOptions) { t.opts.Store(o.withDefaults()) }

// On puts the connection on terms of its own. Session goroutine only.
func (c *Conn) On(t *Terms) { c.own.Store(t) }

func (c *Conn) terms() *ListenOptions {
	if t := c.own.Load(); t != nil {
		return t.opts.Load()
	}
	return c.lis.opts.Load()
}

// Pending is the bytes that wait to be written.
func (c *Conn) Pending() int64 { return c.pending.Load() }

// Written is the bytes that the socket has taken, TLS not counted.
func (c *Conn) Written() int64 { return c.written.Load() }

// Expect says, in Feed, that the unit which is not whole yet is n bytes long in all. Feed is called again when it is.
func (c *Conn) Expect(n int) { c.expect = n }

// TickAt asks for a Tick at t, instead of an earlier wish; zero: none. Session goroutine only.
func (c *Conn) TickAt(t time.Time) {
	at := int64(0)
	if !t.IsZero() {
		at = t.UnixNano()
	}
	c.lis.driver.clock.set(c, at)
}

// Renew asks for a fresh, small stack before the connection waits again, after work that is rare and needs a deep one: the
// runtime takes a stack of 4 KiB back only with its goroutine. Session goroutine only, in Feed. It counts for the first few
// times only.
func (c *Conn) Renew() { c.renew = c.renews < mostRenews }

const mostRenews = 4

// Authenticated takes the connection out of the pre-auth budget. Session goroutine only.
func (c *Conn) Authenticated() {
	c.lis.driver.preAuth.Add(-int64(c.held))
	c.held, c.known = 0, true
}

// preAuthFloor is what a connection counts before authentication, at least.
const preAuthFloor = 4 << 10

// preAuthVerb lets a line of the floor's length stand behind a verb.
const preAuthVerb = 64

// hold takes care that the pre-auth budget knows of n bytes kept for c, and says whether they fit in.
func (c *Conn) hold(n int) bool {
	if c.known {
		return true
	}
	d := c.lis.driver
	more := max(int64(n+c.sock.kept()), preAuthFloor) - int64(c.held)
	if d.preAuth.Add(more) > d.opts.PreAuthBudget && more > 0 {
		d.preAuth.Add(-more)
		return false
	}
	c.held += int32(more)
	return true
}

// Block runs work on another goroutine: Feed returns what Block does, and is called again when work is done. What work
// returns, if anything, belongs to it and may take long: it waits in a line of its own, so that it holds up nobody else's
// short work. Session goroutine only, in Feed.
func (c *Conn) Block(work func() (long func())) error {
	done := make(chan struct{})
	d := c.lis.driver
	d.work.do(func() {
		long := work()
		if long == nil {
			close(done)
			return
		}
		d.long.do(func() {
			defer close(done)
			long()
		})
	})
	return c.PauseUntil(done)
}

// PauseUntil makes Feed come no more until done is closed: Feed returns what PauseUntil does. Session goroutine only, in
// Feed.
func (c *Conn) PauseUntil(done chan struct{}) error {
	c.worked = done
	c.paused.Store(true)
	return ErrPause
}

// ticked runs on the clock's goroutine. If the session is busy, its goroutine runs the Tick when it is not.
func (c *Conn) ticked() {
	c.ticking.Store(true)
	c.catchUp()
}

// catchUp runs a Tick that came while the session was busy.
func (c *Conn) catchUp() {
	for c.ticking.Load() && c.feeding.TryLock() {
		c.runTick()
		c.feeding.Unlock()
	}
}

// runTick runs under c.feeding.
func (c *Conn) runTick() {
	if !c.ticking.Swap(false) || c.session == nil || c.over() {
		return
	}
	batch := c.lis.driver.engine.Get()
	next, err := c.session.Tick(batch, time.Now())
	c.lis.driver.engine.Put(batch)
	c.Flush()
	if err != nil {
		c.end(err)
		return
	}
	c.TickAt(next)
}

// over says whether the end has begun.
func (c *Conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state&(ending|closed) != 0
}

// addrPort is the address of a TCP connection, IPv4 as such.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// What sessions delegate to.
var (
	_ core.Throttler = (*Conn)(nil)
	_ interface {
		Run(head, rest []byte, n int, more bool) core.Verdict
		Flush()
		Evict(cause error)
	} = (*Conn)(nil)
)

package netio

// Signatures for the rooms above while netio is being written; this file goes away.

import (
	"crypto/tls"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"leafgate/core"
)

// DriverOptions; zero values are defaults.
type DriverOptions struct {
	QueueBudget   int64 // bytes queued for all connections of the gateway together
	PreAuthBudget int64 // bytes kept for connections that are not authenticated yet
	Workers       int   // goroutines for blocking work at most
	Log           *slog.Logger
}

// A Driver owns what all listeners of one gateway share.
type Driver struct{}

func NewDriver(e *core.Engine, o DriverOptions) *Driver { panic("stub") }
func (d *Driver) Stop()                                 { panic("stub") } // after all listeners; waits

// ListenOptions say how a listener treats its connections.
type ListenOptions struct {
	Addr          string // host:port; port 0 takes a free one
	TLS           *TLSOptions
	Proxy         bool           // a PROXY header comes first
	ProxyTrusted  []netip.Prefix // from whom; empty: anybody
	MaxPending    int64          // bytes queued per connection; default 64 MiB
	WriteDeadline time.Duration  // default 10 s
	NoStall       bool           // never pause a publisher (no_fast_producer_stall)
}

// TLSOptions say when TLS starts.
type TLSOptions struct {
	Config     *tls.Config
	Timeout    time.Duration // default 2 s
	First      bool          // handshake before the greeting
	Wait       time.Duration // with First: if no client byte came in that time, greet in clear
	AllowPlain bool          // a client that does not start TLS is served in clear
}

// A Listener accepts connections for one SessionServer.
type Listener struct{}

func (d *Driver) Listen(s SessionServer, o ListenOptions) (*Listener, error) { panic("stub") }
func (l *Listener) Addr() net.Addr                                           { panic("stub") }
func (l *Listener) Update(o ListenOptions)                                   { panic("stub") } // for new connections; Addr stays
func (l *Listener) StopAccepting()                                           { panic("stub") }
func (l *Listener) Conns() iter.Seq[*Conn]                                   { panic("stub") }
func (l *Listener) Stop(drain time.Duration)                                 { panic("stub") } // evicts what is left, waits

// Conn is one connection as its session sees it. All methods may be called from any goroutine unless said otherwise.
type Conn struct{}

func (c *Conn) ID() uint64                                           { panic("stub") } // unique in the gateway, from 1
func (c *Conn) RemoteAddr() netip.AddrPort                           { panic("stub") } // the client's, behind a proxy too
func (c *Conn) LocalAddr() netip.AddrPort                            { panic("stub") }
func (c *Conn) TLS() *tls.ConnectionState                            { panic("stub") } // nil: plain, or not yet
func (c *Conn) Start() time.Time                                     { panic("stub") }
func (c *Conn) Pending() int64                                       { panic("stub") } // queued bytes
func (c *Conn) Append(b []byte)                                      { panic("stub") } // queue own bytes (copied); written at the end of the burst, or by Flush
func (c *Conn) Run(head, rest []byte, n int, more bool) core.Verdict { panic("stub") } // as core.Sink
func (c *Conn) Flush()                                               { panic("stub") } // as core.Sink
func (c *Conn) Throttle(limit <-chan struct{})                       { panic("stub") } // as core.Throttler
func (c *Conn) Evict(cause error)                                    { panic("stub") } // as core.Sink: from any goroutine, at once, what is queued is dropped
func (c *Conn) EvictAfter(last []byte, cause error)                  { panic("stub") } // appends last bytes (-ERR), tries to write them, then as Evict
func (c *Conn) Block(work func()) error                              { panic("stub") } // session goroutine only: run work elsewhere, then feed again; returns ErrPause
func (c *Conn) TickAt(t time.Time)                                   { panic("stub") } // session goroutine only
func (c *Conn) Expect(n int)                                         { panic("stub") } // in Feed: the unfinished unit is n bytes long in all
func (c *Conn) Authenticated()                                       { panic("stub") } // leaves the pre-auth budget
func (c *Conn) LastRead() time.Time                                  { panic("stub") } // when bytes last came (coarse, 100 ms)

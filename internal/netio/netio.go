// Package netio owns every socket: it accepts, reads into lent buffers, feeds sessions, and writes what they and the
// engine queued. Sessions are fed bytes and never read a socket.
//
// The one driver today is park: a goroutine per connection that owns no buffer while it waits.
package netio

import (
	"errors"
	"time"

	"leafgate/core"
)

// A Session is one connection's protocol state, without I/O: a goroutine, an event loop, a WebSocket or a test feeds it.
// The driver never runs two of its methods at once.
type Session interface {
	// Feed takes whole protocol units off b, which is borrowed until it returns, and says how many bytes it took; the
	// driver keeps the rest and feeds it again with more. After a pause it is called even if nothing new has come, b may
	// be empty then. ErrPause (from Conn.Block): feed again only after the blocking work is done. Any other error: own
	// bytes are flushed, the connection is closed, Closed gets the error as cause.
	Feed(batch *core.Batch, b []byte) (n int, err error)
	// Tick runs when the time the session asked for has come (Conn.TickAt, or the last Tick's next); next zero: never.
	// An error ends the connection as in Feed.
	Tick(batch *core.Batch, now time.Time) (next time.Time, err error)
	// Closed runs exactly once, last. It closes the endpoint.
	Closed(batch *core.Batch, cause error)
}

// A SessionServer makes sessions for accepted connections. It is called on the connection's goroutine, before TLS when
// the listener upgrades after the greeting; it may Append (a greeting), ask for a Tick, or Evict.
type SessionServer interface{ NewSession(c *Conn) Session }

// Causes that netio itself gives to Closed and Evict. io.EOF: the peer closed.
var (
	ErrPause         = errors.New("session paused")
	ErrSlowConsumer  = errors.New("slow consumer: pending bytes")
	ErrWriteDeadline = errors.New("slow consumer: write deadline")
	ErrTLSHandshake  = errors.New("tls handshake failed")
	ErrBudget        = errors.New("slow consumer: gateway queue budget")
	ErrServerStopped = errors.New("server stopped")
	ErrProxyHeader   = errors.New("bad proxy header")
)

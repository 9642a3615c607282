package natsproto

import (
	"net/netip"
	"unique"

	"leafgate/core"
	"leafgate/internal/netio"
)

// The session is its peer's sink; the connection does the work. None of these but
// Details touch session state: publishers call them.
var (
	_ core.Sink      = (*session)(nil)
	_ core.Throttler = (*session)(nil)
	_ core.Describer = (*session)(nil)
	_ core.Addresser = (*session)(nil)
	_ netio.Session  = (*session)(nil)
)

// Deliver implements core.Sink. All subscriptions of this frontend have a Form.
func (s *session) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Refused }

// Run implements core.Sink.
func (s *session) Run(head, rest []byte, n int, more bool) core.Verdict {
	return s.conn.Run(head, rest, n, more)
}

// Flush implements core.Sink.
func (s *session) Flush() { s.conn.Flush() }

// Throttle implements core.Throttler.
func (s *session) Throttle(limit <-chan struct{}) { s.conn.Throttle(limit) }

// Evict implements core.Sink. A slow consumer hears nothing: what cannot be written cannot be told.
func (s *session) Evict(cause error) { s.conn.Evict(cause) }

// RemoteAddr implements core.Addresser.
func (s *session) RemoteAddr() netip.AddrPort { return s.conn.RemoteAddr() }

// Details implements core.Describer. Who publishes for the client holds mu.
func (s *session) Details() core.Details {
	d := core.Details{Start: s.conn.Start(), RTT: s.rtt}
	if s.software != (unique.Handle[software]{}) {
		d.Lang, d.Version = s.software.Value().lang, s.software.Value().version
	}
	return d
}

package leafnode

import (
	"net/netip"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// How messages go to the other side. None of these blocks: what the socket refuses waits in the connection's queue, and what
// is beyond its bound is dropped, so that a slow link slows nobody here.

const keptLine = 64 << 10 // bytes of memory a link keeps to render messages to

// RemoteAddr implements core.Addresser.
func (l *link) RemoteAddr() netip.AddrPort { return l.conn.RemoteAddr() }

// Deliver implements core.Sink: one message, whatever it matches there, with the groups that are to take it.
func (l *link) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	w := wire.Line{Subject: m.Subject, Reply: m.Reply}
	header := m.Header
	if !l.info.Headers {
		header = nil
	}
	w.Header, w.Size = len(header), len(header)+len(m.Payload)
	if l.info.MaxPayload > 0 && w.Size > l.info.MaxPayload {
		l.drop(reason.MaxPayload)
		return core.Dropped
	}
	if !utterable(m.Reply) {
		l.drop(reason.InvalidSubject)
		return core.Dropped
	}
	if l.ep.Load() == nil {
		return core.Refused
	}
	l.out.Lock()
	defer l.out.Unlock()
	line, ok := l.render(&w, subs)
	if !ok {
		l.drop(reason.MaxControlLine)
		return core.Dropped
	}
	return l.send(line, header, m.Payload)
}

// render makes the line of a message in the link's memory. l.out is held.
func (l *link) render(w *wire.Line, subs []*core.Subscription) (line []byte, ok bool) {
	l.to = l.to[:0]
	for _, s := range subs {
		if s.Queue != "" {
			l.to = append(l.to, s.Queue)
		}
	}
	w.Queues = l.to
	line = wire.AppendLine(l.line[:0], w)
	l.keep(line)
	return line, len(line) <= mostLine
}

// keep keeps memory for the next line, unless it has grown large.
func (l *link) keep(line []byte) {
	if l.line = line[:0]; cap(line) > keptLine {
		l.line = nil
	}
}

// utterable says whether a reply can stand in a line: it may be anything to the engine.
func utterable(reply []byte) bool {
	for _, c := range reply {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return len(reply) != 1 || reply[0] != '+' && reply[0] != '|'
}

// Run implements core.Sink. All subscriptions of a link come through Deliver.
func (l *link) Run(_, _ []byte, _ int, _ bool) core.Verdict { return core.Refused }

// Flush implements core.Sink.
func (l *link) Flush() {
	l.out.Lock()
	if l.staged > 0 {
		l.release()
	}
	l.out.Unlock()
	l.conn.Flush()
}

// Evict implements core.Sink.
func (l *link) Evict(cause error) { l.conn.Evict(cause) }

// Details implements core.Describer.
func (l *link) Details() core.Details {
	return core.Details{Version: l.info.Version, RTT: time.Duration(l.rtt.Load())}
}

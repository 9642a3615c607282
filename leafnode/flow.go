package leafnode

import (
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// How what is to cross is spread over time. The window says how much may be on its way; what is beyond waits in the backlog,
// and news of interest in their box, from where they come first: a message must not overtake the interest in its answer.
// PING and PONG wait for nobody.

// send queues a message, at the cost of the oldest ones where there are too many. It goes with Flush, together with what
// comes before that, or when that is much. l.out is held.
func (l *link) send(line, header, payload []byte) core.Verdict {
	n := int64(len(line) + len(header) + len(payload) + len(newline))
	if n > l.opts.mostQueued {
		l.drop(reason.OutboxFull)
		return core.Dropped
	}
	if l.staged == 0 {
		l.stagedAt = time.Now().UnixNano()
	}
	l.backlog.push(line, header, payload, l.stagedAt)
	if l.staged += n; l.staged >= blockSize || l.crowded() {
		l.release()
	}
	for l.crowded() {
		l.backlog.skip(l.backlog.run(0, 1))
		l.drop(reason.OutboxFull)
	}
	return core.Taken
}

// crowded says whether more waits than may. l.out is held.
func (l *link) crowded() bool {
	return l.backlog.msgs > l.opts.mostMsgs || l.backlog.bytes > l.opts.mostQueued
}

// put gives the connection bytes that count as on their way. l.out is held.
func (l *link) put(b []byte) {
	l.conn.Append(b)
	l.window.sent += int64(len(b))
}

// release lets go what there is room for: news first, then the backlog. l.out is held.
func (l *link) release() {
	for l.news.late() && l.window.open() {
		l.tellSome(l.window.cap() - l.window.flight())
	}
	for !l.news.late() {
		r := l.backlog.run(l.window.room())
		if r.msgs == 0 {
			break
		}
		l.put(r.bytes)
		l.backlog.skip(r)
		l.crossed.msgs.Add(int64(r.msgs))
		l.crossed.bytes.Add(r.size)
		l.ping(false)
	}
	l.staged = 0
	l.ping(l.backlog.msgs > 0 || l.news.late())
}

// ping sends a PING if the window wants to know how far the other side is. l.out is held.
func (l *link) ping(full bool) {
	if l.window.due(full) {
		l.put([]byte(wire.Ping))
		l.window.mark(time.Now().UnixNano(), full)
	}
}

// onPong makes room.
func (l *link) onPong() {
	l.out.Lock()
	defer l.out.Unlock()
	if !l.window.pong(time.Now().UnixNano()) {
		return
	}
	l.rtt.Store(int64(l.window.rtt))
	l.repack(l.window.rtt)
	waited := l.backlog.msgs
	if l.release(); waited > 0 && l.backlog.msgs == 0 {
		l.ring() // somebody may wait for that
	}
}

// leastRTT is the round trip without data in the way; 0: not known.
func (l *link) leastRTT() time.Duration {
	l.out.Lock()
	defer l.out.Unlock()
	return l.window.least
}

// abandon drops what waits: the link has ended.
func (l *link) abandon() {
	l.out.Lock()
	defer l.out.Unlock()
	for l.backlog.msgs > 0 {
		l.backlog.skip(l.backlog.run(0, 1))
		l.drop(reason.LinkClosed)
	}
	l.backlog = backlog{}
}

// A queueing is what waits on a link.
type queueing struct {
	msgs  int
	bytes int64
	since time.Time // when the oldest message was queued; zero: none waits

	flight, window int64 // bytes on their way, and how many may be
}

// waiting says what waits in the backlog, and in the connection.
func (l *link) waiting() (q queueing) {
	l.out.Lock()
	defer l.out.Unlock()
	q.msgs, q.bytes = l.backlog.msgs, l.backlog.bytes+l.conn.Pending()
	q.flight, q.window = l.window.flight(), l.window.cap()
	if at := l.backlog.since(); at != 0 {
		q.since = time.Unix(0, at)
	}
	return q
}

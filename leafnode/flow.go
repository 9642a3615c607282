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

// send gives a message to the connection, or to the backlog if it has to wait. l.out is held.
func (l *link) send(body []byte, size int) core.Verdict {
	if l.backlog.msgs > 0 || l.news.late() || !l.window.fits(len(body)) {
		return l.wait(body, size)
	}
	l.give(body, size)
	l.ping(false)
	return core.Taken
}

// wait queues a message, at the cost of the oldest ones where there are too many. l.out is held.
func (l *link) wait(body []byte, size int) core.Verdict {
	o := l.opts
	if int64(len(body)) > o.mostQueued {
		l.drop(reason.OutboxFull)
		return core.Dropped
	}
	for l.backlog.msgs >= o.mostMsgs || l.backlog.msgs > 0 && l.backlog.bytes+int64(len(body)) > o.mostQueued {
		l.backlog.pop()
		l.drop(reason.OutboxFull)
	}
	l.backlog.push(waiting{body, size, time.Now().UnixNano()})
	l.release()
	return core.Taken
}

// give is the last step of a message. l.out is held.
func (l *link) give(body []byte, size int) {
	l.put(body)
	l.crossed.msgs.Add(1)
	l.crossed.bytes.Add(int64(size))
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
		w, ok := l.backlog.peek()
		if !ok || !l.window.fits(len(w.body)) {
			break
		}
		l.give(w.body, w.size)
		l.backlog.pop()
	}
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

// abandon drops what waits: the link has ended.
func (l *link) abandon() {
	l.out.Lock()
	defer l.out.Unlock()
	for l.backlog.msgs > 0 {
		l.backlog.pop()
		l.drop(reason.LinkClosed)
	}
	l.backlog = backlog{}
}

// A queueing is what waits on a link.
type queueing struct {
	msgs  int
	bytes int64
	since time.Time // when the oldest message was queued; zero: none waits
}

// waiting says what waits in the backlog, and in the connection.
func (l *link) waiting() (q queueing) {
	l.out.Lock()
	defer l.out.Unlock()
	q.msgs, q.bytes = l.backlog.msgs, l.backlog.bytes+l.conn.Pending()
	if w, ok := l.backlog.peek(); ok {
		q.since = time.Unix(0, w.at)
	}
	return q
}

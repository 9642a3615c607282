package leafnode

import (
	"math/rand/v2"
	"time"

	"leafgate/core"
	"leafgate/leafnode/wire"
)

// firstPing is soon, so that the time to the other side and back is known.
func firstPing(now time.Time, every time.Duration) time.Time {
	d := min(time.Second, every)
	return now.Add(d + rand.N(d/5+1))
}

// Tick implements netio.Session.
func (l *link) Tick(_ *core.Batch, now time.Time) (next time.Time, err error) {
	if !l.joinBy.IsZero() {
		if now.Before(l.joinBy) {
			return l.joinBy, nil
		}
		return time.Time{}, l.fail(errNoInfo)
	}
	if l.silent(now) {
		return time.Time{}, l.fail(errStale)
	}
	if !now.Before(l.pingAt) {
		l.out.Lock()
		if l.window.count < mostMarks {
			l.put([]byte(wire.Ping))
			l.window.mark(now.UnixNano(), false)
		}
		l.out.Unlock()
		l.pingAt = now.Add(l.opts.pingEvery)
	}
	l.probe(now)
	return l.nextTick(now), nil
}

const leastSilence = 250 * time.Millisecond

// silence is how long nothing may come while a PING waits for its answer, on a link without delay.
func (o *remoteOptions) silence() time.Duration {
	return max(leastSilence, min(o.deadline, o.pingEvery*time.Duration(o.pingMost+1)))
}

// nextTick is when to look after the link again.
func (l *link) nextTick(now time.Time) time.Time {
	at := now.Add(l.opts.silence() / 4)
	if l.pingAt.Before(at) {
		at = l.pingAt
	}
	if p := &l.prober; p.asked.IsZero() && p.asks() && p.next.Before(at) {
		at = p.next
	}
	if at.Before(now) {
		return now
	}
	return at
}

// silent says whether the other side is to be given up: a PING waits, and for longer than the link explains nothing has come.
// Whatever comes shows that it lives.
func (l *link) silent(now time.Time) bool {
	l.out.Lock()
	since, patience := l.window.waits(), l.window.patience()
	l.out.Unlock()
	if since == 0 {
		return false
	}
	if read := l.conn.LastRead().UnixNano(); read > since {
		since = read
	}
	return now.UnixNano()-since > int64(l.opts.silence()*time.Duration(max(1, l.slack))+patience)
}

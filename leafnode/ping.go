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
	if now.Before(l.pingAt) {
		return l.pingAt, nil
	}
	if l.conn.LastRead().After(l.pingSent) { // whatever came shows that the other side lives
		l.pingsOut = 0
	}
	if l.pingsOut++; l.pingsOut > l.opts.pingMost {
		return time.Time{}, l.fail(errStale)
	}
	l.pingSent = now
	l.conn.Append([]byte(wire.Ping))
	l.pingAt = now.Add(l.opts.pingEvery)
	return l.pingAt, nil
}

func (l *link) onPong() {
	l.pingsOut = 0
	if !l.pingSent.IsZero() {
		l.rtt.Store(max(1, int64(time.Since(l.pingSent))))
	}
}

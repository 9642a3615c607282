package mqtt

import (
	"math"
	"time"

	"leafgate/core"
)

// facts are what the $SYS tree and monitoring say of this frontend.
type facts struct {
	version                 string
	connected               int // connections
	present, sessions       int // sessions with a client, and all
	subscriptions, shared   int
	retained, retainedBytes int
	waiting, waitingBytes   int64
	dropped, expired        int64
	accepted                int64
	traffic                 core.Stats
}

func (f *frontend) facts() (x facts) {
	x.version = f.env.Server.Version
	f.mu.Lock()
	x.connected, x.accepted, x.traffic = len(f.conns), int64(len(f.conns)), f.counters.past
	for _, n := range f.closed {
		x.accepted += int64(n)
	}
	f.mu.Unlock()
	for _, s := range f.all() {
		s.count(&x)
	}
	x.retained, x.retainedBytes = f.retained.totals()
	x.waiting, x.waitingBytes = f.counters.waiting.Load(), f.counters.queued.Load()
	x.dropped = f.counters.dropped.Load() + f.counters.refused.Load()
	x.expired = f.counters.ended.Load()
	return x
}

func (s *session) count(x *facts) {
	x.traffic = addTraffic(x.traffic, s.ep.Stats())
	x.sessions++
	if s.conn.Load() != nil {
		x.present++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.subscriptions += len(s.subs) + len(s.sys)
	for _, sub := range s.subs {
		if sub.shared {
			x.shared++
		}
	}
}

func addTraffic(a, b core.Stats) core.Stats {
	return core.Stats{InMsgs: a.InMsgs + b.InMsgs, InBytes: a.InBytes + b.InBytes,
		OutMsgs: a.OutMsgs + b.OutMsgs, OutBytes: a.OutBytes + b.OutBytes}
}

// A load is a rate per minute, averaged over spans that decay.
type load struct {
	last    int64
	at      time.Time
	average [len(loadSpans)]float64
}

var loadSpans = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

func (l *load) update(total int64, now time.Time) {
	if !l.at.IsZero() && now.After(l.at) {
		passed := now.Sub(l.at)
		rate := float64(total-l.last) / passed.Minutes()
		for i, span := range loadSpans {
			keep := math.Exp(-passed.Minutes() / span.Minutes())
			l.average[i] = keep*l.average[i] + (1-keep)*rate
		}
	}
	l.last, l.at = total, now
}

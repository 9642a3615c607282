package core

import (
	"sync"
	"sync/atomic"
)

// interest tells relays what the other peers of an account subscribe to. It keeps no books until the first relay comes.
type interest struct {
	active atomic.Bool

	mu      sync.Mutex // the fields below, marks of subscriptions, and the order of news
	sinks   map[*Endpoint]InterestSink
	entries map[interestKey]*interestEntry
}

type interestKey struct{ subject, queue string }

// An interestEntry counts members: all, those of relays, and what relays are not told of: their own, and those on their
// side.
type interestEntry struct {
	total  int
	relays int // beacons not counted
	own    map[*Endpoint]int
	sides  map[sideOf]int // not in own
}

// weight is what relay ep hears: for plain subscriptions only whether there are any.
func (e *interestEntry) weight(k interestKey, ep *Endpoint) int {
	n := e.total - e.own[ep] - e.sides[ep.role.side]
	if ep.role.Isolated && e.relays > 0 {
		n = e.total - e.relays
	}
	if k.queue == "" {
		return min(n, 1)
	}
	return n
}

// attach makes ep hear news, first of all that there is.
func (in *interest) attach(a *Account, ep *Endpoint, sink InterestSink) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.sinks == nil {
		in.sinks, in.entries = make(map[*Endpoint]InterestSink), make(map[interestKey]*interestEntry)
		in.active.Store(true) // before the walk: what is inserted after it counts itself
		a.index.walk(func(s *Subscription) { in.count(s) })
	}
	in.sinks[ep] = sink
	for k, e := range in.entries {
		if w := e.weight(k, ep); w > 0 {
			sink.Interest(k.subject, k.queue, w)
		}
	}
}

func (in *interest) detach(ep *Endpoint) {
	if !in.active.Load() {
		return
	}
	in.mu.Lock()
	delete(in.sinks, ep)
	in.mu.Unlock()
}

func (in *interest) added(s *Subscription) {
	if !in.active.Load() {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.tell(s, in.count)
}

func (in *interest) removed(s *Subscription) {
	if !in.active.Load() {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.tell(s, in.discount)
}

// tell makes a change and says it to every relay for which it is one.
func (in *interest) tell(s *Subscription, change func(*Subscription)) {
	k := interestKey{s.Subject, s.Queue}
	e := in.entries[k]
	if e == nil {
		e = &interestEntry{}
		in.entries[k] = e
	}
	before := make(map[*Endpoint]int, len(in.sinks))
	for ep := range in.sinks {
		before[ep] = e.weight(k, ep)
	}
	change(s)
	for ep, sink := range in.sinks {
		if w := e.weight(k, ep); w != before[ep] {
			sink.Interest(k.subject, k.queue, w)
		}
	}
	if e.total == 0 {
		delete(in.entries, k)
	}
}

func (in *interest) count(s *Subscription) {
	if s.marked(markEnded) || !s.mark(markCounted, true) {
		return
	}
	in.change(s, int(s.weight))
}

func (in *interest) discount(s *Subscription) {
	if !s.mark(markCounted, false) {
		return
	}
	in.change(s, -int(s.weight))
}

func (in *interest) change(s *Subscription, by int) {
	k := interestKey{s.Subject, s.Queue}
	e := in.entries[k]
	if e == nil {
		e = &interestEntry{}
		in.entries[k] = e
	}
	e.total += by
	if !s.ep.role.Relay {
		return
	}
	if !s.beacon {
		e.relays += by
	}
	if s.hushed() {
		e.sides = plus(e.sides, s.ep.role.side, by)
	} else {
		e.own = plus(e.own, s.ep, by)
	}
}

// plus adds by to what m has under k, and keeps no zeros.
func plus[K comparable](m map[K]int, k K, by int) map[K]int {
	if m == nil {
		m = make(map[K]int)
	}
	if m[k] += by; m[k] == 0 {
		delete(m, k)
	}
	return m
}

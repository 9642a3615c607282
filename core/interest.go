package core

import (
	"sync"
	"sync/atomic"
)

// interest tells relays what the other peers of an account subscribe to. It keeps no books until the first relay comes.
type interest struct {
	active atomic.Bool

	mu      sync.Mutex // the fields below, Subscription.counted, and the order of news
	sinks   map[*Endpoint]InterestSink
	entries map[interestKey]*interestEntry
}

type interestKey struct{ subject, queue string }

// An interestEntry counts members: all, and of those the relays' own, which they are not told of, and what no relay
// upstream is told of.
type interestEntry struct {
	total  int
	hushed int // not in own
	own    map[*Endpoint]int
}

// weight is what relay ep hears: for plain subscriptions only whether there are any.
func (e *interestEntry) weight(k interestKey, ep *Endpoint) int {
	n := e.total - e.own[ep]
	if ep.upstream {
		n -= e.hushed
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
	if s.counted || s.closed.Load() {
		return
	}
	s.counted = true
	in.change(s, int(s.weight))
}

func (in *interest) discount(s *Subscription) {
	if !s.counted {
		return
	}
	s.counted = false
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
	switch {
	case s.hushed:
		e.hushed += by
	case s.relay:
		if e.own == nil {
			e.own = make(map[*Endpoint]int)
		}
		if e.own[s.ep] += by; e.own[s.ep] == 0 {
			delete(e.own, s.ep)
		}
	}
}

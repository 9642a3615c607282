package core

import (
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
)

// An Endpoint is the inward half of a peer: it subscribes, and batches publish in its name. Methods may be called from
// any goroutine.
type Endpoint struct {
	engine   *Engine
	account  *Account
	identity atomic.Pointer[Identity]
	peer     atomic.Pointer[Peer]
	noEcho   bool // of peer, as are these; they do not change
	relay    bool
	isolated bool
	side     sideOf // relays that have ways of their own to each other; zero: alone
	once     bool
	id       uint64               // in order of attaching
	sink     atomic.Pointer[Sink] // nil once closed, so that results keep no dead peer alive
	touched  atomic.Bool          // in some batch's list
	stats    counters

	replies atomic.Pointer[replies] // answers it may give; nil: none so far

	mu         sync.Mutex
	subs       *Subscription
	count      int
	closed     bool
	next, prev *Endpoint // Engine.mu
}

// Peer is what was said at Attach, or by Describe.
func (ep *Endpoint) Peer() *Peer { return ep.peer.Load() }

// Details are what its frontend tells of the peer, to whoever publishes for it. Most frontends have nothing to tell.
func (ep *Endpoint) Details() (d Details) {
	if s := ep.sink.Load(); s != nil {
		if who, ok := (*s).(Describer); ok {
			d = who.Details()
		}
	}
	return d
}

// Describe changes what monitoring shows of the peer; how it takes messages stays.
func (ep *Endpoint) Describe(p Peer) {
	was := ep.peer.Load()
	p.NoEcho, p.Relay, p.Upstream, p.Cluster, p.Isolated, p.Once = was.NoEcho, was.Relay, was.Upstream, was.Cluster, was.Isolated, was.Once
	ep.peer.Store(&p)
}

// Identity is what was said at Attach, or at Rebind.
func (ep *Endpoint) Identity() *Identity { return ep.identity.Load() }

// Rebind gives the peer other rights, in the same account, without a moment in which it misses or doubles a message.
// Subscriptions that it has no right to any more end; they are returned. Nobody may publish for ep meanwhile.
func (ep *Endpoint) Rebind(id *Identity) (ended []*Subscription) {
	if ep.identity.Swap(id) == id {
		return nil
	}
	for s := range ep.Subscriptions() {
		if !id.Perms.CanSubscribe(s.Subject, s.Queue) {
			ep.remove(s)
			ended = append(ended, s)
		} else {
			ep.account.bumpShadows(s)
		}
	}
	ep.account.gens.all.Add(1) // everything remembered was decided by the former rights
	return ended
}

// Account is where ep publishes and subscribes.
func (ep *Endpoint) Account() *Account { return ep.account }

// Stats counts ep's traffic.
func (ep *Endpoint) Stats() Stats {
	ep.mu.Lock()
	n := ep.count
	ep.mu.Unlock()
	return ep.stats.read(n)
}

// Evict ends the peer from outside; its frontend closes the endpoint by itself.
func (ep *Endpoint) Evict(cause error) {
	if s := ep.sink.Load(); s != nil {
		(*s).Evict(cause)
	}
}

// Subscribe asks for messages that match pattern. When it returns, every message published from then on is delivered.
// The error is ErrBadSubject, ErrNotAllowed or ErrClosed, wrapped.
func (ep *Endpoint) Subscribe(pattern string, o SubOptions) (*Subscription, error) {
	if !ValidPattern(pattern) {
		return nil, fmt.Errorf("subscribe to %q: %w", pattern, ErrBadSubject)
	}
	if !ep.Identity().Perms.CanSubscribe(pattern, o.Queue) {
		return nil, fmt.Errorf("subscribe to %q: %w", pattern, ErrNotAllowed)
	}
	s := &Subscription{Subject: pattern, Queue: o.Queue, Tag: o.Tag, form: o.Form, accept: o.Accept, ep: ep, relay: ep.relay,
		hushed: ep.hushes(o.Beacon), beacon: o.Beacon, weight: int16(min(max(o.Weight, 1), 1<<15-1))}
	s.max.Store(int32(o.Max))
	most := ep.account.Limits().Subscriptions
	ep.mu.Lock()
	if most > 0 && ep.count >= most && ep.counts() {
		ep.mu.Unlock()
		return nil, fmt.Errorf("subscribe to %q: %w", pattern, ErrTooManySubs)
	}
	if ep.closed {
		ep.mu.Unlock()
		return nil, fmt.Errorf("subscribe to %q: %w", pattern, ErrClosed)
	}
	if s.epNext = ep.subs; ep.subs != nil {
		ep.subs.epPrev = s
	}
	ep.subs = s
	ep.count++
	ep.account.add(s) // under ep.mu, so that Close finds it whole
	ep.mu.Unlock()
	return s, nil
}

// counts says whether limits of the account are about ep: it is no endpoint of the gateway's own.
func (ep *Endpoint) counts() bool { return ep.peer.Load().ID != 0 }

// Unsubscribe ends s once it has had after deliveries in all; 0, or that many already: now. The caller settles its batch
// before it sets a maximum.
func (ep *Endpoint) Unsubscribe(s *Subscription, after int) {
	if after > 0 {
		s.max.Store(int32(after))
		if s.delivered.Load() < int64(after) {
			ep.account.gens.bump(s.Subject) // results that share its slot must not go on
			ep.account.bumpShadows(s)
			return
		}
	}
	ep.remove(s)
}

// remove ends s, once.
func (ep *Endpoint) remove(s *Subscription) {
	if s.closed.Swap(true) {
		return
	}
	ep.mu.Lock()
	if s.epPrev != nil {
		s.epPrev.epNext = s.epNext
	} else {
		ep.subs = s.epNext
	}
	if s.epNext != nil {
		s.epNext.epPrev = s.epPrev
	}
	s.epNext, s.epPrev = nil, nil
	ep.count--
	ep.mu.Unlock()
	ep.account.drop(s)
}

// Lookup finds one of ep's own plain subscriptions that match the literal subject, or nil.
func (ep *Endpoint) Lookup(subject []byte) *Subscription {
	var scratch [16]*Subscription
	for _, s := range ep.account.index.match(subject, scratch[:0]) {
		if s.ep == ep && s.Queue == "" {
			return s
		}
	}
	return nil
}

// Subscriptions are those that ep has now, newest first.
func (ep *Endpoint) Subscriptions() iter.Seq[*Subscription] {
	ep.mu.Lock()
	all := make([]*Subscription, 0, ep.count)
	for s := ep.subs; s != nil; s = s.epNext {
		all = append(all, s)
	}
	ep.mu.Unlock()
	return func(yield func(*Subscription) bool) {
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	}
}

// Close removes ep's subscriptions and lets go of its sink. Calls of the sink that have begun may still go on.
func (ep *Endpoint) Close() {
	ep.mu.Lock()
	if ep.closed {
		ep.mu.Unlock()
		return
	}
	ep.closed = true
	ep.mu.Unlock()
	ep.sink.Store(nil)
	for s := range ep.Subscriptions() {
		ep.remove(s)
	}
	ep.account.taps.remove(ep)
	ep.account.interest.detach(ep)
	ep.engine.detach(ep)
}

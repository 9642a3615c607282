package core

import (
	"fmt"
	"iter"
	"net/netip"
	"sync"
	"sync/atomic"
)

// An Endpoint is the inward half of a peer: it subscribes, and batches publish in its name. Methods may be called from
// any goroutine.
type Endpoint struct {
	account  *Account
	role     *role
	identity atomic.Pointer[Identity]
	id       uint64               // in order of attaching
	peer     atomic.Uint64        // Peer.ID
	sink     atomic.Pointer[Sink] // nil once closed, so that results keep no dead peer alive; stored under mu
	stats    counters
	replies  atomic.Pointer[replies] // answers it may give; nil: none so far

	mu         sync.Mutex // guards the fields below, but for touched
	name       string     // Peer.Name
	subs       *Subscription
	count      int32       // of subs
	touched    atomic.Bool // in some batch's list
	next, prev *Endpoint   // Engine.mu
}

// Peer is what was said at Attach, or by Describe.
func (ep *Endpoint) Peer() Peer {
	p := ep.role.Peer
	p.ID = ep.peer.Load()
	ep.mu.Lock()
	p.Name = ep.name
	ep.mu.Unlock()
	return p
}

// RemoteAddr is where the peer is; zero: it is the gateway's own, or has gone.
func (ep *Endpoint) RemoteAddr() (a netip.AddrPort) {
	if s := ep.sink.Load(); s != nil {
		if who, ok := (*s).(Addresser); ok {
			a = who.RemoteAddr()
		}
	}
	return a
}

// Details are what its frontend tells of the peer, to whoever publishes for it. Most frontends have nothing to tell.
func (ep *Endpoint) Details() (d Details) {
	if s := ep.sink.Load(); s != nil {
		if who, ok := (*s).(Describer); ok {
			d = who.Details()
		}
	}
	return d
}

// Describe changes the peer's ID, when it comes by another connection.
func (ep *Endpoint) Describe(id uint64) {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	if ep.sink.Load() == nil {
		return
	}
	if was := ep.peer.Swap(id); was == 0 && id != 0 { // has not counted yet
		ep.account.peers.Add(1)
	}
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
	return ep.stats.read(int(n))
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
	s := &Subscription{Subject: pattern, Tag: o.Tag, manner: ep.account.engine.manners.share(o.manner()), ep: ep}
	s.max.Store(int32(o.Max))
	most := ep.account.Limits().Subscriptions
	ep.mu.Lock()
	if most > 0 && int(ep.count) >= most && ep.counts() {
		ep.mu.Unlock()
		return nil, fmt.Errorf("subscribe to %q: %w", pattern, ErrTooManySubs)
	}
	if ep.sink.Load() == nil {
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
func (ep *Endpoint) counts() bool { return ep.peer.Load() != 0 }

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
	if !s.mark(markEnded, true) {
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
	open := ep.sink.Swap(nil) != nil
	ep.mu.Unlock()
	if !open {
		return
	}
	for s := range ep.Subscriptions() {
		ep.remove(s)
	}
	ep.account.taps.remove(ep)
	ep.account.interest.detach(ep)
	ep.account.engine.detach(ep)
}

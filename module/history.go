package module

import (
	"crypto/tls"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/internal/reason"
)

// Bounds of a History.
const (
	DefaultClosed = 10_000 // connections
	keptEvents    = 4096
)

// A History is what has lately happened in a gateway: connections that were closed, events, and counts of both since the
// start. Its methods may be called from any goroutine; a nil History keeps nothing.
type History struct {
	watcher atomic.Pointer[Watcher] // nil: nobody watches

	mu     sync.Mutex
	closed ring[Conn]
	events ring[Event]
	places map[eventKey]int // of events, in their ring
	counts map[CountKey]int64
	slow   map[string]int64 // slow consumers by account
}

// A Watcher hears of connections when they come and go: what it is told is borrowed. It is called from any goroutine and
// returns at once.
type Watcher interface {
	Opened(c *Conn) // it has authenticated
	Closed(c *Conn) // whether it had or not
}

// A CountKey says what is counted together.
type CountKey struct {
	Type   string // protocol
	What   What
	Reason reason.Reason
}

// NewHistory keeps the last closed connections; 0: [DefaultClosed].
func NewHistory(closed int) *History {
	h := &History{places: make(map[eventKey]int), counts: make(map[CountKey]int64), slow: make(map[string]int64)}
	h.closed.most, h.events.most = DefaultClosed, keptEvents
	h.Resize(closed)
	return h
}

// Resize changes how many closed connections are kept; 0: [DefaultClosed].
func (h *History) Resize(closed int) {
	if closed == 0 {
		closed = DefaultClosed
	}
	h.mu.Lock()
	h.closed.resize(closed)
	h.mu.Unlock()
}

// Watch tells w of connections from now on, in place of whoever was told before; nil: nobody.
func (h *History) Watch(w Watcher) {
	switch {
	case h == nil:
	case w == nil:
		h.watcher.Store(nil)
	default:
		h.watcher.Store(&w)
	}
}

// Open tells of a connection that has authenticated, if somebody watches.
func (h *History) Open(about func() Conn) {
	if h == nil {
		return
	}
	if w := h.watcher.Load(); w != nil {
		c := about()
		(*w).Opened(&c)
	}
}

// Close keeps c, whose Reason is set, as closed now. detail says more, for people; it never holds a secret.
func (h *History) Close(c Conn, detail string) {
	if h == nil {
		return
	}
	c.Stop, c.Endpoint, c.Pending = time.Now(), nil, 0
	if t := c.TLS; t != nil { // certificates are large
		c.TLS = &tls.ConnectionState{Version: t.Version, CipherSuite: t.CipherSuite}
	}
	e := About(&c, Closed, c.Reason, detail)
	e.Time = c.Stop
	if w := h.watcher.Load(); w != nil {
		(*w).Closed(&c)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed.add(c)
	if c.Reason == reason.SlowConsumerPending || c.Reason == reason.SlowConsumerDeadline {
		h.slow[c.Account]++
	}
	h.tell(e)
}

// Tell keeps an event. What happens to a connection for the same reason again is counted and replaces the former time and
// detail: one client cannot drive out the events of others.
func (h *History) Tell(e Event) {
	if h == nil {
		return
	}
	e.Time = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell(e)
}

func (h *History) tell(e Event) {
	e.Count = max(1, e.Count)
	h.counts[CountKey{e.Type, e.What, e.Reason}] += int64(e.Count)
	if at, found := h.places[e.key()]; found {
		e.Count += h.events.items[at].Count
		h.events.items[at] = e
		return
	}
	at, old := h.events.add(e)
	if old.Count > 0 {
		delete(h.places, old.key())
	}
	h.places[e.key()] = at
}

// Closed are the connections that were closed, the last one first.
func (h *History) Closed() []Conn {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed.newest()
}

// Events are what has happened, the last one first.
func (h *History) Events() []Event {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	all := h.events.newest()
	h.mu.Unlock()
	slices.SortStableFunc(all, func(a, b Event) int { return b.Time.Compare(a.Time) })
	return all
}

// Counts say how often what happened since the start.
func (h *History) Counts() iter.Seq2[CountKey, int64] {
	all := make(map[CountKey]int64)
	if h != nil {
		h.mu.Lock()
		maps.Copy(all, h.counts)
		h.mu.Unlock()
	}
	return func(yield func(CountKey, int64) bool) {
		for k, n := range all {
			if !yield(k, n) {
				return
			}
		}
	}
}

// Slow counts the clients that were closed because they took too little, by account.
func (h *History) Slow() map[string]int64 {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.slow)
}

// A ring keeps the last of many. It grows to its bound and not beyond.
type ring[T any] struct {
	items []T
	next  int // place of the next one, once the ring is full
	most  int
}

// add answers where item is, and what it has replaced.
func (r *ring[T]) add(item T) (at int, old T) {
	if len(r.items) < r.most {
		r.items = append(r.items, item)
		return len(r.items) - 1, old
	}
	at, old = r.next, r.items[r.next]
	r.items[at] = item
	r.next = (r.next + 1) % r.most
	return at, old
}

func (r *ring[T]) newest() []T {
	n := len(r.items)
	all := make([]T, n)
	for i := range all {
		all[i] = r.items[(r.next+n-1-i)%n]
	}
	return all
}

func (r *ring[T]) resize(most int) {
	kept := r.newest()
	kept = kept[:min(len(kept), most)]
	*r = ring[T]{most: most}
	for i := len(kept) - 1; i >= 0; i-- {
		r.add(kept[i])
	}
}

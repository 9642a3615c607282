package core

import (
	"hash/maphash"
	"sync/atomic"
)

// An Account is a subject space of its own: nothing crosses between two.
type Account struct {
	engine   *Engine
	name     string
	index    index
	gens     generations
	memo     memo
	interest interest
	taps     taps
	stats    counters
	subs     atomic.Int64
	peers    atomic.Int64           // endpoints that count against the limit
	wiring   atomic.Pointer[wiring] // nil: none
	wires    wires
	gone     atomic.Bool // no longer declared
}

func newAccount(e *Engine, name string) *Account {
	a := &Account{engine: e, name: name}
	a.index.seed = maphash.MakeSeed()
	a.gens.seed, a.memo.seed = a.index.seed, a.index.seed
	a.initWires()
	return a
}

// Name is the declared one.
func (a *Account) Name() string { return a.name }

// Full says whether the account has as many connections as it may. Endpoints of the gateway's own do not count.
func (a *Account) Full() bool {
	most := a.Limits().Connections
	return most > 0 && a.peers.Load() >= int64(most)
}

// Connections are the endpoints that count against the limit.
func (a *Account) Connections() int { return int(a.peers.Load()) }

// Listens says whether anybody subscribes to the literal subject, for those who need not publish to nobody.
func (a *Account) Listens(subject string) bool {
	var scratch [8]*Subscription
	return len(a.index.match([]byte(subject), scratch[:0])) > 0
}

// Stats counts the traffic of all endpoints the account has and had.
func (a *Account) Stats() Stats { return a.stats.read(int(a.subs.Load())) }

func (a *Account) add(s *Subscription) {
	a.subs.Add(1)
	a.insert(s)
	a.castShadows(s)
}

func (a *Account) drop(s *Subscription) {
	a.subs.Add(-1)
	a.extract(s)
	a.takeShadows(s)
}

// insert and extract change the index first, then the generations, then tell relays.
func (a *Account) insert(s *Subscription) {
	a.index.insert(s)
	a.gens.bump(s.Subject)
	a.interest.added(s)
}

func (a *Account) extract(s *Subscription) {
	a.index.remove(s)
	a.gens.bump(s.Subject)
	a.interest.removed(s)
}

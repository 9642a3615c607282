package core

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Causes that the engine gives to Sink.Evict.
var (
	ErrAccountRemoved = errors.New("account removed")
	ErrEngineClosed   = errors.New("engine closed")
	ErrKicked         = errors.New("kicked by an operator")
)

// An Engine holds the accounts of one gateway and the peers attached to them.
type Engine struct {
	batches sync.Pool
	roles   recent[role]
	manners recent[manner]

	mu        sync.RWMutex
	accounts  map[string]*Account
	drafts    map[string]*Account // made for a declaration that is to come
	order     []*Account          // as declared
	first     *Endpoint
	count     int
	lastID    atomic.Uint64
	past      Stats      // of accounts that are gone
	introduce Introducer // set before anybody attaches
}

// NewEngine returns an engine without accounts.
func NewEngine() *Engine {
	e := &Engine{accounts: make(map[string]*Account)}
	e.batches.New = func() any { return &Batch{e: e, seed: rand.Uint64() | 1} }
	return e
}

// SetAccounts declares the accounts, at start and on reload. Accounts that stay keep their endpoints; endpoints of those
// that are gone are evicted.
func (e *Engine) SetAccounts(defs []AccountDef) error {
	if errs := CheckAccounts(defs); len(errs) > 0 {
		return errs[0]
	}
	next := make(map[string]*Account, len(defs))
	order := make([]*Account, 0, len(defs))
	e.mu.Lock()
	for _, d := range defs {
		if next[d.Name] != nil {
			e.mu.Unlock()
			return fmt.Errorf("declare account %q: declared twice", d.Name)
		}
		a := e.accounts[d.Name]
		if a == nil {
			if a = e.drafts[d.Name]; a == nil {
				a = newAccount(e, d.Name)
			}
		}
		next[d.Name] = a
		order = append(order, a)
	}
	for name, a := range e.accounts {
		if next[name] == nil {
			a.gone.Store(true)
			e.past = e.past.plus(a.Stats())
		}
	}
	e.accounts, e.order, e.drafts = next, order, nil
	e.mu.Unlock()
	if err := wireAll(defs, next); err != nil {
		return err
	}
	e.evict(ErrAccountRemoved, func(ep *Endpoint) bool { return ep.account.gone.Load() })
	return nil
}

// An Introducer appends to dst the header of a request that leaves its account: header, and who asks. It is called by
// whoever publishes for the asker.
type Introducer func(dst, header []byte, who Asking) []byte

// An Asking says who sends a request to another account.
type Asking struct {
	From        *Endpoint // borrowed
	Share       bool      // everything about it is told, not only its account
	ShareServer bool      // at least where it is connected is told
	Through     string    // the account between, whose service stands on somebody else's; empty: none
}

// Introduce sets what requests to other accounts say about who asks. It is called before anybody attaches.
func (e *Engine) Introduce(f Introducer) { e.introduce = f }

// Account finds a declared account; nil: unknown.
func (e *Engine) Account(name string) *Account {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.accounts[name]
}

// Draft finds an account, or makes one for a declaration that is to come: until then nobody finds it by Account.
func (e *Engine) Draft(name string) *Account {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a := e.accounts[name]; a != nil {
		return a
	}
	if e.drafts[name] == nil {
		if e.drafts == nil {
			e.drafts = make(map[string]*Account)
		}
		e.drafts[name] = newAccount(e, name)
	}
	return e.drafts[name]
}

// Accounts are the declared ones, in order.
func (e *Engine) Accounts() iter.Seq[*Account] {
	e.mu.RLock()
	order := e.order // replaced, never changed
	e.mu.RUnlock()
	return func(yield func(*Account) bool) {
		for _, a := range order {
			if !yield(a) {
				return
			}
		}
	}
}

// Attach makes a peer with rights id part of the engine. From its first Subscribe on, s is called. An s that is an
// InterestSink hears at once what others subscribe to.
func (e *Engine) Attach(id *Identity, p Peer, s Sink) *Endpoint {
	ep := &Endpoint{account: id.Account, role: e.roles.share(roleOf(p)), id: e.lastID.Add(1), name: p.Name}
	ep.peer.Store(p.ID)
	ep.identity.Store(id)
	ep.sink.Store(&s)
	e.mu.Lock()
	if ep.next = e.first; e.first != nil {
		e.first.prev = ep
	}
	e.first = ep
	e.count++
	if ep.counts() {
		id.Account.peers.Add(1)
	}
	e.mu.Unlock()
	if hear, ok := s.(InterestSink); ok {
		id.Account.interest.attach(id.Account, ep, hear)
	}
	if id.Account.gone.Load() {
		s.Evict(ErrAccountRemoved)
	}
	return ep
}

func (e *Engine) detach(ep *Endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ep.prev != nil {
		ep.prev.next = ep.next
	} else {
		e.first = ep.next
	}
	if ep.next != nil {
		ep.next.prev = ep.prev
	}
	ep.next, ep.prev = nil, nil
	e.count--
	if ep.counts() {
		ep.account.peers.Add(-1)
	}
}

// Endpoints are those attached now.
func (e *Engine) Endpoints() iter.Seq[*Endpoint] {
	e.mu.RLock()
	all := make([]*Endpoint, 0, e.count)
	for ep := e.first; ep != nil; ep = ep.next {
		all = append(all, ep)
	}
	e.mu.RUnlock()
	return func(yield func(*Endpoint) bool) {
		for _, ep := range all {
			if !yield(ep) {
				return
			}
		}
	}
}

// Stats totals all accounts, those that are gone included.
func (e *Engine) Stats() Stats {
	e.mu.RLock()
	total := e.past
	e.mu.RUnlock()
	total.Subscriptions = 0
	for a := range e.Accounts() {
		total = total.plus(a.Stats())
	}
	return total
}

// Get lends a batch to a goroutine that publishes; Put takes it back.
func (e *Engine) Get() *Batch { return e.batches.Get().(*Batch) }

// Put flushes b and takes it back.
func (e *Engine) Put(b *Batch) {
	b.Flush()
	b.rest()
	e.batches.Put(b)
}

// NewBatch makes a batch for an owner that keeps it, such as an event loop.
func (e *Engine) NewBatch() *Batch { return e.batches.New().(*Batch) }

// Close evicts every peer.
func (e *Engine) Close() { e.evict(ErrEngineClosed, func(*Endpoint) bool { return true }) }

func (e *Engine) evict(cause error, which func(*Endpoint) bool) {
	for ep := range e.Endpoints() {
		if which(ep) {
			ep.Evict(cause)
		}
	}
}

package mqtt

import (
	"errors"
	"maps"
	"sync"
	"time"

	"leafgate/core"
	"leafgate/mapping"
)

// errQuota: a bound on retained messages refuses one more.
var errQuota = errors.New("too many retained messages")

// retention is the retained messages of all accounts, within the bounds of the configuration.
type retention struct {
	module *frontend

	mu    sync.RWMutex // guards the map; the trees guard themselves
	trees map[*core.Account]*retainedTree
}

func (r *retention) init(f *frontend) {
	r.module, r.trees = f, make(map[*core.Account]*retainedTree)
}

// tree answers an account's retained messages.
func (r *retention) tree(a *core.Account) *retainedTree {
	r.mu.RLock()
	t := r.trees[a]
	r.mu.RUnlock()
	if t != nil {
		return t
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t = r.trees[a]; t == nil {
		t = &retainedTree{}
		r.trees[a] = t
	}
	return t
}

// set retains m, whose Subject is set, in place of what was there; without payload it only removes that. [MQTT-3.3.1-5]
// [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
func (r *retention) set(a *core.Account, m *core.Message, qos byte) error {
	t := r.tree(a)
	old := t.get(m.Subject)
	if len(m.Payload) == 0 {
		if old == nil {
			return nil
		}
		return r.module.store.Retain(a.Name(), &Retained{Message: m.Clone()}, m.Stored, func() *Retained { return t.remove(m.Subject) })
	}
	kept := &Retained{Message: m.Clone(), QoS: qos}
	if seconds, ok := headerExpiry(m.Header); ok {
		kept.Until = r.module.now() + int64(seconds)*int64(time.Second)
	}
	o, was := r.module.opts.Load(), 0
	if old != nil {
		was = old.size()
	}
	if old == nil && t.count() >= o.maxRetained || int64(t.bytes()-was+kept.size()) > o.maxRetainedBytes ||
		len(m.Payload) > o.maxRetainedPayload || kept.size() > was && r.module.env.Memory.Full() {
		r.module.counters.unkept.Add(1)
		return errQuota
	}
	return r.module.store.Retain(a.Name(), kept, m.Stored, func() *Retained { return t.set(kept) })
}

// load takes in what the store has, and answers what it replaces: m itself where there is no such account any more.
func (r *retention) load(account string, m *Retained) *Retained {
	a := r.module.account(account)
	switch {
	case a == nil:
		return m
	case len(m.Message.Payload) == 0:
		return r.tree(a).remove(m.Message.Subject)
	}
	return r.tree(a).set(m)
}

// current is what is retained under a subject, or nil.
func (r *retention) current(account string, subject []byte) *Retained {
	a := r.module.account(account)
	if a == nil {
		return nil
	}
	return r.tree(a).get(subject)
}

// account finds one by its name; nil: there is none.
func (f *frontend) account(name string) *core.Account {
	for a := range f.env.Engine.Accounts() {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// keepRetained retains m, which batch has resolved, where it will be published: a mapping of the account may change that.
func (f *frontend) keepRetained(batch *core.Batch, a *core.Account, m *core.Message, qos byte) error {
	if to := batch.Destination(nil); string(to) != string(m.Subject) {
		moved := *m
		moved.Subject, moved.Raw, moved.Namer = to, nil, nil
		m = &moved
	}
	return f.retained.set(a, m, qos)
}

// match appends what f matches in the account a and has not expired.
func (r *retention) match(dst []*Retained, a *core.Account, f *mapping.Filter, now int64) []*Retained {
	return r.tree(a).match(dst, f, now)
}

// totals are those of all accounts.
func (r *retention) totals() (messages, bytes int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, t := range r.trees {
		messages += t.count()
		bytes += t.bytes()
	}
	return messages, bytes
}

// sweep forgets what has expired. The store asks for what is retained while it is at work, so no lock is held then.
func (r *retention) sweep(now int64) {
	r.mu.RLock()
	trees := maps.Clone(r.trees)
	r.mu.RUnlock()
	for _, t := range trees {
		for _, gone := range t.sweep(now) {
			r.module.counters.expired.Add(1)
			r.module.store.Expired(gone)
		}
	}
}

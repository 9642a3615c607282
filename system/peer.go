package system

import (
	"bytes"
	"sync"
	"sync/atomic"

	"leafgate/core"
)

// protocol is what this room's peers are called.
const protocol = "system"

// peers are this room's own, one in each account.
type peers struct {
	module *system
	mu     sync.Mutex
	all    map[*core.Account]*peer
}

func (p *peers) init(m *system) { p.module, p.all = m, make(map[*core.Account]*peer) }

// update has a peer in every account there is, if there is a system account, and in no other.
func (p *peers) update() {
	p.mu.Lock()
	defer p.mu.Unlock()
	home := p.module.env.Auth.SystemAccount()
	p.module.account.Store(home)
	stay := make(map[*core.Account]bool)
	if home != nil {
		for a := range p.module.env.Engine.Accounts() {
			stay[a] = true
		}
	}
	for a, w := range p.all {
		if !stay[a] || w.home != (a == home) {
			w.ep.Close()
			delete(p.all, a)
		}
	}
	for a := range stay {
		if p.all[a] == nil {
			p.all[a] = p.attach(a, a == home)
		}
	}
}

func (p *peers) attach(a *core.Account, home bool) *peer {
	w := &peer{module: p.module, home: home}
	w.ep = p.module.env.Engine.Attach(&core.Identity{Account: a}, core.Peer{Protocol: protocol, Name: "leafgate-system", NoEcho: true}, w)
	for subject, s := range services(p.module.env.Server.ID, home) {
		if _, err := w.ep.Subscribe(subject, core.SubOptions{Tag: s}); err != nil {
			p.module.log.Error("service is not there", "subject", subject, "account", a.Name(), "err", err)
		}
	}
	return w
}

// at answers the peer in a, or nil.
func (p *peers) at(a *core.Account) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[a]
}

func (p *peers) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a, w := range p.all {
		w.ep.Close()
		delete(p.all, a)
	}
}

// A peer is this room in one account.
type peer struct {
	module *system
	ep     *core.Endpoint
	home   bool         // in the system account
	asked  atomic.Int32 // requests that wait
}

// Bounds of requests: who floods an account's services gets no answers any more, and nobody else hears of it.
const (
	mostAsked = 128     // that wait, of one account
	mostBody  = 8 << 10 // bytes
)

// Deliver implements core.Sink: requests wait for the worker. Without a reply there is nothing to do.
func (w *peer) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	if len(m.Reply) == 0 || len(subs) == 0 {
		return core.Refused
	}
	r := &request{peer: w, service: subs[0].Tag.(*service), subject: string(m.Subject), reply: string(m.Reply)}
	if len(m.Payload) > mostBody {
		r.tooLong = true
	} else {
		r.body = bytes.Clone(m.Payload)
	}
	if from := m.From(); from != nil {
		r.asker = from.Identity()
	}
	if w.asked.Add(1) > mostAsked || !w.module.queue.add(r) {
		w.asked.Add(-1)
		return core.Dropped
	}
	return core.Taken
}

// Run implements core.Sink: no subscription here has a Form.
func (w *peer) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }

// Flush implements core.Sink: answers are the worker's.
func (w *peer) Flush() {}

// Evict implements core.Sink: a reload has told by itself which accounts are gone.
func (w *peer) Evict(error) {}

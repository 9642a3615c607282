package leafnode

import (
	"iter"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/module"
)

// What monitoring shows.

var (
	_ module.Uplinker = (*uplinks)(nil)
	_ module.Dropper  = (*uplinks)(nil)
)

// traffic counts what crossed, and what did not.
type traffic struct {
	core.Stats
	drops [reason.Count]int64
}

func (t *traffic) add(o traffic) {
	t.Stats = module.Sum(t.Stats, o.Stats)
	for i, n := range o.drops {
		t.drops[i] += n
	}
}

func (t *traffic) dropped() (n int64) {
	for _, d := range t.drops {
		n += d
	}
	return n
}

// traffic is what has crossed the link so far.
func (l *link) traffic() (t traffic) {
	if ep := l.ep.Load(); ep != nil {
		t.Stats = ep.Stats()
	} else if past := l.past.Load(); past != nil {
		t.Stats = *past
	}
	t.OutMsgs, t.OutBytes = l.crossed.msgs.Load(), l.crossed.bytes.Load() // the engine counts what waits and may be dropped
	for i := range t.drops {
		t.drops[i] = l.drops[i].Load()
	}
	return t
}

func (m *uplinks) all() []*remote {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remotes
}

// Uplinks implements module.Uplinker.
func (m *uplinks) Uplinks() iter.Seq[module.Uplink] {
	return func(yield func(module.Uplink) bool) {
		for _, r := range m.all() {
			if !yield(r.describe()) {
				return
			}
		}
	}
}

func (r *remote) describe() module.Uplink {
	r.mu.Lock()
	s := r.state
	r.mu.Unlock()
	o := r.opts.Load()
	u := module.Uplink{Name: o.name(), ID: o.token, URL: s.url, Account: o.account, Connected: s.link != nil, State: s.word, Since: s.since,
		Retry: s.retry, Attempts: s.attempts}
	if s.err != nil {
		u.Error = s.err.Error()
	}
	t := s.past
	if l := s.link; l != nil {
		t.add(l.traffic())
		u.Compression = l.packing.said()
		l.describe(&u)
	}
	for why := range reason.All() {
		if n := t.drops[why]; n > 0 {
			if u.Drops == nil {
				u.Drops = make(map[string]int64)
			}
			u.Drops[why.Code()] = n
		}
	}
	u.InMsgs, u.OutMsgs, u.InBytes, u.OutBytes, u.Dropped = t.InMsgs, t.OutMsgs, t.InBytes, t.OutBytes, t.dropped()
	return u
}

// describe adds what is only known of a link that is up.
func (l *link) describe(u *module.Uplink) {
	u.Server, u.RTT = l.info.ServerName, time.Duration(l.rtt.Load())
	q := l.waiting()
	u.Pending, u.Waiting, u.InFlight, u.Window = q.bytes, q.msgs, q.flight, q.window
	if !q.since.IsZero() {
		u.Oldest = max(0, time.Since(q.since))
	}
	var doubt error
	if u.Verified, u.ProbeRTT, doubt = l.prober.report(); doubt != nil && u.State == isConnected {
		u.State, u.Doubt = isUnverified, doubt.Error()
	}
}

// Protocol implements module.Connector.
func (m *uplinks) Protocol() string { return Protocol }

// Conns implements module.Connector: the links that are up.
func (m *uplinks) Conns() iter.Seq[module.Conn] {
	return func(yield func(module.Conn) bool) {
		for _, r := range m.all() {
			r.mu.Lock()
			l := r.state.link
			r.mu.Unlock()
			if l == nil {
				continue
			}
			ep := l.ep.Load()
			if ep != nil && !yield(l.about(ep)) {
				return
			}
		}
		for _, f := range m.lis.all() {
			if f.ep.Load() != nil && !yield(f.describe()) {
				return
			}
		}
	}
}

func (l *link) about(ep *core.Endpoint) module.Conn {
	state := isConnected
	if _, _, doubt := l.prober.report(); doubt != nil {
		state = isUnverified
	}
	return module.Conn{ID: l.conn.ID(), Kind: module.KindLeafnode, Type: Protocol, Remote: l.conn.RemoteAddr(), Start: time.Unix(0, l.up.Load()),
		LastActivity: l.conn.LastRead(), RTT: time.Duration(l.rtt.Load()), Pending: l.waiting().bytes, Stats: l.traffic().Stats,
		Name: l.info.ServerName, Version: l.info.Version, Account: l.opts.account, Endpoint: ep, Spoke: !l.opts.hub,
		Compression: l.packing.said(), State: state}
}

// total is the traffic of all links, those that have ended included.
func (m *uplinks) total() (t traffic) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t = m.past
	for l := range m.live {
		t.add(l.traffic())
	}
	return t
}

// Traffic implements module.Connector.
func (m *uplinks) Traffic() core.Stats {
	s := m.total().Stats
	s.Subscriptions = 0
	return s
}

// Drops implements module.Dropper.
func (m *uplinks) Drops() iter.Seq2[reason.Reason, int64] {
	t := m.total()
	return func(yield func(reason.Reason, int64) bool) {
		for why := range reason.All() {
			if n := t.drops[why]; n > 0 && !yield(why, n) {
				return
			}
		}
	}
}

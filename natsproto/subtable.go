package natsproto

import "leafgate/core"

// A sub is one subscription as the client names it.
type sub struct {
	sid  string
	core *core.Subscription
}

// subTable finds a session's subscriptions by sid. Most sessions have a handful: a map comes with the ninth.
//
// The engine ends subscriptions at their maximum without telling; such entries count as absent, and sweep drops them.
type subTable struct {
	few     []*sub
	many    map[string]*sub // nil: all are in few
	limited int             // maxima set since the last sweep
}

const fewSubs = 8

// get finds a subscription that has not ended.
func (t *subTable) get(sid []byte) *sub {
	s := t.many[string(sid)]
	if t.many == nil {
		for _, c := range t.few {
			if c.sid == string(sid) {
				s = c
				break
			}
		}
	}
	if s != nil && s.core.Closed() {
		t.remove(s.sid)
		return nil
	}
	return s
}

// put adds s, whose sid is not in the table.
func (t *subTable) put(s *sub) {
	if t.many == nil && len(t.few) < fewSubs {
		t.few = append(t.few, s)
		return
	}
	if t.many == nil {
		t.many = make(map[string]*sub, 2*fewSubs)
		for _, c := range t.few {
			t.many[c.sid] = c
		}
		t.few = nil
	}
	t.many[s.sid] = s
}

func (t *subTable) remove(sid string) {
	if t.many != nil {
		delete(t.many, sid)
		return
	}
	for i, c := range t.few {
		if c.sid == sid {
			last := len(t.few) - 1
			t.few[i], t.few[last] = t.few[last], nil
			t.few = t.few[:last]
			return
		}
	}
}

func (t *subTable) len() int { return len(t.few) + len(t.many) }

// limit notes that a subscription got a maximum, and sweeps when those may make up half of the table.
func (t *subTable) limit() {
	if t.limited++; t.limited > t.len()/2+fewSubs {
		t.sweep()
	}
}

// sweep drops what has ended.
func (t *subTable) sweep() {
	t.limited = 0
	for sid, s := range t.all() {
		if s.core.Closed() {
			t.remove(sid)
		}
	}
}

// all iterates over a table from which the current entry may be removed.
func (t *subTable) all() func(yield func(string, *sub) bool) {
	return func(yield func(string, *sub) bool) {
		for i := len(t.few) - 1; i >= 0; i-- {
			if !yield(t.few[i].sid, t.few[i]) {
				return
			}
		}
		for sid, s := range t.many {
			if !yield(sid, s) {
				return
			}
		}
	}
}

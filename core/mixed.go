package core

import "slices"

// publishMixed is Publish for results that the fast path does not cover: owned slots, queue groups, sinks without Form,
// many slots, and payloads that are not copied.
func (b *Batch) publishMixed(r *result, m *Message) (matched int, err error) {
	if m.from, m.kept = b.pub, nil; b.author != nil {
		m.from = b.author
	}
	if r.remap != nil {
		return b.remap(r, m)
	}
	whole := len(m.Payload) >= SplitSize
	if whole && b.staged > 0 {
		b.closeRun(b.staged < SplitSize)
	}
	if r.asks && len(m.Reply) > 0 {
		b.Settle() // what comes through Deliver comes behind it
	}
	b.chosen = b.chosen[:0]
	for i := range r.groups {
		if g := &r.groups[i]; m.Groups == nil || slices.ContainsFunc(m.Groups, func(q []byte) bool { return string(q) == g.queue }) {
			if c := b.choose(r, g); c != nil {
				b.chosen = append(b.chosen, c)
			}
		}
	}
	matched = r.shared - b.skips
	for i := range r.ops {
		matched += b.apply(r, &r.ops[i], m, whole)
	}
	for _, c := range b.chosen {
		if c.deliver < 0 {
			matched += b.apply(r, &c.op, m, whole)
		}
	}
	for i := range r.delivers {
		matched += b.deliver(r, int32(i), m)
	}
	for _, s := range r.services {
		matched += b.request(r, s, m)
	}
	if r.answers {
		matched += b.answer(r, m)
	}
	b.run.add(m.Size())
	if b.staged >= stageLimit {
		b.closeRun(false)
	} else if b.staged == 0 {
		b.run = tally{}
	}
	return matched, nil
}

// apply adds m to o's slot, or offers it to the slot's destinations at once. It answers 1 for an owned slot that took it.
func (b *Batch) apply(r *result, o *op, m *Message, whole bool) int {
	s, took := &r.slots[o.slot], 0
	if s.owned {
		if b.skipped(r.dests[s.first].ep) || !o.sub.take() {
			return 0
		}
		took = 1
		if s.tracks && len(m.Reply) > 0 {
			r.dests[s.first].ep.expectAnswer(m.Reply)
		}
	}
	if o.hide && m.Tail != nil {
		tail := m.Tail
		m.Tail = nil
		defer func() { m.Tail = tail }()
	}
	if s.asks && len(m.Reply) > 0 {
		b.ask(r, o, m)
		return took
	}
	if !whole && !r.direct {
		st := &b.stages[o.slot]
		at := len(st.buf)
		st.buf = o.form.Append(st.buf, r.prefix(o), m)
		st.add(m.Size())
		b.staged += len(st.buf) - at
		return took
	}
	var rest []byte
	if whole {
		b.lend, rest = o.form.Split(b.lend[:0], r.prefix(o), m)
	} else {
		b.lend = o.form.Append(b.lend[:0], r.prefix(o), m)
	}
	for d := s.first; d >= 0; d = r.dests[d].next {
		if !b.skipped(r.dests[d].ep) {
			b.offer(&r.dests[d], o.form, b.lend, rest, tally{1, int64(m.Size())}, !whole)
		}
	}
	return took
}

// hand gives m to a sink under the subject that it has for it.
func (b *Batch) hand(r *result, d *deliver, s Sink, m *Message) Verdict {
	if d.tracks && len(m.Reply) > 0 {
		d.ep.expectAnswer(m.Reply)
	}
	if d.name == d.nameEnd {
		return s.Deliver(m, b.picked)
	}
	was := *m
	m.Subject, m.Raw, m.Namer, m.Tail, m.kept = r.moved[d.name:d.nameEnd], nil, nil, nil, nil
	v := s.Deliver(m, b.picked)
	*m = was
	return v
}

// ask hands m, which has a Reply, to the destinations of a slot that cannot render it.
func (b *Batch) ask(r *result, o *op, m *Message) {
	for at := r.slots[o.slot].first; at >= 0; at = r.dests[at].next {
		d := &r.dests[at]
		s := d.ep.sink.Load()
		if s == nil || b.skipped(d.ep) {
			continue
		}
		sub := o.sub
		if d.sub != nil {
			if !d.sub.take() {
				continue
			}
			sub = d.sub
		}
		b.picked = append(b.picked[:0], sub.target())
		if b.heed(d.ep, (*s).Deliver(m, b.picked)) {
			b.delivered(d.ep, tally{1, int64(m.Size())})
			b.touch(d.ep)
		}
	}
}

// deliver hands m to a sink that takes it as it is, once for all of its subscriptions, and says how many want it.
func (b *Batch) deliver(r *result, at int32, m *Message) int {
	d := &r.delivers[at]
	if b.skipped(d.ep) {
		return 0
	}
	b.picked = b.picked[:0]
	for _, s := range r.plain[d.from:d.to] {
		if s.take() {
			b.picked = append(b.picked, s.target())
		}
	}
	for _, c := range b.chosen {
		if c.deliver == at && c.sub.take() {
			b.picked = append(b.picked, c.sub.target())
		}
	}
	s := d.ep.sink.Load()
	if s == nil || len(b.picked) == 0 {
		return 0
	}
	v := b.hand(r, d, *s, m)
	if v == Refused {
		return 0
	}
	if b.heed(d.ep, v) {
		b.delivered(d.ep, tally{1, int64(m.Size())})
		b.touch(d.ep)
	}
	return len(b.picked)
}

package core

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
)

// A builder makes results. It belongs to a batch and keeps its working memory.
type builder struct {
	as    []byte          // the name that all deliver under, or nil
	subs  []*Subscription // all that match
	found []found         // those of them that take part, sorted by endpoint
	queue []queued
	byKey [2 * maxSlots]int32 // open addressing: shared slots by (Form, prefix); slot+1
}

// found is a subscription on its way to its door.
type found struct {
	sub      *Subscription
	from, to int32 // the name it delivers under, in result.moved; from == to: the one published
}

// queued is a queue subscription on its way to its group.
type queued struct {
	sub     *Subscription
	slot    int32 // its endpoint's own, or -1
	deliver int32 // its endpoint's plan, or -1
	found   found
}

// build decides for a publisher with perms in acc what a message under key means, and writes it into r.
func (w *builder) build(acc *Account, r *result, key []byte, hash uint64, perms *Permissions, namer Namer) {
	r.reset()
	r.account = acc
	r.key, r.hash, r.perms, r.namer = append(r.key, key...), hash, perms, namer
	if r.subject, r.err = subjectOf(r.subject, key, namer); r.err != nil {
		r.stamp = acc.gens.stamp(nil)
		return
	}
	r.stamp = acc.gens.stamp(r.subject) // before matching: a change meanwhile makes r invalid
	wires := acc.wiring.Load()
	if w.mapped(r, wires); r.remap != nil || r.err != nil {
		return
	}
	if !perms.CanPublish(r.subject) {
		r.err = notAllowed(r.subject)
		return
	}
	w.imported(r, wires)
	r.answers = acc.wires.answers.owns(r.subject)
	w.match(acc, r)
	w.assign(r, acc.memo.seed)
	clear(w.subs)
	clear(w.found)
	clear(w.queue)
}

// mapped decides what a mapping makes of a subject. Rights are to what becomes of it; where that is always the same, they
// are decided here.
func (w *builder) mapped(r *result, wires *wiring) {
	if r.perms == asMapped || r.perms == asServedMapped {
		return
	}
	if r.remap = wires.mappingFor(r.subject); r.remap == nil || !r.remap.fixed {
		return
	}
	if to, ok := r.remap.apply(nil, r.subject, nil); ok && !r.perms.CanPublish(to) {
		r.err = notAllowed(to)
	}
}

// imported finds the services that a subject stands for.
func (w *builder) imported(r *result, wires *wiring) {
	if wires == nil {
		return
	}
	for i := range wires.services {
		if s := &wires.services[i]; Covers(s.local, r.subject) {
			r.services = append(r.services, s)
		}
	}
}

func notAllowed(subject []byte) error { return fmt.Errorf("publish to %q: %w", subject, ErrNotAllowed) }

// match finds the subscriptions that take part, and the names they deliver under. Where one has ended meanwhile, it looks
// again: what has replaced it may not have been there the first time.
func (w *builder) match(acc *Account, r *result) {
	for {
		before := acc.gens.stamp(r.subject)
		if w.find(acc, r) || before.valid() {
			return
		}
	}
}

// find is match once. It is false when a subscription had ended.
func (w *builder) find(acc *Account, r *result) (complete bool) {
	w.subs = acc.index.match(r.subject, w.subs[:0])
	w.found, r.moved = w.found[:0], r.moved[:0]
	complete = true
	served := r.perms == asServed || r.perms == asServedMapped
	for _, s := range w.subs {
		if served && s.moves() {
			continue
		}
		if s.marked(markEnded) {
			complete = false
			continue
		}
		f, name := found{sub: s}, r.subject
		if s.moves() {
			var ok bool
			f.from = int32(len(r.moved))
			if r.moved, ok = s.shadow.move.Append(r.moved, r.subject); !ok {
				continue
			}
			f.to = int32(len(r.moved))
			name = r.moved[f.from:f.to]
		}
		if len(w.as) > 0 {
			f.from = int32(len(r.moved))
			r.moved = append(r.moved, w.as...)
			f.to = int32(len(r.moved))
		}
		if !s.ep.Identity().Perms.CanReceive(name, s.Queue) || s.accept != nil && !s.accept.Accepts(name) {
			continue
		}
		w.found = append(w.found, f)
	}
	return complete
}

func subjectOf(dst, key []byte, namer Namer) ([]byte, error) {
	if namer == nil {
		dst = append(dst, key...)
	} else {
		var err error
		if dst, err = namer.AppendSubject(dst, key); err != nil {
			return dst, err
		}
	}
	if !publishable(dst) {
		return dst, fmt.Errorf("publish to %q: %w", dst, ErrBadSubject)
	}
	return dst, nil
}

// assign gives every matching subscription its door.
func (w *builder) assign(r *result, seed maphash.Seed) {
	slices.SortFunc(w.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.sub.ep.id, b.sub.ep.id), cmp.Compare(a.from, b.from))
	})
	w.queue = w.queue[:0]
	clear(w.byKey[:])
	for all := w.found; len(all) > 0; {
		n := 1
		for n < len(all) && all[n].sub.ep == all[0].sub.ep {
			n++
		}
		w.endpoint(r, all[:n], seed)
		all = all[n:]
	}
	w.groups(r)
	r.direct = len(r.slots) > maxSlots
	r.simple = !r.direct && len(r.groups) == 0 && len(r.delivers) == 0 && len(r.services) == 0 && !r.answers && r.shared == len(r.dests)
}

// endpoint decides for the subscriptions of one endpoint.
func (w *builder) endpoint(r *result, all []found, seed maphash.Seed) {
	first := all[0].sub
	switch {
	case len(all) > 1 && first.ep.role.Once, slices.ContainsFunc(all, func(f found) bool { return f.sub.form == nil }):
		for len(all) > 0 { // a message has one name at a time
			n := 1
			for n < len(all) && string(r.nameOf(all[n])) == string(r.nameOf(all[0])) {
				n++
			}
			w.deliver(r, all[:n])
			all = all[n:]
		}
	case len(all) == 1 && first.alone() && !first.ep.Identity().Perms.answers() && !hidesTail(all[0]):
		w.share(r, all[0], seed)
	default:
		w.own(r, all)
	}
}

// hidesTail says whether a message comes under another name to somebody whose tails hold it.
func hidesTail(f found) bool {
	_, holds := f.sub.form.(SubjectTail)
	return holds && f.from != f.to
}

// nameOf is the subject under which f delivers.
func (r *result) nameOf(f found) []byte {
	if f.from == f.to {
		return r.subject
	}
	return r.moved[f.from:f.to]
}

func (w *builder) deliver(r *result, all []found) {
	at, from := int32(len(r.delivers)), int32(len(r.plain))
	for _, f := range all {
		if f.sub.Queue == "" {
			r.plain = append(r.plain, f.sub)
		} else {
			w.queue = append(w.queue, queued{sub: f.sub, slot: -1, deliver: at, found: f})
		}
	}
	d := deliver{ep: all[0].sub.ep, from: from, to: int32(len(r.plain)), name: all[0].from, nameEnd: all[0].to}
	d.tracks = d.ep.Identity().Perms.answers()
	r.delivers = append(r.delivers, d)
}

func (w *builder) own(r *result, all []found) {
	first := all[0].sub
	at := r.addSlot(first.form, true)
	r.slots[at].tracks = first.ep.Identity().Perms.answers()
	r.addDest(at, dest{ep: first.ep})
	for _, f := range all {
		if f.sub.Queue == "" {
			r.ops = append(r.ops, r.newOp(at, f))
		} else {
			w.queue = append(w.queue, queued{sub: f.sub, slot: at, deliver: -1, found: f})
		}
	}
}

// share joins the slot with the same form and prefix, if there is one.
func (w *builder) share(r *result, f found, seed maphash.Seed) {
	o := r.newOp(0, f)
	cell := w.cell(r, f.sub.form, &o, seed)
	if cell != nil && *cell != 0 {
		r.prefixes = r.prefixes[:o.from]
		o.slot = *cell - 1
	} else {
		o.slot, o.sub = r.addSlot(f.sub.form, false), nil
		r.ops = append(r.ops, o)
		if cell != nil {
			*cell = o.slot + 1
		}
	}
	r.addDest(o.slot, dest{ep: f.sub.ep, sub: f.sub})
	r.shared++
}

// cell is the place in byKey for o's prefix; nil when the table is full enough, from where on slots are not shared.
func (w *builder) cell(r *result, form Form, o *op, seed maphash.Seed) *int32 {
	if len(r.slots) > maxSlots {
		return nil
	}
	p := r.prefix(o)
	for i := maphash.Bytes(seed, p) % uint64(len(w.byKey)); ; i = (i + 1) % uint64(len(w.byKey)) {
		c := &w.byKey[i]
		if *c == 0 {
			return c
		}
		if s := r.opOfSlot(*c - 1); r.slots[s.slot].form == form && string(r.prefix(s)) == string(p) {
			return c
		}
	}
}

// opOfSlot finds a shared slot's op: they are made in the same order, owned ones may stand between.
func (r *result) opOfSlot(slot int32) *op {
	i, _ := slices.BinarySearchFunc(r.ops, slot, func(o op, slot int32) int { return cmp.Compare(o.slot, slot) })
	return &r.ops[i]
}

func (r *result) newOp(slot int32, f found) op {
	from := int32(len(r.prefixes))
	r.prefixes = f.sub.form.Prefix(r.prefixes, r.nameOf(f), f.sub.Tag)
	return op{slot: slot, from: from, to: int32(len(r.prefixes)), form: f.sub.form, sub: f.sub, hide: hidesTail(f)}
}

func (r *result) addSlot(form Form, owned bool) int32 {
	_, asks := form.(Asker)
	r.asks = r.asks || asks
	r.slots = append(r.slots, slot{form: form, first: -1, last: -1, owned: owned, asks: asks})
	return int32(len(r.slots) - 1)
}

func (r *result) addDest(at int32, d dest) {
	d.next = -1
	s, i := &r.slots[at], int32(len(r.dests))
	r.dests = append(r.dests, d)
	if s.first < 0 {
		s.first = i
	} else {
		r.dests[s.last].next = i
	}
	s.last = i
}

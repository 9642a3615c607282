package core

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
)

// A builder makes results. It belongs to a batch and keeps its working memory.
type builder struct {
	subs  []*Subscription // all that match, sorted by endpoint
	queue []queued
	byKey [2 * maxSlots]int32 // open addressing: shared slots by (Form, prefix); slot+1
}

// queued is a queue subscription on its way to its group.
type queued struct {
	sub     *Subscription
	slot    int32 // its endpoint's own, or -1
	deliver int32 // its endpoint's plan, or -1
}

// build decides for a publisher with perms in acc what a message under key means, and writes it into r.
func (w *builder) build(acc *Account, r *result, key []byte, hash uint64, perms *Permissions, namer Namer) {
	r.reset()
	r.key, r.hash, r.perms, r.namer = append(r.key, key...), hash, perms, namer
	if r.subject, r.err = subjectOf(r.subject, key, namer); r.err != nil {
		r.stamp = acc.gens.stamp(nil)
		return
	}
	r.stamp = acc.gens.stamp(r.subject) // before matching: a change meanwhile makes r invalid
	if !perms.CanPublish(r.subject) {
		r.err = fmt.Errorf("publish to %q: %w", r.subject, ErrNotAllowed)
		return
	}
	w.subs = acc.index.match(r.subject, w.subs[:0])
	w.subs = slices.DeleteFunc(w.subs, func(s *Subscription) bool {
		return s.closed.Load() || !s.ep.Identity().Perms.CanReceive(r.subject, s.Queue) ||
			s.accept != nil && !s.accept.Accepts(r.subject)
	})
	w.assign(r, acc.memo.seed)
	clear(w.subs)
	clear(w.queue)
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
	slices.SortFunc(w.subs, func(a, b *Subscription) int { return cmp.Compare(a.ep.id, b.ep.id) })
	w.queue = w.queue[:0]
	clear(w.byKey[:])
	for subs := w.subs; len(subs) > 0; {
		n := 1
		for n < len(subs) && subs[n].ep == subs[0].ep {
			n++
		}
		w.endpoint(r, subs[:n], seed)
		subs = subs[n:]
	}
	w.groups(r)
	r.direct = len(r.slots) > maxSlots
	r.simple = !r.direct && len(r.groups) == 0 && len(r.delivers) == 0 && r.shared == len(r.dests)
}

// endpoint decides for the subscriptions of one endpoint.
func (w *builder) endpoint(r *result, subs []*Subscription, seed maphash.Seed) {
	switch {
	case len(subs) > 1 && subs[0].ep.once, slices.ContainsFunc(subs, func(s *Subscription) bool { return s.form == nil }):
		w.deliver(r, subs)
	case len(subs) == 1 && subs[0].alone():
		w.share(r, subs[0], seed)
	default:
		w.own(r, subs)
	}
}

func (w *builder) deliver(r *result, subs []*Subscription) {
	at, from := int32(len(r.delivers)), int32(len(r.plain))
	for _, s := range subs {
		if s.Queue == "" {
			r.plain = append(r.plain, s)
		} else {
			w.queue = append(w.queue, queued{sub: s, slot: -1, deliver: at})
		}
	}
	r.delivers = append(r.delivers, deliver{ep: subs[0].ep, from: from, to: int32(len(r.plain))})
}

func (w *builder) own(r *result, subs []*Subscription) {
	at := r.addSlot(subs[0].form, true)
	r.addDest(at, dest{ep: subs[0].ep})
	for _, s := range subs {
		if s.Queue == "" {
			r.ops = append(r.ops, r.newOp(at, s))
		} else {
			w.queue = append(w.queue, queued{sub: s, slot: at, deliver: -1})
		}
	}
}

// share joins the slot with the same form and prefix, if there is one.
func (w *builder) share(r *result, s *Subscription, seed maphash.Seed) {
	o := r.newOp(0, s)
	cell := w.cell(r, s.form, &o, seed)
	if cell != nil && *cell != 0 {
		r.prefixes = r.prefixes[:o.from]
		o.slot = *cell - 1
	} else {
		o.slot, o.sub = r.addSlot(s.form, false), nil
		r.ops = append(r.ops, o)
		if cell != nil {
			*cell = o.slot + 1
		}
	}
	r.addDest(o.slot, dest{ep: s.ep, sub: s})
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

func (r *result) newOp(slot int32, s *Subscription) op {
	from := int32(len(r.prefixes))
	r.prefixes = s.form.Prefix(r.prefixes, r.subject, s.Tag)
	return op{slot: slot, from: from, to: int32(len(r.prefixes)), form: s.form, sub: s}
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

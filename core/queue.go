package core

import (
	"cmp"
	"slices"
)

// groups makes the queue groups: one for each name, however many patterns its members use.
func (w *builder) groups(r *result) {
	if len(w.queue) == 0 {
		return
	}
	slices.SortFunc(w.queue, func(a, b queued) int {
		if c := cmp.Compare(a.sub.Queue, b.sub.Queue); c != 0 {
			return c
		}
		return cmp.Compare(relayLast(a.sub), relayLast(b.sub))
	})
	for _, q := range w.queue {
		if n := len(r.groups); n == 0 || r.groups[n-1].queue != q.sub.Queue {
			at := int32(len(r.members))
			r.groups = append(r.groups, group{queue: q.sub.Queue, from: at, to: at})
		}
		g := &r.groups[len(r.groups)-1]
		m := member{op: op{slot: -1, sub: q.sub}, deliver: q.deliver}
		if q.slot >= 0 {
			m.op = r.newOp(q.slot, q.found)
		}
		r.members = append(r.members, m)
		g.to++
		if q.sub.ep.role.Relay {
			g.relayWeights += int32(q.sub.weight)
		} else {
			g.clients++
		}
	}
}

func relayLast(s *Subscription) int {
	if s.ep.role.Relay {
		return 1
	}
	return 0
}

// choose picks a member of g for one message: any client with equal chance; without clients a relay by its weight. Who
// may not take it (the publisher without echo, a subscription at its maximum) passes it on to the next. nil: nobody.
func (b *Batch) choose(r *result, g *group) *member {
	all := r.members[g.from:g.to]
	if g.clients > 0 {
		if m := b.firstAble(all[:g.clients], int(b.random(uint32(g.clients)))); m != nil {
			return m
		}
	}
	relays := all[g.clients:]
	if len(relays) == 0 {
		return nil
	}
	at, left := 0, int32(b.random(uint32(g.relayWeights)))
	for ; at < len(relays)-1 && left >= int32(relays[at].sub.weight); at++ {
		left -= int32(relays[at].sub.weight)
	}
	return b.firstAble(relays, at)
}

// firstAble is the first member from at on, around, that takes this message; one that is away only if all are.
func (b *Batch) firstAble(members []member, at int) (away *member) {
	for range members {
		if m := &members[at]; !b.skipped(m.sub.ep) && !m.sub.marked(markEnded) {
			if !m.sub.target().marked(markAway) {
				return m
			}
			if away == nil {
				away = m
			}
		}
		if at++; at == len(members) {
			at = 0
		}
	}
	return away
}

// random is a number below n, n > 0 (xorshift; fair enough for queues, and the batch's own).
func (b *Batch) random(n uint32) uint32 {
	x := b.seed
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	b.seed = x
	return uint32(uint64(uint32(x>>32)) * uint64(n) >> 32)
}

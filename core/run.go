package core

// closeRun offers what is staged to its destinations. more: the batch goes on, so they only queue it.
func (b *Batch) closeRun(more bool) {
	if b.staged == 0 {
		b.run = tally{} // of messages that nobody wanted: not the next run's
		return
	}
	r := b.res
	for i := range min(len(r.slots), len(b.stages)) {
		st := &b.stages[i]
		if len(st.buf) == 0 {
			continue
		}
		count := b.run
		if r.slots[i].owned {
			count = st.tally
		}
		for d := r.slots[i].first; d >= 0; d = r.dests[d].next {
			to := &r.dests[d]
			if !b.skipped(to.ep) {
				b.offer(to, r.slots[i].form, st.buf, nil, count, more)
			}
		}
		st.buf, st.tally = st.buf[:0], tally{}
	}
	b.run, b.staged = tally{}, 0
}

// offer is the one place where rendered messages leave for a sink.
func (b *Batch) offer(to *dest, form Form, head, rest []byte, count tally, more bool) {
	s := to.ep.sink.Load()
	if s == nil {
		return
	}
	if to.sub != nil && !to.sub.count(form, &head, &rest, &count) {
		return
	}
	if b.heed(to.ep, (*s).Run(head, rest, int(count.msgs), more)) {
		b.delivered(to.ep, count)
		if more {
			b.touch(to.ep)
		}
	}
}

// heed takes a sink's verdict and says whether the messages were taken.
func (b *Batch) heed(ep *Endpoint, v Verdict) bool {
	if v == Congested {
		for _, known := range b.congested {
			if known == ep {
				return true
			}
		}
		b.congested = append(b.congested, ep)
	}
	return v > Dropped
}

func (b *Batch) delivered(ep *Endpoint, count tally) {
	ep.stats.out.add(count)
	b.out.msgs += count.msgs
	b.out.bytes += count.bytes
}

// touch remembers to flush ep. The flag is shared by all batches: who finds it set relies on the flush that will come.
func (b *Batch) touch(ep *Endpoint) {
	if !ep.touched.Load() && !ep.touched.Swap(true) {
		b.touched = append(b.touched, ep)
	}
}

// A Cutter is a Form that finds its messages again in what it rendered. The engine needs it for one rare moment: a
// maximum set while another publisher's run, begun without, is still open.
type Cutter interface {
	// Cut returns the first n messages of run.
	Cut(run []byte, n int) []byte
}

// count adds a run to a subscription that shares its slot, and cuts it where a maximum set meanwhile says so.
func (s *Subscription) count(form Form, head, rest *[]byte, count *tally) bool {
	s = s.target()
	total, limit := s.delivered.Add(count.msgs), int64(s.max.Load())
	if limit == 0 || total < limit {
		return true
	}
	over := min(total-limit, count.msgs)
	s.ep.remove(s)
	if over == 0 {
		return true
	}
	s.delivered.Add(-over)
	cutter, ok := form.(Cutter)
	if !ok || over == count.msgs {
		return false
	}
	left := count.msgs - over
	*head, *rest = cutter.Cut(*head, int(left)), nil
	*count = tally{left, count.bytes / count.msgs * left}
	return true
}

// take counts one delivery in an owned slot and says whether it may happen.
func (s *Subscription) take() bool {
	s = s.target()
	n, limit := s.delivered.Add(1), int64(s.max.Load())
	switch {
	case limit == 0 || n < limit:
	case n == limit:
		s.ep.remove(s)
	default:
		s.delivered.Add(-1)
		return false
	}
	return true
}

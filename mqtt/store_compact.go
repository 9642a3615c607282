package mqtt

import (
	"encoding/binary"

	"leafgate/journal"
)

// What the journal asks when it gives up a segment. What is carried over says what is so now, so that the marks before it
// are no longer needed. The journal holds store.mu from the question until the copy is staged.

// live implements journal.Options.Live.
func (st *journalStore) live(r *journal.Record) (needed bool) {
	if r.Mark || len(r.Key) == 0 {
		return false
	}
	switch r.Key[0] {
	case kindMessage:
		needed = st.liveMessage(r)
	case kindSession:
		needed = st.liveSession(r)
	case kindRetained:
		needed = st.liveRetained(r)
	}
	if needed {
		st.carrying[r.ID] = false
	}
	return needed
}

func (st *journalStore) liveMessage(r *journal.Record) bool {
	d := decode(r.Key[1:])
	a := d.about()
	about := r.Key[1 : len(r.Key)-len(d.B)]
	if a.flags&flagReceipt != 0 { // stands in the record of the session by now
		d.Uvarint()
		d.Uvarint()
	}
	var refs []byte
	kept, same, before := 0, 0, uint64(0)
	var x addressee
	for range d.Uvarint() {
		if d.addressee(&x); d.Failed {
			break
		}
		if same++; x.session != before { // one session's stand together
			same, before = 0, x.session
		}
		q := st.shelves[x.session]
		if q == nil {
			continue
		}
		e := q.entries.byRecord(r.ID, same)
		if e == nil {
			continue
		}
		x.flight = q.flight(e)
		refs = x.append(refs)
		kept++
	}
	if kept == 0 {
		return false
	}
	key := append([]byte{kindMessage}, about...)
	key[1] &^= flagReceipt
	r.Key = append(binary.AppendUvarint(key, uint64(kept)), refs...)
	return true
}

func (st *journalStore) liveSession(r *journal.Record) bool {
	d := decode(r.Key[1:])
	q := st.shelves[d.Uvarint()]
	if q == nil || q.base != r.ID {
		return false
	}
	r.Payload = appendSession(nil, &q.record, q.subs, q.received)
	return true
}

func (st *journalStore) liveRetained(r *journal.Record) bool {
	d := decode(r.Key[1:])
	d.about()
	m := st.current(string(d.B), r.Subject)
	return m != nil && m.place == r.ID
}

// carried implements journal.Options.Moved.
func (st *journalStore) carried(id, seq uint64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	over := st.carrying[id]
	delete(st.carrying, id)
	if over {
		st.journal.Release(seq)
		return
	}
	st.moved[id] = seq
}

package mqtt

import (
	"errors"

	"leafgate/journal"
)

// Records of the journal: where they are, how long they are needed, what they have for a session. store.mu is held, but in
// read and unreadable.

// place is where a record is.
func (st *journalStore) place(record uint64) uint64 {
	if seq, ok := st.moved[record]; ok {
		return seq
	}
	return record
}

// release gives up one need for a record.
func (st *journalStore) release(record uint64) {
	switch n := st.counts[record]; {
	case n > 2:
		st.counts[record] = n - 1
		return
	case n == 2:
		delete(st.counts, record)
		return
	}
	seq := st.place(record)
	delete(st.moved, record)
	if _, ok := st.carrying[record]; ok {
		st.carrying[record] = true
	}
	if seq >= st.journal.Next() {
		st.early = append(st.early, seq)
		return
	}
	st.journal.Release(seq)
}

// releaseEarly releases what has been stored since.
func (st *journalStore) releaseEarly() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.early) == 0 {
		return
	}
	next, left := st.journal.Next(), st.early[:0]
	for _, seq := range st.early {
		if seq >= next {
			left = append(left, seq)
			continue
		}
		st.journal.Release(seq)
	}
	st.early = left
}

// read reads what the record at seq has for a session.
func (st *journalStore) read(seq, session uint64) (d Delivery, err error) {
	buf, ok := st.bufs.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	defer st.bufs.Put(buf)
	var r journal.Record
	if *buf, err = st.journal.Read(seq, &r, *buf); err != nil {
		return d, err
	}
	if len(r.Key) == 0 || r.Key[0] != kindMessage {
		return d, errStrange
	}
	dec := decode(r.Key[1:])
	a := dec.about()
	if a.flags&flagReceipt != 0 {
		dec.Uvarint()
		dec.Uvarint()
	}
	var x addressee
	for range dec.Uvarint() {
		if dec.addressee(&x); dec.Failed {
			break
		}
		if x.session == session {
			return Delivery{Message: a.message(&r), IDs: x.ids, Until: a.until, QoS: x.qos, Retain: x.retain}, nil
		}
	}
	return d, errStrange
}

var errStrange = errors.New("record is not what it should be")

// unreadable counts a delivery that is lost, and says so.
func (st *journalStore) unreadable(q *journalShelf, err error) {
	st.lost.Add(1)
	st.log.Error("message for a session cannot be read back", "client_id", q.record.Key.ClientID, "err", err)
}

package mqtt

import (
	"errors"

	"leafgate/core"
	"leafgate/journal"
)

// A shelf as a [Queue]: deliveries that are written when their message is complete, and read back when it is their turn.

// Lasting implements Queue.
func (*journalShelf) Lasting() bool { return true }

// Put implements Queue. The record is written when the message is sealed, for all sessions at once. A retained message that
// is sent again has one of its own, but at QoS 0 none: it need not outlive the process.
func (q *journalShelf) Put(d Delivery, f Flight, stored *core.Barrier) (pos uint64, err error) {
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.failed != nil {
		return 0, st.failed
	}
	if err = q.ensure(); err != nil {
		return 0, err
	}
	h := st.heldFor(&d, stored)
	e := q.entries.add(shelfEntry{held: h, size: int32(deliverySize(&d)), qos: d.QoS})
	pos = e.pos
	h.users++
	h.refs = append(h.refs, ref{
		addressee: addressee{session: q.number, qos: d.QoS, retain: d.Retain, ids: d.IDs, flight: f}, shelf: q, pos: pos,
	})
	if f.State != Waiting {
		q.setFlight(e, f)
	}
	switch {
	case h.volatile:
		q.passed(pos, f)
	case d.Replay:
		if err := st.write(h, nil, 0); err != nil {
			return 0, err
		}
	}
	return pos, nil
}

// passed tells of a step that needs no disk.
func (q *journalShelf) passed(pos uint64, f Flight) {
	if f.State != Waiting && f.QoS == 2 {
		st := q.store
		st.tells = append(st.tells, tell{q.tell, pos, nil})
		st.push(func(error) {}, nil)
	}
}

// flight says how far e's delivery has come.
func (q *journalShelf) flight(e *shelfEntry) Flight {
	if e.flying {
		return q.flights[e.pos]
	}
	return Flight{QoS: e.qos}
}

func (q *journalShelf) setFlight(e *shelfEntry, f Flight) {
	if q.flights == nil {
		q.flights = make(map[uint64]Flight)
	}
	q.flights[e.pos], e.flying = f, true
}

// Get implements Queue. It may read the disk.
func (q *journalShelf) Get(pos uint64) (Delivery, bool) {
	st := q.store
	for try := 0; ; try++ {
		st.mu.Lock()
		e := q.entries.find(pos)
		if e == nil {
			st.mu.Unlock()
			return Delivery{}, false
		}
		if h := e.held; h != nil {
			d := h.delivery(q, pos)
			if h.committed { // once more is rare
				st.leave(e)
			}
			st.mu.Unlock()
			return d, true
		}
		seq := st.place(e.record)
		st.mu.Unlock()
		d, err := st.read(seq, q.number)
		switch {
		case err == nil:
			return d, true
		case errors.Is(err, journal.ErrTrimmed) && try < 3: // carried over meanwhile
			continue
		}
		st.unreadable(q, err)
		return Delivery{}, false
	}
}

// Mark implements Queue.
func (q *journalShelf) Mark(pos uint64, f Flight) {
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	e := q.entries.find(pos)
	if e == nil {
		return
	}
	q.setFlight(e, f)
	if e.record == 0 {
		if h := e.held; h != nil { // goes out with the record
			if r := h.ref(q, pos); r != nil {
				r.flight = f
			}
			if h.volatile {
				q.passed(pos, f)
			}
		}
		return
	}
	q.note(change{pos: pos})
}

// Done implements Queue.
func (q *journalShelf) Done(pos uint64) {
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	e := q.entries.find(pos)
	if e == nil {
		return
	}
	record, h := e.record, e.held
	q.forget(pos)
	switch {
	case record != 0:
		q.note(change{record: record})
		st.release(record)
	case h != nil && !h.volatile:
		if r := h.ref(q, pos); r != nil {
			r.gone = true
		}
	}
}

// forget takes the entry at pos out.
func (q *journalShelf) forget(pos uint64) {
	e := q.entries.find(pos)
	if e == nil {
		return
	}
	if e.flying {
		delete(q.flights, pos)
	}
	q.store.leave(e)
	q.entries.remove(e)
}

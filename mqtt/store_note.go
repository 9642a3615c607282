package mqtt

import (
	"encoding/binary"
)

// What a shelf has to note goes out with the next Flush, in one mark.

// A change is a place of which something is to be noted; or a record, of one that is done.
type change struct{ pos, record uint64 }

// note makes the change part of the next mark. store.mu is held, as in what follows.
func (q *journalShelf) note(c change) {
	q.changes = append(q.changes, c)
	q.list()
}

func (q *journalShelf) list() {
	if !q.listed {
		q.listed = true
		q.store.changed = append(q.store.changed, q)
		q.store.dirty.Store(true)
	}
}

// write appends a mark with all changes, and what the session is if that has changed. False: the journal does not take it
// now, and all is still to be noted.
func (q *journalShelf) write() bool {
	st := q.store
	if q.gone {
		return true
	}
	if q.ensure() != nil {
		return false
	}
	if q.save {
		n := &noted{shelf: q, save: true}
		if _, err := st.journal.Mark(q.key(kindAbout), appendState(nil, &q.record), st.waiter(n.finish)); err != nil {
			return false
		}
		q.save = false
	}
	if len(q.changes) == 0 {
		return true
	}
	payload := q.appendChanges(st.payload[:0])
	st.payload = payload[:0]
	if len(payload) == 0 {
		q.changes = nil
		return true
	}
	n := &noted{shelf: q, changes: q.changes}
	if _, err := st.journal.Mark(q.key(kindFlights), payload, st.waiter(n.finish)); err != nil {
		return false
	}
	q.changes = nil
	return true
}

func (q *journalShelf) appendChanges(b []byte) []byte {
	for _, c := range q.changes {
		if c.record != 0 {
			b = binary.AppendUvarint(append(b, stateDone), c.record)
			continue
		}
		e := q.entries.find(c.pos)
		if e == nil || e.record == 0 {
			continue // done since
		}
		f := q.flights[c.pos]
		b = binary.AppendUvarint(append(b, byte(f.State)), e.record)
		b = appendFlight(b, f)
	}
	return b
}

// noted is what one mark has said of a session.
type noted struct {
	shelf   *journalShelf
	changes []change
	save    bool
}

// finish runs when the mark is on disk, or is not: then all of it is to be noted again.
func (n *noted) finish(err error) {
	q := n.shelf
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if q.gone {
		return
	}
	if err != nil {
		q.changes = append(n.changes, q.changes...)
		q.save = q.save || n.save
		st.stalled = true
		q.list()
		return
	}
	for _, c := range n.changes {
		if c.record == 0 {
			if e := q.entries.find(c.pos); e != nil && e.qos == 2 {
				st.tells = append(st.tells, tell{q.tell, c.pos, nil})
			}
		}
	}
}

package mqtt

import (
	"encoding/binary"
	"errors"
	"slices"

	"leafgate/core"
	"leafgate/journal"
)

// A journalShelf is one session's place in a [journalStore]. Of a message that waits it knows where it stands in the journal;
// the message itself is in memory only until it is there.
type journalShelf struct {
	store  *journalStore
	number uint64

	// store.mu guards what follows.
	tell     func(pos uint64, err error)
	record   Record
	base     uint64 // the record of the session
	subs     map[string]SubscriptionRecord
	unsure   []SubscriptionRecord // on their way to the disk
	received idSet
	gone     bool
	entries  shelfEntries
	flights  map[uint64]Flight
	changes  []change
	save     bool // record is to be noted
	listed   bool // among the store's changed
}

// Told implements Shelf.
func (q *journalShelf) Told(tell func(pos uint64, err error)) {
	q.store.mu.Lock()
	q.tell = tell
	q.store.mu.Unlock()
}

// ensure writes the record of the session where the journal has not got it: it failed then.
func (q *journalShelf) ensure() error {
	if q.base != 0 {
		return nil
	}
	st := q.store
	base, err := st.journal.Append(&journal.Record{Key: q.key(kindSession), Payload: appendSession(nil, &q.record, q.subs, q.received)},
		st.waiter(q.based))
	q.base = base
	return err
}

// based hears whether that is on disk.
func (q *journalShelf) based(err error) {
	if err == nil {
		return
	}
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if q.base = 0; !q.gone {
		st.stalled = true
		q.list()
	}
}

// Save implements Shelf.
func (q *journalShelf) Save(r *Record) {
	q.store.mu.Lock()
	defer q.store.mu.Unlock()
	if q.gone {
		return
	}
	q.record.Expiry, q.record.Away, q.record.Will, q.record.WillAt = r.Expiry, r.Away, r.Will, r.WillAt
	q.save = true
	q.list()
}

// Subscribe implements Shelf. What is on disk already is not written again: clients subscribe with every connection.
func (q *journalShelf) Subscribe(s SubscriptionRecord, stored *core.Barrier) error {
	if q.has(s) {
		return nil
	}
	apply := func() {
		if q.subs == nil {
			q.subs = make(map[string]SubscriptionRecord)
		}
		q.subs[s.Filter] = s
		q.unsure = append(q.unsure, s)
	}
	if stored != nil {
		stored.Add()
	}
	err := q.markFor(kindSubscribe, s.append(nil), apply, q.store.waiter(func(err error) {
		q.sure(s, err)
		if stored != nil {
			stored.Done(err)
		}
	}))
	if err != nil {
		q.store.unhold(stored)
	}
	return err
}

// has says whether s is on disk.
func (q *journalShelf) has(s SubscriptionRecord) bool {
	q.store.mu.Lock()
	defer q.store.mu.Unlock()
	now, ok := q.subs[s.Filter]
	return ok && now == s && q.base != 0 && !slices.Contains(q.unsure, s)
}

// sure hears whether s has come to the disk.
func (q *journalShelf) sure(s SubscriptionRecord, err error) {
	q.store.mu.Lock()
	defer q.store.mu.Unlock()
	if i := slices.Index(q.unsure, s); i >= 0 {
		q.unsure = slices.Delete(q.unsure, i, i+1)
	}
	if err != nil && q.subs[s.Filter] == s {
		delete(q.subs, s.Filter) // its client has not heard of it
	}
}

// Unsubscribe implements Shelf.
func (q *journalShelf) Unsubscribe(filter string, stored *core.Barrier) error {
	return q.mark(kindUnsubscribe, appendBlob(nil, filter), stored, func() { delete(q.subs, filter) })
}

// Received implements Shelf.
func (q *journalShelf) Received(id uint16, stored *core.Barrier) error {
	return q.mark(kindReceived, binary.AppendUvarint(nil, uint64(id)), stored, func() { q.received.add(id) })
}

// Released implements Shelf.
func (q *journalShelf) Released(ids []uint16, stored *core.Barrier) error {
	payload := make([]byte, 0, 3*len(ids))
	for _, id := range ids {
		payload = binary.AppendUvarint(payload, uint64(id))
	}
	return q.mark(kindReleased, payload, stored, func() {
		for _, id := range ids {
			q.received.remove(id)
		}
	})
}

// mark notes one thing about the session; apply does it in memory.
func (q *journalShelf) mark(kind byte, payload []byte, stored *core.Barrier, apply func()) error {
	st := q.store
	err := q.markFor(kind, payload, apply, st.hold(stored))
	if err != nil {
		st.unhold(stored)
	}
	return err
}

// markFor is mark for who waits himself: w is told, but for an error.
func (q *journalShelf) markFor(kind byte, payload []byte, apply func(), w journal.Waiter) error {
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if q.gone {
		return errEnded
	}
	if err := q.ensure(); err != nil {
		return err
	}
	if _, err := st.journal.Mark(q.key(kind), payload, w); err != nil {
		return err
	}
	apply()
	return nil
}

var errEnded = errors.New("session has ended")

func (q *journalShelf) key(kind byte) []byte {
	q.store.scratch = binary.AppendUvarint(append(q.store.scratch[:0], kind), q.number)
	return q.store.scratch
}

// Drop implements Shelf.
func (q *journalShelf) Drop() {
	st := q.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if q.gone {
		return
	}
	q.gone = true
	q.clear()
	st.dropped = append(st.dropped, q.number)
	st.dirty.Store(true)
}

// clear gives up all that the session has on disk.
func (q *journalShelf) clear() {
	st := q.store
	for e := range q.entries.live {
		switch {
		case e.record != 0:
			st.release(e.record)
		case e.held != nil:
			if r := e.held.ref(q, e.pos); r != nil {
				r.gone = true
			}
		}
	}
	q.entries.clear()
	q.flights, q.changes, q.subs, q.received = nil, nil, nil, nil
	if q.base != 0 {
		st.release(q.base)
	}
	delete(st.shelves, q.number)
}

// Pending implements Shelf.
func (q *journalShelf) Pending(visit func(pos uint64, size int, f Flight)) {
	for e := range q.entries.live {
		visit(e.pos, int(e.size), q.flight(e))
	}
}

// Incoming implements Shelf, in the order of the ids.
func (q *journalShelf) Incoming(visit func(id uint16)) {
	for _, id := range slices.Clone(q.received) {
		visit(id)
	}
}

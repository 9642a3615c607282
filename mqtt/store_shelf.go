package mqtt

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"

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
	entries  deque[shelfEntry]
	last     uint64 // the latest place
	gaps     int    // how many of entries are done
	blank    int    // how many have no record: not yet, or not at all
	spread   int    // how far entries stand from where their records would have them, at most
	flights  map[uint64]Flight
	changes  []change
	save     bool // record is to be noted
	listed   bool // among the store's changed
}

// A shelfEntry is a delivery, or the gap that it left.
type shelfEntry struct {
	pos    uint64
	record uint64 // ID; 0: none yet, or none at all
	held   *held  // the message, as long as it is needed here; nil: read it
	size   int32  // that counts against the bounds
	qos    byte
	flying bool // has a flight
	done   bool
}

// A change is a place of which something is to be noted; or a record, of one that is done.
type change struct{ pos, record uint64 }

// Lasting implements Queue.
func (*journalShelf) Lasting() bool { return true }

// Told implements Shelf.
func (q *journalShelf) Told(tell func(pos uint64, err error)) {
	q.store.mu.Lock()
	q.tell = tell
	q.store.mu.Unlock()
}

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
	q.last++
	e := shelfEntry{pos: q.last, size: int32(deliverySize(&d)), qos: d.QoS}
	if passing := d.Passing || d.Replay && d.QoS == 0; passing || d.Replay {
		e.held = st.newHeld(d.Message, nil, d.Until)
		e.held.volatile = passing
	} else {
		e.held = st.find(d.Message, stored, d.Until)
	}
	a := addressee{session: q.number, qos: d.QoS, retain: d.Retain, ids: d.IDs, flight: f}
	e.held.users++
	e.held.refs = append(e.held.refs, ref{addressee: a, shelf: q, pos: e.pos})
	if f.State != Waiting {
		q.setFlight(&e, f)
	}
	q.push(e)
	switch {
	case e.held.volatile:
		q.passed(e.pos, f)
	case d.Replay:
		if err := st.write(e.held, nil, 0); err != nil {
			return 0, err
		}
	}
	return q.last, nil
}

// passed tells of a step that needs no disk.
func (q *journalShelf) passed(pos uint64, f Flight) {
	if f.State != Waiting && f.QoS == 2 {
		st := q.store
		st.tells = append(st.tells, tell{q.tell, pos, nil})
		st.push(func(error) {}, nil)
	}
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
		e := q.find(pos)
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
	e := q.find(pos)
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
	e := q.find(pos)
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

// forget takes the entry at pos out.
func (q *journalShelf) forget(pos uint64) {
	e := q.find(pos)
	if e == nil {
		return
	}
	if e.flying {
		delete(q.flights, pos)
	}
	q.store.leave(e)
	*e = shelfEntry{pos: pos, record: e.record, done: true}
	q.gaps++
	for first := q.entries.front(); first != nil && first.done; first = q.entries.front() {
		q.pop()
		q.gaps--
	}
	if n := q.entries.len(); n > leastRing && q.gaps > n/2 {
		for range n {
			if e := q.pop(); !e.done {
				q.push(e)
			}
		}
		q.gaps = 0
	}
	if q.entries.len() == 0 {
		q.spread = 0
	}
}

// push and pop count entries without a record.
func (q *journalShelf) push(e shelfEntry) {
	q.entries.push(e)
	if e.record == 0 {
		q.blank++
	}
}

func (q *journalShelf) pop() shelfEntry {
	e, _ := q.entries.pop()
	if e.record == 0 {
		q.blank--
	}
	return e
}

func (e *shelfEntry) place() uint64 { return e.pos }

// find returns what is still kept at pos, or nil.
func (q *journalShelf) find(pos uint64) *shelfEntry {
	first := q.entries.front()
	if first == nil || pos < first.pos || pos > q.last {
		return nil
	}
	n := q.entries.search(pos, (*shelfEntry).place)
	if e := q.entries.at(n); e.pos == pos && !e.done {
		return e
	}
	return nil
}

// placed notes the record of the entry at pos.
func (q *journalShelf) placed(pos, record uint64) {
	e := q.find(pos)
	if e == nil {
		return
	}
	e.record = record
	q.blank--
	// Entries stand in the order in which they were put; records in that in which messages were complete.
	for i := q.entries.len() - 1; i >= 0; i-- {
		other := q.entries.at(i)
		if other.pos <= pos {
			break
		}
		if other.record != 0 {
			q.spread = max(q.spread, int(other.pos-pos))
			break
		}
	}
}

// byRecord returns the entry of a record, behind skip others that have it too, or nil.
func (q *journalShelf) byRecord(record uint64, skip int) *shelfEntry {
	n := q.entries.len()
	at := sort.Search(n, func(i int) bool {
		e := q.entries.at(i)
		return e.record >= record || e.record == 0
	})
	reach := 2*q.spread + 2
	if e := q.scan(max(0, at-reach), min(n, at+reach+1), record, skip); e != nil || q.blank == 0 && q.spread == 0 {
		return e
	}
	return q.scan(0, n, record, skip)
}

func (q *journalShelf) scan(from, to int, record uint64, skip int) *shelfEntry {
	for i := from; i < to; i++ {
		if e := q.entries.at(i); e.record == record && !e.done {
			if skip == 0 {
				return e
			}
			skip--
		}
	}
	return nil
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
	for i := range q.entries.len() {
		switch e := q.entries.at(i); {
		case e.done:
		case e.record != 0:
			st.release(e.record)
		case e.held != nil:
			if r := e.held.ref(q, e.pos); r != nil {
				r.gone = true
			}
		}
	}
	q.entries.clear()
	q.flights, q.changes, q.subs, q.received, q.gaps, q.blank = nil, nil, nil, nil, 0, 0
	if q.base != 0 {
		st.release(q.base)
	}
	delete(st.shelves, q.number)
}

// Pending implements Shelf.
func (q *journalShelf) Pending(visit func(pos uint64, size int, f Flight)) {
	for i := range q.entries.len() {
		if e := q.entries.at(i); !e.done {
			f := Flight{QoS: e.qos}
			if e.flying {
				f = q.flights[e.pos]
			}
			visit(e.pos, int(e.size), f)
		}
	}
}

// Incoming implements Shelf, in the order of the ids.
func (q *journalShelf) Incoming(visit func(id uint16)) {
	for _, id := range slices.Clone(q.received) {
		visit(id)
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
		e := q.find(c.pos)
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
			if e := q.find(c.pos); e != nil && e.qos == 2 {
				st.tells = append(st.tells, tell{q.tell, c.pos, nil})
			}
		}
	}
}

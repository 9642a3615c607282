package mqtt

import (
	"cmp"
	"slices"

	"leafgate/journal"
)

// A recovery is what a start has to know until it has seen all records.
type recovery struct {
	retained func(account string, m *Retained) (replaced *Retained)
	strays   map[*journalShelf]map[uint64]*shelfEntry // what stands behind records that are younger
	gone     map[uint64]bool                          // sessions that have been dropped
	strange  int                                      // records that nobody understands
}

// Load implements Store: it opens the journal.
func (st *journalStore) Load(session func(*Record, Shelf), retained func(string, *Retained) *Retained) error {
	st.recovery = &recovery{retained: retained, strays: make(map[*journalShelf]map[uint64]*shelfEntry), gone: make(map[uint64]bool)}
	j, err := st.opener(st.options())
	if err != nil {
		return err
	}
	st.mu.Lock()
	st.journal = j
	st.failed = j.Stats().Failed
	st.stalled = st.failed != nil
	orphans := st.recovered()
	found := make([]*journalShelf, 0, len(st.shelves))
	for _, q := range st.shelves {
		found = append(found, q)
	}
	strange := st.recovery.strange
	st.recovery = nil
	st.mu.Unlock()
	if strange > 0 {
		st.log.Error("records of the store are not understood", "number", strange)
	}
	if orphans > 0 {
		st.lost.Add(int64(orphans))
		st.log.Error("messages belong to sessions that are lost", "number", orphans)
	}
	slices.SortFunc(found, func(a, b *journalShelf) int { return cmp.Compare(a.number, b.number) })
	for _, q := range found {
		r := q.record
		for _, s := range q.subs {
			r.Subscriptions = append(r.Subscriptions, s)
		}
		session(&r, q)
	}
	st.wg.Go(st.run)
	return nil
}

// visit implements journal.Options.Visit.
func (st *journalStore) visit(j *journal.Journal, r *journal.Record) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.journal = j
	if len(r.Key) == 0 {
		st.recovery.strange++
		return
	}
	key, payload := decode(r.Key[1:]), decode(r.Payload)
	if r.Mark {
		st.visitMark(r.Key[0], &key, &payload)
	} else {
		switch r.Key[0] {
		case kindMessage:
			st.visitMessage(r, &key)
		case kindSession:
			st.visitSession(r, &key, &payload)
		case kindRetained:
			st.visitRetained(r, &key)
		default:
			st.recovery.strange++
		}
	}
	if key.Failed || payload.Failed {
		st.recovery.strange++
	}
}

// shelf is that with a number, known so far or not; nil: it has been dropped.
func (st *journalStore) shelf(number uint64) *journalShelf {
	if st.recovery.gone[number] {
		return nil
	}
	q := st.shelves[number]
	if q == nil {
		q = &journalShelf{store: st, number: number}
		st.shelves[number] = q
		st.last = max(st.last, number)
	}
	return q
}

func (st *journalStore) visitMark(kind byte, key, payload *decoder) {
	if kind == kindCleared {
		m := Retained{Message: (&about{}).message(&journal.Record{Subject: payload.B})}
		st.replace(string(key.B), &m)
		return
	}
	number := key.Uvarint()
	q := st.shelf(number)
	if q == nil || key.Failed {
		return
	}
	switch kind {
	case kindFlights:
		q.visitFlights(payload)
	case kindAbout:
		payload.state(&q.record)
	case kindSubscribe:
		if s := payload.subscription(); !payload.Failed {
			if q.subs == nil {
				q.subs = make(map[string]SubscriptionRecord)
			}
			q.subs[s.Filter] = s
		}
	case kindUnsubscribe:
		delete(q.subs, string(payload.Bytes()))
	case kindReceived:
		q.received.add(uint16(payload.Uvarint()))
	case kindReleased:
		for len(payload.B) > 0 && !payload.Failed {
			q.received.remove(uint16(payload.Uvarint()))
		}
	case kindDropped:
		q.releaseStrays()
		q.clear()
		st.recovery.gone[number] = true
	default:
		st.recovery.strange++
	}
}

func (q *journalShelf) visitFlights(d *decoder) {
	for len(d.B) > 0 && !d.Failed {
		state := d.Byte()
		record := d.Uvarint()
		if state == stateDone {
			q.recoverDone(record)
			continue
		}
		f := d.flight(FlightState(state), 0)
		if e := q.recovering(record); e != nil && !d.Failed {
			f.QoS = e.qos
			q.setFlight(e, f)
		}
	}
}

// recovering returns the entry of a record.
func (q *journalShelf) recovering(record uint64) *shelfEntry {
	if e := q.store.recovery.strays[q][record]; e != nil {
		return e
	}
	return q.entries.byRecord(record, 0)
}

func (q *journalShelf) recoverDone(record uint64) {
	strays := q.store.recovery.strays[q]
	if e := strays[record]; e != nil {
		delete(q.flights, e.pos)
		delete(strays, record)
	} else if e := q.entries.byRecord(record, 0); e != nil {
		q.forget(e.pos)
	} else {
		return
	}
	q.store.release(record)
}

func (q *journalShelf) releaseStrays() {
	for record := range q.store.recovery.strays[q] {
		q.store.release(record)
	}
	delete(q.store.recovery.strays, q)
}

func (st *journalStore) visitMessage(r *journal.Record, d *decoder) {
	a := d.about()
	if a.flags&flagReceipt != 0 {
		number, id := d.Uvarint(), uint16(d.Uvarint())
		if q := st.shelf(number); q != nil && !d.Failed {
			q.received.add(id)
		}
	}
	size := int32(len(r.Subject) + len(r.Header) + len(r.Payload) + deliveryOverhead)
	known, fresh := false, 0
	var x addressee
	for range d.Uvarint() {
		if d.addressee(&x); d.Failed {
			break
		}
		q := st.shelf(x.session)
		if q == nil {
			continue
		}
		if r.Carried() {
			if e := q.recovering(r.ID); e != nil { // it says what marks have said
				known = true
				if x.flight.State != Waiting {
					q.setFlight(e, x.flight)
				}
				continue
			}
		}
		q.recover(r.ID, size, &x)
		fresh++
	}
	switch {
	case known:
		st.journal.Release(st.place(r.ID))
	case fresh == 0:
		st.journal.Release(r.Seq)
		return
	case fresh > 1:
		st.counts[r.ID] = int32(fresh)
	}
	if r.Carried() {
		st.moved[r.ID] = r.Seq
	}
}

// recover adds an entry.
func (q *journalShelf) recover(record uint64, size int32, x *addressee) {
	e := &shelfEntry{record: record, size: size, qos: x.qos}
	if n := q.entries.len(); n == 0 || q.entries.at(n-1).record <= record {
		e = q.entries.add(*e)
	} else {
		q.stray(e)
	}
	if x.flight.State != Waiting {
		q.setFlight(e, x.flight)
	}
}

// stray keeps e aside, with a place of its own, until all records are known.
func (q *journalShelf) stray(e *shelfEntry) {
	q.entries.last++
	e.pos = q.entries.last
	strays := q.store.recovery.strays[q]
	if strays == nil {
		strays = make(map[uint64]*shelfEntry)
		q.store.recovery.strays[q] = strays
	}
	strays[e.record] = e
}

func (st *journalStore) visitSession(r *journal.Record, key, payload *decoder) {
	q := st.shelf(key.Uvarint())
	if q == nil || key.Failed {
		st.journal.Release(r.Seq)
		return
	}
	if q.base != 0 {
		st.release(q.base)
	}
	q.base = r.ID
	if r.Carried() {
		st.moved[r.ID] = r.Seq
	}
	q.subs, q.received = payload.session(&q.record)
}

func (st *journalStore) visitRetained(r *journal.Record, d *decoder) {
	a := d.about()
	m := &Retained{Message: a.message(r), QoS: a.flags & flagQoS, Until: a.until, place: r.ID}
	if d.Failed {
		return
	}
	was := st.recovery.retained(string(d.B), m)
	switch {
	case was == m:
		st.journal.Release(r.Seq)
		return
	case was != nil && was.place != 0:
		st.release(was.place)
	}
	if r.Carried() {
		st.moved[r.ID] = r.Seq
	}
}

// replace removes what is retained under the subject of m, which has no payload.
func (st *journalStore) replace(account string, m *Retained) {
	if was := st.recovery.retained(account, m); was != nil && was != m && was.place != 0 {
		st.release(was.place)
	}
}

// recovered brings queues into order, and gives up what belongs to sessions of which nothing else is known.
func (st *journalStore) recovered() (orphans int) {
	byKey := make(map[Key]*journalShelf, len(st.shelves))
	for _, q := range st.shelves {
		if q.base == 0 {
			orphans += q.entries.len() - q.entries.gaps + len(st.recovery.strays[q])
			st.giveUp(q)
			continue
		}
		q.sort(st.recovery.strays[q])
		if other := byKey[q.record.Key]; other != nil { // the end of the older one was not noted
			if other.number > q.number {
				q, other = other, q
			}
			st.giveUp(other)
		}
		byKey[q.record.Key] = q
	}
	return orphans
}

// giveUp ends a session that should have ended before.
func (st *journalStore) giveUp(q *journalShelf) {
	q.releaseStrays()
	q.clear()
	q.gone = true
	st.dropped = append(st.dropped, q.number)
	st.dirty.Store(true)
}

// sort numbers the entries anew, in the order of their records.
func (q *journalShelf) sort(strays map[uint64]*shelfEntry) {
	delete(q.store.recovery.strays, q)
	if len(strays) == 0 {
		return
	}
	all := make([]shelfEntry, 0, q.entries.len()+len(strays))
	for e := range q.entries.live {
		all = append(all, *e)
	}
	for _, e := range strays {
		all = append(all, *e)
	}
	slices.SortStableFunc(all, func(a, b shelfEntry) int { return cmp.Compare(a.record, b.record) })
	flights := q.flights
	q.entries, q.flights = shelfEntries{}, nil
	for _, e := range all {
		f, was := flights[e.pos], e.flying
		e.flying = false
		if e := q.entries.add(e); was {
			q.setFlight(e, f)
		}
	}
}

package mqtt

import (
	"encoding/binary"

	"leafgate/core"
	"leafgate/journal"
)

// A held is a message that sessions keep, as long as it is not on disk, and until those that send it at QoS 2 have.
type held struct {
	store   *journalStore
	message *core.Message
	until   int64
	stored  *core.Barrier // has a hold, or nil
	refs    []ref

	users     int  // entries that have it
	committed bool // or there is nothing to commit
	volatile  bool // goes nowhere

	done func(error) // stored, so that writing one does not allocate
}

// A ref is a session that keeps the message. store.mu guards it.
type ref struct {
	addressee
	shelf *journalShelf
	pos   uint64
	gone  bool
}

// delivery is what q's client gets at pos.
func (h *held) delivery(q *journalShelf, pos uint64) Delivery {
	d := Delivery{Message: h.message, Until: h.until}
	if r := h.ref(q, pos); r != nil {
		d.IDs, d.QoS, d.Retain = r.ids, r.qos, r.retain
	}
	d.Replay = h.volatile
	return d
}

// ref is q's at pos: a shared subscription beside a plain one makes two.
func (h *held) ref(q *journalShelf, pos uint64) *ref {
	for i := range h.refs {
		if r := &h.refs[i]; r.shelf == q && r.pos == pos && !r.gone {
			return &h.refs[i]
		}
	}
	return nil
}

// newHeld returns one for m. store.mu is held, as in all of what follows.
func (st *journalStore) newHeld(m *core.Message, stored *core.Barrier, until int64) *held {
	h, ok := st.helds.Get().(*held)
	if !ok {
		h = &held{store: st}
		h.done = st.waiterOf(h.finish)
	}
	h.message, h.stored, h.until = m, stored, until
	h.users, h.committed, h.volatile = 0, false, false
	if stored != nil {
		stored.Add()
	}
	return h
}

// heldFor is what d is kept in: one for all sessions that keep its message, but for retained messages that are sent again.
func (st *journalStore) heldFor(d *Delivery, stored *core.Barrier) *held {
	passing := d.Passing || d.Replay && d.QoS == 0
	if !passing && !d.Replay {
		return st.find(d.Message, stored, d.Until)
	}
	h := st.newHeld(d.Message, nil, d.Until)
	h.volatile = passing
	return h
}

// find returns the one for m, which may be new. What an MQTT client publishes waits for Seal, other things for Flush.
func (st *journalStore) find(m *core.Message, stored *core.Barrier, until int64) *held {
	list := &st.loose
	if m.Mark&markMQTT != 0 && stored != nil {
		list = &st.open
	}
	for i := len(*list) - 1; i >= 0; i-- {
		if h := (*list)[i]; h.message == m {
			return h
		}
	}
	if list == &st.loose {
		if len(st.loose) >= mostLoose {
			st.sealLoose()
		}
		st.dirty.Store(true)
	}
	h := st.newHeld(m, stored, until)
	*list = append(*list, h)
	return h
}

// mostLoose is how many messages wait for Flush, at most.
const mostLoose = 64

// write stages h. On an error, nobody keeps it; either way, its hold is given up later.
func (st *journalStore) write(h *held, from *journalShelf, id uint16) error {
	key, n := st.appendKey(st.payload[:0], h, from, id)
	st.payload = key[:0]
	if n == 0 && from == nil {
		st.push(h.finish, nil)
		return nil
	}
	if n == 0 {
		if _, err := st.journal.Mark(from.key(kindReceived), binary.AppendUvarint(nil, uint64(id)), journal.Func(h.done)); err != nil {
			st.push(h.finish, nil)
			return err
		}
		from.received.add(id)
		return nil
	}
	m := h.message
	record, err := st.journal.Append(&journal.Record{Key: key, Subject: m.Subject, Header: m.Header, Payload: m.Payload}, journal.Func(h.done))
	if err != nil {
		st.abandon(h, err)
		st.push(h.finish, nil)
		return err
	}
	if from != nil {
		from.received.add(id)
	}
	if n > 1 {
		st.counts[record] = int32(n)
	}
	for i := range h.refs {
		if r := &h.refs[i]; !r.gone {
			r.shelf.entries.placed(r.pos, record)
		}
	}
	return nil
}

// appendKey appends the key of h's record, and counts its addressees.
func (st *journalStore) appendKey(b []byte, h *held, from *journalShelf, id uint16) (key []byte, n int) {
	for i := range h.refs {
		if !h.refs[i].gone {
			n++
		}
	}
	flags := byte(0)
	if from != nil {
		flags = flagReceipt
	}
	b = appendAbout(append(b, kindMessage), h.message, flags, h.until)
	if from != nil {
		b = binary.AppendUvarint(binary.AppendUvarint(b, from.number), uint64(id))
	}
	b = binary.AppendUvarint(b, uint64(n))
	for i := range h.refs {
		if r := &h.refs[i]; !r.gone {
			b = r.append(b)
		}
	}
	return b, n
}

// abandon takes h away from all who keep it.
func (st *journalStore) abandon(h *held, err error) {
	for i := range h.refs {
		r := &h.refs[i]
		if e := r.shelf.entries.find(r.pos); e != nil && e.held == h {
			delete(st.counts, e.record)
			r.shelf.forget(r.pos)
			st.tells = append(st.tells, tell{r.shelf.tell, r.pos, err})
		}
	}
}

// finish runs when the record is on disk, or is not, or when there is none.
func (h *held) finish(err error) {
	st := h.store
	st.mu.Lock()
	if err != nil {
		st.abandon(h, err)
	}
	for i := range h.refs {
		r := &h.refs[i]
		e := r.shelf.entries.find(r.pos)
		if e == nil || e.held != h {
			continue
		}
		if r.qos < 2 || r.flight.State == Waiting {
			e.held = nil
			h.users--
			continue
		}
		st.tells = append(st.tells, tell{r.shelf.tell, r.pos, nil})
	}
	stored := h.stored
	h.stored, h.committed = nil, true
	st.recycle(h)
	st.mu.Unlock()
	if stored != nil {
		stored.Done(err)
	}
}

// leave takes e's message away from it, which is on disk or no longer needed.
func (st *journalStore) leave(e *shelfEntry) {
	if h := e.held; h != nil {
		e.held = nil
		h.users--
		st.recycle(h)
	}
}

// recycle keeps h for another message, if nobody needs it any more.
func (st *journalStore) recycle(h *held) {
	if h.users > 0 || !h.committed {
		return
	}
	h.message = nil
	clear(h.refs)
	h.refs = h.refs[:0]
	st.helds.Put(h)
}

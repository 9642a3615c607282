package mqtt

import (
	"leafgate/core"
	"leafgate/journal"
)

// An owed is a retained message that the journal does not have as memory does.
type owed struct {
	account string
	message *Retained
}

// Retain implements Store.
func (st *journalStore) Retain(account string, m *Retained, stored *core.Barrier, apply func() *Retained) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	err := st.retain(account, m, st.hold(stored))
	switch {
	case err != nil && stored != nil:
		st.unhold(stored)
		return err
	case err != nil: // nobody to tell: memory knows, and the journal will
		st.owed = append(st.owed, owed{account, m})
		st.stalled = true
	}
	if was := apply(); was != nil && was.place != 0 {
		st.release(was.place)
	}
	return nil
}

// Expired implements Store: the next start sees it, too, if the record is still there.
func (st *journalStore) Expired(m *Retained) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if m.place != 0 {
		st.release(m.place)
	}
}

// retain writes m down. w is told, and the store itself should it fail.
func (st *journalStore) retain(account string, m *Retained, w journal.Waiter) (err error) {
	told := st.waiter(func(err error) {
		if err != nil {
			st.mu.Lock()
			m.place = 0
			st.owed = append(st.owed, owed{account, m})
			st.stalled = true
			st.mu.Unlock()
		}
	})
	both := journal.Func(func(err error) {
		told.Done(err)
		if w != nil {
			w.Done(err)
		}
	})
	if len(m.Message.Payload) == 0 {
		_, err = st.journal.Mark(append(st.scratch[:0], append([]byte{kindCleared}, account...)...), m.Message.Subject, both)
		return err
	}
	key := appendAbout(append(st.scratch[:0], kindRetained), m.Message, m.QoS, m.Until)
	key = append(key, account...)
	st.scratch = key[:0]
	m.place, err = st.journal.Append(&journal.Record{Key: key, Subject: m.Message.Subject, Header: m.Message.Header, Payload: m.Message.Payload}, both)
	return err
}

// pay notes retained messages that the journal has missed.
func (st *journalStore) pay() {
	for len(st.owed) > 0 {
		o := st.owed[0]
		now := st.current(o.account, o.message.Message.Subject)
		if now != o.message && !(now == nil && len(o.message.Message.Payload) == 0) {
			st.owed = st.owed[1:] // superseded
			continue
		}
		if st.retain(o.account, o.message, nil) != nil {
			st.stalled = true
			return
		}
		st.owed = st.owed[1:]
	}
}

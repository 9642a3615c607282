package mqtt

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"leafgate/core"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A shelfModel is what a session must be.
type shelfModel struct {
	shelf    Shelf
	record   Record
	subs     map[string]SubscriptionRecord
	received idSet
	queue    []modelEntry
	seq      uint64
}

type modelEntry struct {
	pos     uint64
	payload string
	flight  Flight
	ids     []uint32
}

// A storeModel plays with a store and knows what it must say.
type storeModel struct {
	*testing.T
	rnd      *rand.Rand
	fs       *journaltest.FS
	journal  *journal.Journal
	store    *journalStore
	sessions map[string]*shelfModel
	retained map[string]*Retained
	n        int
}

func (m *storeModel) open() {
	m.Helper()
	was := m.sessions
	m.sessions = make(map[string]*shelfModel)
	kept := m.retained
	m.retained = make(map[string]*Retained)
	open := func(o journal.Options) (_ *journal.Journal, err error) {
		o.SegmentSize = 4096
		m.journal, err = journal.Open(m.fs, o)
		return m.journal, err
	}
	m.store = newJournalStore(slog.New(slog.NewTextHandler(io.Discard, nil)), open, m.current, new(atomic.Int64))
	if err := m.store.Load(func(r *Record, q Shelf) { m.loaded(was[r.Key.ClientID], r, q) }, m.set); err != nil {
		m.Fatal(err)
	}
	if len(was) != len(m.sessions) {
		m.Fatalf("%d sessions, want %d", len(m.sessions), len(was))
	}
	for subject, r := range kept {
		if now := m.retained[subject]; now == nil || string(now.Message.Payload) != string(r.Message.Payload) {
			m.Fatalf("retained %s: %v", subject, now)
		}
	}
	if len(kept) != len(m.retained) {
		m.Fatalf("%d retained, want %d", len(m.retained), len(kept))
	}
}

func (m *storeModel) current(_ string, subject []byte) *Retained { return m.retained[string(subject)] }

func (m *storeModel) set(_ string, r *Retained) *Retained {
	subject := string(r.Message.Subject)
	was := m.retained[subject]
	if m.retained[subject] = r; len(r.Message.Payload) == 0 {
		delete(m.retained, subject)
	}
	return was
}

// loaded compares a session with what it was.
func (m *storeModel) loaded(was *shelfModel, r *Record, q Shelf) {
	m.Helper()
	if was == nil {
		m.Fatalf("session %v was not there", r.Key)
	}
	if r.Expiry != was.record.Expiry || r.Away != was.record.Away || (r.Will == nil) != (was.record.Will == nil) {
		m.Fatalf("session %v, want %v", r, was.record)
	}
	subs := make(map[string]SubscriptionRecord)
	for _, s := range r.Subscriptions {
		subs[s.Filter] = s
	}
	if !maps.Equal(subs, was.subs) {
		m.Fatalf("%s: subscriptions %v, want %v", r.Key.ClientID, subs, was.subs)
	}
	var received idSet
	q.Incoming(func(id uint16) { received.add(id) })
	if !slices.Equal(received, was.received) {
		m.Fatalf("%s: received %v, want %v", r.Key.ClientID, received, was.received)
	}
	i := 0
	var places []uint64
	q.Pending(func(pos uint64, _ int, f Flight) {
		if i >= len(was.queue) {
			m.Fatalf("%s: more than %d wait", r.Key.ClientID, i)
		}
		e := &was.queue[i]
		if f != e.flight {
			m.Fatalf("%s: %s is at %v, want %v", r.Key.ClientID, e.payload, f, e.flight)
		}
		e.pos = pos
		places = append(places, pos)
		i++
	})
	if i != len(was.queue) {
		m.Fatalf("%s: %d wait, want %d", r.Key.ClientID, i, len(was.queue))
	}
	was.shelf = q
	m.sessions[r.Key.ClientID] = was
	m.read(was)
}

// read reads what waits.
func (m *storeModel) read(s *shelfModel) {
	m.Helper()
	for _, e := range s.queue {
		d, ok := s.shelf.Get(e.pos)
		if !ok || string(d.Message.Payload) != e.payload || d.QoS != e.flight.QoS || !slices.Equal(d.IDs, e.ids) {
			m.Fatalf("%s: got %v %v, want %v", s.record.Key.ClientID, d, ok, e)
		}
	}
}

func (m *storeModel) any() *shelfModel {
	names := slices.Sorted(maps.Keys(m.sessions))
	return m.sessions[names[m.rnd.IntN(len(names))]]
}

// publish offers a message to some sessions, in any order.
func (m *storeModel) publish() {
	stored := core.NewBarrier(func(error) {})
	m.n++
	msg := &core.Message{Subject: []byte("s"), Payload: fmt.Appendf(nil, "%d %s", m.n, strings.Repeat("x", m.rnd.IntN(300))), Mark: markMQTT | 2}
	for _, s := range m.sessions {
		if m.rnd.IntN(3) > 0 {
			continue
		}
		f := Flight{QoS: byte(1 + m.rnd.IntN(2))}
		var ids []uint32
		if m.rnd.IntN(4) == 0 {
			ids = []uint32{uint32(m.n), 7}
		}
		if m.rnd.IntN(2) == 0 {
			s.seq++
			f.Seq, f.State = s.seq, Sent
		}
		pos, err := s.shelf.Put(Delivery{Message: msg, QoS: f.QoS, IDs: ids}, f, stored)
		if err != nil {
			m.Fatal(err)
		}
		s.queue = append(s.queue, modelEntry{pos, string(msg.Payload), f, ids})
	}
	var from Shelf
	id := uint16(1 + m.rnd.IntN(50))
	if p := m.any(); m.rnd.IntN(3) == 0 {
		from = p.shelf
		p.received.add(id)
	}
	if err := m.store.Seal(stored, from, id); err != nil {
		m.Fatal(err)
	}
	stored.Done(nil)
}

// step does one thing.
func (m *storeModel) step() {
	s := m.any()
	switch k := m.rnd.IntN(20); {
	case k < 8:
		m.publish()
	case k < 14 && len(s.queue) > 0:
		at := m.rnd.IntN(min(3, len(s.queue)))
		if m.rnd.IntN(10) == 0 {
			at = m.rnd.IntN(len(s.queue))
		}
		s.shelf.Done(s.queue[at].pos)
		s.queue = slices.Delete(s.queue, at, at+1)
	case k < 16 && len(s.queue) > 0:
		e := &s.queue[m.rnd.IntN(len(s.queue))]
		s.seq++
		e.flight.Seq, e.flight.State = s.seq, Sent
		if m.rnd.IntN(2) == 0 {
			e.flight.State, e.flight.Order = Released, uint32(s.seq)
		} else {
			e.flight.Order = 0
		}
		s.shelf.Mark(e.pos, e.flight)
	case k == 16:
		sub := SubscriptionRecord{Filter: fmt.Sprint("f", m.rnd.IntN(5)), Options: byte(m.rnd.IntN(3)), ID: uint32(m.n)}
		if m.rnd.IntN(2) == 0 {
			_ = s.shelf.Unsubscribe(sub.Filter, nil)
			delete(s.subs, sub.Filter)
		} else {
			_ = s.shelf.Subscribe(sub, nil)
			s.subs[sub.Filter] = sub
		}
	case k == 17:
		m.about(s)
	case k == 18:
		r := &Retained{Message: &core.Message{Subject: fmt.Appendf(nil, "r%d", m.rnd.IntN(10))}}
		if m.rnd.IntN(4) > 0 {
			r.Message.Payload = fmt.Appendf(nil, "%d", m.n)
		}
		if err := m.store.Retain("A", r, nil, func() *Retained { return m.set("A", r) }); err != nil {
			m.Fatal(err)
		}
	case k == 19 && m.rnd.IntN(20) == 0:
		if s.shelf.Drop(); len(m.sessions) > 1 {
			delete(m.sessions, s.record.Key.ClientID)
		} else {
			m.session(s.record.Key.ClientID)
		}
		m.session(fmt.Sprint("c", m.n))
	}
}

func (m *storeModel) about(s *shelfModel) {
	if len(s.received) > 0 && m.rnd.IntN(2) == 0 {
		id := s.received[m.rnd.IntN(len(s.received))]
		s.received.remove(id)
		_ = s.shelf.Released([]uint16{id}, nil)
	}
	s.record.Expiry, s.record.Away, s.record.Will = uint32(m.n), int64(m.n), nil
	if m.rnd.IntN(2) == 0 {
		s.record.Will = &Will{Topic: []byte("w"), Payload: []byte("p")}
	}
	s.shelf.Save(&s.record)
}

func (m *storeModel) session(id string) {
	s := &shelfModel{record: Record{Key: Key{Account: "A", ClientID: id}, Expiry: 1}, subs: make(map[string]SubscriptionRecord)}
	var err error
	if s.shelf, err = m.store.Open(&s.record); err != nil {
		m.Fatal(err)
	}
	s.shelf.Told(func(uint64, error) {})
	m.sessions[id] = s
}

// Whatever is put, noted, done and dropped, through compaction, restarts and kills: the store says what is so.
func TestJournalStoreRandomly(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := &storeModel{T: t, rnd: rand.New(rand.NewPCG(seed, 1)), fs: journaltest.New()}
			m.open()
			for i := range 4 {
				m.session(fmt.Sprint("s", i))
			}
			for range 25 {
				for range m.rnd.IntN(300) {
					m.step()
					if m.rnd.IntN(10) == 0 {
						m.store.Flush()
					}
					if m.rnd.IntN(40) == 0 {
						m.settle()
					}
				}
				m.restart()
			}
			if m.journal.First() == 1 {
				t.Error("nothing was given up")
			}
		})
	}
}

func (m *storeModel) settle() {
	m.Helper()
	m.store.Flush()
	if err := m.journal.Sync(); err != nil {
		m.Fatal(err)
	}
	if err := m.journal.Tidy(); err != nil {
		m.Fatal(err)
	}
	m.read(m.any())
}

func (m *storeModel) restart() {
	m.Helper()
	m.settle()
	if m.rnd.IntN(2) == 0 {
		m.store.Flush()
		if err := m.journal.Sync(); err != nil {
			m.Fatal(err)
		}
		fs := m.fs.Crash(journaltest.Nothing, nil)
		_ = m.store.Close()
		_ = m.journal.Close()
		m.fs = fs
	} else {
		if err := m.store.Close(); err != nil {
			m.Fatal(err)
		}
		if err := m.journal.Close(); err != nil {
			m.Fatal(err)
		}
	}
	m.open()
}

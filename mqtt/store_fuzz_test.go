package mqtt

import (
	"io"
	"log/slog"
	"sync/atomic"
	"testing"

	"leafgate/core"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// FuzzStoreRecord opens a store with any record behind proper ones, and again what it is then: it starts, and what it has
// can be gone through.
func FuzzStoreRecord(f *testing.F) {
	a := addressee{session: 1, qos: 2, retain: true, ids: []uint32{7, 300}, flight: Flight{Seq: 70_000, Order: 3, State: Released, QoS: 2}}
	m := &core.Message{Subject: []byte("a.b"), Raw: []byte("x y"), Namer: storedNamer, Reply: []byte("r")}
	message := appendAbout([]byte{kindMessage}, m, flagReceipt, 1)
	message = append(message, 1, 9, 1) // receipt, one addressee
	record := &Record{Key: Key{"A", "u", "c"}, Expiry: Forever, Away: 5, WillAt: 6, Will: &Will{Topic: []byte("t"), Payload: []byte("p"), Header: []byte("h"), Reply: []byte("r"), QoS: 1, Retain: true, Delay: 3}}
	subs := map[string]SubscriptionRecord{"f": {Filter: "f", Options: 1, ID: 3}}
	f.Add(false, a.append(message), []byte("p"))
	f.Add(false, []byte{kindSession, 1}, appendSession(nil, record, subs, idSet{1, 2}))
	f.Add(false, append(appendAbout([]byte{kindRetained}, m, 1, 9), "A"...), []byte("p"))
	f.Add(true, []byte{kindFlights, 1}, []byte{1, 2, 5, 2, 2, 5, 1, stateDone, 2})
	f.Add(true, []byte{kindAbout, 1}, appendState(nil, record))
	f.Add(true, []byte{kindSubscribe, 1}, (&SubscriptionRecord{Filter: "f"}).append(nil))
	f.Add(true, []byte{kindUnsubscribe, 1}, appendBlob(nil, "f"))
	f.Add(true, []byte{kindReceived, 1}, []byte{7})
	f.Add(true, []byte{kindReleased, 1}, []byte{7, 8})
	f.Add(true, []byte{kindDropped, 1}, []byte{})
	f.Add(true, append([]byte{kindCleared}, "A"...), []byte("a.b"))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	f.Fuzz(func(t *testing.T, mark bool, key, payload []byte) {
		fs := journaltest.New()
		j, err := journal.Open(fs, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		appendTo(t, j, &journal.Record{Key: []byte{kindSession, 1}, Payload: appendSession(nil, record, subs, nil)})
		appendTo(t, j, &journal.Record{Key: a.append(append(appendAbout([]byte{kindMessage}, m, 0, 0), 1))})
		r := &journal.Record{Mark: mark, Key: key, Payload: payload}
		if !mark {
			r.Subject = []byte("a.b")
		}
		appendTo(t, j, r)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			goThrough(t, fs, log)
		}
	})
}

func appendTo(t *testing.T, j *journal.Journal, r *journal.Record) {
	t.Helper()
	if _, err := j.Append(r, nil); err != nil {
		t.Fatal(err)
	}
}

// goThrough opens a store, reads all that sessions have in it, and closes it.
func goThrough(t *testing.T, fs journal.FS, log *slog.Logger) {
	t.Helper()
	var j *journal.Journal
	kept := make(map[string]*Retained)
	open := func(o journal.Options) (_ *journal.Journal, err error) {
		j, err = journal.Open(fs, o)
		return j, err
	}
	st := newJournalStore(log, open, func(account string, subject []byte) *Retained { return kept[account+" "+string(subject)] }, new(atomic.Int64))
	err := st.Load(func(r *Record, q Shelf) {
		q.Incoming(func(uint16) {})
		var places []uint64
		q.Pending(func(pos uint64, _ int, _ Flight) { places = append(places, pos) })
		for _, pos := range places {
			q.Get(pos)
		}
	}, func(account string, m *Retained) *Retained {
		name := account + " " + string(m.Message.Subject)
		was := kept[name]
		kept[name] = m
		return was
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

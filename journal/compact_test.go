package journal_test

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// What is needed is carried over under its name, what is not goes, and the log stays small.
func TestCompact(t *testing.T) {
	fs, m := journaltest.New(), newModel()
	o := journal.Options{SegmentSize: 4096, Live: m.live, Moved: m.moved}
	j := open(t, fs, o)
	for i := range 2000 {
		seq := put(t, j, message(i))
		m.mu.Lock()
		m.where[seq], m.stored[seq] = seq, i
		m.mu.Unlock()
		if i%100 != 0 {
			m.finish(j, seq)
		}
		if i%50 == 0 {
			if err := j.Tidy(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Tidy(); err != nil {
		t.Fatal(err)
	}
	s := j.Stats()
	if s.Bytes > 32<<10 || s.Carried < 20 || s.Live < 20 || s.Dropped != 0 || s.First < 1000 {
		t.Errorf("%+v", s)
	}
	if s.WrittenPerMessage() > 400 {
		t.Errorf("%.0f bytes written for a message", s.WrittenPerMessage())
	}
	var buf []byte
	for id, n := range m.stored {
		if m.done[id] {
			continue
		}
		var r journal.Record
		var err error
		if buf, err = j.Read(m.where[id], &r, buf); err != nil || r.ID != id || !same(&r, message(n)) {
			t.Errorf("record %d at %d: %v, %+v", id, m.where[id], err, r)
		}
	}
	j.Close()
	found, _ := survivors(t, fs)
	if missing := m.missing(found); len(missing) > 0 {
		t.Errorf("missing after a restart: %v", missing)
	}
}

// A first segment in which nothing is needed goes, however much of the others is.
func TestEmptyFront(t *testing.T) {
	m := newModel()
	j := open(t, journaltest.New(), journal.Options{SegmentSize: 4096, Live: m.live, Moved: m.moved})
	for i := range 300 {
		m.where[put(t, j, message(i))] = uint64(i) + 1
	}
	for id := range uint64(60) {
		m.finish(j, id+1)
	}
	if err := errors.Join(j.Sync(), j.Tidy()); err != nil {
		t.Fatal(err)
	}
	if s := j.Stats(); s.First < 30 || s.First > 61 || s.Carried != 0 || s.Live != 240 {
		t.Errorf("%+v", s)
	}
}

// Marks that are still needed are carried over, and count as needed until they are released: they do not chase
// themselves through the log.
func TestMarksCarried(t *testing.T) {
	var mu sync.Mutex
	state := map[string]uint64{}   // session to the ID of its mark
	carried := map[uint64]uint64{} // ID to where it was carried
	fs := journaltest.New()
	o := journal.Options{SegmentSize: 4096, Live: func(r *journal.Record) bool {
		mu.Lock()
		defer mu.Unlock()
		return r.Mark && state[string(r.Key)] == r.ID
	}, Moved: func(id, seq uint64) {
		mu.Lock()
		defer mu.Unlock()
		carried[id] = seq
	}}
	j := open(t, fs, o)
	for i := range 3000 {
		key := []byte{byte(i % 50), byte(i % 50 >> 4)}
		if i > 2000 {
			key = []byte{1, 0}
		}
		mu.Lock()
		if at, ok := carried[state[string(key)]]; ok {
			j.Release(at)
		}
		seq, err := j.Mark(key, binary.AppendUvarint(nil, uint64(i)), nil)
		state[string(key)] = seq
		mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 {
			if err := errors.Join(j.Sync(), j.Tidy()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(j.Sync(), j.Tidy()); err != nil {
		t.Fatal(err)
	}
	s := j.Stats()
	if s.First < 1000 || s.Carried == 0 || s.Carried > 1000 || s.Bytes > 20<<10 {
		t.Errorf("%+v", s)
	}
	seen := map[uint64]bool{}
	for _, r := range all(t, j) {
		seen[r.ID] = true
	}
	for key, id := range state {
		if !seen[id] {
			t.Errorf("mark %d of %q is gone", id, key)
		}
	}
}

// Records appended while others are carried over are later than those, whatever their place.
func TestLatestWhileCarried(t *testing.T) {
	fs := journaltest.New()
	o := journal.Options{SegmentSize: 4096, Latest: true}
	j := open(t, fs, o)
	var wg sync.WaitGroup
	const workers, rounds = 4, 300
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				r := message(i)
				r.Key, r.Subject = []byte{byte(w)}, []byte{byte(i % 10)}
				if _, err := try(j, r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	j.Close()
	j = open(t, fs, o)
	for w := range workers {
		for i := range 10 {
			var r journal.Record
			seq, ok := j.Latest([]byte{byte(w)}, []byte{byte(i)})
			_, err := j.Read(seq, &r, nil)
			for errors.Is(err, journal.ErrTrimmed) { // carried over meanwhile
				seq, ok = j.Latest([]byte{byte(w)}, []byte{byte(i)})
				_, err = j.Read(seq, &r, nil)
			}
			if !ok || err != nil || r.Time != int64(rounds-10+i)+1 {
				t.Errorf("worker %d, subject %d: %v, %v, time %d", w, i, ok, err, r.Time)
			}
		}
	}
}

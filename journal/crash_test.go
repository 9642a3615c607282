package journal_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A model is what the owner of a journal knows: which records were acknowledged, which are done with.
type model struct {
	mu     sync.Mutex
	stored map[uint64]int // by ID: acknowledged; the message they are
	done   map[uint64]bool
	where  map[uint64]uint64 // ID to position

	carried int64
}

func newModel() *model {
	return &model{stored: map[uint64]int{}, done: map[uint64]bool{}, where: map[uint64]uint64{}}
}

func (m *model) live(r *journal.Record) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !r.Mark && !m.done[r.ID]
}

func (m *model) moved(id, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.where[id] = seq
}

// work appends, forgets, compacts until it is through or the disk is gone. What it returns was acknowledged.
func work(fs *journaltest.FS, o journal.Options) *model {
	m := newModel()
	o.SegmentSize, o.Live, o.Moved = 2048, m.live, m.moved
	j, err := journal.Open(fs, o)
	if err != nil {
		return m
	}
	defer j.Close()
	seqs := make([]uint64, 120)
	for i := range 60 {
		var wait sync.WaitGroup
		wait.Add(2)
		for k := range 2 {
			n := 2*i + k
			var seq uint64
			known := make(chan struct{})
			seq, err = j.Append(message(n), journal.Func(func(err error) {
				<-known
				if err == nil {
					m.mu.Lock()
					m.stored[seq], m.where[seq] = n, seq
					m.mu.Unlock()
				}
				wait.Done()
			}))
			seqs[n] = seq
			if close(known); err != nil {
				wait.Done()
			}
		}
		wait.Wait()
		if i > 5 && i%5 != 0 {
			m.finish(j, seqs[2*i-9])
			m.finish(j, seqs[2*i-8])
		}
		if i%10 == 9 && j.Tidy() != nil {
			break
		}
	}
	m.carried = j.Stats().Carried
	return m
}

// finish is done with a record, and writes that down.
func (m *model) finish(j *journal.Journal, id uint64) {
	m.mu.Lock()
	seq, ok := m.where[id]
	m.done[id] = true
	m.mu.Unlock()
	if _, err := j.Mark([]byte("done"), binary.AppendUvarint(nil, id), nil); ok && err == nil {
		j.Release(seq)
	}
}

// survivors opens the store after a crash: the messages that are there, by ID.
func survivors(t *testing.T, fs *journaltest.FS) (map[uint64]*journal.Record, *journal.Report) {
	t.Helper()
	found := map[uint64]*journal.Record{}
	j := open(t, fs, journal.Options{SegmentSize: 2048, Visit: func(_ *journal.Journal, r *journal.Record) {
		if r.Mark {
			return
		}
		if n := int(r.Time) - 1; n < 0 || !same(r, message(n)) {
			t.Errorf("record %d is not what was written: %+v", r.Seq, r)
		}
		found[r.ID] = clone(r)
	}})
	for id, r := range found {
		var by journal.Record
		if _, err := j.Read(r.Seq, &by, nil); err != nil || !same(&by, r) {
			t.Errorf("record %d at %d: %v", id, r.Seq, err)
		}
	}
	put(t, j, message(1000))
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	return found, j.Report()
}

// missing are acknowledged records that are needed and not there.
func (m *model) missing(found map[uint64]*journal.Record) (list []uint64) {
	for id, n := range m.stored {
		if r := found[id]; !m.done[id] && (r == nil || !same(r, message(n))) {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// Killed or without power at any operation on the disk: every acknowledged record is there.
func TestCrashPoints(t *testing.T) {
	for _, mode := range []journal.Sync{journal.Group, journal.Always, journal.Interval} {
		o := journal.Options{Sync: mode, SyncInterval: time.Millisecond}
		whole := journaltest.New()
		if m := work(whole, o); len(m.stored) < 120 || m.carried < 10 {
			t.Fatalf("%v: %d records stored of 120, %d carried over", mode, len(m.stored), m.carried)
		}
		points := whole.Ops() + 10
		if points < 60 {
			t.Fatalf("%d points only", points)
		}
		for _, loss := range []journaltest.Loss{journaltest.Nothing, journaltest.All, journaltest.Prefix, journaltest.Reordered} {
			if mode == journal.Interval && loss != journaltest.Nothing {
				continue // it says that it may lose a second's worth: TestInterval
			}
			t.Run(fmt.Sprintf("%v/%v", mode, loss), func(t *testing.T) {
				acknowledged := 0
				for at := 1; at <= points; at++ {
					fs := journaltest.New()
					fs.CrashAt(at)
					m := work(fs, o)
					fs = fs.Crash(loss, random(at))
					found, report := survivors(t, fs)
					if acknowledged += len(m.stored); len(m.missing(found)) > 0 || report.Unfixed != nil {
						t.Fatalf("crash at %d: lost %v of %d: %+v", at, m.missing(found), len(m.stored), report)
					}
					m.onlyTail(t, report, loss)
					again(t, fs, len(found)+1)
				}
				if acknowledged < points {
					t.Errorf("%d records acknowledged at %d points", acknowledged, points)
				}
			})
		}
	}
}

// onlyTail checks that nothing is reported but what was being written.
func (m *model) onlyTail(t *testing.T, report *journal.Report, loss journaltest.Loss) {
	t.Helper()
	for _, l := range report.Lost {
		for id := range maps.Keys(m.stored) {
			if l.From > 0 && id >= l.From && (l.To == 0 || id <= l.To) && m.where[id] == id {
				t.Errorf("%v: reported lost, and is not: %d", l, id)
			}
		}
		if l.Cause != journal.Torn && l.Cause != journal.Head && loss != journaltest.Reordered {
			t.Errorf("reported after a crash: %v", l)
		}
	}
}

// again opens the store once more: it was closed, and has at least n records.
func again(t *testing.T, fs *journaltest.FS, n int) {
	t.Helper()
	seen := map[uint64]bool{}
	j := open(t, fs, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) {
		if !r.Mark {
			seen[r.ID] = true
		}
	}})
	if !j.Report().Clean || len(seen) < n {
		t.Errorf("once more: %d records, want %d, %+v", len(seen), n, j.Report())
	}
	j.Close()
}

// A power cut in interval mode takes what was written since the last sync, and nothing before.
func TestInterval(t *testing.T) {
	fs := journaltest.New()
	j := open(t, fs, journal.Options{Sync: journal.Interval, SyncInterval: time.Hour})
	for i := range 10 {
		put(t, j, message(i))
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	put(t, j, message(10))
	fs = fs.Crash(journaltest.All, random(1))
	if found, _ := survivors(t, fs); len(found) != 10 {
		t.Errorf("%d records, want 10", len(found))
	}

	fs = journaltest.New()
	j = open(t, fs, journal.Options{Sync: journal.Interval, SyncInterval: time.Millisecond})
	put(t, j, message(0))
	wait(t, "a sync by itself", func() bool { return j.Stats().Syncs > 0 })
	fs = fs.Crash(journaltest.All, random(1))
	if found, _ := survivors(t, fs); len(found) != 1 {
		t.Errorf("%d records, want 1", len(found))
	}
}

// A process that was killed has written what it had not synced: whoever reads it must sync before relying on it.
func TestPowerCutAfterKill(t *testing.T) {
	fs := journaltest.New()
	j := open(t, fs, journal.Options{Sync: journal.Interval, SyncInterval: time.Hour})
	for i := range 10 {
		put(t, j, message(i))
	}
	fs = fs.Crash(journaltest.Nothing, nil)
	j.Close()
	j = open(t, fs, journal.Options{})
	if n := len(all(t, j)); n != 10 {
		t.Fatalf("%d records after a kill", n)
	}
	fs = fs.Crash(journaltest.All, random(1))
	j.Close()
	if found, _ := survivors(t, fs); len(found) != 10 {
		t.Errorf("%d records after a power cut, want 10", len(found))
	}
}

// A disk that lies loses what was acknowledged. What is missing is reported, or was behind the end of a store that was
// not closed, which is reported too.
func TestLyingDisk(t *testing.T) {
	for seed := range 200 {
		loss := []journaltest.Loss{journaltest.All, journaltest.Prefix, journaltest.Reordered}[seed%3]
		fs := journaltest.New()
		fs.SetFaults(journaltest.Faults{Lie: true})
		fs.CrashAt(20 + seed)
		m := work(fs, journal.Options{})
		fs = fs.Crash(loss, random(seed))
		found, report := survivors(t, fs)
		for _, id := range m.missing(found) {
			if seq := m.where[id]; !reported(report, seq) && !(seq >= report.Next && !report.Clean) {
				t.Fatalf("seed %d: record %d at %d is missing, and not reported: %+v", seed, id, seq, report)
			}
		}
	}
}

func reported(report *journal.Report, seq uint64) bool {
	return slices.ContainsFunc(report.Lost, func(l journal.Lost) bool {
		return l.From > 0 && seq >= l.From && (seq <= l.To || l.To == 0)
	})
}

// wait polls until ok, at most for ten seconds.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A segment that was dropped, but came back, and behind which all is gone: it is readable.
func TestOnlyDroppedIsLeft(t *testing.T) {
	fs := filled(t, 200)
	names, whole := segments(t, fs), fs.Clone()
	j := open(t, fs, journal.Options{})
	if err := j.TrimTo(100); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole.Damage("head", func([]byte) []byte { return fs.Bytes("head") })
	for _, name := range names[1:] {
		whole.Delete(name)
	}
	if found, report := survivors(t, whole); len(found) == 0 || !reported(report, 200) {
		t.Errorf("%d records, %+v", len(found), report)
	}
}

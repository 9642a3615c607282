package journal_test

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A hands is a clock that tests set.
type hands struct{ wall, steady atomic.Int64 }

func (h *hands) read() (time.Time, time.Duration) {
	return time.Unix(0, h.wall.Load()), time.Duration(h.steady.Load())
}

func (h *hands) pass(d time.Duration) {
	h.wall.Add(int64(d))
	h.steady.Add(int64(d))
}

// noted is a callback for Options.Failed.
type noted struct{ failed, worked atomic.Int32 }

func (n *noted) note(err error) {
	if err != nil {
		n.failed.Add(1)
	} else {
		n.worked.Add(1)
	}
}

// check opens the store again: of the records in want, all are there, and of those in not, none.
func check(t *testing.T, fs *journaltest.FS, want, not []uint64) {
	t.Helper()
	found := map[uint64]bool{}
	j := open(t, fs, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) { found[r.Seq] = true }})
	defer j.Close()
	for _, seq := range want {
		if !found[seq] {
			t.Errorf("record %d was acknowledged and is not there: %+v", seq, j.Report())
		}
	}
	for _, seq := range not {
		if found[seq] {
			t.Errorf("record %d was refused and is there", seq)
		}
	}
	if len(j.Report().Lost) > 0 {
		t.Errorf("reported: %v", j.Report().Lost)
	}
}

func TestDiskFull(t *testing.T) {
	fs, clock, n := journaltest.New(), &hands{}, &noted{}
	clock.wall.Store(1)
	fs.SetFaults(journaltest.Faults{Capacity: 20 << 10})
	j := open(t, fs, journal.Options{SegmentSize: 4096, Clock: clock.read, Failed: n.note})
	var stored []uint64
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		var seq uint64
		if seq, err = try(j, message(i)); err == nil {
			stored = append(stored, seq)
		}
	}
	if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, syscall.ENOSPC) || len(stored) < 50 {
		t.Fatalf("%d stored, then %v", len(stored), err)
	}
	for range 20 { // nothing is tried before it is time, then it fails again
		if _, err := try(j, message(1)); !errors.Is(err, journal.ErrFailed) {
			t.Errorf("still full: %v", err)
		}
		clock.pass(300 * time.Millisecond)
	}
	if got := len(all(t, j)); got != len(stored) {
		t.Errorf("%d records can be read, want %d", got, len(stored))
	}
	if s := j.Stats(); s.Failed == nil || s.Failures < 3 || s.Failures > 8 || n.failed.Load() != 1 || n.worked.Load() != 0 {
		t.Errorf("%+v, told %d times", s, n.failed.Load())
	}
	if err := j.TrimTo(stored[len(stored)/2]); err != nil { // space comes back from the log itself: that needs none
		t.Fatal(err)
	}
	clock.pass(2 * time.Second)
	first := j.First()
	stored = stored[first-1:]
	stored = append(stored, put(t, j, message(5)))
	if s := j.Stats(); s.Failed != nil || n.worked.Load() != 1 {
		t.Errorf("%+v, told %d times", s, n.worked.Load())
	}
	j.Close()
	check(t, fs, stored, nil)
}

func TestDiskFullAtStart(t *testing.T) {
	fs := filled(t, 50)
	names := segments(t, fs)
	fs.Damage(names[len(names)-1], func(b []byte) []byte { return b[:len(b)-1] }) // there is something to repair
	fs.SetFaults(journaltest.Faults{Capacity: 1})
	clock := &hands{}
	j := open(t, fs, journal.Options{Clock: clock.read})
	if _, err := try(j, message(1)); !errors.Is(err, journal.ErrFailed) || len(all(t, j)) != 49 {
		t.Errorf("on a full disk: %v, %d records", err, len(all(t, j)))
	}
	fs.SetFaults(journaltest.Faults{})
	clock.pass(time.Minute)
	put(t, j, message(1))
}

// Free space that is to stay free stays free.
func TestMinFree(t *testing.T) {
	for _, o := range []journal.Options{{Limits: journal.Limits{MinFree: 8 << 20}}, {Limits: journal.Limits{MinFreeShare: 50}}} {
		fs, clock := journaltest.New(), &hands{}
		fs.SetFaults(journaltest.Faults{Capacity: 16 << 20})
		o.Clock, o.SegmentSize = clock.read, 1<<20
		j := open(t, fs, o)
		var err error
		for i := 0; err == nil && i < 1000; i++ {
			_, err = try(j, &journal.Record{Payload: make([]byte, 100_000)})
		}
		used := j.Stats().Bytes
		if !errors.Is(err, journal.ErrNoSpace) || used > 8<<20 || used < 6<<20 {
			t.Errorf("%d bytes used, %v", used, err)
		}
		fs.SetFaults(journaltest.Faults{Capacity: 16<<20 + 400_000})
		clock.pass(time.Minute)
		if _, err := try(j, message(1)); !errors.Is(err, journal.ErrNoSpace) {
			t.Errorf("with hardly more than the reserve: %v", err)
		}
		fs.SetFaults(journaltest.Faults{Capacity: 64 << 20})
		clock.pass(time.Minute)
		put(t, j, message(1))
	}
}

func TestReadOnlyStore(t *testing.T) {
	fs, clock := filled(t, 50), &hands{}
	fs.SetFaults(journaltest.Faults{ReadOnly: true})
	j := open(t, fs, journal.Options{Clock: clock.read})
	if _, err := try(j, message(1)); !errors.Is(err, journal.ErrFailed) || !errors.Is(err, syscall.EROFS) || len(all(t, j)) != 50 {
		t.Errorf("at start: %v, %d records", err, len(all(t, j)))
	}
	fs.SetFaults(journaltest.Faults{})
	clock.pass(time.Minute)
	put(t, j, message(50))
	fs.SetFaults(journaltest.Faults{ReadOnly: true}) // remounted, as a card does that is about to die
	if _, err := try(j, message(51)); !errors.Is(err, syscall.EROFS) || len(all(t, j)) != 51 {
		t.Errorf("while running: %v, %d records", err, len(all(t, j)))
	}
	if err := j.Close(); !errors.Is(err, syscall.EROFS) {
		t.Errorf("close: %v", err)
	}
}

// After a sync that failed nothing is synced again that was written before, and nothing is written behind it.
func TestSyncError(t *testing.T) {
	for _, mode := range []journal.Sync{journal.Group, journal.Always} {
		fs, clock := journaltest.New(), &hands{}
		j := open(t, fs, journal.Options{Sync: mode, Clock: clock.read})
		var stored, refused []uint64
		for i := range 10 {
			stored = append(stored, put(t, j, message(i)))
		}
		before := segments(t, fs)
		fs.SetFaults(journaltest.Faults{SyncErr: 1})
		if _, err := try(j, message(10)); !errors.Is(err, journal.ErrFailed) || !errors.Is(err, syscall.EIO) {
			t.Fatalf("%v: %v", mode, err)
		}
		refused = append(refused, 11)
		if _, err := try(j, message(11)); !errors.Is(err, journal.ErrFailed) {
			t.Errorf("%v: right after: %v", mode, err)
		}
		if len(all(t, j)) != 10 {
			t.Errorf("%v: %d records can be read", mode, len(all(t, j)))
		}
		clock.pass(time.Minute)
		stored = append(stored, put(t, j, message(12)))
		if after := segments(t, fs); len(after) != len(before)+1 {
			t.Errorf("%v: segments %v, then %v", mode, before, after)
		}
		fs = fs.Crash(journaltest.All, random(1))
		j.Close()
		check(t, fs, stored, refused)
	}
}

// What a failed sync leaves on disk is void, even if it could not be taken back.
func TestVoid(t *testing.T) {
	fs, clock := journaltest.New(), &hands{}
	j := open(t, fs, journal.Options{Clock: clock.read})
	stored := []uint64{put(t, j, message(0))}
	name := segments(t, fs)[0]
	whole := func() []byte { return fs.Bytes(name) }
	var dirty []byte
	fs.SetFaults(journaltest.Faults{SyncErr: 1, OnSync: func() {
		if dirty == nil {
			dirty = whole()
		}
	}})
	if _, err := try(j, message(1)); err == nil {
		t.Fatal("stored")
	}
	clock.pass(time.Minute)
	stored = append(stored, put(t, j, message(2)))
	j.Close()
	if len(dirty) <= len(whole()) {
		t.Fatalf("%d bytes, then %d", len(dirty), len(whole()))
	}
	fs.Damage(name, func([]byte) []byte { return dirty })
	check(t, fs, stored, []uint64{2})
}

func TestWearBudget(t *testing.T) {
	j := open(t, journaltest.New(), journal.Options{Limits: journal.Limits{WearBudget: 1 << 20}})
	for i := range 20 {
		put(t, j, message(i))
	}
	if s := j.Stats(); s.Paced == 0 || s.Messages != 20 {
		t.Errorf("%+v", s)
	}
	j = open(t, journaltest.New(), journal.Options{})
	put(t, j, message(1))
	if s := j.Stats(); s.Paced != 0 || s.WrittenPerMessage() < 50 || s.WrittenPerMessage() > 300 {
		t.Errorf("%+v", s)
	}
}

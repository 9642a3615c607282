package journal_test

import (
	"errors"
	"testing"
	"time"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// Sync tries a journal that failed. What that leaves behind is no damage, however the process ends.
func TestProbe(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(fs *journaltest.FS, j *journal.Journal) *journaltest.FS
	}{
		{"closed", func(fs *journaltest.FS, j *journal.Journal) *journaltest.FS { j.Close(); return fs }},
		{"killed", func(fs *journaltest.FS, _ *journal.Journal) *journaltest.FS {
			return fs.Crash(journaltest.Nothing, nil)
		}},
		{"power cut", func(fs *journaltest.FS, _ *journal.Journal) *journaltest.FS { return fs.Crash(journaltest.All, nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			fs, clock := journaltest.New(), &hands{}
			j := open(t, fs, journal.Options{Clock: clock.read})
			put(t, j, message(1))
			fs.SetFaults(journaltest.Faults{SyncErr: 2})
			if _, err := try(j, message(2)); err == nil {
				t.Fatal("stored")
			}
			if err := j.Sync(); err == nil {
				t.Error("tried before its time")
			}
			clock.pass(2 * time.Second)
			if err := j.Sync(); err == nil || j.Stats().Failed == nil {
				t.Errorf("on a disk that still fails: %v", err)
			}
			clock.pass(2 * time.Second)
			if err := j.Sync(); err != nil || j.Stats().Failed != nil {
				t.Errorf("on a disk that works: %v, %v", err, j.Stats().Failed)
			}
			fs = test.end(fs, j)
			j = open(t, fs, journal.Options{})
			if r := j.Report(); len(r.Lost) > 0 || r.Records != 1 {
				t.Errorf("found %+v", r)
			}
			put(t, j, message(3))
			j.Close()
			if r := open(t, fs, journal.Options{}).Report(); len(r.Lost) > 0 || r.Records != 2 || !r.Clean {
				t.Errorf("found later %+v", r)
			}
		})
	}
}

// Syncs are counted by how long they take.
func TestSyncTime(t *testing.T) {
	fs, clock := journaltest.New(), &hands{}
	j := open(t, fs, journal.Options{Clock: clock.read})
	for _, d := range []time.Duration{time.Millisecond, 3 * time.Millisecond, 2 * time.Second} {
		fs.SetFaults(journaltest.Faults{OnSync: func() { clock.pass(d) }})
		put(t, j, message(1))
	}
	s := j.Stats()
	if s.Syncs != 3 || s.SyncTime < 2*time.Second || s.Slowest < 2*time.Second || s.SyncsIn[1] != 1 || s.SyncsIn[3] != 1 || s.SyncsIn[len(s.SyncsIn)-1] != 1 {
		t.Errorf("%+v", s)
	}
}

// A segment that failed and could not be removed is not in the way of the next try.
func TestLeftover(t *testing.T) {
	fs, clock := journaltest.New(), &hands{}
	j := open(t, fs, journal.Options{Clock: clock.read})
	fail := func() {
		fs.SetFaults(journaltest.Faults{OnSync: func() { fs.SetFaults(journaltest.Faults{ReadOnly: true, SyncErr: 1}) }})
	}
	fail()
	if _, err := try(j, message(1)); err == nil {
		t.Fatal("stored")
	}
	clock.pass(time.Minute)
	fail()
	if err := j.Sync(); err == nil {
		t.Fatal("works")
	}
	if n := j.Stats().Leftovers; n != 2 {
		t.Fatalf("%d leftovers", n)
	}
	fs.SetFaults(journaltest.Faults{})
	clock.pass(time.Minute)
	if err := j.Sync(); err != nil {
		t.Error(err)
	}
	put(t, j, message(2))
	j.Close()
	if r := open(t, fs, journal.Options{}).Report(); len(r.Lost) > 0 || r.Records != 1 {
		t.Errorf("found %+v", r)
	}
}

// A store on a disk that cannot be written has failed from the start, and is locked when it works.
func TestLockedLater(t *testing.T) {
	fs, clock := filled(t, 10), &hands{}
	fs.SetFaults(journaltest.Faults{ReadOnly: true})
	j := open(t, fs, journal.Options{Clock: clock.read})
	if s := j.Stats(); s.Failed == nil || len(all(t, j)) != 10 {
		t.Errorf("%+v, %d records", s, len(all(t, j)))
	}
	clock.pass(time.Minute)
	if err := j.Sync(); err == nil {
		t.Error("works on a disk that cannot be written")
	}
	fs.SetFaults(journaltest.Faults{})
	clock.pass(time.Minute)
	if err := j.Sync(); err != nil || j.Stats().Failed != nil {
		t.Errorf("%v, %v", err, j.Stats().Failed)
	}
	if other, err := journal.Open(fs, journal.Options{}); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a second process: %v, %v", other, err)
	}
	put(t, j, message(10))
}

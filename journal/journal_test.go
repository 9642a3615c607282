package journal_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// What was appended is read back: from a reader, by position, and by the next process.
func TestAppendRead(t *testing.T) {
	for _, mode := range []journal.Sync{journal.Group, journal.Always, journal.Interval} {
		t.Run(mode.String(), func(t *testing.T) {
			dir := journal.Dir(filepath.Join(t.TempDir(), "a", "store"))
			j := open(t, dir, journal.Options{Sync: mode, SegmentSize: 4096})
			const n = 300
			for i := range n {
				if seq := put(t, j, message(i)); seq != uint64(i)+1 {
					t.Fatalf("record %d stands at %d", i, seq)
				}
			}
			if _, err := j.Mark([]byte("s"), []byte("done"), nil); err != nil {
				t.Fatal(err)
			}
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
			check := func(j *journal.Journal) {
				list := all(t, j)
				if len(list) != n+1 {
					t.Fatalf("%d records, want %d", len(list), n+1)
				}
				var buf []byte
				for i, r := range list[:n] {
					var by journal.Record
					var err error
					if buf, err = j.Read(r.Seq, &by, buf); err != nil || !same(&by, r) || !same(r, message(i)) {
						t.Fatalf("record %d: %+v, %+v, %v", i, by, r, err)
					}
				}
				if m := list[n]; !m.Mark || string(m.Key) != "s" || string(m.Payload) != "done" || m.Seq != n+1 || m.ID != m.Seq {
					t.Errorf("mark: %+v", m)
				}
			}
			check(j)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			var visited int
			j = open(t, dir, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) { visited++ }})
			check(j)
			if rep := j.Report(); visited != n+1 || !rep.Clean || len(rep.Lost) > 0 || rep.Next != n+2 || rep.Records != n+1 || rep.Segments < 5 {
				t.Errorf("visited %d, report %+v", visited, rep)
			}
			if seq := put(t, j, message(n)); seq != n+2 {
				t.Errorf("next record stands at %d", seq)
			}
		})
	}
}

// A reader that came to the end goes on when there is more, across segments.
func TestReaderFollows(t *testing.T) {
	j := open(t, journaltest.New(), journal.Options{SegmentSize: 4096})
	rd := j.Reader(0)
	defer rd.Close()
	for i := range 200 {
		var r journal.Record
		if err := rd.Next(&r); !errors.Is(err, io.EOF) {
			t.Fatalf("before record %d: %v", i, err)
		}
		put(t, j, message(i))
		if err := rd.Next(&r); err != nil || !same(&r, message(i)) {
			t.Fatalf("record %d: %+v, %v", i, r, err)
		}
	}
	if rd := j.Reader(150); rd.Next(&journal.Record{}) != nil {
		t.Error("nothing at 150")
	}
}

func TestPositions(t *testing.T) {
	fs, hold := journaltest.New(), make(chan struct{})
	j := open(t, fs, journal.Options{SegmentSize: 4096})
	for i := range 100 {
		put(t, j, message(i))
	}
	if err := j.TrimTo(60); err != nil {
		t.Fatal(err)
	}
	fs.SetFaults(journaltest.Faults{OnSync: func() { <-hold }})
	if _, err := j.Append(message(1), nil); err != nil {
		t.Fatal(err)
	}
	if first := j.First(); first < 40 || first > 60 {
		t.Errorf("first is %d", first)
	}
	for _, test := range []struct {
		name string
		seq  uint64
		err  error
	}{
		{"0", 0, journal.ErrTrimmed}, {"dropped", 1, journal.ErrTrimmed}, {"first", j.First(), nil}, {"stored", 100, nil},
		{"staged", 101, journal.ErrPending}, {"future", 102, journal.ErrLost},
	} {
		var r journal.Record
		if _, err := j.Read(test.seq, &r, nil); !errors.Is(err, test.err) || err == nil && r.Seq != test.seq {
			t.Errorf("%s: %v, %d", test.name, err, r.Seq)
		}
	}
	rd := j.Reader(1)
	defer rd.Close()
	var r journal.Record
	if err := rd.Next(&r); !errors.Is(err, journal.ErrTrimmed) {
		t.Errorf("reader of what was dropped: %v", err)
	}
	if err := rd.Next(&r); err != nil || r.Seq != j.First() {
		t.Errorf("and then: %v, %d", err, r.Seq)
	}
	close(hold)
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	path := filepath.Join(t.TempDir(), "a", "store")
	j := open(t, journal.Dir(path), journal.Options{SegmentSize: 4096})
	for i := range 50 {
		put(t, j, message(i))
	}
	if err := j.Backup(journal.Dir(filepath.Join(path, "..", "copy"))); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(filepath.Dir(path), func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = os.ModeDir | 0o700
		}
		if files++; info.Mode() != want {
			t.Errorf("%s: %v, want %v", name, info.Mode(), want)
		}
		return err
	})
	if err != nil || files < 8 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestOneProcess(t *testing.T) {
	path := t.TempDir()
	for _, dir := range []journal.FS{journaltest.New(), journal.Dir(path)} {
		if runtime.GOOS == "windows" && dir == journal.Dir(path) {
			continue
		}
		j := open(t, dir, journal.Options{})
		if _, err := journal.Open(dir, journal.Options{}); !errors.Is(err, journal.ErrLocked) {
			t.Errorf("second process: %v", err)
		}
		j.Close()
		open(t, dir, journal.Options{}).Close()
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		o    journal.Options
	}{
		{"latest and live", journal.Options{Latest: true, Live: func(*journal.Record) bool { return true }}},
		{"mode", journal.Options{Sync: 9}}, {"negative", journal.Options{SegmentSize: -1}}, {"share", journal.Options{Limits: journal.Limits{MinFreeShare: 100}}},
	} {
		if _, err := journal.Open(journaltest.New(), test.o); err == nil {
			t.Errorf("%s: opened", test.name)
		}
	}
	for _, name := range []string{"group", "always", "interval"} {
		if mode, err := journal.ParseSync(name); err != nil || mode.String() != name {
			t.Errorf("%s: %v, %v", name, mode, err)
		}
	}
	if _, err := journal.ParseSync("never"); err == nil {
		t.Error("never is a mode")
	}
}

func TestNewerFormat(t *testing.T) {
	fs := filled(t, 10)
	fs.Damage(segments(t, fs)[0], newer)
	_, err := journal.Open(fs, journal.Options{})
	if !errors.Is(err, journal.ErrNewer) || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("opened: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	fs, hold := journaltest.New(), make(chan struct{})
	j := open(t, fs, journal.Options{Staging: 4096})
	fs.SetFaults(journaltest.Faults{OnSync: func() { <-hold }})
	if _, err := j.Append(&journal.Record{Payload: make([]byte, 5000)}, nil); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := j.Append(&journal.Record{Mark: true, Subject: []byte("s")}, nil); err == nil {
		t.Error("a mark with a subject was taken")
	}
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = j.Append(message(i), nil)
	}
	if !errors.Is(err, journal.ErrBusy) || j.Stats().Busy != 1 {
		t.Errorf("at the bound of staging: %v, %+v", err, j.Stats())
	}
	close(hold)
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	put(t, j, message(1))
	j.Close()
	if _, err := j.Append(message(1), nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	for _, err := range []error{j.Sync(), j.Close(), j.Reader(0).Next(&journal.Record{})} {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
}

// A commit takes everything that came while the one before was syncing.
func TestGroupCommit(t *testing.T) {
	for _, test := range []struct {
		mode  journal.Sync
		syncs int64 // for the records behind the first
	}{{journal.Group, 1}, {journal.Always, 50}} {
		fs, hold, begun := journaltest.New(), make(chan struct{}), make(chan struct{}, 1000)
		j := open(t, fs, journal.Options{Sync: test.mode})
		put(t, j, message(0))
		before := j.Stats().Syncs
		fs.SetFaults(journaltest.Faults{OnSync: func() { begun <- struct{}{}; <-hold }})
		order := make(chan int, 100)
		add := func(i int) {
			if _, err := j.Append(message(i), journal.Func(func(error) { order <- i })); err != nil {
				t.Fatal(err)
			}
		}
		add(0)
		<-begun
		for i := range 50 {
			add(i + 1)
		}
		close(hold)
		for i := range 51 {
			if got := <-order; got != i {
				t.Fatalf("%v: record %d was told when %d was due", test.mode, got, i)
			}
		}
		if got := j.Stats().Syncs - before - 1; got != test.syncs {
			t.Errorf("%v: %d syncs, want %d", test.mode, got, test.syncs)
		}
	}
}

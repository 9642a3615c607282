package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/internal/storage"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A disk is directories in memory.
type disk struct {
	mu  sync.Mutex
	dir map[string]*journaltest.FS
}

func (d *disk) open(path string) journal.FS { return d.at(path) }

func (d *disk) at(path string) *journaltest.FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir == nil {
		d.dir = map[string]*journaltest.FS{}
	}
	if d.dir[path] == nil {
		d.dir[path] = journaltest.New()
	}
	return d.dir[path]
}

type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func start(t *testing.T, o storage.Options, setup storage.Setup) *storage.Storage {
	t.Helper()
	if setup.Log == nil {
		setup.Log = slog.New(slog.DiscardHandler)
	}
	if setup.Clock == nil {
		setup.Clock = journal.NewClock(nil)
	}
	s := storage.New(o, setup)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t *testing.T, s *storage.Storage, name string, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := s.Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func put(j *journal.Journal, payload string) error {
	done := make(chan error, 1)
	if _, err := j.Append(&journal.Record{Payload: []byte(payload)}, journal.Func(func(err error) { done <- err })); err != nil {
		return err
	}
	return <-done
}

func TestNone(t *testing.T) {
	s := storage.New(storage.Options{}, storage.Setup{})
	if s != nil || s.Dir() != "" || s.Close() != nil || s.State() != nil {
		t.Error("there is a storage without a directory")
	}
	for name := range s.Journals() {
		t.Error(name)
	}
	s.Reload(storage.Options{})
}

func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "gw")
	s := start(t, storage.Options{Dir: dir, Sync: journal.Always}, storage.Setup{})
	if err := put(open(t, s, "mqtt", journal.Options{}), "hello"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "mqtt"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	s = start(t, storage.Options{Dir: dir}, storage.Setup{})
	var got []string
	j := open(t, s, "mqtt", journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) { got = append(got, string(r.Payload)) }})
	if len(got) != 1 || got[0] != "hello" || !j.Report().Clean {
		t.Errorf("found %q, %+v", got, j.Report())
	}
}

func TestOneGateway(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories are not locked there")
	}
	dir := t.TempDir()
	first := start(t, storage.Options{Dir: dir}, storage.Setup{})
	second := storage.New(storage.Options{Dir: dir}, storage.Setup{Log: slog.New(slog.DiscardHandler), Clock: journal.NewClock(nil)})
	if err := second.Start(); !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second gateway in the directory: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, storage.Options{Dir: dir}, storage.Setup{})
}

func TestNames(t *testing.T) {
	s := start(t, storage.Options{Dir: "/store"}, storage.Setup{Disk: new(disk).open})
	open(t, s, "mqtt", journal.Options{})
	for _, name := range []string{"", "lock", "clock", "a/b", "..", "MQTT", "mqtt"} {
		if _, err := s.Open(name, journal.Options{}); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
	if _, err := s.Open("uplink", journal.Options{SegmentSize: -1}); err == nil {
		t.Error("wrong options were taken")
	}
	open(t, s, "uplink", journal.Options{})
	var names []string
	for name := range s.Journals() {
		names = append(names, name)
	}
	if fmt.Sprint(names) != "[mqtt uplink]" {
		t.Errorf("open: %v", names)
	}
	s.Close()
	if _, err := s.Open("late", journal.Options{}); err == nil {
		t.Error("opened after Close")
	}
}

// What the configuration says counts where who opens a journal does not say, and bounds change while it is open.
func TestBounds(t *testing.T) {
	d := new(disk)
	d.at("/store").SetFaults(journaltest.Faults{Capacity: 100 << 20})
	o := storage.Options{Dir: "/store", MaxBytes: storage.Amount{Percent: 1}}
	s := start(t, o, storage.Setup{Disk: d.open})
	bounded, own := open(t, s, "bounded", journal.Options{}), open(t, s, "own", journal.Options{Limits: journal.Limits{Bytes: 1 << 30}})
	fill := func(j *journal.Journal) (err error) {
		for i := 0; err == nil && i < 40; i++ {
			err = put(j, strings.Repeat("x", 100_000))
		}
		return err
	}
	if err := fill(bounded); !errors.Is(err, journal.ErrFull) {
		t.Errorf("at 1%% of the volume: %v", err)
	}
	if err := fill(own); err != nil {
		t.Errorf("with a bound of its own: %v", err)
	}
	if st := s.State(); len(st.Warnings()) != 1 || !strings.Contains(st.Warnings()[0], "bounded") {
		t.Errorf("warnings: %q", st.Warnings())
	}
	o.MaxBytes = storage.Amount{Bytes: 1 << 30}
	s.Reload(o)
	if err := fill(bounded); err != nil {
		t.Errorf("with more room: %v", err)
	}
	o.MinFree = storage.Amount{Percent: 99}
	s.Reload(o)
	for _, name := range []string{"bounded", "own"} {
		d.at("/store/" + name).SetFaults(journaltest.Faults{Capacity: 100 << 20})
	}
	if err := fill(own); !errors.Is(err, journal.ErrNoSpace) {
		t.Errorf("with 99%% to stay free: %v", err)
	}
}

// A journal that failed works again by itself, though nobody writes, and both are told.
func TestResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, log := new(disk), new(lines)
		s := start(t, storage.Options{Dir: "/store"}, storage.Setup{Disk: d.open, Log: slog.New(slog.NewTextHandler(log, nil))})
		var told []error
		j := open(t, s, "mqtt", journal.Options{Failed: func(err error) { told = append(told, err) }})
		if err := put(j, "one"); err != nil {
			t.Fatal(err)
		}
		d.at("/store/mqtt").SetFaults(journaltest.Faults{ReadOnly: true})
		if err := put(j, "two"); !errors.Is(err, journal.ErrFailed) {
			t.Fatalf("on a disk that is read-only: %v", err)
		}
		<-time.After(10 * time.Second)
		if st := s.State(); st.Failed() == nil || !strings.Contains(st.Failed().Error(), "journal mqtt") {
			t.Errorf("state: %+v", st)
		}
		d.at("/store/mqtt").SetFaults(journaltest.Faults{})
		<-time.After(3 * time.Second)
		if st := s.State(); st.Failed() != nil || st.Journals[0].Stats.Failed != nil {
			t.Errorf("does not work again: %v", st.Failed())
		}
		if err := put(j, "three"); err != nil {
			t.Error(err)
		}
		if len(told) != 2 || told[0] == nil || told[1] != nil {
			t.Errorf("told %v", told)
		}
		for _, want := range []string{"nothing can be stored", "storing again"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("%d times in the log: %s\n%s", n, want, log.String())
			}
		}
		s.Close()
	})
}

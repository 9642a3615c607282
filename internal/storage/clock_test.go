package storage_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/internal/storage"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// hands are a clock that tests set. One goroutine at a time.
type hands struct {
	wall   time.Time
	steady time.Duration
}

func (h *hands) read() (time.Time, time.Duration) { return h.wall, h.steady }

func (h *hands) pass(d time.Duration) { h.wall, h.steady = h.wall.Add(d), h.steady+d }

var today = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// boot starts a storage on a machine that was just started, whose clock stands at wall.
func boot(t *testing.T, d *disk, wall time.Time) (*storage.Storage, *journal.Clock, *hands) {
	t.Helper()
	h := &hands{wall: wall}
	clock := journal.NewClock(h.read)
	return start(t, storage.Options{Dir: "/store"}, storage.Setup{Disk: d.open, Clock: clock}), clock, h
}

func TestClockJump(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, test := range []struct {
		name         string
		away         time.Duration // by the machine's clock
		first, later time.Duration // what is believed to have passed then, and more than an hour later
	}{
		{"soon again", time.Hour, time.Hour, 3 * time.Hour},
		{"1970 at boot", -today.Sub(time.Unix(0, 0)), 0, 2 * time.Hour},
		{"back a day", -24 * time.Hour, 0, 2 * time.Hour},
		{"forward a year", year, 0, year + 2*time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := new(disk)
			s, clock, h := boot(t, d, today)
			h.pass(time.Hour)
			before := clock.Now()
			if !before.Equal(today.Add(time.Hour)) {
				t.Fatalf("it is %v", before)
			}
			s.Close()
			s, clock, h = boot(t, d, before.Add(test.away))
			if got := clock.Now().Sub(before); got != test.first {
				t.Errorf("%v have passed, want %v", got, test.first)
			}
			for range 120 {
				h.pass(time.Minute)
				clock.Now()
			}
			if got := clock.Now().Sub(before); got != test.later {
				t.Errorf("two hours later %v have passed, want %v", got, test.later)
			}
			s.Close()
		})
	}
}

// A board that is set right while it runs is believed at once if it was about right, and not later than in an hour.
func TestClockSet(t *testing.T) {
	d := new(disk)
	s, _, _ := boot(t, d, today)
	s.Close()
	_, clock, h := boot(t, d, time.Unix(100, 0))
	h.pass(20 * time.Second)
	clock.Now()
	h.wall = today.Add(30 * time.Second) // the network has told it
	if got := clock.Now().Sub(today); got != 30*time.Second {
		t.Errorf("it is %v later", got)
	}
}

// The time is written down while the gateway runs: a power cut costs ten minutes of it at most.
func TestClockIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		s := start(t, storage.Options{Dir: "/store"}, storage.Setup{Disk: d.open})
		began := time.Now()
		<-time.After(3*time.Hour + time.Second)
		crashed := &disk{}
		crashed.dir = map[string]*journaltest.FS{"/store": d.at("/store").Clone()}
		s.Close()
		h := &hands{wall: time.Unix(0, 0)}
		clock := journal.NewClock(h.read)
		start(t, storage.Options{Dir: "/store"}, storage.Setup{Disk: crashed.open, Clock: clock}).Close()
		if got := clock.Now().Sub(began); got < 3*time.Hour-10*time.Minute {
			t.Errorf("%v have passed, want 3 hours or so", got)
		}
	})
}

// One bit that is flipped costs the last note of the time, and is told.
func TestClockDamage(t *testing.T) {
	d := new(disk)
	for i := range 2 {
		s, _, _ := boot(t, d, today.Add(time.Duration(i)*time.Hour))
		s.Close()
	}
	whole := d.at("/store").Bytes("clock")
	if len(whole) < 4096+28 {
		t.Fatalf("%d bytes", len(whole))
	}
	for bit := range 8 * len(whole) {
		if whole[bit/8] == 0 && (bit/8)%4096 >= 28 {
			continue // nothing is there
		}
		log := new(lines)
		fs := d.at("/store").Clone()
		fs.Damage("clock", func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b })
		h := &hands{wall: time.Unix(0, 0)}
		clock := journal.NewClock(h.read)
		s := storage.New(storage.Options{Dir: "/store"}, storage.Setup{
			Disk: func(string) journal.FS { return fs }, Clock: clock, Log: slog.New(slog.NewTextHandler(log, nil)),
		})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		if got := clock.Now(); got.Before(today) || got.After(today.Add(time.Hour)) || !strings.Contains(log.String(), "clock file is damaged") {
			t.Errorf("bit %d: it is %v, log %q", bit, got, log)
		}
		s.Close()
	}
	for _, junk := range []string{"", "x", strings.Repeat("LGclok\r\n", 1000)} {
		fs := d.at("/store").Clone()
		fs.Damage("clock", func([]byte) []byte { return []byte(junk) })
		s := storage.New(storage.Options{Dir: "/store"}, storage.Setup{
			Disk: func(string) journal.FS { return fs }, Clock: journal.NewClock(nil), Log: slog.New(slog.DiscardHandler),
		})
		if err := s.Start(); err != nil {
			t.Errorf("%.10q: %v", junk, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%.10q: %v", junk, err)
		}
	}
}

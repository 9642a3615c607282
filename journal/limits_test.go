package journal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

const epoch = int64(1_800_000_000) * int64(time.Second)

func TestLimits(t *testing.T) {
	const n = 300
	for _, test := range []struct {
		name   string
		limits journal.Limits
		ok     func(s journal.Stats) bool
	}{
		{"none", journal.Limits{}, func(s journal.Stats) bool { return s.First == 1 }},
		{"messages", journal.Limits{Messages: 100}, func(s journal.Stats) bool { return s.First > 150 && s.First <= n-100+1 }},
		{"bytes", journal.Limits{Bytes: 40 << 10}, func(s journal.Stats) bool { return s.Bytes <= 40<<10 && s.Bytes > 30<<10 }},
		{"age", journal.Limits{Age: 100 * time.Second}, func(s journal.Stats) bool { return s.First > 150 && s.First <= n-100+1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock, trimmed := &hands{}, make(chan uint64, 1000)
			clock.wall.Store(epoch)
			fs := journaltest.New()
			j := open(t, fs, journal.Options{SegmentSize: 4096, Limits: test.limits, Clock: clock.read, Trimmed: func(first uint64) { trimmed <- first }})
			for i := range n {
				r := message(i)
				r.Time = 0
				clock.pass(time.Second)
				put(t, j, r)
			}
			if err := j.Tidy(); err != nil {
				t.Fatal(err)
			}
			s := j.Stats()
			if !test.ok(s) {
				t.Errorf("%+v", s)
			}
			var told uint64 = 1
			for len(trimmed) > 0 {
				told = <-trimmed
			}
			if told != s.First || s.Dropped != int64(s.First)-1 || s.Live != n-s.Dropped {
				t.Errorf("told that the log begins at %d, %+v", told, s)
			}
			j.Close()
			j = open(t, fs, journal.Options{Clock: clock.read})
			if rep := j.Report(); len(rep.Lost) > 0 || rep.First != s.First || !rep.Clean {
				t.Errorf("dropped segments are missed: %+v", rep)
			}
		})
	}
}

// With Refuse, the log does not grow beyond Bytes, marks go on, and space comes back when records are dropped.
func TestRefuse(t *testing.T) {
	j := open(t, journaltest.New(), journal.Options{Limits: journal.Limits{Bytes: 64 << 10, Refuse: true}})
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		_, err = try(j, message(i))
	}
	if s := j.Stats(); !errors.Is(err, journal.ErrFull) || s.Bytes > 64<<10 || s.First != 1 || s.Refused != 1 {
		t.Errorf("%v, %+v", err, s)
	}
	if _, err := j.Mark([]byte("k"), []byte("done"), nil); err != nil {
		t.Errorf("mark: %v", err)
	}
	if err := j.TrimTo(100); err != nil {
		t.Fatal(err)
	}
	put(t, j, message(1))
}

// The last message of every subject stays, however old, in a log that stays small.
func TestLatest(t *testing.T) {
	fs := journaltest.New()
	o := journal.Options{SegmentSize: 4096, Latest: true}
	j := open(t, fs, o)
	record := func(subject string, v int) *journal.Record {
		return &journal.Record{Time: 1, Key: []byte("k"), Subject: []byte(subject), Payload: fmt.Append(nil, v)}
	}
	for i := range 10 {
		put(t, j, record(fmt.Sprint("old.", i), i))
	}
	for i := range 3000 {
		put(t, j, record(fmt.Sprint("new.", i%7), i))
	}
	if err := j.Tidy(); err != nil {
		t.Fatal(err)
	}
	check := func(j *journal.Journal) {
		t.Helper()
		get := func(subject string) string {
			var r journal.Record
			seq, ok := j.Latest([]byte("k"), []byte(subject))
			if _, err := j.Read(seq, &r, nil); !ok || err != nil {
				t.Errorf("%s: %v, %v", subject, ok, err)
			}
			return string(r.Payload)
		}
		for i := range 10 {
			if got := get(fmt.Sprint("old.", i)); got != fmt.Sprint(i) {
				t.Errorf("old %d: %s", i, got)
			}
		}
		for i := range 7 {
			if got, want := get(fmt.Sprint("new.", (2993+i)%7)), fmt.Sprint(2993+i); got != want {
				t.Errorf("new %d: %s, want %s", i, got, want)
			}
		}
		if _, ok := j.Latest([]byte("k"), []byte("none")); ok {
			t.Error("there is a none")
		}
		if s := j.Stats(); s.Live != 17 || s.Bytes > 16<<10 {
			t.Errorf("%+v", s)
		}
	}
	check(j)
	if s := j.Stats(); s.Carried < 10 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
	j.Close()
	j = open(t, fs, o)
	check(j)
}

// Clocks jump: 1970 at boot, back a day, forward a year. Nothing is dropped for it, and nothing refused.
func TestClockJump(t *testing.T) {
	const age, year = 48 * time.Hour, 365 * 24 * time.Hour
	for _, test := range []struct {
		name string
		jump time.Duration // while running
		boot time.Duration // or while it is not
	}{
		{"back a day", -24 * time.Hour, 0}, {"forward a year", year, 0}, {"to 1970", -time.Duration(epoch), 0},
		{"1970 at boot", 0, -time.Duration(epoch)}, {"back a day at boot", 0, -24 * time.Hour}, {"forward a year at boot", 0, year},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock, fs := &hands{}, journaltest.New()
			clock.wall.Store(epoch)
			o := journal.Options{SegmentSize: 4096, Limits: journal.Limits{Age: age}, Clock: clock.read}
			j := open(t, fs, o)
			fill := func(n int) {
				for i := range n {
					r := message(i)
					r.Time = 0
					put(t, j, r)
					clock.pass(time.Second)
				}
			}
			fill(100)
			if test.boot != 0 {
				j.Close()
				clock.wall.Add(int64(test.boot))
				clock.steady.Store(0)
				j = open(t, fs, o)
			}
			clock.wall.Add(int64(test.jump))
			for range 10 {
				fill(10)
				clock.pass(time.Minute)
				if err := j.Tidy(); err != nil {
					t.Fatal(err)
				}
			}
			if s := j.Stats(); s.First != 1 || s.Messages < 100 {
				t.Errorf("dropped after a jump: %+v", s)
			}
			clock.wall.Add(-int64(test.jump + test.boot)) // it is set right
			fill(100)
			clock.pass(age - time.Hour)
			if err := j.Tidy(); err != nil || j.First() != 1 {
				t.Errorf("dropped too early: from %d, %v", j.First(), err)
			}
			fill(100) // sometimes by hours
			for range 3 {
				clock.pass(time.Hour)
				if err := j.Tidy(); err != nil {
					t.Fatal(err)
				}
			}
			if j.First() == 1 && test.jump+test.boot <= 0 {
				t.Error("nothing is dropped any more")
			}
		})
	}
}

// Time that really passed while the store was closed is believed after an hour.
func TestLongAway(t *testing.T) {
	clock, fs := &hands{}, journaltest.New()
	clock.wall.Store(epoch)
	o := journal.Options{SegmentSize: 4096, Limits: journal.Limits{Age: time.Hour}, Clock: clock.read}
	j := open(t, fs, o)
	for i := range 100 {
		r := message(i)
		r.Time = 0
		put(t, j, r)
	}
	j.Close()
	clock.wall.Add(int64(30 * 24 * time.Hour))
	j = open(t, fs, o)
	if err := j.Tidy(); err != nil || j.First() != 1 {
		t.Errorf("believed at once: from %d, %v", j.First(), err)
	}
	for range 70 {
		clock.pass(time.Minute)
	}
	if err := j.Tidy(); err != nil || j.First() == 1 {
		t.Errorf("not believed after an hour: %v", err)
	}
}

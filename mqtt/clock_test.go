package mqtt

import (
	"sync"
	"testing"
	"time"

	"leafgate/journal"
	"leafgate/journal/journaltest"
	"leafgate/mapping"
)

// A fakeClock is a board's: its time may jump, its steady one does not.
type fakeClock struct {
	mu     sync.Mutex
	wall   time.Time
	steady time.Duration
}

func (c *fakeClock) source() (time.Time, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, c.steady
}

// pass lets d pass, and the time then be off by jump.
func (c *fakeClock) pass(d, jump time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steady += d
	c.wall = c.wall.Add(d + jump)
}

// Sessions and messages expire when their time has passed, whatever a clock says that has jumped: 1970 at a start ends
// nothing and keeps nothing for ever, a year ahead ends nothing, a day back keeps nothing longer.
func TestClockJump(t *testing.T) {
	const hour = time.Hour
	for _, x := range []struct {
		name   string
		boot   time.Time     // what the board says when it starts again; zero: the truth
		jump   time.Duration // and a while later
		passed time.Duration // since the session's client went, all in all, not counting while it was off
		ended  bool
	}{
		{name: "1970", boot: time.Unix(0, 0), passed: 30 * time.Minute},
		{name: "1970, and the time passes", boot: time.Unix(0, 0), passed: 3 * hour, ended: true},
		{name: "a year ahead", jump: 365 * 24 * hour, passed: 30 * time.Minute},
		{name: "a day back, and the time passes", jump: -24 * hour, passed: 3 * hour, ended: true},
		{name: "a day back", jump: -24 * hour, passed: 30 * time.Minute},
		{name: "the truth", passed: 30 * time.Minute},
	} {
		t.Run(x.name, func(t *testing.T) {
			clock := &fakeClock{wall: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
			disks := map[string]*journaltest.FS{}
			disk := func(dir string) journal.FS {
				if disks[dir] == nil {
					disks[dir] = journaltest.New()
				}
				return disks[dir]
			}
			dir := t.TempDir()
			f := newStored(t, dir, disk, journal.NewClock(clock.source))
			if err := f.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			s := away(t, f, "s", "t")
			s.mu.Lock()
			s.expiry = 7200
			s.expireAt = f.now() + int64(2*hour)
			s.save()
			s.mu.Unlock()
			f.store.Flush()
			offer(t, f, "r", true, 1)
			key := s.key
			end(t, f)
			if !x.boot.IsZero() {
				clock.pass(0, x.boot.Sub(clock.wall))
			}
			f = newStored(t, dir, disk, journal.NewClock(clock.source))
			if err := f.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer end(t, f)
			clock.pass(0, x.jump)
			f.now()
			clock.pass(x.passed, 0)
			f.agenda.work()
			f.mu.Lock()
			ended := f.sessions[key] == nil
			f.mu.Unlock()
			if ended != x.ended {
				t.Errorf("session ended: %v, want %v, at %v", ended, x.ended, time.Unix(0, f.now()))
			}
			filter := mapping.Filter{Subject: "r"}
			if got := f.retained.match(nil, f.account("$G"), &filter, f.now()); len(got) != 1 {
				t.Errorf("%d retained messages", len(got))
			}
		})
	}
}

package journal

import (
	"sync"
	"time"
)

const (
	// A clock that differs by more from what is expected has jumped.
	clockSlack = time.Minute
	// After a jump forward it is believed once it ran steadily for so long. A start after a long time is a jump.
	clockSettle = time.Hour
	// A start within so long after the last time that was believed is none.
	clockAway = 24 * time.Hour
)

// A Clock tells the time that age and expiry are reckoned by. It never goes back, and follows a jump forward only when the
// new time has been steady: boards without a clock start in 1970, and are set later, sometimes wrongly. A nil Clock tells
// the time of the machine. Its methods may be called from any goroutine.
type Clock struct {
	source func() (time.Time, time.Duration)

	mu     sync.Mutex // protects the fields below
	wall   int64      // as last seen, Unix nanoseconds
	steady time.Duration
	trust  int64         // the time that is believed
	behind bool          // trust does not follow wall
	since  time.Duration // steady when wall jumped
}

// NewClock returns a clock over source, which tells the time and a time that does not jump; nil: those of the machine.
func NewClock(source func() (wall time.Time, steady time.Duration)) *Clock {
	c := &Clock{source: orMachine(source)}
	c.Start(time.Time{})
	return c
}

func orMachine(source func() (time.Time, time.Duration)) func() (time.Time, time.Duration) {
	if source != nil {
		return source
	}
	start := time.Now()
	return func() (time.Time, time.Duration) {
		now := time.Now() // one reading of both clocks: this is asked for every record
		return now, now.Sub(start)
	}
}

// Start begins with the latest time that is known from before; zero: none.
func (c *Clock) Start(known time.Time) {
	if known.IsZero() {
		c.start(0)
		return
	}
	c.start(known.UnixNano())
}

func (c *Clock) start(known int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, steady := c.source()
	c.wall, c.steady, c.since = wall.UnixNano(), steady, steady
	c.trust, c.behind = c.wall, false
	if known != 0 {
		c.behind = c.wall < known || c.wall-known > int64(clockAway)
		c.trust = known
	}
	if !c.behind {
		c.trust = c.wall
	}
}

// Now is the time that is believed.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return time.Unix(0, c.now())
}

// firstLight is before every machine that runs this.
var firstLight = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Valid is the time to judge by whether a certificate is valid: the machine's as it is, because nobody is to be locked out
// for a clock that was set, unless it was not set at all since the start: then the one that is believed.
func (c *Clock) Valid() time.Time {
	if c == nil {
		return time.Now()
	}
	if wall, _ := c.source(); wall.After(firstLight) {
		return wall
	}
	return c.Now()
}

// now is the time that is believed, Unix nanoseconds.
func (c *Clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, steady := c.source()
	passed := steady - c.steady
	drift := time.Duration(wall.UnixNano()-c.wall) - passed
	c.wall, c.steady = wall.UnixNano(), steady
	c.trust += int64(passed)
	if drift > clockSlack || drift < -clockSlack {
		c.behind, c.since = true, steady
	}
	if c.behind && c.wall >= c.trust && (steady-c.since >= clockSettle || c.wall-c.trust < int64(clockSlack)) {
		c.behind = false
	}
	if !c.behind {
		c.trust = max(c.trust, c.wall)
	}
	return c.trust
}

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

// A clock tells the time that age is reckoned by. It never goes back, and follows a jump forward only when the new time
// has been steady: boards without a clock start in 1970, and are set later, sometimes wrongly.
type clock struct {
	source func() (time.Time, time.Duration)

	mu     sync.Mutex // protects the fields below
	wall   int64      // as last seen, Unix nanoseconds
	steady time.Duration
	trust  int64         // the time that is believed
	behind bool          // trust does not follow wall
	since  time.Duration // steady when wall jumped
}

// start begins with the latest time that is known from before; 0: none.
func (c *clock) start(known int64) {
	wall, steady := c.source()
	c.wall, c.steady, c.since = wall.UnixNano(), steady, steady
	c.trust = c.wall
	if known != 0 {
		c.behind = c.wall < known || c.wall-known > int64(clockAway)
		c.trust = known
	}
	if !c.behind {
		c.trust = c.wall
	}
}

// now is the time that is believed, Unix nanoseconds.
func (c *clock) now() int64 {
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

package mqtt

import (
	"sync"
	"time"
)

// A client that is ahead is read in steps: so many publications, or bytes of them, then a pause. It is not stopped for good,
// since what others wait for, acknowledgements above all, may stand behind what it publishes.
const (
	stepSize  = 64
	stepBytes = 64 << 10
	stepPause = 20 * time.Millisecond // the first one, for stepBytes or less; each that does not help is twice as long
	mostPause = time.Second
)

// A step is what a Feed takes of a client's publications.
type step struct {
	ahead, over bool
	n           int
	bytes       int64
	pause       time.Duration // the last one, if it did not help
}

// next is the step behind s.
func (s step) next(ahead bool) step {
	if !ahead {
		return step{}
	}
	return step{ahead: true, pause: s.pause}
}

func (c *conn) nextStep() step {
	c.ackMu.Lock()
	defer c.ackMu.Unlock()
	return c.step.next(c.withheld.tooMany(c.options()))
}

func (s *step) take(size int64) {
	s.n++
	s.bytes += size
	s.over = s.ahead && (s.n >= stepSize || s.bytes >= stepBytes)
}

// pauseFor is how long to pause behind s.
func (s *step) pauseFor() time.Duration {
	s.pause = min(mostPause, max(2*s.pause, stepPause*time.Duration(max(1, s.bytes/stepBytes))))
	return s.pause
}

// withheld counts publications of a client whose acknowledgements wait for somebody: under conn.ackMu.
type withheld struct {
	n     int
	bytes int64
	eased func() // ends a pause; nil: there is none
}

// tooMany: a publisher that waits for acknowledgements when it has as many under way as CONNACK says, if it could read that,
// would not have come so far. Two publications that are large would have.
func (w *withheld) tooMany(o *options) bool {
	return w.n > int(o.receiveMaximum) || w.n > 1 && w.bytes > o.maxQueuedBytes/8
}

// add and sub count b in and out.
func (w *withheld) add(b *burst) { w.n += b.taken; w.bytes += b.bytes }

func (w *withheld) sub(b *burst, o *options) {
	w.n -= b.taken
	w.bytes -= b.bytes
	if w.eased != nil && !w.tooMany(o) {
		w.eased()
		w.eased = nil
	}
}

// pauseIfAhead stops reading, for a while, from a client that publishes without waiting for acknowledgements that are
// withheld: read on, it would fill the queues that withhold them until these refuse. 3.1.1 has no other way to tell.
func (c *conn) pauseIfAhead() error {
	c.ackMu.Lock()
	defer c.ackMu.Unlock()
	ahead := c.withheld.tooMany(c.options())
	if !ahead && !c.step.over {
		return nil
	}
	done := make(chan struct{})
	eased := sync.OnceFunc(func() { close(done) })
	if ahead {
		c.withheld.eased = eased
		pause := c.step.pauseFor()
		if c.session.holds.Load() { // others wait for its own acknowledgements, and those stand behind what it publishes
			pause, c.step.pause = stepPause, 0
		}
		time.AfterFunc(pause, eased)
	} else {
		eased() // what the step has left is fed at once
	}
	return c.net.PauseUntil(done)
}

package mqtt

import (
	"sync"
	"time"
)

// longestPause is how long a publisher is not read, at most: what others wait for, acknowledgements above all, may stand
// behind what it publishes.
const longestPause = 250 * time.Millisecond

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
	if !c.withheld.tooMany(c.options()) {
		return nil
	}
	done := make(chan struct{})
	c.withheld.eased = sync.OnceFunc(func() { close(done) })
	time.AfterFunc(longestPause, c.withheld.eased)
	return c.net.PauseUntil(done)
}

package netio

import (
	"errors"
	"time"

	"leafgate/core"
)

// The park driver: a goroutine per connection, parked in the runtime's poller while nothing comes. It borrows a buffer and
// a batch for as long as there is something to read.

// serve reads until the end.
func (c *Conn) serve() {
	err := c.sock.park(c.readable)
	for errors.Is(err, ErrPause) {
		if err = c.resume(); err == nil {
			err = c.sock.park(c.readable)
		}
	}
	if err == errRenew {
		c.lis.wg.Go(c.serve)
		return
	}
	c.finish(c.sock.atEnd(err))
}

// errRenew ends the goroutine, not the connection: another goes on.
var errRenew = errors.New("continue on a fresh stack")

// A burst is what is read and fed before the goroutine parks again.
type burst struct {
	c     *Conn
	batch *core.Batch
	buf   []byte // borrowed; the beginning of a unit is at its front, unless that is in c.carry
	have  int    // bytes of that
	reads int    // since the last flush
	bytes int
}

// burstReads is how often a connection that is never out of bytes reads before others see what it has published.
const burstReads = 16

// readable reads and feeds until the socket has nothing more; only then may the goroutine park. It answers nil to park,
// ErrPause, or why the connection ends.
func (c *Conn) readable() error {
	b := burst{c: c, batch: c.lis.driver.engine.Get()}
	b.borrow()
	c.feeding.Lock()
	err := b.run()
	over := b.flush()
	if err == nil && over {
		err = errOver
	}
	if err == nil || errors.Is(err, ErrPause) {
		if e := b.giveBack(); e != nil {
			err = e
		}
	} else if b.buf != nil {
		c.lis.driver.buffers.put(b.buf)
	}
	c.lis.driver.engine.Put(b.batch)
	if err == nil && c.renew {
		c.renew = false
		c.renews++
		return errRenew
	}
	return err
}

// run is called with c.feeding held, and returns so.
func (b *burst) run() error {
	c := b.c
	for {
		into, err := b.space()
		if err != nil {
			return err
		}
		n, err := c.sock.read(into)
		if err != nil {
			if err == errWouldBlock {
				return nil
			}
			return err
		}
		if n > 0 {
			if b.bytes == 0 {
				c.read.Store(time.Now().UnixNano())
			}
			if err := b.took(n); err != nil {
				return err
			}
		}
		b.reads++
		b.bytes += n
		if b.reads >= burstReads || b.bytes >= readSize {
			over := b.flush()
			c.feeding.Lock()
			if over {
				return errOver
			}
		}
	}
}

// took feeds what is known now that n more bytes have come.
func (b *burst) took(n int) error {
	c := b.c
	var all []byte
	if c.carry != nil {
		c.carry = c.carry[:len(c.carry)+n]
		all = c.carry
	} else {
		b.have += n
		all = b.buf[:b.have]
	}
	if len(all) < c.expect {
		return nil // not whole yet: nobody need look
	}
	c.expect = 0
	k, err := c.session.Feed(b.batch, all)
	rest := all[k:]
	if c.fresh != nil {
		b.switchOver(rest)
		return err
	}
	if c.carry == nil {
		b.have = copy(b.buf, rest)
		return err
	}
	if len(rest) <= readSize/2 {
		if b.buf == nil {
			b.buf = c.lis.driver.buffers.get()
		}
		b.have = copy(b.buf, rest)
		c.dropCarry()
		return err
	}
	if k > 0 {
		c.carry = c.carry[:copy(c.carry, rest)]
	}
	return err
}

// flush ends a read burst for everybody who got something. c.feeding is held, and is not any more when it returns. over:
// the end has begun.
func (b *burst) flush() (over bool) {
	c := b.c
	b.reads, b.bytes = 0, 0
	b.batch.Flush()
	c.feeding.Unlock()
	over = c.flush()
	if c.ticking.Load() {
		c.catchUp()
	}
	if b.batch.Congested() {
		c.stall(b.batch)
	}
	return over
}

// maxStall is how long a publisher is paused, at most, for each burst.
const maxStall = 10 * time.Millisecond

func (c *Conn) stall(batch *core.Batch) {
	limit := make(chan struct{})
	if c.terms().NoStall {
		close(limit)
	} else {
		c.lis.driver.stalled.Add(1)
		t := time.AfterFunc(maxStall, func() { close(limit) })
		defer t.Stop()
	}
	batch.Throttle(limit)
}

// resume waits for blocking work, then feeds what has been kept: no event will come for it.
func (c *Conn) resume() error {
	<-c.worked
	c.worked = nil
	c.read.Store(time.Now().UnixNano())
	c.paused.Store(false)
	if c.over() {
		return errOver
	}
	b := burst{c: c, batch: c.lis.driver.engine.Get()}
	defer c.lis.driver.engine.Put(b.batch)
	c.feeding.Lock()
	c.expect = 0
	n, err := c.session.Feed(b.batch, c.carry)
	if rest := c.carry[n:]; c.fresh != nil {
		c.fresh.give(rest)
		c.fresh = nil
		c.dropCarry()
	} else if len(rest) > 0 {
		c.carry = c.carry[:copy(c.carry, rest)]
	} else {
		c.dropCarry()
	}
	if b.flush() && err == nil {
		err = errOver
	}
	return err
}

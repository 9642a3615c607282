package netio

import (
	"errors"
	"fmt"
	"os"
	"time"

	"leafgate/core"
)

// How publishers and the session write. One mutex guards the queue and the state; it is never held over a system call.
// Whoever finds the socket idle writes, straight from the bytes it was lent; others queue and leave, and the writer takes
// along what they queued. What the kernel refuses is copied, and from then on only the owner goroutine writes.

// Append queues own bytes, copied, behind everything queued before. They go out at the end of the read burst, or by Flush.
func (c *Conn) Append(b []byte) { c.AppendBoth(b, nil) }

// AppendBoth is Append for head and rest, with nothing between them.
func (c *Conn) AppendBoth(head, rest []byte) {
	c.mu.Lock()
	if c.state&(ending|closed) == 0 {
		c.put(head, rest)
		if !c.terms().DropAtBound {
			c.verdict()
		}
	}
	c.unlock()
}

// Queue is Run for messages that concern this connection alone: it only queues head and rest, copied. A [core.Sink.Flush]
// follows.
func (c *Conn) Queue(head, rest []byte) core.Verdict {
	c.mu.Lock()
	v := c.enqueue(head, rest, 1)
	c.unlock()
	return v
}

// Run implements core.Sink.
func (c *Conn) Run(head, rest []byte, n int, more bool) core.Verdict {
	c.mu.Lock()
	if more || c.state != 0 {
		v := c.enqueue(head, rest, n)
		c.unlock()
		return v
	}
	c.state = writing
	q := c.take()
	c.mu.Unlock()
	return c.write(&q, head, rest)
}

// Flush implements core.Sink: it writes what is queued, if nobody else does.
func (c *Conn) Flush() { c.flush() }

// flush says, by the way, whether the end has begun.
func (c *Conn) flush() (over bool) {
	c.mu.Lock()
	over = c.state&(ending|closed) != 0
	if c.state&^ending != 0 || c.out.first == nil && !c.sock.dirty() {
		c.mu.Unlock()
		return over
	}
	c.state |= writing
	q := c.take()
	c.mu.Unlock()
	c.write(&q, nil, nil)
	return over
}

func (c *Conn) take() queue {
	q := c.out
	c.out = queue{}
	return q
}

// enqueue copies b and rest, n messages, behind the queue. c.mu is held.
func (c *Conn) enqueue(b, rest []byte, n int) core.Verdict {
	if c.state&(ending|closed) != 0 {
		return core.Refused
	}
	if c.terms().DropAtBound && c.full(int64(len(b)+len(rest)), n) {
		return core.Refused
	}
	c.put(b, rest)
	return c.verdict()
}

// put queues b and rest, copied. c.mu is held.
func (c *Conn) put(b, rest []byte) {
	d := c.lis.driver
	c.out.append(&d.chunks, b)
	c.out.append(&d.chunks, rest)
	c.account(len(b) + len(rest))
}

// account counts n bytes more, or fewer, as pending. c.mu is held.
func (c *Conn) account(n int) {
	c.pending.Add(int64(n))
	c.lis.driver.queued.Add(int64(n))
}

// verdict is what a publisher hears after bytes were queued. c.mu is held.
func (c *Conn) verdict() core.Verdict {
	switch n, t := c.pending.Load(), c.terms(); {
	case n > t.MaxPending && !t.DropAtBound:
		c.close(ErrSlowConsumer)
		return core.Refused
	case n > c.highWater() && c.takesBytes():
		return core.Congested
	}
	return core.Taken
}

// highWater is from how many bytes on publishers should slow down.
func (c *Conn) highWater() int64 { return c.terms().MaxPending / 4 * 3 }

// takesBytes says whether the peer still reads, if slowly: who takes nothing stalls nobody. c.mu is held.
func (c *Conn) takesBytes() bool { return time.Now().UnixNano()-c.progress < int64(stallPatience) }

const (
	stallPatience = 250 * time.Millisecond // a socket with a full buffer takes bytes in lumps
	stallStep     = 10 * time.Millisecond
	writeRounds   = 4 // over what others queue meanwhile, before the owner takes over
)

// unlock lets go of c.mu and does what must not be done under it.
func (c *Conn) unlock() {
	cut := c.state&cutting != 0
	c.state &^= cutting
	c.mu.Unlock()
	if cut {
		c.sock.shutdown()
	}
	if d := c.lis.driver; d.queued.Load() > d.budget.Load() {
		d.shed()
	}
}

// write sends q, then head and rest, which are lent. The caller has set writing, which makes it the only writer. It never
// blocks.
func (c *Conn) write(q *queue, head, rest []byte) core.Verdict {
	for round := 1; ; round++ {
		queued, lent, again, err := c.sock.write(&c.lis.driver.chunks, q, head, rest)
		c.written.Add(int64(queued + lent))
		c.mu.Lock()
		c.wrote(queued, err)
		if c.state&closed != 0 {
			q.drop(&c.lis.driver.chunks)
			return c.release(writing, core.Refused)
		}
		if lent < len(head)+len(rest) { // before what others queued
			q.append(&c.lis.driver.chunks, head[min(lent, len(head)):])
			q.append(&c.lis.driver.chunks, rest[max(lent-len(head), 0):])
			c.account(len(head) + len(rest) - lent)
		}
		q.join(&c.out)
		c.out, head, rest = *q, nil, nil
		if !again && c.out.first == nil && !c.sock.dirty() {
			return c.release(writing, core.Taken)
		}
		if again || round == writeRounds {
			return c.handOver()
		}
		*q = c.take()
		c.mu.Unlock()
	}
}

// wrote takes note of what became of a write of n queued bytes. c.mu is held.
func (c *Conn) wrote(n int, err error) {
	if c.state&closed == 0 { // else close has settled the account
		c.account(-n)
	}
	if err != nil {
		c.close(fmt.Errorf("write: %w", err))
	}
}

// release ends what the caller was as a writer. c.mu is held, and is not any more when it returns.
func (c *Conn) release(was state, v core.Verdict) core.Verdict {
	c.state &^= was
	c.wake()
	last := c.state&finished != 0
	c.unlock()
	if last {
		c.sock.close()
	}
	return v
}

// wake lets those go on who wait for room. c.mu is held.
func (c *Conn) wake() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// handOver leaves the queue to the owner goroutine. c.mu is held, and is not any more when it returns.
func (c *Conn) handOver() core.Verdict {
	c.progress = time.Now().UnixNano()
	v := c.verdict()
	if c.state&closed != 0 {
		return c.release(writing, v)
	}
	c.state = c.state&^writing | blocked
	c.lis.wg.Go(c.drain)
	c.unlock()
	return v
}

// drain is the owner goroutine: it writes as the socket takes, until nothing is left.
func (c *Conn) drain() {
	for {
		err := c.sock.drain(c.drainStep, c.terms().WriteDeadline)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = ErrWriteDeadline
		}
		c.mu.Lock()
		if err != nil {
			c.close(err)
		}
		if c.state&closed != 0 || c.out.first == nil && !c.sock.dirty() {
			c.release(blocked, core.Taken)
			return
		}
		c.unlock() // more was queued since the last step
	}
}

// drainStep writes once. done: there is no reason to wait for the socket. moved: it took some bytes.
func (c *Conn) drainStep() (done, moved bool) {
	c.mu.Lock()
	if c.state&closed != 0 {
		c.mu.Unlock()
		return true, false
	}
	q := c.take()
	c.mu.Unlock()
	before := c.sock.sent
	n, _, again, err := c.sock.write(&c.lis.driver.chunks, &q, nil, nil)
	moved = c.sock.sent > before // sealed bytes are none of the queue any more
	c.written.Add(int64(n))
	c.mu.Lock()
	defer c.unlock()
	if moved {
		c.progress = time.Now().UnixNano()
	}
	if c.wrote(n, err); c.state&closed != 0 {
		q.drop(&c.lis.driver.chunks)
		return true, moved
	}
	q.join(&c.out)
	c.out = q
	if c.pending.Load() <= c.highWater() {
		c.wake()
	}
	return !again, moved
}

// Throttle implements core.Throttler.
func (c *Conn) Throttle(limit <-chan struct{}) {
	step := time.NewTicker(stallStep)
	defer step.Stop()
	for {
		c.mu.Lock()
		if c.state&(blocked|closed) != blocked || c.pending.Load() <= c.highWater() || !c.takesBytes() {
			c.mu.Unlock()
			return
		}
		room := c.waitRoom()
		c.mu.Unlock()
		select {
		case <-room:
		case <-step.C:
		case <-limit:
			return
		}
	}
}

// waitRoom is closed by wake. c.mu is held.
func (c *Conn) waitRoom() <-chan struct{} {
	if c.room == nil {
		c.room = make(chan struct{})
	}
	return c.room
}

package netio

import "time"

// What a driver does when memory is short: all queues together have a budget, which may shrink while the gateway runs.
//
// Beyond the budget, connections that drop at their bound take nothing more, the larger queues first: their readers lose
// what nobody was promised, and stay. Of the others the largest queue is cut. Only where that does not help is anybody's.

const (
	littleQueued = 64 << 10             // bytes: who has no more waiting is not what takes the memory
	shedPause    = 2 * time.Millisecond // between two looks at all queues that had nothing to cut, at least
)

// QueueBudget is how many bytes may wait for all connections together now.
func (d *Driver) QueueBudget() int64 { return d.budget.Load() }

// SetQueueBudget changes how many bytes may wait for all connections together, from now on, and sheds what is beyond; 0: as
// many as the options say. It may be called from any goroutine that holds no lock of a session.
func (d *Driver) SetQueueBudget(n int64) {
	if n == 0 {
		n = d.opts.QueueBudget
	}
	d.budget.Store(n)
	if d.queued.Load() > n {
		d.shed()
	}
}

// LimitPreAuth makes the budget for connections that are not authenticated yet no larger than n bytes. It comes before Listen.
func (d *Driver) LimitPreAuth(n int64) { d.opts.PreAuthBudget = min(d.opts.PreAuthBudget, n) }

// FreePools lets go of every buffer that waits for its next use. From any goroutine.
func (d *Driver) FreePools() {
	d.buffers.drain()
	d.blocks.drain()
	d.carries.drain()
	d.inflaters.drain()
	d.deflaters.drain()
	d.chunks.small.drain()
	d.chunks.large.drain()
}

// Shed counts what the queue budget has cost since the start: connections that were cut, and messages that were dropped.
func (d *Driver) Shed() (cut, dropped int64) { return d.cut.Load(), d.dropped.Load() }

// full says whether a queue of a connection that drops at its bound has no room for size bytes more, n messages.
func (c *Conn) full(size int64, n int) bool {
	d, pending := c.lis.driver, c.pending.Load()
	if pending+size > c.terms().MaxPending {
		return true
	}
	budget := d.budget.Load()
	over := d.queued.Load() - budget
	if over <= 0 || pending <= littleQueued && over <= budget/4 {
		return false
	}
	d.dropped.Add(int64(n))
	return true
}

// shed cuts the largest queue while all queues together are over the budget. No connection's lock is held.
func (d *Driver) shed() {
	if !d.shedding.TryLock() {
		return
	}
	defer d.shedding.Unlock()
	began := time.Now()
	if began.Before(d.rest) {
		return
	}
	for d.queued.Load() > d.budget.Load() {
		victim := d.victim()
		if victim == nil { // what drops at its bound grows no more, and drains
			now := time.Now()
			d.rest = now.Add(max(shedPause, 4*now.Sub(began)))
			return
		}
		victim.Evict(ErrBudget)
		d.cut.Add(1)
	}
}

// victim is who has most waiting and does not drop at the bound. Who does is spared up to twice the budget, and so is who has
// little waiting; nil: there is nobody else.
func (d *Driver) victim() *Conn {
	var largest, spared *Conn
	var most, mostSpared int64
	for c := range d.conns() {
		switch n := c.Pending(); {
		case n > littleQueued && !c.terms().DropAtBound:
			if n > most {
				largest, most = c, n
			}
		case n > mostSpared:
			spared, mostSpared = c, n
		}
	}
	if largest == nil && d.queued.Load() > 2*d.budget.Load() {
		return spared
	}
	return largest
}

// drain lets go of everything.
func (p *pool[T]) drain() {
	p.mu.Lock()
	p.free = nil
	p.mu.Unlock()
}

func (l *chunkList) drain() {
	l.mu.Lock()
	l.first, l.count = nil, 0
	l.mu.Unlock()
}

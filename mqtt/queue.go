package mqtt

import (
	"leafgate/core"
)

// A memoryQueue is a [Queue] that lives as long as the process. The zero queue is empty, places begin at 1.
//
// Deliveries stand in the order of their places. One that is done leaves at once where it is the first; elsewhere it
// leaves a gap, and gaps are closed when there are more of them than deliveries. So Put, Mark, Get and Done take constant
// time over many calls, but for a search among the few where gaps were closed, and a client that never acknowledges one
// message costs no more than what it has not acknowledged.
type memoryQueue struct {
	entries deque[queueEntry]
	last    uint64 // the latest place
	gaps    int    // how many of entries are done
}

// A queueEntry is a delivery, or the gap that it left.
type queueEntry struct {
	Delivery
	pos  uint64
	done bool
}

// Lasting implements Queue.
func (*memoryQueue) Lasting() bool { return false }

// Put implements Queue. It takes no time and never fails.
func (q *memoryQueue) Put(d Delivery, _ Flight, _ *core.Barrier) (pos uint64, err error) {
	q.last++
	q.entries.push(queueEntry{Delivery: d, pos: q.last})
	return q.last, nil
}

// Get implements Queue.
func (q *memoryQueue) Get(pos uint64) (Delivery, bool) {
	if e := q.find(pos); e != nil {
		return e.Delivery, true
	}
	return Delivery{}, false
}

// Mark implements Queue: the session knows.
func (q *memoryQueue) Mark(uint64, Flight) {}

// Done implements Queue.
func (q *memoryQueue) Done(pos uint64) {
	e := q.find(pos)
	if e == nil {
		return
	}
	*e = queueEntry{pos: pos, done: true}
	q.gaps++
	for first := q.entries.front(); first != nil && first.done; first = q.entries.front() {
		q.entries.pop()
		q.gaps--
	}
	if n := q.entries.len(); n > leastRing && q.gaps > n/2 {
		q.closeGaps()
	}
}

func (e *queueEntry) place() uint64 { return e.pos }

// find returns what is still queued at pos, or nil.
func (q *memoryQueue) find(pos uint64) *queueEntry {
	first := q.entries.front()
	if first == nil || pos < first.pos || pos > q.last {
		return nil
	}
	n := q.entries.search(pos, (*queueEntry).place)
	if e := q.entries.at(n); e.pos == pos && !e.done {
		return e
	}
	return nil
}

// closeGaps passes the deliveries once through the ring.
func (q *memoryQueue) closeGaps() {
	for range q.entries.len() {
		if e, _ := q.entries.pop(); !e.done {
			q.entries.push(e)
		}
	}
	q.gaps = 0
}

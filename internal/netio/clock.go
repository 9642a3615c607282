package netio

import (
	"container/heap"
	"sync"
	"time"
)

// A clock calls connections at the times they asked for, all from one goroutine.
type clock struct {
	wake chan struct{} // the earliest deadline has changed
	done chan struct{}

	mu    sync.Mutex
	queue deadlines
}

func (k *clock) start(wg *sync.WaitGroup) {
	k.wake, k.done = make(chan struct{}, 1), make(chan struct{})
	wg.Go(k.run)
}

func (k *clock) stop() { close(k.done) }

// set gives c a deadline in Unix nanoseconds, or takes it away with 0.
func (k *clock) set(c *Conn, at int64) {
	k.mu.Lock()
	switch {
	case at == 0 && c.tick.index > 0:
		heap.Remove(&k.queue, int(c.tick.index)-1)
	case at == 0:
	case c.tick.index > 0:
		c.tick.at = at
		heap.Fix(&k.queue, int(c.tick.index)-1)
	default:
		c.tick.at = at
		heap.Push(&k.queue, c)
	}
	first := len(k.queue) > 0 && k.queue[0] == c
	k.mu.Unlock()
	if first {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
}

func (k *clock) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		now := time.Now()
		for {
			c, in := k.due(now)
			if c == nil {
				wait = in
				break
			}
			c.ticked()
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-k.wake:
		case <-k.done:
			return
		}
	}
}

// due takes the earliest connection off the queue if its time has come, or says how long that takes.
func (k *clock) due(now time.Time) (*Conn, time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) == 0 {
		return nil, time.Hour
	}
	c := k.queue[0]
	if in := time.Duration(c.tick.at - now.UnixNano()); in > 0 {
		return nil, in
	}
	heap.Pop(&k.queue)
	return c, 0
}

// A deadline is a connection's place in the queue.
type deadline struct {
	at    int64 // Unix nanoseconds
	index int32 // in the queue, from 1; 0: none
}

// deadlines implements heap.Interface.
type deadlines []*Conn

func (q deadlines) Len() int           { return len(q) }
func (q deadlines) Less(i, j int) bool { return q[i].tick.at < q[j].tick.at }

func (q deadlines) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].tick.index, q[j].tick.index = int32(i+1), int32(j+1)
}

func (q *deadlines) Push(x any) {
	c := x.(*Conn)
	*q = append(*q, c)
	c.tick.index = int32(len(*q))
}

func (q *deadlines) Pop() any {
	last := len(*q) - 1
	c := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	c.tick.index = 0
	return c
}

package mqtt

import (
	"container/heap"
	"sync"
	"time"
)

// An agenda calls sessions whose clients are away at the times when their wills and their own end are due, and does what
// has to be done every so often. All of it runs on one goroutine.
type agenda struct {
	module *frontend
	wake   chan struct{}
	done   chan struct{}

	mu    sync.Mutex
	queue appointments
}

const sweepEvery = time.Minute

func (a *agenda) init(f *frontend) {
	a.module, a.wake, a.done = f, make(chan struct{}, 1), make(chan struct{})
}

func (a *agenda) stop() { close(a.done) }

// add calls s.due at a time, Unix nanoseconds. A session that has nothing to do then ignores it.
func (a *agenda) add(s *session, at int64) {
	a.mu.Lock()
	heap.Push(&a.queue, appointment{at, s})
	first := a.queue[0].at == at
	a.mu.Unlock()
	if first {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// end ends a session whose account is gone.
func (a *agenda) end(s *session) {
	s.mu.Lock()
	s.expireAt = 1
	s.mu.Unlock()
	a.add(s, 1)
}

func (a *agenda) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	var sys <-chan time.Time
	if every := a.module.opts.Load().sysInterval; every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		sys = t.C
	}
	for {
		timer.Reset(a.work())
		select {
		case <-timer.C:
		case <-a.wake:
		case <-sweep.C:
			a.module.retained.sweep(a.module.now())
			a.module.store.Flush()
		case now := <-sys:
			a.module.updateSys(now)
		case <-a.done:
			return
		}
	}
}

// work does what is due and says when the next is.
func (a *agenda) work() time.Duration {
	e := a.module.env.Engine
	for {
		now := a.module.now()
		s, in := a.next(now)
		if s == nil {
			return in
		}
		batch := e.Get()
		s.due(batch, now)
		e.Put(batch)
		a.module.store.Flush()
	}
}

func (a *agenda) next(now int64) (*session, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return nil, time.Hour
	}
	if in := time.Duration(a.queue[0].at - now); in > 0 {
		return nil, min(in, time.Hour)
	}
	return heap.Pop(&a.queue).(appointment).session, 0
}

type appointment struct {
	at      int64
	session *session
}

// appointments implements heap.Interface.
type appointments []appointment

func (q appointments) Len() int           { return len(q) }
func (q appointments) Less(i, j int) bool { return q[i].at < q[j].at }
func (q appointments) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *appointments) Push(x any)        { *q = append(*q, x.(appointment)) }
func (q *appointments) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = appointment{}
	*q = (*q)[:last]
	return x
}

package system

import (
	"sync"
	"time"
)

// How often what is told.
const (
	statsEvery  = 10 * time.Second
	countsEvery = 30 * time.Second
	countsDelay = 100 * time.Millisecond // changes of an account's connections are told together
)

// mostWaiting bounds what waits for the worker: requests and events beyond are dropped.
const mostWaiting = 8192

// A job is something for the worker.
type job interface{ do(m *system) }

// queue is what waits for the worker.
type queue struct {
	wake chan struct{} // of size one

	mu    sync.Mutex
	jobs  []job
	dirty map[string]bool // accounts whose connections have changed
}

// add says whether there was room for j. It may be called from any goroutine.
func (q *queue) add(j job) bool {
	q.mu.Lock()
	if len(q.jobs) >= mostWaiting {
		q.mu.Unlock()
		return false
	}
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.nudge()
	return true
}

// changed notes that the connections of an account have changed.
func (q *queue) changed(account string) {
	q.mu.Lock()
	if q.dirty == nil {
		q.dirty = make(map[string]bool)
	}
	q.dirty[account] = true
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take answers what there is to do, and whether connections have changed.
func (q *queue) take() (jobs []job, counts bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, q.jobs = q.jobs, nil
	return jobs, len(q.dirty) > 0
}

func (q *queue) takeDirty() map[string]bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	dirty := q.dirty
	q.dirty = nil
	return dirty
}

// work is the worker: pages may take long, and whoever asks for them goes on meanwhile.
func (m *system) work() {
	stats, counts := time.NewTicker(statsEvery), time.NewTicker(countsEvery)
	defer stats.Stop()
	defer counts.Stop()
	settled := time.NewTimer(0)
	<-settled.C
	defer settled.Stop()
	waiting := false
	for {
		select {
		case <-m.done:
			return
		case <-m.queue.wake:
			jobs, changed := m.queue.take()
			for _, j := range jobs {
				j.do(m)
			}
			if changed && !waiting {
				waiting = true
				settled.Reset(countsDelay)
			}
		case <-settled.C:
			waiting = false
			m.tellCounts(m.queue.takeDirty())
		case <-stats.C:
			m.tellStats()
		case <-counts.C:
			m.tellCounts(m.inhabited())
		}
	}
}

// inhabited are the accounts with connections.
func (m *system) inhabited() map[string]bool {
	all := make(map[string]bool)
	for a := range m.env.Engine.Accounts() {
		if a.Connections() > 0 {
			all[a.Name()] = true
		}
	}
	return all
}

package mqtt

import (
	"time"

	"leafgate/core"
	"leafgate/journal"
)

// What the committer says is passed on by one goroutine.

// A settled is something to be told how a commit went.
type settled struct {
	tell func(error)
	err  error
}

// A tell is for a session.
type tell struct {
	tell func(pos uint64, err error)
	pos  uint64
	err  error
}

// push has the store's own goroutine call f.
func (st *journalStore) push(f func(error), err error) {
	st.settleMu.Lock()
	st.settled = append(st.settled, settled{f, err})
	st.settleMu.Unlock()
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// waiterOf makes f be told on the store's own goroutine.
func (st *journalStore) waiterOf(f func(error)) func(error) {
	return func(err error) { st.push(f, err) }
}

func (st *journalStore) waiter(f func(error)) journal.Waiter { return journal.Func(st.waiterOf(f)) }

// hold makes stored, if there is one, wait.
func (st *journalStore) hold(stored *core.Barrier) journal.Waiter {
	if stored == nil {
		return nil
	}
	stored.Add()
	return st.waiter(stored.Done)
}

func (st *journalStore) unhold(stored *core.Barrier) {
	if stored != nil {
		stored.Done(nil) // its publisher has a hold of its own
	}
}

// run passes on what the committer says.
func (st *journalStore) run() {
	retry := time.NewTicker(retryMarks)
	defer retry.Stop()
	for {
		select {
		case <-st.wake:
			st.settle()
		case <-retry.C:
			st.mu.Lock()
			if st.stalled && st.failed == nil {
				st.stalled = false
				st.dirty.Store(true)
			}
			st.mu.Unlock()
			st.settle()
		case <-st.stop:
			st.settle()
			return
		}
	}
}

func (st *journalStore) settle() {
	for {
		st.settleMu.Lock()
		list := st.settled
		st.settled = nil
		st.settleMu.Unlock()
		for _, s := range list {
			s.tell(s.err)
		}
		told := st.tellAll()
		st.Flush()
		if len(list) == 0 && !told {
			st.releaseEarly()
			return
		}
	}
}

// tellAll tells sessions what there is to tell, and says whether there was something.
func (st *journalStore) tellAll() bool {
	st.mu.Lock()
	tells := st.tells
	st.tells = nil
	st.mu.Unlock()
	for _, t := range tells {
		if t.tell != nil {
			t.tell(t.pos, t.err)
		}
	}
	return len(tells) > 0
}

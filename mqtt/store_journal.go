package mqtt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
	"leafgate/journal"
)

// A journalStore is the [Store] of a gateway with a directory: one journal, in which what it says about sessions, their
// messages and retained messages stands in the order in which it happened; store_record.go has the format. Messages that
// wait for clients that are away are read back when they come.
//
// What the journal's committer says is passed on by one goroutine of the store, so that disks do not wait for clients.
type journalStore struct {
	log     *slog.Logger
	opener  opener
	current func(account string, subject []byte) *Retained // what is retained now
	lost    *atomic.Int64                                  // counts deliveries that cannot be read back
	journal *journal.Journal

	wg    sync.WaitGroup
	wake  chan struct{}
	stop  chan struct{}
	helds sync.Pool // of *held
	bufs  sync.Pool // of *[]byte
	dirty atomic.Bool

	settleMu sync.Mutex // guards the fields below; taken last
	settled  []settled  // what the committer has said

	mu       sync.Mutex // guards the fields below, and shelves; held while the journal carries a record over
	failed   error      // nil: the journal works, as far as is known
	stalled  bool       // marks wait until it does
	shelves  map[uint64]*journalShelf
	last     uint64            // the latest number of a shelf
	open     []*held           // offered to sessions; their publishers will say when all have been asked
	loose    []*held           // Flush will
	changed  []*journalShelf   // have something to note
	dropped  []uint64          // shelves whose end is to be noted
	owed     []owed            // retained messages that are to be noted again
	counts   map[uint64]int32  // who needs a record, where that is more than one
	moved    map[uint64]uint64 // where records are that were carried over
	carrying map[uint64]bool   // records on their way there; true: no longer needed
	early    []uint64          // records released before they were stored
	tells    []tell
	scratch  []byte // of keys
	payload  []byte // of the rest
	recovery *recovery
}

// An opener opens the journal.
type opener func(o journal.Options) (*journal.Journal, error)

// newJournalStore returns a store that Load opens. current says what is retained; lost counts messages that are not there
// any more.
func newJournalStore(log *slog.Logger, open opener, current func(account string, subject []byte) *Retained, lost *atomic.Int64) *journalStore {
	return &journalStore{
		log: log, opener: open, current: current, lost: lost, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		shelves: make(map[uint64]*journalShelf), counts: make(map[uint64]int32), moved: make(map[uint64]uint64),
		carrying: make(map[uint64]bool),
	}
}

const (
	// staging bounds what may wait for the disk.
	staging = 32 << 20
	// retryMarks is how often what a failed journal has not taken is tried again.
	retryMarks = time.Second
)

func (st *journalStore) options() journal.Options {
	return journal.Options{Staging: staging, Live: st.live, Moved: st.carried, Guard: &st.mu, Visit: st.visit, Failed: st.fails}
}

// fails hears that the journal has failed, or works again.
func (st *journalStore) fails(err error) {
	st.push(func(error) {
		st.mu.Lock()
		st.failed, st.stalled = err, err != nil
		st.mu.Unlock()
		st.dirty.Store(true)
	}, nil)
}

// Open implements Store.
func (st *journalStore) Open(r *Record) (Shelf, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.failed != nil {
		return nil, st.failed
	}
	q := &journalShelf{store: st, number: st.last + 1, record: *r}
	q.record.Subscriptions = nil
	if err := q.ensure(); err != nil {
		return nil, err
	}
	st.last++
	st.shelves[q.number] = q
	return q, nil
}

// Seal implements Store.
func (st *journalStore) Seal(stored *core.Barrier, from Shelf, id uint16) (err error) {
	shelf, _ := from.(*journalShelf)
	st.mu.Lock()
	defer st.mu.Unlock()
	var mine []*held
	for i := 0; i < len(st.open); {
		if h := st.open[i]; h.stored == stored {
			st.open = append(st.open[:i], st.open[i+1:]...)
			mine = append(mine, h)
			continue
		}
		i++
	}
	for i, h := range mine {
		by := shelf
		if i+1 < len(mine) { // one account has imported it from another; the exchange goes with the last
			by = nil
		}
		err = errors.Join(err, st.write(h, by, id))
	}
	if len(mine) == 0 && shelf != nil {
		if _, err = st.journal.Mark(shelf.key(kindReceived), binary.AppendUvarint(nil, uint64(id)), st.hold(stored)); err != nil {
			st.unhold(stored)
			return err
		}
		shelf.received.add(id)
	}
	return err
}

// Flush implements Store.
func (st *journalStore) Flush() {
	if !st.dirty.Swap(false) {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.sealLoose()
	if st.stalled {
		return
	}
	for n := len(st.dropped); n > 0; n-- {
		q := journalShelf{store: st, number: st.dropped[0]}
		if !st.markOr(q.key(kindDropped), nil, func() { st.dropped = append(st.dropped, q.number) }) {
			return
		}
		st.dropped = st.dropped[1:]
	}
	changed := st.changed
	st.changed = nil
	for i, q := range changed {
		if !q.write() {
			st.changed = append(changed[i:len(changed):len(changed)], st.changed...)
			st.stalled = true
			return
		}
		q.listed = false
	}
	st.pay()
}

// markOr appends a mark; if it does not come to the disk, failed runs under mu. False: it was not even taken.
func (st *journalStore) markOr(key, payload []byte, failed func()) bool {
	_, err := st.journal.Mark(key, payload, st.waiter(func(err error) {
		if err != nil {
			st.mu.Lock()
			failed()
			st.stalled = true
			st.mu.Unlock()
		}
	}))
	st.stalled = st.stalled || err != nil
	return err == nil
}

func (st *journalStore) sealLoose() {
	for _, h := range st.loose {
		_ = st.write(h, nil, 0) // who kept it is told
	}
	clear(st.loose)
	st.loose = st.loose[:0]
}

// Close implements Store.
func (st *journalStore) Close() error {
	if st.journal == nil {
		return nil
	}
	st.mu.Lock()
	st.stalled = false
	st.mu.Unlock()
	st.dirty.Store(true)
	st.Flush()
	err := st.journal.Sync()
	close(st.stop)
	st.wg.Wait()
	if err != nil {
		return fmt.Errorf("store sessions: %w", err)
	}
	return nil
}

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

// An owed is a retained message that the journal does not have as memory does.
type owed struct {
	account string
	message *Retained
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

// Retain implements Store.
func (st *journalStore) Retain(account string, m *Retained, stored *core.Barrier, apply func() *Retained) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	err := st.retain(account, m, st.hold(stored))
	switch {
	case err != nil && stored != nil:
		st.unhold(stored)
		return err
	case err != nil: // nobody to tell: memory knows, and the journal will
		st.owed = append(st.owed, owed{account, m})
		st.stalled = true
	}
	if was := apply(); was != nil && was.place != 0 {
		st.release(was.place)
	}
	return nil
}

// Expired implements Store: the next start sees it, too, if the record is still there.
func (st *journalStore) Expired(m *Retained) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if m.place != 0 {
		st.release(m.place)
	}
}

// retain writes m down. w is told, and the store itself should it fail.
func (st *journalStore) retain(account string, m *Retained, w journal.Waiter) (err error) {
	told := st.waiter(func(err error) {
		if err != nil {
			st.mu.Lock()
			m.place = 0
			st.owed = append(st.owed, owed{account, m})
			st.stalled = true
			st.mu.Unlock()
		}
	})
	both := journal.Func(func(err error) {
		told.Done(err)
		if w != nil {
			w.Done(err)
		}
	})
	if len(m.Message.Payload) == 0 {
		_, err = st.journal.Mark(append(st.scratch[:0], append([]byte{kindCleared}, account...)...), m.Message.Subject, both)
		return err
	}
	key := appendAbout(append(st.scratch[:0], kindRetained), m.Message, m.QoS, m.Until)
	key = append(key, account...)
	st.scratch = key[:0]
	m.place, err = st.journal.Append(&journal.Record{Key: key, Subject: m.Message.Subject, Header: m.Message.Header, Payload: m.Message.Payload}, both)
	return err
}

// pay notes retained messages that the journal has missed.
func (st *journalStore) pay() {
	for len(st.owed) > 0 {
		o := st.owed[0]
		now := st.current(o.account, o.message.Message.Subject)
		if now != o.message && !(now == nil && len(o.message.Message.Payload) == 0) {
			st.owed = st.owed[1:] // superseded
			continue
		}
		if st.retain(o.account, o.message, nil) != nil {
			st.stalled = true
			return
		}
		st.owed = st.owed[1:]
	}
}

// place is where a record is.
func (st *journalStore) place(record uint64) uint64 {
	if seq, ok := st.moved[record]; ok {
		return seq
	}
	return record
}

// release gives up one need for a record.
func (st *journalStore) release(record uint64) {
	switch n := st.counts[record]; {
	case n > 2:
		st.counts[record] = n - 1
		return
	case n == 2:
		delete(st.counts, record)
		return
	}
	seq := st.place(record)
	delete(st.moved, record)
	if _, ok := st.carrying[record]; ok {
		st.carrying[record] = true
	}
	if seq >= st.journal.Next() {
		st.early = append(st.early, seq)
		return
	}
	st.journal.Release(seq)
}

// releaseEarly releases what has been stored since.
func (st *journalStore) releaseEarly() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.early) == 0 {
		return
	}
	next, left := st.journal.Next(), st.early[:0]
	for _, seq := range st.early {
		if seq >= next {
			left = append(left, seq)
			continue
		}
		st.journal.Release(seq)
	}
	st.early = left
}

// read reads what the record at seq has for a session.
func (st *journalStore) read(seq, session uint64) (d Delivery, err error) {
	buf, ok := st.bufs.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	defer st.bufs.Put(buf)
	var r journal.Record
	if *buf, err = st.journal.Read(seq, &r, *buf); err != nil {
		return d, err
	}
	if len(r.Key) == 0 || r.Key[0] != kindMessage {
		return d, errStrange
	}
	dec := decode(r.Key[1:])
	a := dec.about()
	if a.flags&flagReceipt != 0 {
		dec.Uvarint()
		dec.Uvarint()
	}
	var x addressee
	for range dec.Uvarint() {
		if dec.addressee(&x); dec.Failed {
			break
		}
		if x.session == session {
			return Delivery{Message: a.message(&r), IDs: x.ids, Until: a.until, QoS: x.qos, Retain: x.retain}, nil
		}
	}
	return d, errStrange
}

var errStrange = errors.New("record is not what it should be")

// unreadable counts a delivery that is lost, and says so.
func (st *journalStore) unreadable(q *journalShelf, err error) {
	st.lost.Add(1)
	st.log.Error("message for a session cannot be read back", "client_id", q.record.Key.ClientID, "err", err)
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

package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Errors of a journal. What the disk said is wrapped behind ErrFailed.
var (
	ErrNewer    = errors.New("store is of a newer format")
	ErrClosed   = errors.New("journal is closed")
	ErrFailed   = errors.New("journal cannot be written")
	ErrReadOnly = errors.New("journal is read-only")
	ErrBusy     = errors.New("too many records wait for the disk")
	ErrFull     = errors.New("journal is full")
	ErrNoSpace  = errors.New("too little space is free")
	ErrTooLarge = errors.New("record is too large")
	ErrTrimmed  = errors.New("record was dropped")
	ErrLost     = errors.New("record is damaged or was never stored")
	ErrPending  = errors.New("record is not stored yet")
)

// A Waiter is told when a record is stored, or that it is not. The committer calls Done, in the order of records; it must
// not block. A *core.Barrier is one.
type Waiter interface{ Done(err error) }

// Func is a function as a Waiter.
type Func func(err error)

// Done calls f.
func (f Func) Done(err error) { f(err) }

// A Journal is an open store. Its methods may be called from any goroutine.
type Journal struct {
	o      Options
	dir    FS
	salt   uint32
	head   headFile
	files  files
	lock   io.Closer // nil: none
	clock  Clock
	wear   wear
	report Report

	wg     sync.WaitGroup // the committer and the keeper
	work   chan struct{}  // there is something in the queue
	chores chan struct{}  // the keeper has something to look at
	stop   chan struct{}

	tail tail       // of the committer alone
	tidy sync.Mutex // held while segments are dropped or copied; taken before mu

	mu        sync.Mutex // protects the fields below
	segments  []*segment // in order; the last may be the one that grows
	queue     []*batch   // what waits for the committer
	free      []*batch
	staged    int    // bytes in queue
	next      uint64 // of the next record
	committed uint64 // what is before is stored
	first     uint64 // what is before is dropped
	failed    error  // nil: works
	retry     time.Duration
	closed    bool
	latest    map[string]place
	key       []byte // scratch, for latest
	stats     Stats
}

// Open opens the store in dir, makes it where there is none, and reads it all. It fails for wrong options, a newer
// format, another process in the store, and a directory that cannot be listed; never for what is damaged. What was found
// is in Report.
func Open(dir FS, o Options) (*Journal, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	j := &Journal{
		o: o, dir: dir, head: headFile{dir: dir}, files: files{dir: dir, open: map[string]*handle{}},
		clock: Clock{source: o.Clock},
		work:  make(chan struct{}, 1), chores: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if o.Latest {
		j.latest = map[string]place{}
	}
	_, started := o.Clock()
	if err := j.begin(); err != nil {
		j.unlock()
		return nil, fmt.Errorf("open journal: %w", err)
	}
	_, ended := o.Clock()
	j.report.Took = ended - started
	if !o.ReadOnly {
		j.wg.Go(j.commits)
		j.wg.Go(j.keep)
		poke(j.chores)
	}
	return j, nil
}

// begin locks and recovers.
func (j *Journal) begin() error {
	if j.o.ReadOnly {
		return j.recover()
	}
	unmade, unlocked := j.dir.Make(), j.takeLock()
	if errors.Is(unlocked, ErrLocked) {
		return unlocked
	}
	if err := j.recover(); err != nil {
		if unmade == nil {
			return err
		}
		j.start(nil, head{}) // there is no directory, and no way to make one: an empty store that failed
	}
	if err := errors.Join(unmade, unlocked, j.report.Unfixed); err != nil {
		j.failed = fmt.Errorf("%w: %w", ErrFailed, err)
		_, j.retry = j.o.Clock() // the first record tries
	}
	return nil
}

// takeLock takes the lock, unless the journal has it. A disk that cannot be written has none to give.
func (j *Journal) takeLock() error {
	if j.lock != nil {
		return nil
	}
	lock, err := j.dir.Lock("lock")
	if err != nil {
		return err
	}
	j.lock = lock
	return nil
}

func (j *Journal) unlock() {
	if j.lock != nil {
		j.lock.Close()
	}
}

// Report says what Open found.
func (j *Journal) Report() *Report {
	r := j.report
	r.Lost = slices.Clone(r.Lost)
	return &r
}

// First and Next are the positions of the first record of the log, and the one behind the last that is stored.
func (j *Journal) First() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.first
}

// Next is described at First.
func (j *Journal) Next() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.committed
}

// Close stores what waits and ends the journal. Readers get ErrClosed.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return ErrClosed
	}
	j.closed = true
	j.mu.Unlock()
	close(j.stop)
	j.wg.Wait()
	defer j.unlock()
	defer j.files.close()
	if j.o.ReadOnly {
		return nil
	}
	return j.finish()
}

// finish notes that the store was closed.
func (j *Journal) finish() error {
	err := j.tail.close()
	j.mu.Lock()
	failed, end := j.failed, j.committed
	j.mu.Unlock()
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return j.head.update(func(h *head) { h.end, h.time = end, j.clock.now() })
}

// poke wakes who waits for c, now or soon.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func newSalt() uint32 {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint32(b[:])
}

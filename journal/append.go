package journal

import (
	"errors"
	"fmt"
)

// keepBuffer is the largest buffer that is kept for the next batch.
const keepBuffer = 1 << 20

// A batch is what one commit writes.
type batch struct {
	buf      []byte
	first    uint64 // of its records
	next     uint64 // behind them
	waits    []Waiter
	points   []offset
	messages int64
	marks    int64
	live     int64
	newest   int64
	began    int64 // when, Unix nanoseconds; 0: nobody asked yet
	sync     bool  // even if the mode does not ask for it
}

// An offset says where a record of a batch begins.
type offset struct {
	seq uint64
	off int
}

// Append stages r and returns where it will stand. It copies r's bytes and does not wait for the disk: w, if there is
// one, is told when r is stored or that it is not. A record with an error from Append itself was not taken: ErrBusy and
// ErrFull pass, ErrFailed may, ErrTooLarge does not.
func (j *Journal) Append(r *Record, w Waiter) (seq uint64, err error) {
	if r.Mark && len(r.Subject)+len(r.Header) > 0 {
		return 0, errors.New("a mark has no subject and no header")
	}
	return j.append(r, w, false)
}

// Mark stages a small record: a note about a record or a stream, without a time.
func (j *Journal) Mark(key, payload []byte, w Waiter) (seq uint64, err error) {
	r := Record{Mark: true, Key: key, Payload: payload}
	return j.append(&r, w, false)
}

func (j *Journal) append(r *Record, w Waiter, carried bool) (seq uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := r.bound()
	if err := j.admit(r, size, carried); err != nil {
		return 0, err
	}
	b, c := j.batch(), *r
	if c.Seq = j.next; !carried {
		c.ID = c.Seq
	}
	if c.Time == 0 && !c.Mark {
		c.Time = b.time(j)
	}
	before := len(b.buf)
	b.add(&c, j.salt)
	j.staged += len(b.buf) - before
	if w != nil {
		b.waits = append(b.waits, w)
	}
	j.next, b.next = c.Seq+1, c.Seq+1
	b.sync = b.sync || w != nil && j.o.Sync == Always
	return c.Seq, nil
}

// admit says why a record is not taken.
func (j *Journal) admit(r *Record, size int, carried bool) error {
	switch {
	case j.closed:
		return ErrClosed
	case j.o.ReadOnly:
		return ErrReadOnly
	case size > maxBody || size > j.o.Staging:
		return ErrTooLarge
	case j.failed != nil && !j.retryDue():
		return j.failed
	case j.staged+size > j.o.Staging:
		j.stats.Busy++
		return ErrBusy
	case j.o.Limits.Refuse && j.o.Limits.Bytes > 0 && !r.Mark && !carried && j.bytes()+int64(j.staged+size) > j.o.Limits.Bytes:
		j.stats.Refused++
		poke(j.chores)
		return ErrFull
	}
	return nil
}

func (j *Journal) retryDue() bool {
	_, now := j.o.Clock()
	return now >= j.retry
}

func (j *Journal) bytes() (sum int64) {
	for _, s := range j.segments {
		sum += s.size
	}
	return sum
}

// batch returns the batch to add to: the last that waits, or a new one.
func (j *Journal) batch() *batch {
	if n := len(j.queue); n > 0 && !(j.o.Sync == Always && j.queue[n-1].sync) {
		return j.queue[n-1]
	}
	b := &batch{}
	if n := len(j.free); n > 0 {
		b, j.free = j.free[n-1], j.free[:n-1]
	}
	b.first, b.next = j.next, j.next
	j.queue = append(j.queue, b)
	poke(j.work)
	return b
}

// time is when b was begun, near enough for all of its records, by the clock that age is reckoned by.
func (b *batch) time(j *Journal) int64 {
	if b.began == 0 {
		b.began = j.clock.now()
	}
	return b.began
}

func (b *batch) add(r *Record, salt uint32) {
	if n := len(b.points); n == 0 || len(b.buf)-b.points[n-1].off >= page {
		b.points = append(b.points, offset{r.Seq, len(b.buf)})
	}
	b.buf = r.appendTo(b.buf, salt)
	if r.Mark {
		b.marks++
	} else {
		b.messages++
		b.newest = max(b.newest, r.Time)
	}
	if r.counts() {
		b.live++
	}
}

// Sync waits until everything appended before is on disk, whatever the mode. A journal that failed tries whether it works
// again, no sooner than Retry after the error.
func (j *Journal) Sync() error {
	done := make(chan error, 1)
	j.mu.Lock()
	switch {
	case j.closed:
		j.mu.Unlock()
		return ErrClosed
	case j.o.ReadOnly:
		j.mu.Unlock()
		return ErrReadOnly
	}
	b := j.batch()
	b.sync = true
	b.waits = append(b.waits, Func(func(err error) { done <- err }))
	j.mu.Unlock()
	if err := <-done; err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// take takes the oldest batch; nil: there is none.
func (j *Journal) take() *batch {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) == 0 {
		return nil
	}
	b := j.queue[0]
	n := copy(j.queue, j.queue[1:])
	j.queue[n] = nil
	j.queue = j.queue[:n]
	j.staged -= len(b.buf)
	return b
}

// recycle keeps b for the next.
func (j *Journal) recycle(b *batch) {
	if cap(b.buf) > keepBuffer {
		return
	}
	clear(b.waits)
	*b = batch{buf: b.buf[:0], waits: b.waits[:0], points: b.points[:0]}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.free) < 4 {
		j.free = append(j.free, b)
	}
}

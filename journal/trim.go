package journal

import (
	"errors"
	"fmt"
	"time"
)

// keep is the keeper: it applies the limits and compacts whenever something changed.
func (j *Journal) keep() {
	var tick <-chan time.Time
	if age := j.Limits().Age; age > 0 {
		t := time.NewTicker(min(max(age/8, time.Second), time.Minute))
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-j.stop:
			return
		case <-j.chores:
		case <-tick:
		}
		if err := j.Tidy(); err != nil {
			j.mu.Lock()
			j.stats.TidyErrors++
			j.mu.Unlock()
		}
	}
}

// Limits are the present ones.
func (j *Journal) Limits() Limits {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.o.Limits
}

// SetLimits changes the limits of an open journal, but for Age, which stays, and the size of segments, which does not
// follow Bytes. What they leave no place for is dropped soon.
func (j *Journal) SetLimits(l Limits) error {
	if err := l.check(); err != nil {
		return fmt.Errorf("set limits: %w", err)
	}
	j.mu.Lock()
	l.Age = j.o.Limits.Age
	j.o.Limits = l
	j.mu.Unlock()
	poke(j.chores)
	return nil
}

// Tidy applies the limits and compacts, as the journal does by itself after every segment. It may wait for the disk.
func (j *Journal) Tidy() error {
	if j.o.ReadOnly {
		return ErrReadOnly
	}
	j.tidy.Lock()
	defer j.tidy.Unlock()
	if err := j.drop(j.overdue()); err != nil {
		return err
	}
	return j.compact()
}

// TrimTo drops whole segments whose records are all before seq. The newest segment stays.
func (j *Journal) TrimTo(seq uint64) error {
	if j.o.ReadOnly {
		return ErrReadOnly
	}
	j.tidy.Lock()
	defer j.tidy.Unlock()
	j.mu.Lock()
	n := 0
	for n+1 < len(j.segments) && j.segments[n+1].base <= seq {
		n++
	}
	j.mu.Unlock()
	return j.drop(n)
}

// overdue counts the segments at the front that the limits leave no place for.
func (j *Journal) overdue() (n int) {
	now := j.clock.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	var bytes, messages int64
	for _, s := range j.segments {
		bytes += s.size
		messages += s.messages
	}
	l := j.o.Limits
	for n+1 < len(j.segments) {
		s := j.segments[n]
		old := l.Age > 0 && s.newest < now-int64(l.Age)
		large := l.Bytes > 0 && !l.Refuse && bytes > l.Bytes
		many := l.Messages > 0 && messages-s.messages >= l.Messages
		if !old && !large && !many {
			break
		}
		bytes -= s.size
		messages -= s.messages
		n++
	}
	return n
}

// drop drops the first n segments: the head first, so that they are not missed, then the files. It needs no space.
func (j *Journal) drop(n int) error {
	if n == 0 {
		return nil
	}
	j.mu.Lock()
	first := j.segments[n].base
	j.mu.Unlock()
	if err := j.head.update(func(h *head) { h.floor, h.time = first, j.clock.now() }); err != nil {
		return fmt.Errorf("note where the log begins: %w", err)
	}
	j.mu.Lock()
	gone := append([]*segment(nil), j.segments[:n]...)
	j.segments = append([]*segment(nil), j.segments[n:]...)
	j.first = first
	j.forget(first)
	j.stats.Written += slotSize
	for _, s := range gone {
		j.stats.Dropped += s.live
	}
	j.mu.Unlock()
	err := j.remove(gone)
	if j.o.Trimmed != nil {
		j.o.Trimmed(first)
	}
	return err
}

// remove removes files. One that resists goes at the next start: it is before the floor.
func (j *Journal) remove(gone []*segment) (err error) {
	for _, s := range gone {
		j.files.drop(s.name)
		err = errors.Join(err, j.dir.Remove(s.name))
	}
	return err
}

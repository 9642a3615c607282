package journal

import (
	"errors"
	"fmt"
	"time"
)

// A tail is the segment that grows. It belongs to the committer.
type tail struct {
	f     File // nil: there is none
	s     *segment
	dirty bool // written and not synced
	fresh bool // the head does not know of it
}

// close closes the segment, which is whole.
func (t *tail) close() error {
	if t.f == nil {
		return nil
	}
	var err error
	if t.dirty {
		err = t.f.Sync()
	}
	err = errors.Join(err, t.f.Close())
	*t = tail{}
	return err
}

// commits is the committer: it writes what waits, and what comes meanwhile waits for the next round.
func (j *Journal) commits() {
	var due time.Time // when what is written is to be synced; zero: nothing is
	late := time.NewTimer(0)
	defer late.Stop()
	for {
		if due = j.onTime(due, late); !due.IsZero() && !time.Now().Before(due) {
			j.flush() // what it says stands in j.failed
			continue
		}
		j.wear.pace(j)
		if b := j.take(); b != nil {
			j.round(b)
			continue
		}
		select {
		case <-j.work:
		case <-late.C:
		case <-j.stop:
			if j.idle() {
				return
			}
		}
	}
}

// onTime says when what is written is to be synced, and sets a timer when that is new.
func (j *Journal) onTime(due time.Time, late *time.Timer) time.Time {
	switch {
	case !j.tail.dirty:
		return time.Time{}
	case due.IsZero():
		late.Reset(j.o.SyncInterval)
		return time.Now().Add(j.o.SyncInterval)
	}
	return due
}

func (j *Journal) idle() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue) == 0
}

func (j *Journal) round(b *batch) {
	err := j.commit(b)
	for _, w := range b.waits {
		w.Done(err)
	}
	j.recycle(b)
}

// commit makes b durable, or as durable as the mode asks for.
func (j *Journal) commit(b *batch) error {
	if err := j.refused(); err != nil {
		return err
	}
	if len(b.buf) == 0 && !j.broken() {
		return j.flush()
	}
	if err := j.room(b); err != nil {
		return j.fail(err)
	}
	t := &j.tail
	if _, err := t.f.WriteAt(b.buf, t.s.end); err != nil {
		return j.fail(fmt.Errorf("write %s: %w", t.s.name, err))
	}
	t.dirty = true
	if j.o.Sync != Interval || b.sync {
		if err := j.flush(); err != nil {
			return err
		}
	}
	j.publish(b)
	if len(b.buf) > 0 {
		j.introduce()
	}
	return nil
}

// broken says whether the journal failed, and did not work since.
func (j *Journal) broken() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed != nil
}

// flush syncs what was written. A sync that failed is not tried again: the kernel may have dropped the pages and say
// that all is well the next time.
func (j *Journal) flush() error {
	t := &j.tail
	if !t.dirty {
		return nil
	}
	_, began := j.o.Clock()
	if err := t.f.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync %s: %w", t.s.name, err))
	}
	t.dirty = false
	_, ended := j.o.Clock()
	j.mu.Lock()
	j.stats.synced(ended - began)
	j.mu.Unlock()
	return nil
}

// publish counts b and lets it be read.
func (j *Journal) publish(b *batch) {
	j.mu.Lock()
	s := j.tail.s
	for _, p := range b.points {
		s.note(p.seq, s.end+int64(p.off))
	}
	s.end += int64(len(b.buf))
	s.size, s.next = s.end, b.next
	s.messages += b.messages
	s.marks += b.marks
	s.live += b.live
	s.newest = max(s.newest, b.newest)
	j.committed = b.next
	j.stats.Messages += b.messages
	j.stats.Marks += b.marks
	j.stats.Commits++
	j.stats.Written += int64(len(b.buf))
	j.noteBatch(b)
	worked := j.failed != nil
	j.failed = nil
	j.mu.Unlock()
	j.wear.spend(len(b.buf))
	if worked && j.o.Failed != nil {
		j.o.Failed(nil)
	}
}

// introduce tells the head of a new segment, once there is something in it: should the file get lost, it is missed.
func (j *Journal) introduce() {
	if !j.tail.fresh {
		return
	}
	base := j.tail.s.base
	err := j.head.update(func(h *head) { h.newest, h.end = base, 0 })
	j.mu.Lock()
	j.stats.Written += slotSize
	if err != nil {
		j.stats.HeadErrors++ // the records are stored all the same; the next segment tells it again
	}
	j.mu.Unlock()
	j.tail.fresh = false
	poke(j.chores)
}

package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// room makes sure that b may be written to the tail.
func (j *Journal) room(b *batch) error {
	if err := j.space(int64(len(b.buf))); err != nil {
		return err
	}
	t := &j.tail
	if t.f != nil && t.s.end+int64(len(b.buf)) > j.o.SegmentSize && t.s.end > headerSize {
		if err := j.flush(); err != nil {
			return err
		}
		if err := t.close(); err != nil {
			return err
		}
	}
	if t.f != nil {
		return nil
	}
	return j.rotate(b.first)
}

// rotate begins a new segment.
func (j *Journal) rotate(base uint64) error {
	now, _ := j.o.Clock()
	j.mu.Lock()
	h := header{version: Version, salt: j.salt, base: base, after: j.committed, floor: j.first, created: now.UnixNano()}
	j.mu.Unlock()
	if err := j.dir.Make(); err != nil {
		return fmt.Errorf("make store: %w", err)
	}
	if err := j.takeLock(); err != nil {
		return fmt.Errorf("lock store: %w", err)
	}
	s := newSegment(base, j.salt)
	s.after, s.floor, s.size = h.after, h.floor, headerSize
	f, err := j.dir.Create(s.name)
	if errors.Is(err, fs.ErrExist) { // left over from the last try: nothing in it was acknowledged
		if err = j.dir.Remove(s.name); err == nil {
			f, err = j.dir.Create(s.name)
		}
	}
	if err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	j.tail = tail{f: f, s: s, dirty: true, fresh: true}
	j.mu.Lock()
	j.segments = append(j.segments, s)
	j.stats.Written += headerSize
	j.mu.Unlock()
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return fmt.Errorf("write %s: %w", s.name, err)
	}
	if err := j.dir.SyncDir(); err != nil {
		return fmt.Errorf("sync store: %w", err)
	}
	return nil
}

// refused is what every batch gets while the journal failed and no new segment is to be tried yet.
func (j *Journal) refused() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil && !j.retryDue() {
		return j.failed
	}
	return nil
}

// fail gives up the tail, so that nothing is ever written behind what is not known, and says so.
func (j *Journal) fail(err error) error {
	if errors.Is(err, ErrFailed) {
		return err // said before
	}
	err = fmt.Errorf("%w: %w", ErrFailed, err)
	t := j.tail
	j.tail = tail{}
	j.mu.Lock()
	again := j.failed != nil
	_, now := j.o.Clock()
	j.failed, j.retry = err, now+j.o.Retry
	j.stats.Failures++
	empty := t.s != nil && t.s.end == headerSize
	if empty {
		j.segments = j.segments[:len(j.segments)-1]
	}
	j.mu.Unlock()
	j.abandon(t, empty)
	if !again && j.o.Failed != nil {
		j.o.Failed(err)
	}
	poke(j.chores)
	return err
}

// abandon takes back what was written to a tail that failed, as far as the disk lets it. It need not: the next segment
// says that it is void.
func (j *Journal) abandon(t tail, empty bool) {
	if t.f == nil {
		return
	}
	err := t.f.Truncate(t.s.end)
	err = errors.Join(err, t.f.Close())
	if empty {
		j.files.drop(t.s.name)
		err = errors.Join(err, j.dir.Remove(t.s.name))
	}
	if err != nil {
		j.mu.Lock()
		j.stats.Leftovers++
		j.mu.Unlock()
	}
}

// recheck is how many bytes may be written before the free space is looked at again.
const recheck = 1 << 20

// space says whether the volume keeps its reserve when n bytes more are written.
func (j *Journal) space(n int64) error {
	l := j.Limits()
	if l.MinFree == 0 && l.MinFreeShare == 0 {
		return nil
	}
	_, now := j.o.Clock()
	t := &j.wear
	if t.allowed -= n; t.allowed >= 0 && now < t.recheck {
		return nil
	}
	free, total, err := j.dir.Free()
	if err != nil {
		return nil // not known: the disk will say
	}
	reserve := max(l.MinFree, total/100*int64(l.MinFreeShare))
	if j.tail.f == nil {
		n += recheck // resume only when there is some
	}
	if free-n < reserve {
		t.allowed = 0
		return fmt.Errorf("%w: %d bytes, %d are to stay", ErrNoSpace, free, reserve)
	}
	t.allowed, t.recheck = min(recheck, free-n-reserve), now+spaceCheck
	return nil
}

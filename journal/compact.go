package journal

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Release tells that the message at seq, or a mark that was carried there, is no longer needed. It costs nothing on disk:
// who opens the store again has to find it out again, from marks.
func (j *Journal) Release(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.release(seq)
}

func (j *Journal) release(seq uint64) {
	i, err := j.locate(seq)
	if err != nil {
		return
	}
	s := j.segments[i]
	if s.live = max(0, s.live-1); s.live == 0 && i == 0 && len(j.segments) > 1 {
		poke(j.chores)
	}
}

// compact gives up segments at the front while less than half of the log is needed. What is still needed of them is
// appended again, so that the disk only ever sees appends.
func (j *Journal) compact() error {
	if j.o.Live == nil && !j.o.Latest {
		return nil
	}
	j.mu.Lock()
	rounds := len(j.segments) - 1 // what is carried over is not carried again in the same run
	j.mu.Unlock()
	for range rounds {
		s := j.wasteful()
		if s == nil {
			return nil
		}
		if err := j.carry(s); err != nil {
			return fmt.Errorf("compact %s: %w", s.name, err)
		}
		if err := j.drop(1); err != nil {
			return err
		}
	}
	return nil
}

// wasteful returns the first segment if it is to be given up.
func (j *Journal) wasteful() *segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.segments) < 2 || j.closed {
		return nil
	}
	var all, live float64
	for _, s := range j.segments {
		all += float64(s.size)
		live += float64(s.size) * float64(s.live) / float64(max(s.messages, s.live, 1))
	}
	if s := j.segments[0]; s.live == 0 || all > 2*live+float64(j.o.SegmentSize) {
		return s
	}
	return nil
}

// A load is what is carried over from one segment.
type load struct {
	moved []move

	mu  sync.Mutex
	err error // the first; mu protects it
}

type move struct{ id, seq uint64 }

// Done implements Waiter.
func (l *load) Done(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// carry appends what is needed of s again, and waits until it is on disk.
func (j *Journal) carry(s *segment) error {
	l := &load{}
	if err := j.carryAll(s, l); err != nil {
		return err
	}
	if len(l.moved) == 0 {
		return nil
	}
	if err := j.Sync(); err != nil {
		return err
	}
	l.mu.Lock()
	err := l.err
	l.mu.Unlock()
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.stats.Carried += int64(len(l.moved))
	s.live = 0 // not dropped, but moved
	j.mu.Unlock()
	if j.o.Moved != nil {
		for _, m := range l.moved {
			j.o.Moved(m.id, m.seq)
		}
	}
	return nil
}

func (j *Journal) carryAll(s *segment, l *load) error {
	rd := j.Reader(s.base)
	defer rd.Close()
	j.mu.Lock()
	end := s.next
	j.mu.Unlock()
	for {
		var r Record
		err := rd.Next(&r)
		switch {
		case errors.Is(err, io.EOF) || err == nil && r.Seq >= end:
			return nil
		case err != nil:
			return err
		}
		seq, err := j.carryOne(&r, l)
		if err != nil {
			return err
		}
		if seq == 0 {
			continue
		}
		l.moved = append(l.moved, move{r.ID, seq})
	}
}

// carryOne appends r again, if it is needed; when too much waits, behind it. 0: it is not.
func (j *Journal) carryOne(r *Record, l *load) (uint64, error) {
	for {
		seq, err := j.carryNow(*r, l)
		if !errors.Is(err, ErrBusy) {
			return seq, err
		}
		if err := j.Sync(); err != nil {
			return 0, err
		}
	}
}

func (j *Journal) carryNow(r Record, l *load) (uint64, error) {
	if g := j.o.Guard; g != nil {
		g.Lock()
		defer g.Unlock()
	}
	if !j.needed(&r) {
		return 0, nil
	}
	return j.append(&r, l, true)
}

func (j *Journal) needed(r *Record) bool {
	if j.o.Live != nil {
		return j.o.Live(r)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.key = subjectKey(j.key[:0], r)
	return !r.Mark && j.latest[string(j.key)] == place{r.ID, r.Seq}
}

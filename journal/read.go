package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	readChunk = 8 << 10 // of one record
	tailChunk = 64 << 10
)

// locate finds the segment that may hold seq.
func (j *Journal) locate(seq uint64) (i int, err error) {
	switch {
	case j.closed:
		return 0, ErrClosed
	case seq >= j.next:
		return 0, ErrLost
	case seq >= j.committed:
		return 0, ErrPending
	case seq < j.first || len(j.segments) == 0:
		return 0, ErrTrimmed
	}
	i, found := slices.BinarySearchFunc(j.segments, seq, func(s *segment, seq uint64) int { return cmp.Compare(s.base, seq) })
	if !found {
		i--
	}
	if i < 0 || seq >= j.segments[i].next {
		return 0, ErrLost
	}
	return i, nil
}

// Read reads the record at seq into r, whose bytes then alias buf, or the larger buffer that is returned in its place.
// ErrPending: it is not stored yet. ErrTrimmed: it was dropped. ErrLost: it is damaged or was never stored.
func (j *Journal) Read(seq uint64, r *Record, buf []byte) ([]byte, error) {
	j.mu.Lock()
	i, err := j.locate(seq)
	if err != nil {
		j.mu.Unlock()
		return buf, err
	}
	s := j.segments[i]
	sc := scanner{salt: s.salt, pos: s.seek(seq), end: s.end, last: s.base - 1, limit: s.next, buf: buf[:0], chunk: readChunk}
	j.mu.Unlock()
	h, err := j.files.get(s.name)
	if err != nil {
		return buf, j.unopened(seq, err)
	}
	defer j.files.put(h)
	sc.f = h
	for {
		if err := sc.next(r); err != nil || r.Seq > seq {
			return sc.buf, ErrLost
		}
		if r.Seq == seq {
			return sc.buf, nil
		}
	}
}

// unopened says why the segment that holds seq cannot be opened.
func (j *Journal) unopened(seq uint64, err error) error {
	if seq < j.First() {
		return ErrTrimmed // meanwhile
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// A Reader reads the log in order. One goroutine at a time.
type Reader struct {
	j    *Journal
	next uint64
	s    *segment
	h    *handle
	end  int64 // of the segment, as last seen
	sc   scanner
}

// Reader reads from the record at seq on; 0: from the first.
func (j *Journal) Reader(seq uint64) *Reader { return &Reader{j: j, next: seq} }

// Next reads the next record; its bytes are valid until the call after. Damaged records are stepped over and reported to
// Options.Lost. io.EOF: the rest is not stored yet; ask again when it is. ErrTrimmed: records were dropped before they
// were read; the next call goes on with the first there is.
func (rd *Reader) Next(r *Record) error {
	for {
		if rd.h == nil {
			if err := rd.open(); err != nil {
				return err
			}
		}
		err := rd.sc.next(r)
		rd.note(r, err)
		if err != nil {
			if err := rd.extend(); err != nil {
				return err
			}
			continue
		}
		if r.Seq >= rd.next {
			rd.next = r.Seq + 1
			return nil
		}
	}
}

// open begins with the segment that holds next, or the first behind it.
func (rd *Reader) open() error {
	s, err := rd.find()
	if err != nil {
		return err
	}
	h, err := rd.j.files.get(s.name)
	if err != nil {
		if err = rd.j.unopened(rd.next, err); !errors.Is(err, ErrTrimmed) {
			rd.next = rd.sc.limit
		}
		return err
	}
	rd.s, rd.h, rd.sc.f, rd.end = s, h, h, rd.sc.end
	return nil
}

// find finds the segment and makes the scanner ready for it.
func (rd *Reader) find() (*segment, error) {
	j := rd.j
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return nil, ErrClosed
	case rd.next == 0:
		rd.next = j.first
	case rd.next < j.first:
		rd.next = j.first
		return nil, ErrTrimmed
	}
	for _, s := range j.segments {
		if s.next > rd.next {
			rd.next = max(rd.next, s.base)
			rd.sc = scanner{salt: s.salt, pos: s.seek(rd.next), end: s.end, last: s.base - 1, limit: s.next, buf: rd.sc.buf[:0], chunk: tailChunk}
			return s, nil
		}
	}
	return nil, io.EOF
}

// extend goes on where the segment grew, or leaves it.
func (rd *Reader) extend() error {
	j := rd.j
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return ErrClosed
	}
	if rd.end < rd.s.end {
		rd.end, rd.sc.end, rd.sc.limit = rd.s.end, rd.s.end, rd.s.next
		j.mu.Unlock()
		return nil
	}
	more := len(j.segments) > 0 && j.segments[len(j.segments)-1] != rd.s
	j.mu.Unlock()
	if !more {
		return io.EOF
	}
	rd.Close()
	return nil
}

// note reports records that should have come before the one that was read, or before the end.
func (rd *Reader) note(r *Record, err error) {
	l := Lost{Cause: Damaged, Segment: rd.s.name, Offset: rd.sc.pos - rd.sc.gap, Bytes: rd.sc.gap, From: rd.next, To: rd.sc.limit - 1}
	if err == nil {
		l.Offset, l.To = rd.sc.start-rd.sc.gap, r.Seq-1
	}
	if l.To >= l.From {
		rd.next = l.To + 1
		rd.j.lost(l)
	}
}

// Close gives back what the reader holds. It may be used again.
func (rd *Reader) Close() {
	if rd.h != nil {
		rd.j.files.put(rd.h)
		rd.h, rd.s = nil, nil
	}
}

func (j *Journal) lost(l Lost) {
	j.mu.Lock()
	j.stats.Damaged++
	j.mu.Unlock()
	if j.o.Lost != nil {
		j.o.Lost(l)
	}
}

// copyRange copies the first n bytes of the segment called name.
func (j *Journal) copyRange(name string, n int64, to File) error {
	h, err := j.files.get(name)
	if err != nil {
		return err
	}
	defer j.files.put(h)
	buf := make([]byte, recoverChunk)
	for off := int64(0); off < n; {
		got, err := h.ReadAt(buf[:min(int64(len(buf)), n-off)], off)
		if got == 0 {
			return errors.Join(err, io.ErrUnexpectedEOF)
		}
		if _, err := to.WriteAt(buf[:got], off); err != nil {
			return err
		}
		off += int64(got)
	}
	return nil
}

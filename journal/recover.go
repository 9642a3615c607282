package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
)

const recoverChunk = 256 << 10

// hidden is how many records may have been in segments that are gone: their numbers are not given again.
const hidden = 1 << 24

// recover reads the store: what is there, what is not, what is to be repaired.
func (j *Journal) recover() error {
	segments, err := j.find()
	if err != nil {
		return err
	}
	h, damaged, ok := readHead(j.dir)
	if damaged > 0 || !ok && len(segments) > 1 {
		j.report.lose(Lost{Cause: Head, Segment: headName})
	}
	for _, s := range segments {
		h.floor = max(h.floor, s.floor)
	}
	segments = j.dropBelow(segments, h.floor)
	if len(segments) > 0 { // one that was dropped, and behind which all is gone, is better than nothing
		h.floor = min(h.floor, segments[0].base)
	}
	h.floor = max(h.floor, 1) // if nothing tells it, everything before the first segment may be lost
	w := walk{j: j, expect: h.floor, buf: make([]byte, 0, recoverChunk)}
	for i, s := range segments {
		w.limit = math.MaxUint64
		if i+1 < len(segments) {
			w.limit = segments[i+1].after
		}
		w.segment(s)
	}
	segments = slices.DeleteFunc(segments, func(s *segment) bool { return s.size == 0 })
	j.report.Clean = w.ends(h, segments)
	h.end, j.next = 0, w.expect
	j.start(segments, h)
	if w.hollow {
		j.next++
	}
	return nil
}

// start takes over what was recovered.
func (j *Journal) start(segments []*segment, h head) {
	j.segments, j.next = segments, max(j.next, 1)
	j.committed, j.first = j.next, max(h.floor, 1)
	switch {
	case len(segments) > 0:
		j.salt = segments[len(segments)-1].salt
	case h.salt != 0:
		j.salt = h.salt
	default:
		j.salt = newSalt()
	}
	h.salt, h.floor = j.salt, j.first
	j.head.h = h
	known := h.time
	for _, s := range segments {
		j.report.Bytes += s.size
		j.report.Records += s.messages + s.marks
		known = max(known, s.newest)
	}
	j.clock.start(known)
	j.report.Segments, j.report.First, j.report.Next = len(segments), j.first, j.next
}

// find lists the segments by their names, with what their headers say.
func (j *Journal) find() (segments []*segment, err error) {
	names, err := j.dir.List()
	if err != nil && !(j.o.ReadOnly && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	for _, name := range names {
		s, ok := parseName(name)
		if !ok {
			continue
		}
		if err := j.readHeader(s); err != nil {
			return nil, err
		}
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b *segment) int {
		return cmp.Or(cmp.Compare(a.base, b.base), cmp.Compare(a.salt, b.salt))
	})
	return segments, nil
}

// readHeader reads the header of s. Without one, its name says enough.
func (j *Journal) readHeader(s *segment) error {
	s.broken = true
	f, err := j.dir.Open(s.name)
	if err != nil {
		return nil
	}
	defer f.Close()
	var h header
	b := make([]byte, headerSize)
	if n, _ := f.ReadAt(b, 0); !h.decode(b[:n]) {
		return nil
	}
	if h.version > Version {
		return fmt.Errorf("%w: %s is of version %d, this program reads up to %d", ErrNewer, s.name, h.version, Version)
	}
	if h.base == s.base && h.salt == s.salt && h.after <= h.base && h.floor <= h.base {
		s.broken, s.after, s.floor = false, h.after, h.floor
	}
	return nil
}

// dropBelow finishes what a process before did not: it removes segments before floor.
func (j *Journal) dropBelow(segments []*segment, floor uint64) []*segment {
	n := 0
	for n+1 < len(segments) && segments[n+1].base <= floor {
		if !j.o.ReadOnly {
			if err := j.dir.Remove(segments[n].name); err != nil {
				j.report.unfixed(fmt.Errorf("remove dropped segment: %w", err))
			}
		}
		n++
	}
	return segments[n:]
}

// A walk goes through the segments in order.
type walk struct {
	j      *Journal
	expect uint64 // the record that should be next
	limit  uint64 // records from here on are void in this segment; MaxUint64: it is the last
	buf    []byte
	hollow bool // the last segment has no record and stays: the next one needs another name
}

func (w *walk) segment(s *segment) {
	if s.after > w.expect {
		w.j.report.lose(Lost{Cause: Missing, From: w.expect, To: s.after - 1})
	}
	w.expect = max(w.expect, s.base)
	s.next = w.expect
	f, err := w.j.dir.Open(s.name)
	if err == nil {
		defer f.Close()
		s.size, err = f.Size()
	}
	if err != nil {
		w.unread(s)
		return
	}
	sc := scanner{f: f, salt: s.salt, pos: headerSize, end: s.size, last: s.base - 1, limit: w.limit, buf: w.buf, chunk: recoverChunk}
	if s.broken && s.size > headerSize {
		w.j.report.lose(Lost{Cause: Damaged, Segment: s.name, Bytes: headerSize})
	}
	w.records(s, &sc)
	w.buf = sc.buf[:0]
}

func (w *walk) unread(s *segment) {
	l := Lost{Cause: Unread, Segment: s.name, From: w.expect}
	s.size = max(s.size, 1) // it is there
	if w.limit != math.MaxUint64 {
		l.To = max(w.limit, w.expect+1) - 1
		w.expect = max(w.expect, w.limit)
	} else {
		w.expect += hidden
	}
	w.j.report.lose(l)
}

func (w *walk) records(s *segment, sc *scanner) {
	var r Record
	for sc.next(&r) != io.EOF {
		w.damage(s, sc.start-sc.gap, sc.gap, r.Seq)
		s.count(&r)
		s.note(r.Seq, sc.start)
		w.expect, s.next, s.end = r.Seq+1, r.Seq+1, sc.pos
		w.j.recovered(s, &r)
	}
	if w.limit != math.MaxUint64 {
		if w.expect < w.limit && sc.gap > 0 {
			w.damage(s, s.end, sc.gap, w.limit)
			w.expect = w.limit
		}
		return
	}
	w.tail(s, sc.gap)
}

// damage reports that seq is what comes next in s, behind gap bytes that are no record.
func (w *walk) damage(s *segment, off, gap int64, seq uint64) {
	l := Lost{Cause: Damaged, Segment: s.name, Offset: off, Bytes: gap}
	if seq > w.expect {
		l.From, l.To = w.expect, seq-1
	}
	if gap > 0 || l.From > 0 {
		w.j.report.lose(l)
	}
}

// recovered takes in a record that was read.
func (j *Journal) recovered(s *segment, r *Record) {
	if len(j.segments) == 0 || j.segments[len(j.segments)-1] != s {
		j.segments = append(j.segments, s) // for Release
	}
	j.next, j.committed, j.first = s.next, s.next, max(j.first, 1)
	j.noteLatest(r)
	if j.o.Visit != nil {
		j.o.Visit(j, r)
	}
}

// tail cuts off what is no record at the end of the last segment.
func (w *walk) tail(s *segment, gap int64) {
	j := w.j
	if gap > 0 {
		j.report.lose(Lost{Cause: Torn, Segment: s.name, Offset: s.end, Bytes: gap, From: w.expect})
	}
	if j.o.ReadOnly {
		return
	}
	if s.messages+s.marks == 0 && !s.broken && s.after < s.base {
		w.hollow = true // it says that records before it are void
		return
	}
	if s.messages+s.marks == 0 {
		if err := j.dir.Remove(s.name); err != nil {
			j.report.unfixed(fmt.Errorf("remove empty segment: %w", err))
			return
		}
		s.size = 0
		return
	}
	if err := j.settle(s, gap > 0); err != nil {
		j.report.unfixed(fmt.Errorf("repair %s: %w", s.name, err))
		return
	}
	s.size = s.end
}

// settle makes durable what was read: the process before may have died before it did.
func (j *Journal) settle(s *segment, cut bool) error {
	f, err := j.dir.Update(s.name)
	if err != nil {
		return err
	}
	if cut {
		err = f.Truncate(s.end)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ends compares the end of the log with what the head knows of it; true: the store was closed, and all is there.
func (w *walk) ends(h head, segments []*segment) bool {
	l := Lost{Cause: Missing, From: w.expect}
	gone := h.newest > 0 && (len(segments) == 0 || segments[len(segments)-1].base < h.newest)
	switch {
	case h.end > w.expect:
		l.To = h.end - 1
		w.j.report.lose(l)
		w.expect = h.end
		return false
	case gone && h.newest >= w.expect:
		w.j.report.lose(l)
		w.expect = h.newest + hidden
		return false
	}
	return h.end == w.expect
}

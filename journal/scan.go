package journal

import (
	"errors"
	"io"
)

// page is what is given up at once where the disk does not read.
const page = 4096

// A scanner reads records off a segment, in order, and steps over what is none.
type scanner struct {
	f        io.ReaderAt
	salt     uint32
	pos, end int64  // offsets of what is next, and of the end
	last     uint64 // records up to this one are older than the segment: not from here
	limit    uint64 // so are those from here on
	gap      int64  // bytes stepped over before the record that was read, or the end
	start    int64  // where the record began that was read

	buf   []byte
	r, w  int // buf[r:w] is at pos
	chunk int // bytes to read at once
}

// next reads a record; io.EOF: there is no more.
func (s *scanner) next(r *Record) error {
	s.gap = 0
	for s.pos < s.end {
		if size, ok := frame(s.window(frameSize), s.salt); ok && int64(size) <= s.end-s.pos {
			if s.decode(r, size) {
				return nil
			}
			s.over(size)
			continue
		}
		s.skip(1)
		s.gap++
	}
	return io.EOF
}

func (s *scanner) decode(r *Record, size int) bool {
	b := s.window(size)
	if len(b) < size || r.decode(b[:size:size], s.salt) != nil || r.Seq <= s.last || r.Seq >= s.limit {
		return false
	}
	s.start = s.pos
	s.skip(size)
	s.last = r.Seq
	return true
}

// over steps over a damaged body, if the frame was right about its size: another frame follows, or the end.
func (s *scanner) over(size int) {
	b := s.window(size + frameSize)
	if _, ok := frame(b[min(size, len(b)):], s.salt); !ok && s.pos+int64(size) != s.end {
		size = 1
	}
	s.gap += int64(size)
	s.skip(size)
}

func (s *scanner) skip(n int) {
	s.pos += int64(n)
	s.r += min(n, s.w-s.r)
}

// window returns what is next: n bytes, or more, or all there are.
func (s *scanner) window(n int) []byte {
	if s.w-s.r < n && s.pos+int64(s.w-s.r) < s.end {
		s.fill(n)
	}
	return s.buf[s.r:s.w]
}

func (s *scanner) fill(n int) {
	want := int(min(int64(max(n, s.chunk)), s.end-s.pos))
	have := s.buf[s.r:s.w]
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	s.buf = s.buf[:cap(s.buf)]
	s.r, s.w = 0, copy(s.buf, have)
	got, err := s.f.ReadAt(s.buf[s.w:want], s.pos+int64(s.w))
	switch {
	case err == nil || got == want-s.w:
	case errors.Is(err, io.EOF): // shorter than it was
		s.end = s.pos + int64(s.w+got)
	default:
		got = s.pages(s.buf[s.w:want], s.pos+int64(s.w))
	}
	s.w += got
}

// pages reads b page by page. What cannot be read is zeros, and thereby no record.
func (s *scanner) pages(b []byte, off int64) int {
	for at := 0; at < len(b); {
		n := min(page-int((off+int64(at))%page), len(b)-at)
		if got, err := s.f.ReadAt(b[at:at+n], off+int64(at)); got < n && err != nil {
			clear(b[at+got : at+n])
		}
		at += n
	}
	return len(b)
}

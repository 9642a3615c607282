package journal

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// Part of the format.
const (
	headerSize = 64
	magic      = "LGjrnl\r\n" // shows what translates line ends
)

// A header stands at the beginning of a segment.
type header struct {
	version uint16
	salt    uint32
	base    uint64
	after   uint64
	floor   uint64
	created int64
}

func (h *header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint16(b, h.version)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, h.salt)
	for _, v := range []uint64{h.base, h.after, h.floor, uint64(h.created), 0} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decode reads a header; false: it is damaged.
func (h *header) decode(b []byte) bool {
	if len(b) < headerSize || string(b[:8]) != magic {
		return false
	}
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	*h = header{
		version: binary.LittleEndian.Uint16(b[8:]),
		salt:    binary.LittleEndian.Uint32(b[12:]),
		base:    u64(16), after: u64(24), floor: u64(32), created: int64(u64(40)),
	}
	return crc32.Checksum(b[:60], castagnoli) == binary.LittleEndian.Uint32(b[60:]) && h.version > 0
}

// A segment is a file of the log. The journal's mutex protects it.
type segment struct {
	name     string
	base     uint64
	salt     uint32
	next     uint64 // sequence number behind its last record that counts
	end      int64  // offset behind it
	size     int64  // of the file
	messages int64
	marks    int64
	live     int64 // messages and carried marks that were not released
	newest   int64 // the latest time of a message, Unix nanoseconds
	index    []point
	indexed  int64 // offset of the last point

	after  uint64 // of the header, or base where that is damaged
	floor  uint64
	broken bool // the header is damaged
}

// A point of the index says where a record is. There is one for every page of the segment or so.
type point struct {
	seq uint32 // from base
	off uint32
}

const suffix = ".seg"

func newSegment(base uint64, salt uint32) *segment {
	return &segment{
		name: fmt.Sprintf("%016x-%08x%s", base, salt, suffix),
		base: base, salt: salt, next: base, after: base, end: headerSize,
	}
}

// parseName reads the name of a segment; false: it is another file.
func parseName(name string) (s *segment, ok bool) {
	rest, ok := strings.CutSuffix(name, suffix)
	if base, salt, found := strings.Cut(rest, "-"); ok && found && len(base) == 16 && len(salt) == 8 {
		b, err := strconv.ParseUint(base, 16, 64)
		v, err2 := strconv.ParseUint(salt, 16, 32)
		s = newSegment(b, uint32(v))
		return s, err == nil && err2 == nil && b > 0 && s.name == name
	}
	return nil, false
}

// note adds a point where one is due.
func (s *segment) note(seq uint64, off int64) {
	if len(s.index) > 0 && off-s.indexed < page || seq-s.base > 1<<32-1 || off > 1<<32-1 {
		return
	}
	s.index = append(s.index, point{uint32(seq - s.base), uint32(off)})
	s.indexed = off
}

// seek returns an offset at or before the record seq.
func (s *segment) seek(seq uint64) int64 {
	i, found := slices.BinarySearchFunc(s.index, seq, func(p point, seq uint64) int {
		return cmp.Compare(s.base+uint64(p.seq), seq)
	})
	if found {
		return int64(s.index[i].off)
	}
	if i == 0 {
		return headerSize
	}
	return int64(s.index[i-1].off)
}

// count adds a record that is in the segment.
func (s *segment) count(r *Record) {
	if r.Mark {
		s.marks++
	} else {
		s.messages++
		s.newest = max(s.newest, r.Time)
	}
	if r.counts() {
		s.live++
	}
}

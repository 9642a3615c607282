package s2stream

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/s2"
)

// What is wrong with a stream. It cannot go on.
var (
	ErrCorrupt  = errors.New("corrupt s2 stream")
	ErrTooLarge = errors.New("s2 block too large")
)

// MostPlain is how many bytes a block unpacks to at most, by the format.
const MostPlain = 4 << 20

// A Chunk is what stands at the beginning of a buffer.
type Chunk struct {
	Len   int  // bytes of the chunk in all; 0: not known yet
	Plain int  // bytes that it unpacks to; 0 for what holds none
	Skip  bool // it means nothing, and need not be there as a whole
	Begin bool // it is an identifier
}

// Next looks at the chunk that b begins with, which need not be there as a whole: who calls waits for Len bytes, or skips
// so many. A chunk that unpacks to more than most bytes is refused as soon as it says so. An error means that whatever
// comes next cannot make b legal.
func Next(b []byte, most int) (c Chunk, err error) {
	if len(b) < headSize {
		return c, nil
	}
	n := int(b[1]) | int(b[2])<<8 | int(b[3])<<16
	c.Len = headSize + n
	switch kind := b[0]; {
	case kind == again:
		c.Begin = true
		if n != len(Identifier)-headSize || !begins(b) {
			return c, ErrCorrupt
		}
	case kind > reserved:
		c.Skip = true
	case kind == unpacked:
		c.Plain = n - sumSize
		return c, bounds(c.Plain, most)
	case kind == packed:
		return c, c.block(b, most)
	default:
		return c, ErrCorrupt
	}
	return c, nil
}

// begins says whether b, as far as it is there, is an identifier: that of S2, or that of Snappy, whose blocks S2 can read.
func begins(b []byte) bool {
	n := min(len(b), len(Identifier))
	const snappy = "\xff\x06\x00\x00sNaPpY"
	return string(b[:n]) == Identifier[:n] || string(b[:n]) == snappy[:n]
}

func bounds(plain, most int) error {
	switch {
	case plain < 0:
		return ErrCorrupt
	case plain > most:
		return ErrTooLarge
	}
	return nil
}

// block reads what a packed block unpacks to, as soon as it is there.
func (c *Chunk) block(b []byte, most int) error {
	if c.Len <= headSize+sumSize {
		return ErrCorrupt
	}
	if c.Len > Room(most) { // it would be longer than its content
		return ErrTooLarge
	}
	whole := len(b) >= c.Len
	size := b[headSize:min(len(b), c.Len)]
	if len(size) <= sumSize {
		return nil
	}
	plain, n := binary.Uvarint(size[sumSize:])
	switch {
	case n < 0, n == 0 && (whole || len(size) >= sumSize+binary.MaxVarintLen64):
		return ErrCorrupt
	case n == 0:
		return nil
	case plain > uint64(most):
		return ErrTooLarge
	}
	c.Plain = int(plain)
	return nil
}

// Open unpacks the chunk that b begins with, and holds as a whole, to dst, which has room for c.Plain bytes.
func (c *Chunk) Open(dst, b []byte) error {
	body := b[headSize+sumSize : c.Len]
	dst = dst[:c.Plain]
	if b[0] == unpacked {
		copy(dst, body)
	} else if got, err := s2.Decode(dst, body); err != nil || len(got) != c.Plain {
		return ErrCorrupt
	}
	if binary.LittleEndian.Uint32(b[headSize:]) != checksum(dst) {
		return ErrCorrupt
	}
	return nil
}

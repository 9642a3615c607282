package netio

import (
	"fmt"
	"sync/atomic"

	"leafgate/internal/s2stream"
)

// A Level is how much work goes into compressing what a connection writes.
type Level = s2stream.Level

// The levels of S2, each with more work than the one before.
const (
	Uncompressed = s2stream.Uncompressed
	Fast         = s2stream.Fast
	Better       = s2stream.Better
	Best         = s2stream.Best
)

// Compress makes both sides' bytes an S2 stream: what was appended before goes out as it is, and so does nothing behind it;
// what comes behind the bytes that this Feed takes is unpacked before the next. A WebSocket's frames are compressed, not what
// is in them: so servers do. Only once, on the session's goroutine, in NewSession or Feed.
func (c *Conn) Compress(level Level) {
	f := &s2Filter{conn: c}
	f.level.Store(uint32(level))
	l := &layer{filter: f, d: c.lis.driver}
	if top := c.sock.top.Load(); top != nil {
		c.underlay(top, l)
		return
	}
	l.below = c.sock.lower()
	c.overlay(l)
}

// CompressAt changes the level of a connection that compresses, for what is written from now on.
func (c *Conn) CompressAt(level Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for l := c.sock.top.Load(); l != nil; l, _ = l.below.(*layer) {
		if f, ok := l.filter.(*s2Filter); ok {
			f.level.Store(uint32(level))
		}
	}
}

const (
	// blockSize is of the buffers for blocks larger than what is lent for reading: 1 MiB, which writers make if they are not
	// told otherwise, and what stands before it.
	blockSize = 1<<20 + 1<<10

	// strangersBlock is how large a block may be before authentication.
	strangersBlock = 64 << 10
)

// sealSize is how many bytes are packed as one block, so that it fits a chunk whatever it packs to.
const sealSize = largeChunk - 64

// An s2Filter packs each write as one block or more, and keeps nothing from one to the next.
type s2Filter struct {
	conn    *Conn
	level   atomic.Uint32
	started bool // an identifier was written; the writer's

	// Reading.
	begun   bool   // an identifier has come
	skip    int    // bytes of a chunk that means nothing
	block   []byte // unpacked, from one of the pools if it fits
	blockAt int    // what was read of it
}

func (f *s2Filter) step() int { return sealSize }

func (f *s2Filter) seal(out *queue, plain []byte) {
	chunks := &f.conn.lis.driver.chunks
	k := chunks.get(len(s2stream.Identifier)+s2stream.Room(len(plain)) > smallChunk)
	if !f.started {
		f.started = true
		k.buf = append(k.buf, s2stream.Identifier...)
	}
	k.buf = s2stream.Append(k.buf, plain, Level(f.level.Load()))
	out.push(k)
}

func (f *s2Filter) open(p, in []byte) (n, took, want int, err error) {
	if f.block != nil {
		n = copy(p, f.block[f.blockAt:])
		if f.blockAt += n; f.blockAt == len(f.block) {
			f.dropBlock()
		}
		return n, 0, 0, nil
	}
	if f.skip > 0 {
		return 0, f.skipped(in), 0, nil
	}
	most := s2stream.MostPlain
	if !f.conn.known {
		most = strangersBlock
	}
	c, err := s2stream.Next(in, most)
	switch {
	case err != nil:
		return 0, 0, 0, fmt.Errorf("decompress: %w", err)
	case c.Len == 0:
		return 0, 0, 0, nil
	case c.Begin:
		if len(in) >= c.Len {
			f.begun, took = true, c.Len
		}
		return 0, took, c.Len - took, nil
	case !f.begun:
		return 0, 0, 0, fmt.Errorf("decompress: %w", s2stream.ErrCorrupt)
	case c.Skip:
		f.skip = c.Len
		return 0, f.skipped(in), 0, nil
	case len(in) < c.Len:
		return 0, 0, c.Len, nil
	}
	n, err = f.unpack(p, in, &c)
	return n, c.Len, 0, err
}

// skipped says how much of in means nothing.
func (f *s2Filter) skipped(in []byte) int {
	n := min(f.skip, len(in))
	f.skip -= n
	return n
}

// unpack unpacks to p, or to a block of its own from which p gets the beginning.
func (f *s2Filter) unpack(p, in []byte, c *s2stream.Chunk) (n int, err error) {
	dst := p
	if c.Plain > len(p) {
		f.block, f.blockAt = f.conn.lis.driver.borrow(c.Plain), 0
		dst = f.block
	}
	if err := c.Open(dst, in); err != nil {
		return 0, fmt.Errorf("decompress: %w", err)
	}
	if f.block == nil {
		return c.Plain, nil
	}
	f.blockAt = copy(p, f.block)
	return f.blockAt, nil
}

func (f *s2Filter) dropBlock() {
	f.conn.lis.driver.giveBack(f.block)
	f.block = nil
}

// borrow answers n bytes for a short while, from a pool if they fit in there.
func (d *Driver) borrow(n int) []byte {
	switch {
	case n <= readSize:
		return d.buffers.get()[:n]
	case n <= blockSize:
		return d.blocks.get()[:n]
	}
	return make([]byte, n)
}

func (f *s2Filter) split() bool      { return f.skip > 0 }
func (f *s2Filter) holds() int       { return cap(f.block) }
func (f *s2Filter) farewell() []byte { return nil }
func (f *s2Filter) drop()            { f.dropBlock() }

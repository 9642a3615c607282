package netio

import (
	"errors"
	"io"

	"github.com/klauspost/compress/flate"

	"leafgate/internal/wsframe"
)

// Compressed messages, RFC 7692. Neither side keeps a context, so that whatever is needed for a message is lent for it.

// worthPacking is from how many bytes on a message is compressed.
const worthPacking = 64

// flushed ends what a writer has flushed; messages go without it. RFC 7692, 7.2.1.
const flushed = "\x00\x00\xff\xff"

// lastBlock is what an empty last block is: behind it readers know that there is no more.
const lastBlock = "\x01\x00\x00\xff\xff"

// A deflater packs one message after the other, to a chunk of its own.
type deflater struct {
	w   *flate.Writer
	out *chunk
}

func newDeflater() *deflater {
	d := new(deflater)
	d.w, _ = flate.NewWriter(d, flate.BestSpeed) // the level is one of the levels
	return d
}

var errIncompressible = errors.New("packed it is not smaller")

// Write implements io.Writer for the compressor.
func (d *deflater) Write(b []byte) (int, error) {
	if d.out.fill(b) < len(b) {
		return 0, errIncompressible
	}
	return len(b), nil
}

// deflate packs plain; nil: it would not be smaller. The caller puts the chunk back.
func (d *Driver) deflate(plain []byte) *chunk {
	z := d.deflaters.get()
	defer d.deflaters.put(z)
	z.out = d.chunks.get(len(plain) > smallChunk)
	z.w.Reset(z)
	_, err := z.w.Write(plain)
	if err == nil {
		err = z.w.Flush()
	}
	out := z.out
	if z.out = nil; err != nil || len(out.buf)-len(flushed) >= len(plain) {
		d.chunks.put(out)
		return nil
	}
	out.buf = out.buf[:len(out.buf)-len(flushed)]
	return out
}

// An inflater unpacks one message after the other.
type inflater struct {
	r   io.ReadCloser
	src []byte // borrowed
	end string // what is to come behind src
	got int64
}

func newInflater() *inflater {
	i := new(inflater)
	i.r = flate.NewReader(i)
	return i
}

// Read implements io.Reader for the decompressor.
func (i *inflater) Read(p []byte) (int, error) {
	n := copy(p, i.src)
	i.src = i.src[n:]
	m := copy(p[n:], i.end)
	i.end = i.end[m:]
	if n += m; n == 0 && len(p) > 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// ReadByte implements io.ByteReader: the decompressor needs no buffer then.
func (i *inflater) ReadByte() (byte, error) {
	var b byte
	switch {
	case len(i.src) > 0:
		b, i.src = i.src[0], i.src[1:]
	case i.end != "":
		b, i.end = i.end[0], i.end[1:]
	default:
		return 0, io.ErrUnexpectedEOF
	}
	return b, nil
}

// begin sets the inflater to a message, which is borrowed until its end.
func (i *inflater) begin(message []byte) {
	i.src, i.end, i.got = message, flushed+lastBlock, 0
	_ = i.r.(flate.Resetter).Reset(i, nil) // it does not fail
}

// collect takes a whole frame of a compressed message, in place, and says how many bytes of it are done with.
func (f *frameFilter) collect(frame []byte) (took int) {
	f.unmask(frame)
	f.within = false
	message := frame
	if !f.whole || f.parts != nil {
		f.parts = append(f.parts, frame...)
		message, took = f.parts, len(frame)
	} else {
		f.taken = len(frame) // 0: there is nothing to unpack
	}
	if f.whole && len(message) > 0 {
		f.unpack = f.conn.lis.driver.inflaters.get()
		f.unpack.begin(message)
	}
	return took
}

// inflate unpacks to p. At the end of the message it gives the inflater back, and takes the frame that lent its bytes.
func (f *frameFilter) inflate(p []byte) (n, took int, err error) {
	n, err = f.unpack.r.Read(p)
	f.unpack.got += int64(n)
	switch {
	case f.unpack.got > f.mostInflated():
		return 0, 0, wsframe.ErrTooLarge
	case err == io.EOF:
		took, f.taken = f.taken, 0
		f.drop()
		return n, took, nil
	case err != nil:
		return 0, 0, wsframe.ErrNotDeflate
	}
	return n, 0, nil
}

package gatewaytest

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"
)

// What ends a message that was packed and is not sent, and what tells readers that there is no more. RFC 7692, 7.2.1.
const (
	flushed   = "\x00\x00\xff\xff"
	lastBlock = "\x01\x00\x00\xff\xff"
)

// A packer packs messages and unpacks them, each by itself.
type packer struct {
	packed bytes.Buffer
	w      *flate.Writer
	r      io.ReadCloser
	from   io.Reader // what is unpacked
	end    string    // comes behind it
	one    [1]byte
}

// newPacker unpacks what comes to f.
func newPacker(f *Framed) *packer {
	p := &packer{from: (*payload)(f)}
	p.w, _ = flate.NewWriter(&p.packed, flate.BestSpeed) // the level is one of the levels
	p.r = flate.NewReader(p)
	return p
}

// pack answers bytes that are valid until the next call.
func (p *packer) pack(plain []byte) []byte {
	p.packed.Reset()
	p.w.Reset(&p.packed)
	_, _ = p.w.Write(plain) // a buffer takes everything
	_ = p.w.Flush()
	return bytes.TrimSuffix(p.packed.Bytes(), []byte(flushed))
}

// unpack begins with the next message.
func (p *packer) unpack() io.Reader {
	p.end = flushed + lastBlock
	_ = p.r.(flate.Resetter).Reset(p, nil) // it does not fail
	return p.r
}

// Read implements io.Reader for the decompressor.
func (p *packer) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	if err != io.EOF {
		return n, err
	}
	if p.end == "" {
		return 0, io.ErrUnexpectedEOF
	}
	n = copy(b, p.end)
	p.end = p.end[n:]
	return n, nil
}

// ReadByte implements io.ByteReader: the decompressor needs no buffer then.
func (p *packer) ReadByte() (byte, error) {
	_, err := io.ReadFull(p, p.one[:])
	return p.one[0], err
}

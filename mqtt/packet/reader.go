package packet

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// A reader takes fields off the front of a body. The first error sticks, and nothing is left behind it.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err *Error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uint8() byte {
	if len(r.b) < 1 {
		r.fail(errShort)
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint16() uint16 {
	if len(r.b) < 2 {
		r.fail(errShort)
		return 0
	}
	v := binary.BigEndian.Uint16(r.b)
	r.b = r.b[2:]
	return v
}

func (r *reader) uint32() uint32 {
	if len(r.b) < 4 {
		r.fail(errShort)
		return 0
	}
	v := binary.BigEndian.Uint32(r.b)
	r.b = r.b[4:]
	return v
}

// varint reads a variable byte integer of MQTT 5; MQTT 3 has them in fixed headers only.
func (r *reader) varint() uint32 {
	v, n, err := varint(r.b, V5)
	switch {
	case err != nil:
		r.fail(err)
		return 0
	case n == 0:
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n int) []byte {
	if len(r.b) < n {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// binary reads a length of two bytes and as many bytes.
func (r *reader) binary() []byte { return r.take(int(r.uint16())) }

// text reads a string. [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-1.5.4-1] [MQTT-1.5.4-2]
func (r *reader) text() []byte {
	b := r.binary()
	if !wellFormed(b) {
		r.fail(errString)
	}
	return b
}

// packetID reads the identifier of a packet that its sender numbers. [MQTT-2.3.1-1] [MQTT-2.2.1-3]
func (r *reader) packetID() uint16 {
	id := r.uint16()
	if id == 0 {
		r.fail(errPacketID)
	}
	return id
}

// reason reads a code, which must be one of a set.
func (r *reader) reason(allowed *reasonSet) Reason {
	code := Reason(r.uint8())
	if r.err == nil && !allowed.has(code) {
		r.fail(errReason)
	}
	return code
}

// end returns the first error; bytes that are left are one. [MQTT-2.2.2-2]
func (r *reader) end() error {
	if len(r.b) > 0 {
		r.fail(errLeftOver)
	}
	return r.err
}

// wellFormed says that b may be a string: UTF-8, which excludes surrogates, without U+0000. Control characters and a byte
// order mark are legal and stay. [MQTT-1.5.3-3] [MQTT-1.5.4-3]
func wellFormed(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

package wsframe

import "encoding/binary"

// An Opcode says what a frame is. RFC 6455, 11.8.
type Opcode uint8

// The opcodes there are.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	Close        Opcode = 8
	Ping         Opcode = 9
	Pong         Opcode = 10
)

// Control says whether a frame of that kind may stand between the fragments of a message.
func (o Opcode) Control() bool { return o&8 != 0 }

// MostHeader is how long a header gets.
const MostHeader = 14

// MostControl is how many bytes a control frame carries. RFC 6455, 5.5.
const MostControl = 125

// A Header is what stands before a payload.
type Header struct {
	Op       Opcode
	Fin      bool // the last frame of its message
	Deflated bool // RSV1: the message that begins here is compressed
	Masked   bool
	Key      [4]byte // of the mask
	Payload  int64   // bytes that follow
	Len      int     // bytes of the header itself; 0: it is not whole yet
}

const (
	bitFin    = 0x80
	bitRSV1   = 0x40
	otherRSV  = 0x30
	opMask    = 0x0f
	bitMasked = 0x80
	size16    = 126
	size64    = 127
)

// Parse reads the header at the front of b, which it does not keep. Len 0 without an error: b has to grow.
func Parse(b []byte) (h Header, err error) {
	if len(b) < 2 {
		return Header{}, nil
	}
	h.Op, h.Fin, h.Deflated = Opcode(b[0]&opMask), b[0]&bitFin != 0, b[0]&bitRSV1 != 0
	h.Masked, h.Payload = b[1]&bitMasked != 0, int64(b[1]&^bitMasked)
	if err := h.check(b[0]); err != nil {
		return Header{}, err
	}
	at := 2
	switch h.Payload {
	case size16:
		if at += 2; len(b) >= at {
			h.Payload = int64(binary.BigEndian.Uint16(b[2:]))
		}
	case size64:
		if at += 8; len(b) >= at {
			h.Payload = int64(binary.BigEndian.Uint64(b[2:]))
		}
	}
	if len(b) >= at {
		if err := h.checkLength(at); err != nil {
			return Header{}, err
		}
	}
	if h.Masked {
		if at += 4; len(b) >= at {
			copy(h.Key[:], b[at-4:])
		}
	}
	if len(b) < at {
		return Header{}, nil
	}
	h.Len = at
	return h, nil
}

// check looks at what the first two bytes say.
func (h *Header) check(first byte) error {
	switch {
	case first&otherRSV != 0: // RFC 6455, 5.2: no extension of ours has a use for these
		return errReserved
	case h.Op > Binary && h.Op < Close, h.Op > Pong:
		return errOpcode
	case !h.Op.Control():
		return nil
	case !h.Fin: // RFC 6455, 5.4
		return errControlFragment
	case h.Payload > MostControl: // RFC 6455, 5.5
		return errControlLength
	case h.Deflated: // RFC 7692, 6.1
		return errReserved
	}
	return nil
}

// checkLength looks at a length that stands in at bytes with what is before it. RFC 6455, 5.2: the shortest form it is, and
// the highest bit of 64 is zero.
func (h *Header) checkLength(at int) error {
	switch {
	case at == 10 && h.Payload < 0:
		return errLengthSign
	case at == 10 && h.Payload <= 0xffff, at == 4 && h.Payload < size16:
		return errLengthForm
	}
	return nil
}

// Append appends the header. Len does not matter.
func (h *Header) Append(dst []byte) []byte {
	first, masked := byte(h.Op), byte(0)
	if h.Fin {
		first |= bitFin
	}
	if h.Deflated {
		first |= bitRSV1
	}
	if h.Masked {
		masked = bitMasked
	}
	switch n := h.Payload; {
	case n < size16:
		dst = append(dst, first, masked|byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, first, masked|size16), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, masked|size64), uint64(n))
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

package netio

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"

	"leafgate/internal/wsframe"
)

// Framing says how bytes stand in WebSocket frames. RFC 6455.
type Framing struct {
	Client   bool  // this side has dialled: it masks what it sends
	Unmasked bool  // both sides have agreed that clients need not mask
	Deflate  bool  // permessage-deflate was agreed on, without context takeover. RFC 7692
	Most     int64 // bytes of a message that is taken; default 64 MiB, and before authentication at most 128 KiB
	Inflated int64 // bytes that a compressed one may have, packed and unpacked; default 4 MiB

	// Code, if not nil, says with which code a connection is closed that ends by cause; 0: the default.
	Code func(cause error) wsframe.Code
}

const (
	mostMessage      = 64 << 20
	mostInflated     = 4 << 20
	strangersMessage = 128 << 10
)

// Frame makes both sides' bytes the payloads of frames: what was appended before goes out as it is, and what comes behind the
// bytes that this Feed takes is frames. Bytes are a stream, as far as sessions see: each write becomes one message, or one for
// each 64 KiB. Pings are answered, and so is a close, which ends the connection as its socket's end would. f is kept and not
// changed. Only once, on the session's goroutine, in NewSession or Feed.
func (c *Conn) Frame(f *Framing) {
	l := c.frames(f)
	l.below = c.sock.lower()
	c.overlay(l)
}

// frames is the layer; what is below is for the caller to say.
func (c *Conn) frames(f *Framing) *layer {
	w := &frameFilter{conn: c, how: f}
	w.layer = &layer{filter: w, d: c.lis.driver}
	return w.layer
}

// Deflated says whether the connection is a WebSocket with permessage-deflate.
func (c *Conn) Deflated() bool {
	l := c.sock.top.Load()
	if l == nil {
		return false
	}
	f, ok := l.filter.(*frameFilter)
	return ok && f.how.Deflate
}

// A frameFilter keeps nothing from one message to the next.
type frameFilter struct {
	conn  *Conn
	layer *layer
	how   *Framing

	// Reading.
	seq     wsframe.Sequence
	key     [4]byte
	masked  bool
	whole   bool         // the frame is its message's last
	within  bool         // a data frame has begun, and left bytes of it are to come
	closing wsframe.Code // what the other side has closed with; 0: it has not
	left    int64
	at      int64     // bytes of the payload that have come
	parts   []byte    // of a compressed message
	unpack  *inflater // at work; its source is parts, or the frame that open was given
	taken   int       // bytes of that frame
}

func (f *frameFilter) step() int { return largeChunk - 64 }

// seal makes one message of plain.
func (f *frameFilter) seal(out *queue, plain []byte) {
	chunks := &f.conn.lis.driver.chunks
	k := chunks.get(wsframe.MostHeader+len(plain) > smallChunk)
	h := wsframe.Header{Op: wsframe.Binary, Fin: true, Payload: int64(len(plain))}
	if f.how.Deflate && len(plain) >= worthPacking {
		if z := f.conn.lis.driver.deflate(plain); z != nil {
			h.Deflated, h.Payload = true, int64(len(z.buf))
			k.buf = f.appendFrame(k.buf, &h, z.buf)
			chunks.put(z)
			out.push(k)
			return
		}
	}
	k.buf = f.appendFrame(k.buf, &h, plain)
	out.push(k)
}

// appendFrame appends the frame, masked if this side is to.
func (f *frameFilter) appendFrame(dst []byte, h *wsframe.Header, payload []byte) []byte {
	if h.Masked = f.how.Client && !f.how.Unmasked; h.Masked {
		binary.LittleEndian.PutUint32(h.Key[:], rand.Uint32()) // RFC 6455, 10.3: not to be guessed
	}
	dst = h.Append(dst)
	at := len(dst)
	dst = append(dst, payload...)
	if h.Masked {
		wsframe.Mask(dst[at:], h.Key, 0)
	}
	return dst
}

// open goes on until p is full or in has to grow: small frames are fed together. What is wrong behind the first byte comes
// again.
func (f *frameFilter) open(p, in []byte) (n, took, want int, err error) {
	if f.closing != 0 {
		return 0, len(in), 0, io.EOF
	}
	for more := true; more && n < len(p); {
		var got, k int
		got, k, want, more, err = f.next(p[n:], in[took:])
		n, took = n+got, took+k
		if err != nil && n > 0 {
			return n, took, 0, nil
		}
		if err != nil {
			break
		}
	}
	return n, took, want, err
}

// next does one thing. more: it was something.
func (f *frameFilter) next(p, in []byte) (n, took, want int, more bool, err error) {
	switch {
	case f.unpack != nil:
		n, took, err = f.inflate(p)
	case !f.within:
		took, want, err = f.begin(in)
		return 0, took, want, took > 0, err
	case f.seq.Deflated():
		if int64(len(in)) < f.left {
			return 0, 0, int(f.left), false, nil
		}
		took = f.collect(in[:f.left])
	default:
		n = int(min(int64(len(p)), int64(len(in)), f.left))
		f.unmask(p[:copy(p, in[:n])])
		return n, n, 0, n > 0, nil
	}
	return n, took, 0, true, err
}

// begin takes a header, and with it the whole frame if that is a control frame.
func (f *frameFilter) begin(in []byte) (took, want int, err error) {
	h, err := wsframe.Parse(in)
	if err != nil || h.Len == 0 {
		return 0, 0, err
	}
	switch {
	case h.Masked && f.how.Client: // RFC 6455, 5.1
		return 0, 0, wsframe.ErrMasked
	case !h.Masked && !f.how.Client && !f.how.Unmasked: // RFC 6455, 5.1
		return 0, 0, wsframe.ErrUnmasked
	case h.Op.Control():
		return f.control(in, &h)
	case h.Deflated && !f.how.Deflate:
		return 0, 0, wsframe.ErrNotAgreed
	}
	if err := f.seq.Take(&h, f.most(&h)); err != nil {
		return 0, 0, err
	}
	f.key, f.masked, f.whole, f.left, f.at = h.Key, h.Masked, h.Fin, h.Payload, 0
	f.within = h.Payload > 0 || f.seq.Deflated()
	return h.Len, 0, nil
}

// most is how large the message may get that h belongs to.
func (f *frameFilter) most(h *wsframe.Header) int64 {
	n := orDefault(f.how.Most, mostMessage)
	if h.Deflated || h.Op == wsframe.Continuation && f.seq.Deflated() {
		n = f.mostInflated()
	}
	if !f.conn.known {
		n = min(n, strangersMessage)
	}
	return n
}

func (f *frameFilter) mostInflated() int64 {
	n := orDefault(f.how.Inflated, mostInflated)
	if !f.conn.known {
		n = min(n, strangersMessage)
	}
	return n
}

func orDefault(n, def int64) int64 {
	if n == 0 {
		return def
	}
	return n
}

// unmask takes the mask off b, the next bytes of the frame.
func (f *frameFilter) unmask(b []byte) {
	if f.masked {
		wsframe.Mask(b, f.key, f.at)
	}
	f.at += int64(len(b))
	f.left -= int64(len(b))
	f.within = f.left > 0
}

// control takes a control frame.
func (f *frameFilter) control(in []byte, h *wsframe.Header) (took, want int, err error) {
	took = h.Len + int(h.Payload)
	if len(in) < took {
		return 0, took, nil
	}
	var room [wsframe.MostControl]byte
	body := room[:copy(room[:], in[h.Len:took])]
	if h.Masked {
		wsframe.Mask(body, h.Key, 0)
	}
	switch h.Op {
	case wsframe.Ping: // RFC 6455, 5.5.2
		f.layer.answer(f.appendControl(wsframe.Pong, body))
	case wsframe.Close:
		code, _, err := wsframe.ParseClose(body)
		if err != nil {
			return 0, 0, err
		}
		f.closing = code
		return len(in), 0, io.EOF // RFC 6455, 5.5.1: nothing counts behind it
	}
	return took, 0, nil
}

func (f *frameFilter) appendControl(op wsframe.Opcode, body []byte) []byte {
	h := wsframe.Header{Op: op, Fin: true, Payload: int64(len(body))}
	return f.appendFrame(nil, &h, body)
}

func (f *frameFilter) split() bool { return f.closing == 0 && (f.within || f.seq.Open()) }

func (f *frameFilter) holds() int { return cap(f.parts) }

// farewell is a close frame: the other side's own code, or why this side ends.
func (f *frameFilter) farewell() []byte {
	code := f.closing
	if code == 0 {
		code = f.how.code(f.conn.why())
	}
	return f.appendControl(wsframe.Close, wsframe.AppendClose(nil, code, ""))
}

func (f *Framing) code(cause error) wsframe.Code {
	if f.Code != nil {
		if c := f.Code(cause); c != 0 {
			return c
		}
	}
	var bad *wsframe.Error
	switch {
	case errors.As(cause, &bad):
		return bad.Code
	case errors.Is(cause, io.EOF):
		return wsframe.Normal
	case errors.Is(cause, ErrServerStopped):
		return wsframe.GoingAway
	}
	return wsframe.PolicyViolation
}

func (f *frameFilter) drop() {
	if f.unpack != nil {
		f.conn.lis.driver.inflaters.put(f.unpack)
	}
	f.unpack, f.parts = nil, nil
}

package main

import (
	"bytes"
	number "encoding/binary"
	"fmt"
)

// Clients that come by WebSocket. What they say is one frame for each piece, as browsers do, masked with a key of zeros: that
// costs a server what any other does. What they hear is frames of any length, whose headers are taken out as they come.

// A webDialect is a dialect in frames.
type webDialect struct {
	dialect
	path, subprotocol string
}

// hello is the request for a WebSocket.
func (d webDialect) hello() []byte {
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", d.path)
	if d.subprotocol != "" {
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", d.subprotocol)
	}
	return append(b, "\r\n"...)
}

const (
	webBinary = 0x82 // the first byte of a frame that is a whole message
	webMasked = 0x80
	web16     = 126 // lengths that say how long the length is
	web64     = 127
)

// inFrame appends what say appends, if anything, as one frame.
func inFrame(dst []byte, say func([]byte) []byte) []byte {
	body := say(nil)
	switch n := len(body); {
	case n == 0:
		return dst
	case n < web16:
		dst = append(dst, webBinary, webMasked|byte(n))
	case n <= 0xffff:
		dst = number.BigEndian.AppendUint16(append(dst, webBinary, webMasked|web16), uint16(n))
	default:
		dst = number.BigEndian.AppendUint64(append(dst, webBinary, webMasked|web64), uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), body...)
}

func (d webDialect) Connect(dst []byte, name string) []byte {
	return inFrame(dst, func(b []byte) []byte { return d.dialect.Connect(b, name) })
}

func (d webDialect) Disconnect(dst []byte) []byte { return inFrame(dst, d.dialect.Disconnect) }

func (d webDialect) Subscribe(dst, subject []byte, queue string, sid int) []byte {
	return inFrame(dst, func(b []byte) []byte { return d.dialect.Subscribe(b, subject, queue, sid) })
}

func (d webDialect) Unsubscribe(dst, subject []byte, sid int) []byte {
	return inFrame(dst, func(b []byte) []byte { return d.dialect.Unsubscribe(b, subject, sid) })
}

func (d webDialect) Publish(dst []byte, m *unit) []byte {
	return inFrame(dst, func(b []byte) []byte { return d.dialect.Publish(b, m) })
}

func (d webDialect) Ping(dst []byte) []byte {
	return inFrame(dst, d.dialect.Ping)
}

func (d webDialect) Answer(dst []byte, u *unit) []byte {
	return inFrame(dst, func(b []byte) []byte { return d.dialect.Answer(b, u) })
}

// upgrade makes the handshake on a fresh connection, whose socket is blocking.
func (c *conn) upgrade() error {
	d, ok := c.d.(webDialect)
	if !ok {
		return nil
	}
	if err := c.sayBlocking(d.hello()); err != nil {
		return err
	}
	var head []byte
	for {
		room := c.in.room()
		n, err := receiveBlocking(c.fd, room)
		if err == nil && n == 0 {
			err = errCut
		}
		if err != nil {
			return fmt.Errorf("make the handshake: %w", err)
		}
		head = append(head, room[:n]...)
		if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
				return fmt.Errorf("make the handshake: the server says %.60q", head)
			}
			c.frames = &deframer{}
			c.in.grow(len(head))
			c.in.end, err = c.frames.strip(c.in.buf[:copy(c.in.buf, head[end+4:])])
			return err
		}
	}
}

// A deframer takes the headers out of what a server sends.
type deframer struct {
	left int64    // of a payload
	head [10]byte // of a header that is not whole yet
	have int
}

// strip leaves only payloads of b, and says how many bytes that is.
func (f *deframer) strip(b []byte) (n int, err error) {
	err = f.walk(b, func(payload []byte) { n += copy(b[n:], payload) })
	return n, err
}

// count is strip for those who do not read.
func (f *deframer) count(b []byte) (n int64, err error) {
	err = f.walk(b, func(payload []byte) { n += int64(len(payload)) })
	return n, err
}

func (f *deframer) walk(b []byte, payload func([]byte)) error {
	for len(b) > 0 {
		if f.left == 0 {
			f.head[f.have] = b[0]
			f.have++
			b = b[1:]
			if err := f.begin(); err != nil {
				return err
			}
			continue
		}
		n := min(f.left, int64(len(b)))
		payload(b[:n])
		f.left -= n
		b = b[n:]
	}
	return nil
}

// begin reads the header, if it is whole.
func (f *deframer) begin() error {
	if f.have < 2 {
		return nil
	}
	size, n := 2, int64(f.head[1])
	switch n {
	case web16:
		size = 4
	case web64:
		size = 10
	}
	switch {
	case f.head[0]&^0x80 != webBinary&^0x80 && f.head[0] != 0x80 && f.head[0] != 0:
		return fmt.Errorf("server sends a frame that begins with %#x", f.head[0])
	case n > web64:
		return fmt.Errorf("server sends a masked frame")
	case f.have < size:
		return nil
	case size == 4:
		n = int64(number.BigEndian.Uint16(f.head[2:]))
	case size == 10:
		n = int64(number.BigEndian.Uint64(f.head[2:]))
	}
	f.left, f.have = n, 0
	return nil
}

// took says what a read of n bytes into b was worth to the inbox.
func (c *conn) took(b []byte, n int, err error) error {
	if c.frames == nil || n <= 0 || err != nil {
		return c.in.filled(n, err)
	}
	n, err = c.frames.strip(b[:n])
	c.in.end += n
	return err
}

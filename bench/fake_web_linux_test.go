package main

import (
	"bufio"
	number "encoding/binary"
	"net"
	"net/http"
)

// byWeb serves clients that come by WebSocket as serve does others.
func byWeb(serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		w := &fakeWeb{Conn: c, r: bufio.NewReader(c)}
		if _, err := http.ReadRequest(w.r); err != nil {
			return
		}
		if _, err := c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")); err == nil {
			serve(w)
		}
	}
}

// A fakeWeb is a server's side of a WebSocket: what it reads comes with a mask of zeros.
type fakeWeb struct {
	net.Conn
	r    *bufio.Reader
	left uint64
}

func (w *fakeWeb) Read(b []byte) (int, error) {
	if w.left == 0 {
		head, err := w.r.Peek(2)
		if err != nil {
			return 0, err
		}
		size := 2
		switch head[1] &^ webMasked {
		case web16:
			size = 4
		case web64:
			size = 10
		}
		if head, err = w.r.Peek(size + 4); err != nil {
			return 0, err
		}
		switch size {
		case 2:
			w.left = uint64(head[1] &^ webMasked)
		case 4:
			w.left = uint64(number.BigEndian.Uint16(head[2:]))
		default:
			w.left = number.BigEndian.Uint64(head[2:])
		}
		if _, err = w.r.Discard(size + 4); err != nil {
			return 0, err
		}
	}
	n, err := w.r.Read(b[:min(uint64(len(b)), w.left)])
	w.left -= uint64(n)
	return n, err
}

// Write sends b in two frames, so that messages are cut.
func (w *fakeWeb) Write(b []byte) (int, error) {
	var out []byte
	for _, part := range [][]byte{b[:len(b)/2], b[len(b)/2:]} {
		if len(part) < web16 {
			out = append(out, webBinary, byte(len(part)))
		} else {
			out = number.BigEndian.AppendUint64(append(out, webBinary, web64), uint64(len(part)))
		}
		out = append(out, part...)
	}
	if _, err := w.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

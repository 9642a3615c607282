package gatewaytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"leafgate/internal/wsframe"
)

// A Handshake is what a client asks for when it comes by WebSocket.
type Handshake struct {
	Path        string
	Subprotocol string // empty: none
	Deflate     bool   // messages are compressed, RFC 7692; an error if the gateway does not agree
}

// A Framed is a client's connection by WebSocket: what is written is masked messages, and what is read their payloads. It
// allocates nothing for what goes through, and answers nothing by itself.
type Framed struct {
	net.Conn
	r       *bufio.Reader
	out     []byte
	message io.Reader // that is being read; nil: the next one has not begun
	left    int64     // of its frame
	last    bool      // no frame comes behind that one
	packer  *packer   // nil: nothing is compressed

	Subprotocol string       // what the gateway has selected
	Code        wsframe.Code // what it has closed with; 0: it has not
}

// NewFramed makes the handshake on conn.
func NewFramed(conn net.Conn, h Handshake) (*Framed, error) {
	if _, err := io.WriteString(conn, h.request()); err != nil {
		return nil, err
	}
	f := &Framed{Conn: conn, r: bufio.NewReader(conn)}
	answer, err := http.ReadResponse(f.r, nil)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusSwitchingProtocols:
		b, _ := io.ReadAll(answer.Body) // what cannot be read is not shown
		return nil, fmt.Errorf("handshake: %s: %s", answer.Status, strings.TrimSpace(string(b)))
	}
	f.Subprotocol = answer.Header.Get("Sec-Websocket-Protocol")
	if h.Deflate {
		if !strings.HasPrefix(answer.Header.Get("Sec-Websocket-Extensions"), deflate) {
			return nil, errors.New("handshake: compression was not agreed on")
		}
		f.packer = newPacker(f)
	}
	return f, nil
}

const deflate = "permessage-deflate"

func (h Handshake) request() string {
	s := "GET " + h.Path + " HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if h.Subprotocol != "" {
		s += "Sec-WebSocket-Protocol: " + h.Subprotocol + "\r\n"
	}
	if h.Deflate {
		s += "Sec-WebSocket-Extensions: " + deflate + "; server_no_context_takeover; client_no_context_takeover\r\n"
	}
	return s + "\r\n"
}

// Write sends p as one message.
func (f *Framed) Write(p []byte) (int, error) {
	h := wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Key: [4]byte{1, 2, 3, 4}}
	body := p
	if f.packer != nil {
		h.Deflated, body = true, f.packer.pack(p)
	}
	h.Payload = int64(len(body))
	f.out = h.Append(f.out[:0])
	at := len(f.out)
	f.out = append(f.out, body...)
	wsframe.Mask(f.out[at:], h.Key, 0)
	if _, err := f.Conn.Write(f.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read reads payloads. A close frame is [io.EOF]; Code says which.
func (f *Framed) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if f.message == nil {
			if err = f.begin(); err != nil {
				return 0, err
			}
		}
		if n, err = f.message.Read(p); err == io.EOF {
			f.message, err = nil, nil
		}
	}
	return n, err
}

// begin takes the first header of a message.
func (f *Framed) begin() error {
	h, err := f.frame()
	if err != nil {
		return err
	}
	switch {
	case !h.Deflated:
		f.message = (*payload)(f)
	case f.packer == nil:
		return wsframe.ErrNotAgreed
	default:
		f.message = f.packer.unpack()
	}
	return nil
}

// frame takes the next header that is of a message, and what comes before it.
func (f *Framed) frame() (h wsframe.Header, err error) {
	for {
		if h, err = f.header(); err != nil {
			return h, err
		}
		if !h.Op.Control() {
			f.left, f.last = h.Payload, h.Fin
			return h, nil
		}
		b := make([]byte, h.Payload)
		if _, err := io.ReadFull(f.r, b); err != nil {
			return h, err
		}
		if h.Op == wsframe.Close {
			if f.Code, _, err = wsframe.ParseClose(b); err == nil {
				err = io.EOF
			}
			return h, err
		}
	}
}

func (f *Framed) header() (h wsframe.Header, err error) {
	for n := 2; ; n++ {
		b, err := f.r.Peek(n)
		if err != nil {
			return h, err
		}
		if h, err = wsframe.Parse(b); h.Len > 0 || err != nil {
			_, _ = f.r.Discard(h.Len) // they are there
			return h, err
		}
	}
}

// A payload reads what the frames of a message carry.
type payload Framed

func (m *payload) Read(p []byte) (int, error) {
	for m.left == 0 {
		if m.last {
			return 0, io.EOF
		}
		if _, err := (*Framed)(m).frame(); err != nil {
			return 0, errors.Join(io.ErrUnexpectedEOF, err)
		}
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

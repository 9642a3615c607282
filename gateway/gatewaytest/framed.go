package gatewaytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"leafgate/internal/wsframe"
)

// A Framed is a client's connection by WebSocket, without compression: what is written is masked frames, and what is read
// their payloads. It allocates nothing for what goes through, and answers nothing by itself.
type Framed struct {
	net.Conn
	r    *bufio.Reader
	out  []byte
	left int64 // of the frame that is being read

	Subprotocol string       // what the gateway has selected
	Code        wsframe.Code // what it has closed with; 0: it has not
}

// NewFramed makes the handshake on conn. An empty subprotocol asks for none.
func NewFramed(conn net.Conn, path, subprotocol string) (*Framed, error) {
	ask := "GET " + path + " HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if subprotocol != "" {
		ask += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	if _, err := io.WriteString(conn, ask+"\r\n"); err != nil {
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
	return f, nil
}

// Write sends p as one message.
func (f *Framed) Write(p []byte) (int, error) {
	h := wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Key: [4]byte{1, 2, 3, 4}, Payload: int64(len(p))}
	f.out = h.Append(f.out[:0])
	at := len(f.out)
	f.out = append(f.out, p...)
	wsframe.Mask(f.out[at:], h.Key, 0)
	if _, err := f.Conn.Write(f.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read reads payloads. A close frame is [io.EOF]; Code says which.
func (f *Framed) Read(p []byte) (int, error) {
	for f.left == 0 {
		h, err := f.header()
		if err != nil {
			return 0, err
		}
		if h.Op == wsframe.Close {
			b := make([]byte, h.Payload)
			if _, err := io.ReadFull(f.r, b); err != nil {
				return 0, err
			}
			code, _, err := wsframe.ParseClose(b)
			if err != nil {
				return 0, err
			}
			f.Code = code
			return 0, io.EOF
		}
		f.left = h.Payload
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	return n, err
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

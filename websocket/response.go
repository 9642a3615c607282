package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"leafgate/internal/netio"
	"leafgate/internal/reason"
)

// A response is what package gorilla/websocket writes a handshake's answer to. There is no net/http server around it:
// the connection is netio's before the handshake and after.
type response struct {
	conn   *netio.Conn
	header http.Header
	status int
	body   bytes.Buffer
	raw    []byte // of an answer that is not an error
}

var _ http.Hijacker = (*response)(nil)

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *response) Write(b []byte) (int, error) { return w.body.Write(b) }

// Hijack implements http.Hijacker.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c := &hijacked{response: w}
	return c, bufio.NewReadWriter(bufio.NewReaderSize(c, 16), bufio.NewWriterSize(c, 16)), nil
}

// end writes an error, and is why the connection ends.
func (w *response) end(why reason.Reason) error {
	text := string(bytes.TrimSpace(w.body.Bytes()))
	answer := http.Response{ProtoMajor: 1, ProtoMinor: 1, StatusCode: w.status, Header: w.Header(), Close: true,
		ContentLength: int64(w.body.Len()), Body: io.NopCloser(&w.body)}
	var b bytes.Buffer
	if err := answer.Write(&b); err != nil {
		return err
	}
	w.conn.Append(b.Bytes())
	return &handshakeError{why, http.StatusText(w.status) + ": " + text}
}

// hijacked takes the answer that makes the connection a WebSocket. Nothing else is done with it.
type hijacked struct{ *response }

var errHijacked = errors.New("this connection is read elsewhere")

// Write implements net.Conn.
func (c *hijacked) Write(b []byte) (int, error) {
	c.raw = append(c.raw, b...)
	return len(b), nil
}

// The rest of net.Conn.
func (c *hijacked) Read([]byte) (int, error)         { return 0, errHijacked }
func (c *hijacked) Close() error                     { return nil }
func (c *hijacked) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(c.conn.LocalAddr()) }
func (c *hijacked) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(c.conn.RemoteAddr()) }
func (c *hijacked) SetDeadline(time.Time) error      { return nil }
func (c *hijacked) SetReadDeadline(time.Time) error  { return nil }
func (c *hijacked) SetWriteDeadline(time.Time) error { return nil }

package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/module"
)

// mostHead is how long a request may be.
const mostHead = 8 << 10

// A handshake is a connection's session until it is a WebSocket: one HTTP request and its answer.
type handshake struct {
	module *frontend
	conn   *netio.Conn
}

var _ netio.Session = (*handshake)(nil)

// What a connection ends with that does not become a WebSocket.
type handshakeError struct {
	reason reason.Reason
	text   string
}

func (e *handshakeError) Error() string { return "handshake: " + e.text }

// Why is the reason, for those who see only the cause of an end.
func (e *handshakeError) Why() reason.Reason { return e.reason }

var errTimeout = &handshakeError{reason.AuthenticationTimeout, "no request in time"}

// Feed implements netio.Session.
func (h *handshake) Feed(_ *core.Batch, b []byte) (n int, err error) {
	end := bytes.Index(b[:min(len(b), mostHead)], []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(b) >= mostHead:
		return 0, h.refuse(http.StatusRequestHeaderFieldsTooLarge, "the request is too long")
	case end < 0 && !maybeHTTP(b):
		return 0, h.refuse(http.StatusBadRequest, "not HTTP")
	case end < 0:
		return 0, nil
	}
	n = end + 4
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(b[:n]), n))
	if err != nil {
		return 0, h.refuse(http.StatusBadRequest, "the request cannot be read")
	}
	h.conn.Renew()
	return n, h.upgrade(r)
}

// maybeHTTP says whether a request may begin with b: other protocols need not wait for the deadline.
func maybeHTTP(b []byte) bool {
	for _, c := range b[:min(len(b), len("OPTIONS"))] {
		if c == ' ' {
			break
		}
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// Tick implements netio.Session.
func (h *handshake) Tick(*core.Batch, time.Time) (time.Time, error) {
	return time.Time{}, errTimeout
}

// Closed implements netio.Session: it has not become a WebSocket. Those that merely look whether the port is open are many.
func (h *handshake) Closed(_ *core.Batch, cause error) {
	if errors.Is(cause, io.EOF) || errors.Is(cause, netio.ErrServerStopped) {
		h.module.log.Debug("connection ended before its handshake", "client", h.conn.ID(), "remote", h.conn.RemoteAddr().String())
		return
	}
	h.module.refused.Add(1)
	h.module.log.Info("handshake refused", "client", h.conn.ID(), "remote", h.conn.RemoteAddr().String(), "cause", cause)
	h.module.env.History.Tell(module.Event{What: module.Refused, Reason: module.ReasonOf(cause), ID: h.conn.ID(), Type: Protocol,
		Remote: h.conn.RemoteAddr(), Detail: cause.Error()})
}

// refuse answers the request, and is why the connection ends.
func (h *handshake) refuse(status int, why string) error {
	w := &response{conn: h.conn}
	http.Error(w, why, status)
	return w.end(reason.ProtocolViolation)
}

// busy is refuse while memory is short.
func (h *handshake) busy() error {
	w := &response{conn: h.conn}
	w.Header().Set("Retry-After", "10")
	http.Error(w, "memory is short: try again later", http.StatusServiceUnavailable)
	return w.end(reason.MemoryShort)
}

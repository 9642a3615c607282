package websocket_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

const patience = 20 * time.Second

// plain is a listener without TLS.
const plain = `websocket { listen: "127.0.0.1:-1", no_tls: true }`

// block is a listener without TLS, with more settings.
func block(more string) string {
	return fmt.Sprintf(`websocket { listen: "127.0.0.1:-1", no_tls: true, %s }`, more)
}

// mqttToo adds MQTT.
const mqttToo = "\n" + `mqtt { listen: "127.0.0.1:-1" }`

// secure is a listener with TLS.
func secure(t testing.TB, more string) string {
	cert, key := gatewaytest.Certificate(t)
	return fmt.Sprintf(`websocket { listen: "127.0.0.1:-1", tls { cert_file: %q, key_file: %q }, %s }`, cert, key, more)
}

func addr(g *gateway.Gateway) string { return g.Addr("websocket")[0].String() }

// A ws is a client's WebSocket, by the library that browsers are no strangers to. What it reads is a stream.
type ws struct {
	*websocket.Conn
	t    testing.TB
	rest io.Reader
}

// A request is how a client asks for a WebSocket.
type request struct {
	scheme   string // default ws
	path     string
	protocol string
	header   http.Header
	deflate  bool
}

func (r request) dialer() *websocket.Dialer {
	d := &websocket.Dialer{HandshakeTimeout: patience, EnableCompression: r.deflate, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if r.protocol != "" {
		d.Subprotocols = []string{r.protocol}
	}
	return d
}

// ask makes the handshake.
func (r request) ask(g *gateway.Gateway) (*websocket.Conn, *http.Response, error) {
	scheme := r.scheme
	if scheme == "" {
		scheme = "ws"
	}
	return r.dialer().Dial(scheme+"://"+addr(g)+r.path, r.header)
}

func dial(t testing.TB, g *gateway.Gateway, r request) *ws {
	t.Helper()
	c, answer, err := r.ask(g)
	if err != nil {
		t.Fatalf("%v, %+v", err, answer)
	}
	t.Cleanup(func() { c.Close() })
	c.SetReadDeadline(time.Now().Add(patience))
	c.SetWriteDeadline(time.Now().Add(patience))
	return &ws{Conn: c, t: t}
}

// Read reads the payloads of messages as a stream.
func (w *ws) Read(p []byte) (n int, err error) {
	for {
		if w.rest == nil {
			if _, w.rest, err = w.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err = w.rest.Read(p)
		if err == io.EOF {
			w.rest, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends p as one message.
func (w *ws) Write(p []byte) (int, error) {
	if err := w.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetDeadline makes it a net.Conn.
func (w *ws) SetDeadline(t time.Time) error {
	if err := w.SetReadDeadline(t); err != nil {
		return err
	}
	return w.SetWriteDeadline(t)
}

var _ net.Conn = (*ws)(nil)

func (w *ws) say(format string, args ...any) {
	w.t.Helper()
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		w.t.Fatal(err)
	}
}

// closed reads to the end, which is to be a close frame of one of the codes.
func (w *ws) closed(codes ...int) {
	w.t.Helper()
	_, err := io.Copy(io.Discard, w)
	if !websocket.IsCloseError(err, codes...) {
		w.t.Errorf("ended with %v, want a close frame of %v", err, codes)
	}
}

// lines reads a NATS client's lines.
func (w *ws) lines() *lines { return &lines{w, bufio.NewReader(w)} }

type lines struct {
	*ws
	r *bufio.Reader
}

func (l *lines) line() string {
	l.t.Helper()
	s, err := l.r.ReadString('\n')
	if err != nil {
		l.t.Fatalf("%q, %v", s, err)
	}
	return strings.TrimSpace(s)
}

func (l *lines) want(prefix string) {
	l.t.Helper()
	s := l.line()
	for s == "PING" && prefix != "PING" { // it may come at any time
		s = l.line()
	}
	if !strings.HasPrefix(s, prefix) {
		l.t.Fatalf("got %q, want %q", s, prefix)
	}
}

// hello is a NATS client that has been let in.
func hello(t testing.TB, g *gateway.Gateway, r request, options string) *lines {
	t.Helper()
	l := dial(t, g, r).lines()
	l.want("INFO {")
	l.say("CONNECT {\"verbose\":false%s}\r\nPING\r\n", options)
	l.want("PONG")
	return l
}

// until polls.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

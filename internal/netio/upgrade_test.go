package netio_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/klauspost/compress/s2"

	"leafgate/internal/netio"
	"leafgate/internal/wsframe"
)

// A wsConn is a client's connection whose bytes are payloads.
type wsConn struct {
	net.Conn
	ws *websocket.Conn
	r  io.Reader
}

func (c *wsConn) Write(b []byte) (int, error) {
	return len(b), c.ws.WriteMessage(websocket.BinaryMessage, b)
}

func (c *wsConn) Read(b []byte) (n int, err error) {
	for c.r == nil || n == 0 {
		if c.r == nil {
			if _, c.r, err = c.ws.NextReader(); err != nil {
				return 0, io.EOF
			}
		}
		if n, err = c.r.Read(b); err == io.EOF {
			c.r, err = nil, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// webSocket makes a WebSocket server of the far end's connection, as others write them.
func (f *farEnd) webSocket(c *client, compress bool) (*client, *http.Request) {
	f.t.Helper()
	r, err := http.ReadRequest(c.r)
	if err != nil {
		f.t.Error(err)
		return c, nil
	}
	u := websocket.Upgrader{EnableCompression: compress}
	ws, err := u.Upgrade(&hijacked{c: c}, r, nil)
	if err != nil {
		f.t.Error(err)
		return c, r
	}
	ws.EnableWriteCompression(compress)
	x := &wsConn{Conn: c.Conn, ws: ws}
	return &client{t: f.t, Conn: x, r: bufio.NewReader(x)}, r
}

// hijacked is a http.ResponseWriter for a connection that nobody else serves.
type hijacked struct{ c *client }

func (h *hijacked) Header() http.Header       { return http.Header{} }
func (h *hijacked) Write([]byte) (int, error) { return 0, errors.New("not a page") }
func (h *hijacked) WriteHeader(int)           {}
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.c.Conn, bufio.NewReadWriter(h.c.r, bufio.NewWriter(h.c.Conn)), nil
}

func TestDialWebSocket(t *testing.T) {
	for _, tc := range []struct {
		name              string
		secure, ask, take bool
		unmasked          bool
	}{
		{name: "plain"},
		{name: "tls", secure: true},
		{name: "compressed", ask: true, take: true},
		{name: "compressed behind tls", secure: true, ask: true, take: true},
		{name: "not compressed", ask: true},
		{name: "without masks, which it does not know", unmasked: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
			d := dialer(t, s)
			u := &netio.Upgrade{Host: "hub.example:8080", Path: "/pre/leafnode", Secure: tc.secure,
				Framing: netio.Framing{Client: true, Deflate: tc.ask, Unmasked: tc.unmasked}}
			o := netio.DialOptions{Addr: f.lis.Addr().String(), WebSocket: u, Timeout: patience, Greeting: patience, TLSTimeout: patience,
				Greeted: func(line []byte) (*tls.Config, error) {
					if string(line) != "hi, "+strings.Repeat("x", 100)+"\r\n" {
						t.Errorf("greeted with %q", line)
					}
					return nil, nil
				}}
			if tc.secure {
				o.First = &tls.Config{InsecureSkipVerify: true}
			}
			var failed error
			var c *client
			together(2, func(i int) {
				if i == 1 {
					_, failed = d.Dial(t.Context(), o)
					return
				}
				c = f.accept()
				if tc.secure {
					c = f.secure(c)
				}
				var r *http.Request
				if c, r = f.webSocket(c, tc.take); r == nil || r.URL.Path != "/pre/leafnode" || r.Host != "hub.example:8080" || r.Header.Get("User-Agent") != "" {
					t.Errorf("asks for %+v", r)
				}
				c.send([]byte("hi, "+strings.Repeat("x", 100)+"\r\n"+string(frame('E', "early"))), frame('E', strings.Repeat("more", 100)))
			})
			if failed != nil {
				t.Fatal(failed)
			}
			c.want('E', "early")
			c.want('E', strings.Repeat("more", 100))
			if u.Deflate != tc.take || u.Unmasked {
				t.Errorf("agreed on %+v", u.Framing)
			}
			c.x = s.session()
			for _, body := range []string{"x", strings.Repeat("large", 200_000), string(s2Noise(300_000))} {
				c.echo(body)
			}
			if err := c.Conn.(*wsConn).ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience)); err != nil {
				t.Error(err)
			}
			if err := c.x.cause(); !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// readFrame reads one frame of a client, and unmasks it.
func readFrame(t *testing.T, r *bufio.Reader) (h wsframe.Header, payload []byte) {
	t.Helper()
	var head []byte
	for h.Len == 0 {
		b, err := r.ReadByte()
		if err == nil {
			head = append(head, b)
			h, err = wsframe.Parse(head)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	payload = make([]byte, h.Payload)
	if _, err := io.ReadFull(r, payload); err != nil {
		t.Fatal(err)
	}
	if !h.Masked {
		t.Error("it is not masked")
	}
	wsframe.Mask(payload, h.Key, 0)
	return h, payload
}

func serverFrame(payload []byte) []byte {
	h := wsframe.Header{Op: wsframe.Binary, Fin: true, Payload: int64(len(payload))}
	return append(h.Append(nil), payload...)
}

// TestDialWebSocketAndCompress: S2 stands below a WebSocket, from where a session says so.
func TestDialWebSocketAndCompress(t *testing.T) {
	for _, behind := range []bool{false, true} { // with the greeting, or later
		s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
		d := dialer(t, s)
		s.onNew = func(c *netio.Conn) {
			c.Append(frame('E', "clear"))
			c.Compress(netio.Fast)
			c.Append(frame('E', "compressed"))
		}
		var packed bytes.Buffer
		w := s2.NewWriter(&packed, s2.WriterConcurrency(1))
		if _, err := w.Write(append(append(serverFrame(frame('E', "one")), "\x89\x02hi"...), serverFrame(frame('E', "two"))...)); err != nil || w.Flush() != nil {
			t.Fatal(err)
		}
		var failed error
		var c *client
		together(2, func(i int) {
			if i == 1 {
				_, failed = d.Dial(t.Context(), netio.DialOptions{Addr: f.lis.Addr().String(), Timeout: patience, Greeting: patience,
					WebSocket: &netio.Upgrade{Host: "h", Path: "/", Framing: netio.Framing{Client: true}},
					Greeted:   func([]byte) (*tls.Config, error) { return nil, nil }})
				return
			}
			c = f.accept()
			r, err := http.ReadRequest(c.r)
			if err != nil {
				t.Error(err)
				return
			}
			first := serverFrame([]byte("hi\r\n"))
			if behind {
				first = append(first, packed.Bytes()...)
			}
			c.send(append([]byte(switching(r)), first...))
		})
		if failed != nil {
			t.Fatal(failed)
		}
		if _, got := readFrame(t, c.r); string(got) != string(frame('E', "clear")) {
			t.Errorf("in clear: %q", got)
		}
		if !behind {
			c.send(packed.Bytes())
		}
		c.r = bufio.NewReader(s2.NewReader(c.r))
		var text []byte
		pongs := 0
		for want := string(frame('E', "compressed")) + string(frame('E', "one")) + string(frame('E', "two")); len(text) < len(want) || pongs == 0; {
			h, got := readFrame(t, c.r)
			if h.Op == wsframe.Pong && string(got) == "hi" {
				pongs++
				continue
			}
			if text = append(text, got...); !strings.HasPrefix(want, string(text)) {
				t.Fatalf("compressed: %q, want %q", text, want)
			}
		}
		x := s.session()
		x.conn.CompressAt(netio.Best)
		large := frame('E', strings.Repeat("large", 200_000))
		s2Conn{c.Conn, w}.Write(serverFrame(large))
		for text = nil; len(text) < len(large); {
			_, got := readFrame(t, c.r)
			text = append(text, got...)
		}
		if !bytes.Equal(text, large) {
			t.Error("the large one comes back as another")
		}
		c.Close()
		x.cause()
	}
}

// switching is the answer to a handshake.
func switching(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
}

func TestUpgradeRefused(t *testing.T) {
	const good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: KEY\r\n"
	for _, tc := range []struct{ name, answer, want string }{
		{"a page", "HTTP/1.1 404 Not here, \x1b[31m\r\n\r\n", "answers 404 Not Found"},
		{"no upgrade", "HTTP/1.1 200 OK\r\n\r\n", "answers 200 OK"},
		{"a login", "HTTP/1.1 401 Unauthorized\r\n\r\n", "answers 401 Unauthorized"},
		{"another protocol", strings.Replace(good, "websocket", "h2c", 1) + "\r\n", "something else"},
		{"no upgrade in connection", strings.Replace(good, ", Upgrade", "", 1) + "\r\n", "something else"},
		{"another key", strings.Replace(good, "KEY", "x", 1) + "\r\n", "Sec-WebSocket-Accept is wrong"},
		{"a subprotocol", good + "Sec-WebSocket-Protocol: mqtt\r\n\r\n", "subprotocol"},
		{"an extension", good + "Sec-WebSocket-Extensions: x-unheard-of\r\n\r\n", "extensions that nobody"},
		{"more than one", good + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover, x\r\n\r\n", "extensions that nobody"},
		{"a window", good + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=8\r\n\r\n", "extensions that nobody"},
		{"a context", good + "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n\r\n", "keeps a compression context"},
		{"no HTTP", "INFO {}\r\n\r\n", "not HTTP"},
		{"no end", good, "read the answer"},
		{"an endless head", good + strings.Repeat("X: y\r\n", 5000), "too long"},
		{"a masked frame", good + "\r\n\x82\x84abcdefgh", "is masked"},
		{"text", good + "\r\n\x81\x04hi\r\n", "text message"},
		{"a close", good + "\r\n\x88\x02\x03\xe8", "EOF"},
		{"a frame without end", good + "\r\n\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "63 bits"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
			d := dialer(t, s)
			var err error
			together(2, func(i int) {
				if i == 1 {
					_, err = d.Dial(t.Context(), netio.DialOptions{Addr: f.lis.Addr().String(), Timeout: patience, Greeting: patience,
						WebSocket: &netio.Upgrade{Host: "h", Path: "/", Framing: netio.Framing{Client: true, Deflate: true}},
						Greeted:   func([]byte) (*tls.Config, error) { return nil, nil }})
					return
				}
				c := f.accept()
				r, err := http.ReadRequest(c.r)
				if err != nil {
					t.Error(err)
					return
				}
				sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
				_, _ = io.WriteString(c, strings.Replace(tc.answer, "KEY", base64.StdEncoding.EncodeToString(sum[:]), 1))
				c.Conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, c.Conn)
			})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestDialProxy(t *testing.T) {
	for _, tc := range []struct {
		name   string
		secure bool
		ws     bool
		behind string // of the far end, with the proxy's answer
		outer  bool   // TLS with the proxy
	}{
		{name: "plain", behind: "hi\r\n"},
		{name: "by tls", behind: "hi\r\n", outer: true},
		{name: "tls by tls", secure: true, outer: true},
		{name: "websocket by tls", secure: true, ws: true, outer: true},
		{name: "tls", secure: true},
		{name: "websocket behind tls", secure: true, ws: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
			d := dialer(t, s)
			o := netio.DialOptions{Addr: "hub.example:7422", Timeout: patience, Greeting: patience, TLSTimeout: patience,
				Proxy:   &netio.Tunnel{Addr: f.lis.Addr().String(), User: "ann", Pass: "se:cret"},
				Greeted: func([]byte) (*tls.Config, error) { return nil, nil }}
			if tc.secure {
				o.First = &tls.Config{InsecureSkipVerify: true}
			}
			if tc.outer {
				o.Proxy.TLS, o.Proxy.TLSTimeout = &tls.Config{InsecureSkipVerify: true}, patience
			}
			if tc.ws {
				o.WebSocket = &netio.Upgrade{Host: "h", Path: "/", Framing: netio.Framing{Client: true}}
			}
			var failed error
			var c *client
			together(2, func(i int) {
				if i == 1 {
					_, failed = d.Dial(t.Context(), o)
					return
				}
				if c = f.accept(); tc.outer {
					c = f.secure(c)
				}
				c.wantText("CONNECT hub.example:7422 HTTP/1.1\r\nHost: hub.example:7422\r\nProxy-Authorization: Basic " +
					base64.StdEncoding.EncodeToString([]byte("ann:se:cret")) + "\r\n\r\n")
				c.send([]byte("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n" + tc.behind))
				if tc.secure {
					c = f.secure(c)
				}
				if tc.ws {
					c, _ = f.webSocket(c, false)
				}
				if tc.behind == "" {
					c.send([]byte("hi\r\n"))
				}
			})
			if failed != nil {
				t.Fatal(failed)
			}
			c.x = s.session()
			c.echo("through the proxy")
			c.echo(strings.Repeat("large", 300_000))
			c.subscribe("a")
			for range 5 {
				c.send(publish("a", s2Noise(300_000)))
				c.want('M', string(s2Noise(300_000)))
			}
			c.Close()
			c.x.cause()
		})
	}
}

func TestProxyRefuses(t *testing.T) {
	for _, tc := range []struct{ name, answer, want string }{
		{"a login", "HTTP/1.1 407 Who are you, \x1b[31m\r\nContent-Length: 3\r\n\r\nno!", "it answers 407 Proxy Authentication Required"},
		{"no way", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "it answers 502 Bad Gateway"},
		{"no HTTP", "\x05\x00\r\n\r\n", "not HTTP"},
		{"an end", "HTTP/1.1 200", "read the answer"},
		{"an endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 5000), "too long"},
	} {
		s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
		d := dialer(t, s)
		var err error
		together(2, func(i int) {
			if i == 1 {
				_, err = d.Dial(t.Context(), netio.DialOptions{Addr: "hub.example:7422", Timeout: patience, Proxy: &netio.Tunnel{Addr: f.lis.Addr().String()}})
				return
			}
			c := f.accept()
			if _, err := http.ReadRequest(c.r); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(c, tc.answer)
			c.Conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c.Conn)
		})
		if !errors.Is(err, netio.ErrProxy) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
	s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
	d := dialer(t, s)
	f.lis.Close()
	if _, err := d.Dial(t.Context(), netio.DialOptions{Addr: "hub.example:7422", Proxy: &netio.Tunnel{Addr: f.lis.Addr().String()}}); !errors.Is(err, netio.ErrProxy) {
		t.Errorf("nobody is there: %v", err)
	}
	f = newFarEnd(t)
	_, err := d.Dial(t.Context(), netio.DialOptions{Addr: "hub.example:7422", Timeout: patience, Proxy: &netio.Tunnel{Addr: f.lis.Addr().String(), Timeout: time.Millisecond}})
	if !errors.Is(err, netio.ErrProxy) || !strings.Contains(fmt.Sprint(err), "timeout") {
		t.Errorf("silence: %v", err)
	}
}

// FuzzUpgrade: no answer to a handshake does more than fail.
func FuzzUpgrade(f *testing.F) {
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		u := &netio.Upgrade{Host: "h", Path: "/", Framing: netio.Framing{Client: true, Deflate: true}}
		if err := netio.Answer(u, in); err == nil {
			t.Errorf("%q is taken", bytes.Clone(in))
		}
	})
}

package netio_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"leafgate/internal/netio"
)

// A far end takes one connection and begins as a test says.
type farEnd struct {
	t   *testing.T
	lis net.Listener
}

func newFarEnd(t *testing.T) *farEnd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &farEnd{t, l}
}

func (f *farEnd) accept() *client {
	n, err := f.lis.Accept()
	if err != nil {
		f.t.Error(err)
		return nil
	}
	n.SetDeadline(time.Now().Add(2 * patience))
	f.t.Cleanup(func() { n.Close() })
	return &client{t: f.t, Conn: n, r: bufio.NewReader(n)}
}

func (f *farEnd) secure(c *client) *client {
	x := tls.Server(c.Conn, tlsConfig(f.t))
	if err := x.Handshake(); err != nil {
		f.t.Error(err)
	}
	return &client{t: f.t, Conn: x, r: bufio.NewReader(x)}
}

func dialer(t *testing.T, s *server) *netio.Dialer {
	d := s.driver.Dialer(s, netio.ListenOptions{})
	t.Cleanup(func() { d.Stop(time.Second) })
	return d
}

func TestDial(t *testing.T) {
	insecure := func() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
	for _, tc := range []struct {
		name  string
		begin func(f *farEnd, c *client) *client
		first *tls.Config
		next  *tls.Config
	}{
		{name: "plain", begin: func(_ *farEnd, c *client) *client { c.send([]byte("hi\r\n")); return c }},
		{name: "more behind the greeting", begin: func(_ *farEnd, c *client) *client {
			c.send([]byte("hi\r\n"), frame('E', "early"))
			c.want('E', "early")
			return c
		}},
		{name: "greeting in pieces", begin: func(_ *farEnd, c *client) *client {
			c.send([]byte("h"), []byte("i\r"), []byte("\n"))
			return c
		}},
		{name: "tls behind the greeting", next: insecure(), begin: func(f *farEnd, c *client) *client {
			c.send([]byte("hi\r\n"))
			return f.secure(c)
		}},
		{name: "tls first", first: insecure(), begin: func(f *farEnd, c *client) *client {
			c = f.secure(c)
			c.send(append([]byte("hi\r\n"), frame('E', "early")...))
			c.want('E', "early")
			return c
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
			d := dialer(t, s)
			greeted := make(chan string, 1)
			var failed error
			done := make(chan *client, 1)
			together(2, func(i int) {
				if i == 0 {
					done <- tc.begin(f, f.accept())
					return
				}
				_, failed = d.Dial(t.Context(), netio.DialOptions{Addr: f.lis.Addr().String(), First: tc.first, Timeout: patience,
					Greeting: patience, TLSTimeout: patience, Greeted: func(line []byte) (*tls.Config, error) {
						greeted <- string(line)
						return tc.next, nil
					}})
			})
			if failed != nil {
				t.Fatal(failed)
			}
			if line := <-greeted; line != "hi\r\n" {
				t.Errorf("greeted with %q", line)
			}
			c := <-done
			x := s.session()
			c.echo("there and back")
			c.echo(strings.Repeat("large", 100_000))
			if x.conn.ID() == 0 || !x.conn.RemoteAddr().IsValid() || (x.conn.TLS() == nil) != (tc.first == nil && tc.next == nil) {
				t.Errorf("what the connection says of itself: %v %v %v", x.conn.ID(), x.conn.RemoteAddr(), x.conn.TLS())
			}
			c.Close()
			if err := x.cause(); !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestDialFails(t *testing.T) {
	refused := errors.New("not to our taste")
	for _, tc := range []struct {
		name  string
		begin func(c *client)
		o     netio.DialOptions
		want  error
	}{
		{"nothing comes", func(*client) {}, netio.DialOptions{Greeting: time.Millisecond}, netio.ErrGreeting},
		{"it closes", func(c *client) { c.Close() }, netio.DialOptions{Greeting: patience}, netio.ErrGreeting},
		{"no end", func(c *client) { c.send([]byte(strings.Repeat("x", 100))) }, netio.DialOptions{Greeting: patience, MostGreeted: 50}, netio.ErrGreeting},
		{"not wanted", func(c *client) { c.send([]byte("hi\n")) }, netio.DialOptions{Greeting: patience}, refused},
		{"no tls", func(c *client) { c.send([]byte("hi there\n")) },
			netio.DialOptions{TLSTimeout: patience, First: &tls.Config{InsecureSkipVerify: true}}, netio.ErrTLSHandshake},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
			d := dialer(t, s)
			tc.o.Addr = f.lis.Addr().String()
			tc.o.Greeted = func([]byte) (*tls.Config, error) { return nil, refused }
			var err error
			together(2, func(i int) {
				if i == 0 {
					tc.begin(f.accept())
					return
				}
				_, err = d.Dial(t.Context(), tc.o)
			})
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestDialEnds(t *testing.T) {
	s, f := newServer(t, netio.DriverOptions{}), newFarEnd(t)
	d := dialer(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	together(2, func(i int) {
		if i == 0 {
			f.accept()
			cancel()
			return
		}
		if _, err := d.Dial(ctx, netio.DialOptions{Addr: f.lis.Addr().String(), Greeting: time.Hour}); err == nil {
			t.Error("an attempt that was given up succeeds")
		}
	})
	if _, err := d.Dial(t.Context(), netio.DialOptions{Addr: "127.0.0.1:1"}); err == nil {
		t.Error("nobody is there")
	}
	s.onNew = func(c *netio.Conn) { c.EvictAfter(nil, errFrame) }
	var err error
	together(2, func(i int) {
		if i == 0 {
			f.accept().send([]byte("hi\n"))
			return
		}
		_, err = d.Dial(t.Context(), netio.DialOptions{Addr: f.lis.Addr().String(), Greeting: patience,
			Greeted: func([]byte) (*tls.Config, error) { return nil, nil }})
	})
	if err == nil {
		t.Error("a session that ends at once is a success")
	}
	s.session().cause()
	for range s.engine.Endpoints() {
		t.Error("an endpoint is left")
	}
}

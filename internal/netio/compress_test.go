package netio_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"leafgate/internal/netio"
	"leafgate/internal/s2stream"
)

// compress makes c's session compress, with what comes behind its frame in the same piece. It goes on as c did.
func (c *client) compress(level netio.Level, behind ...[]byte) *client {
	c.t.Helper()
	var b bytes.Buffer
	w := s2.NewWriter(&b, s2.WriterConcurrency(1))
	for _, f := range behind {
		if _, err := w.Write(f); err != nil || w.Flush() != nil {
			c.t.Fatal(err)
		}
	}
	c.send(append(frame('C', string(level)), b.Bytes()...))
	c.want('C', string(level))
	return c.compressing()
}

// compressing is c, from where both sides compress.
func (c *client) compressing() *client {
	return &client{t: c.t, Conn: s2Conn{c.Conn, s2.NewWriter(nil, s2.WriterConcurrency(1))}, x: c.x, r: bufio.NewReader(s2.NewReader(c.r))}
}

// An s2Conn compresses what is written, each write as a stream of its own, as servers do.
type s2Conn struct {
	net.Conn
	w *s2.Writer
}

func (c s2Conn) Write(b []byte) (int, error) {
	c.w.Reset(c.Conn)
	n, err := c.w.Write(b)
	if err == nil {
		err = c.w.Close()
	}
	return n, err
}

var levels = []netio.Level{netio.Uncompressed, netio.Fast, netio.Better, netio.Best}

func TestCompress(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := newServer(t, netio.DriverOptions{})
		o := netio.ListenOptions{}
		if secure {
			o.TLS = &netio.TLSOptions{Config: tlsConfig(t), Timeout: patience, First: true}
		}
		s.listen(o)
		dial := s.dial
		if secure {
			dial = func() *client {
				c := s.dialOnly().secure(tls.VersionTLS13)
				c.x = s.session()
				return c
			}
		}
		plain := dial().subscribe("a")
		for _, level := range levels {
			c := dial()
			c.send(frame('A', ""))
			c.want('A', "")
			c = c.compress(level, frame('E', "behind"))
			c.want('E', "behind")
			c.echo("there and back")
			c.subscribe("a")
			for _, body := range []string{"x", strings.Repeat("large", 500_000), string(s2Noise(300_000))} {
				c.echo(body)
				c.send(publish("a", []byte(body)))
				plain.want('M', body)
				c.want('M', body)
				plain.send(publish("a", []byte(body)))
				plain.want('M', body)
				c.want('M', body)
			}
			c.x.conn.CompressAt(netio.Fast)
			c.echo("with another level")
			c.Close()
			if err := c.x.cause(); !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
		}
	}
}

// TestCompressPieces: what comes byte by byte is the same.
func TestCompressPieces(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	raw := c.Conn
	c = c.compress(netio.Fast)
	var b bytes.Buffer
	w := s2.NewWriter(&b)
	for _, body := range []string{"one", strings.Repeat("two", 1000)} {
		if _, err := w.Write(frame('E', body)); err != nil || w.Flush() != nil {
			t.Fatal(err)
		}
	}
	for _, piece := range b.Bytes() {
		if _, err := raw.Write([]byte{piece}); err != nil {
			t.Fatal(err)
		}
	}
	c.want('E', "one")
	c.want('E', strings.Repeat("two", 1000))
	c.Close()
	c.x.cause()
}

// TestBadCompression: the connection ends with a reason, whatever comes.
func TestBadCompression(t *testing.T) {
	good := s2stream.Append([]byte(s2stream.Identifier), frame('E', strings.Repeat("good", 100)), s2stream.Fast)
	bomb := s2stream.Append([]byte(s2stream.Identifier), make([]byte, 65<<10), s2stream.Fast)
	const begin = s2stream.Identifier
	for _, tc := range []struct {
		name, in string
		known    bool // authenticated
		want     error
	}{
		{"no identifier", string(good[len(begin):]), true, s2stream.ErrCorrupt},
		{"not compressed", string(frame('E', "plain")), true, s2stream.ErrCorrupt},
		{"a kind that means something", begin + "\x02\x00\x00\x00", true, s2stream.ErrCorrupt},
		{"garbage", strings.Replace(string(good), "good", "bad!", 1), true, s2stream.ErrCorrupt},
		{"a bomb", begin + "\x00\x20\x00\x00abcd\xff\xff\xff\x7f" + strings.Repeat("x", 100), true, s2stream.ErrTooLarge},
		{"a stranger's bomb", string(bomb), false, s2stream.ErrTooLarge},
		{"a stranger's large block", begin + "\x00\x00\x00\x10", false, s2stream.ErrTooLarge},
		{"cut", string(good[:len(good)-1]), true, io.ErrUnexpectedEOF},
		{"cut in what is skipped", begin + "\xfe\xff\x00\x00abc", true, io.ErrUnexpectedEOF},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
			c := s.dial()
			if tc.known {
				c.send(frame('A', ""))
				c.want('A', "")
			}
			raw := c.Conn
			c = c.compress(netio.Fast)
			if _, err := raw.Write([]byte(tc.in)); err != nil {
				t.Fatal(err)
			}
			if tc.want == io.ErrUnexpectedEOF {
				raw.Close()
			}
			if err := c.x.cause(); !errors.Is(err, tc.want) {
				t.Errorf("ended with %v, want %v", err, tc.want)
			}
		})
	}
}

// TestCompressStrangers: what a stranger leaves unfinished counts.
func TestCompressStrangers(t *testing.T) {
	s := newServer(t, netio.DriverOptions{PreAuthBudget: 100 << 10}).listen(netio.ListenOptions{})
	c := s.dial()
	raw := c.Conn
	c = c.compress(netio.Fast)
	if _, err := raw.Write([]byte(s2stream.Identifier + "\x01\x00\x80\x00" + strings.Repeat("x", 20_000))); err != nil {
		t.Fatal(err)
	}
	if err := c.x.cause(); !errors.Is(err, netio.ErrPreAuth) {
		t.Errorf("ended with %v", err)
	}
}

// TestCompressSlow: who takes nothing costs its bound, and gets everything once it reads.
func TestCompressSlow(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{MaxPending: 64 << 20})
	c := s.dial().compress(netio.Fast).subscribe("a")
	p := s.dial()
	body := string(s2Noise(1 << 20))
	for range 20 {
		p.send(publish("a", []byte(body)))
	}
	p.echo("published")
	for range 20 {
		c.want('M', body)
	}
	until(t, "nothing waits", func() bool { return c.x.conn.Pending() == 0 })
}

func s2Noise(n int) []byte {
	b := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

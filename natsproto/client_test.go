package natsproto_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"leafgate/gateway"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// A client is a raw connection: what it sends and expects are bytes.
type client struct {
	testing.TB
	net.Conn
	r     *bufio.Reader
	step  int              // bytes of one write; 0: all
	infos []map[string]any // every INFO so far
}

// connect dials the first listener and reads the greeting.
func connect(tb testing.TB, g *gateway.Gateway) (*client, map[string]any) {
	tb.Helper()
	c := dial(tb, g, 0)
	return c, c.info()
}

func dial(tb testing.TB, g *gateway.Gateway, listener int) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", g.Addr("natsproto")[listener].String())
	if err != nil {
		tb.Fatal(err)
	}
	return wrap(tb, conn)
}

func wrap(tb testing.TB, conn net.Conn) *client {
	tb.Helper()
	tb.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	return &client{TB: tb, Conn: conn, r: bufio.NewReader(conn)}
}

// hello connects a client that asks for opts, JSON without braces, on top of what most want.
func hello(tb testing.TB, g *gateway.Gateway, opts string) *client {
	tb.Helper()
	c, _ := connect(tb, g)
	c.send("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true" + comma(opts) + "}\r\nPING\r\n")
	c.expect("PONG\r\n")
	return c
}

func comma(opts string) string {
	if opts == "" {
		return ""
	}
	return "," + opts
}

func (c *client) send(s string) {
	c.Helper()
	if err := c.say(s); err != nil {
		c.Fatalf("send %.80q: %v", s, err)
	}
}

// say is send to somebody who may have closed already.
func (c *client) say(s string) (err error) {
	step := max(1, cmp.Or(c.step, len(s)), len(s)/1000)
	for at := 0; at < len(s) && err == nil; at += step {
		_, err = io.WriteString(c.Conn, s[at:min(at+step, len(s))])
	}
	return err
}

// expect reads exactly want.
func (c *client) expect(want string) {
	c.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.r, got)
	if err != nil || string(got) != want {
		c.Fatalf("got  %.300q, %v\nwant %.300q", got[:n], err, want)
	}
}

// line reads one line.
func (c *client) line() string {
	c.Helper()
	s, err := c.r.ReadString('\n')
	if err != nil {
		c.Fatalf("read a line: %q, %v", s, err)
	}
	return s
}

// info reads one INFO.
func (c *client) info() (i map[string]any) {
	c.Helper()
	body, ok := strings.CutPrefix(c.line(), "INFO ")
	if !ok || !strings.HasSuffix(body, " \r\n") {
		c.Fatalf("got %q, want INFO", body)
	}
	if err := json.Unmarshal([]byte(body), &i); err != nil {
		c.Fatal(err)
	}
	c.infos = append(c.infos, i)
	return i
}

// closed expects the end, with nothing before it.
func (c *client) closed() {
	c.Helper()
	if b, err := c.r.ReadByte(); err == nil {
		rest, _ := c.r.Peek(c.r.Buffered())
		c.Fatalf("got %q%q, want the end", b, rest)
	} else if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		c.Fatalf("got %v, want the end", err)
	}
}

// alive expects an answer to PING, with nothing before it.
func (c *client) alive() {
	c.Helper()
	c.send("PING\r\n")
	c.expect("PONG\r\n")
}

// play runs a script to its end: "> sent", "< expected", "~ lines like this pattern", "i" for any INFO,
// "!" for closed.
func (c *client) play(script []string) {
	c.Helper()
	for i, step := range script {
		text := strings.TrimPrefix(step[1:], " ")
		switch step[0] {
		case '>':
			_ = c.say(text) // what is read next says whether that was right
		case '<':
			c.next(text)
		case '~':
			c.match(text)
		case 'i':
			c.info()
		case '!':
			c.closed()
			return
		default:
			c.Fatalf("step %d: %q", i, step)
		}
	}
	c.survives()
}

// match reads lines until they are what a pattern describes.
func (c *client) match(pattern string) {
	c.Helper()
	whole, got := regexp.MustCompile("^(?:"+pattern+")$"), ""
	for !whole.MatchString(got) {
		line, err := c.r.ReadString('\n')
		if got += line; err != nil {
			c.Fatalf("got  %.300q, %v\nwant %.300q", got, err, pattern)
		}
	}
}

// silent expects nothing for as long as d.
func (c *client) silent(d time.Duration) {
	c.Helper()
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.Fatal(err)
	}
	if b, err := c.r.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		rest, _ := c.r.Peek(c.r.Buffered())
		c.Fatalf("got %q%q, %v, want silence", b, rest, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.Fatal(err)
	}
}

// next is expect for a client that may be pinged at any time.
func (c *client) next(want string) {
	c.Helper()
	for b, err := c.r.Peek(len(ping)); err == nil && string(b) == ping; b, err = c.r.Peek(len(ping)) {
		c.expect(ping)
		c.send("PONG\r\n")
	}
	c.expect(want)
}

const ping = "PING\r\n"

// survives is alive for a client that may be pinged at any time.
func (c *client) survives() {
	c.Helper()
	c.send("PING\r\n")
	for line := c.line(); line != "PONG\r\n"; line = c.line() {
		if line != "PING\r\n" {
			c.Fatalf("got %q, want PONG", line)
		}
	}
}

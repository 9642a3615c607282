package mqtt_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// conf opens a listener, and more of the mqtt block where a test has it.
func conf(more string) string { return "mqtt { listen: \"127.0.0.1:-1\"\n" + more + "\n}\n" }

// A client is a raw connection: what it sends and expects are bytes.
type client struct {
	testing.TB
	net.Conn
	r       *bufio.Reader
	version packet.Version // for showing what came
	step    int            // bytes of one write; 0: all
}

// dial connects to the first MQTT listener.
func dial(tb testing.TB, g *gateway.Gateway) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
	if err != nil {
		tb.Fatal(err)
	}
	return wrap(tb, conn)
}

func dialTLS(tb testing.TB, g *gateway.Gateway, c *tls.Config) *client {
	tb.Helper()
	conn, err := tls.Dial("tcp", g.Addr("mqtt")[0].String(), c)
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

// send writes s, in pieces where step says so.
func (c *client) send(s string) {
	c.Helper()
	if err := c.say(s); err != nil {
		c.Fatalf("send %s: %v", show(s, c.version), err)
	}
}

// say is send to somebody who may have closed already.
func (c *client) say(s string) (err error) {
	if c.version == 0 {
		c.version = versionOf(s)
	}
	step := len(s)
	if c.step > 0 {
		step = max(c.step, len(s)/2000)
	}
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
	if string(got[:n]) != want {
		if err == nil { // what else is there, so that the message shows whole packets
			more, _ := c.r.Peek(c.r.Buffered())
			got = append(got[:n:n], more...)
		} else {
			got = got[:n]
		}
		c.Fatalf("got  %s\nwant %s\n(%v)", show(string(got), c.version), show(want, c.version), err)
	}
}

// next reads one packet.
func (c *client) next() string {
	c.Helper()
	b, err := c.read()
	if err != nil {
		c.Fatalf("read a packet: %v after %s", err, show(b, c.version))
	}
	return b
}

// read is next for those that may meet the end. It may be called from any goroutine.
func (c *client) read() (string, error) {
	var b []byte
	for {
		x, err := c.r.ReadByte()
		if err != nil {
			return string(b), err
		}
		b = append(b, x)
		if len(b) < 2 || x >= 0x80 && len(b) < 5 {
			continue
		}
		size := 0
		for i, d := range b[1:] {
			size |= int(d&0x7f) << (7 * i)
		}
		rest := make([]byte, size)
		n, err := io.ReadFull(c.r, rest)
		return string(append(b, rest[:n]...)), err
	}
}

// publish reads one packet, which must be a PUBLISH.
func (c *client) publish() (p packet.Publish) {
	c.Helper()
	b := c.next()
	if b[0]>>4 != byte(packet.PUBLISH) {
		c.Fatalf("got %s, want a PUBLISH", show(b, c.version))
	}
	p, err := parsePublish(b, c.version)
	if err != nil {
		c.Fatalf("parse %q: %v", b, err)
	}
	return p
}

// parsePublish reads a PUBLISH from the gateway.
func parsePublish(b string, v packet.Version) (p packet.Publish, err error) {
	err = p.ParseServer(b[0]&15, []byte(b[len(b)-remaining(b):]), v)
	return p, err
}

func remaining(b string) (size int) {
	for i := 1; ; i++ {
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 {
			return size
		}
	}
}

// alive says that the connection is open, that everything sent has been taken, and that nothing has come meanwhile.
func (c *client) alive() {
	c.Helper()
	c.send(pingreq)
	c.expect(pingresp)
}

// closed says that the connection ends without another word.
func (c *client) closed() {
	c.Helper()
	rest, err := io.ReadAll(c.r)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) || len(rest) > 0 {
		c.Fatalf("want the end of the connection, got %s, %v", show(string(rest), c.version), err)
	}
}

// drop ends the connection without a word.
func (c *client) drop() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Conn.Close()
}

// A step is one thing that happens in a conversation.
type step struct {
	who    string // the client; it connects when it is first named
	send   string
	expect string
	do     func(*client) // what bytes cannot say
	end    ending
}

type ending int

const (
	goesOn ending = iota
	isClosed
	drops
)

func send(who string, packets ...string) step { return step{who: who, send: strings.Join(packets, "")} }
func expect(who string, packets ...string) step {
	return step{who: who, expect: strings.Join(packets, "")}
}

// does is for what is not the same bytes each time.
func does(who string, what func(*client)) step { return step{who: who, do: what} }

func closed(who string) step { return step{who: who, end: isClosed} }
func drop(who string) step   { return step{who: who, end: drops} }

// ping makes sure that what who has sent was taken, and that nothing has come that was not expected.
func ping(who string) step { return step{who: who, send: pingreq, expect: pingresp} }

// A conversation is what clients and gateway say to each other.
type conversation struct {
	name  string // begins with the statements that it proves, in brackets
	conf  string // of the mqtt block
	more  string // of the configuration beside it
	steps []step

	memory bool // with a store, acknowledgements and what goes out at QoS 2 come later than this needs
}

// converse runs conversations, each with whole writes and again byte by byte, in memory and with a store.
func converse(t *testing.T, all []conversation) {
	t.Helper()
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{0, 1} {
				x.run(t, gatewaytest.Start(t, conf(x.conf)+x.more), size)
			}
			if !x.memory {
				x.run(t, newDisks(t).start(t, x.conf, x.more), 0)
			}
		})
	}
}

func (x *conversation) run(t *testing.T, g *gateway.Gateway, size int) {
	clients := make(map[string]*client)
	for i, s := range x.steps {
		c := clients[s.who]
		if c == nil {
			c = dial(t, g)
			c.step = size
			clients[s.who] = c
		}
		c.TB = at{t, i, s.who}
		if s.send != "" {
			if i+1 < len(x.steps) && x.steps[i+1].end == isClosed || i+2 < len(x.steps) && x.steps[i+2].end == isClosed {
				_ = c.say(s.send) // it may be closed before all has been written
			} else {
				c.send(s.send)
			}
		}
		if s.expect != "" {
			c.expect(s.expect)
		}
		if s.do != nil {
			s.do(c)
		}
		switch s.end {
		case isClosed:
			c.closed()
			delete(clients, s.who)
		case drops:
			c.drop()
			delete(clients, s.who)
		}
	}
}

// at says in messages which step of a conversation it was.
type at struct {
	testing.TB
	step int
	who  string
}

func (a at) Fatalf(format string, args ...any) {
	a.TB.Helper()
	a.TB.Fatalf("step %d, %s: "+format, append([]any{a.step, a.who}, args...)...)
}

const (
	pingreq  = packet.PingRequest
	pingresp = packet.PingResponse
)

// versionOf reads the version from a CONNECT, or guesses.
func versionOf(s string) packet.Version {
	at := strings.Index(s, "MQTT")
	if len(s) > at+4 && at > 0 && at < 8 {
		return packet.Version(s[at+4] & 0x7f)
	}
	return packet.V311
}

// show writes packets so that people can compare them.
func show(s string, v packet.Version) string {
	var out []string
	for len(s) > 0 {
		n := len(s)
		if len(s) > 1 {
			head := 1
			for head < len(s) && head < 5 && s[head] >= 0x80 {
				head++
			}
			if head < len(s) {
				n = min(n, head+1+remaining(s[:head+1]))
			}
		}
		out = append(out, fmt.Sprintf("%s(%x)", packet.Type(s[0]>>4), s[:n]))
		if packet.Type(s[0]>>4) == packet.PUBLISH && n < 400 {
			out[len(out)-1] = fmt.Sprintf("PUBLISH(%x %q)", s[:1], s[1:n])
		}
		s = s[n:]
	}
	return "[" + strings.Join(out, " ") + "]"
}

// waitFor polls until ok.
func waitFor(t testing.TB, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("did not come to pass")
		}
	}
}

// natsClient is a raw connection to the NATS listener.
func natsClient(tb testing.TB, g *gateway.Gateway, options string) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", g.Addr("natsproto")[0].String())
	if err != nil {
		tb.Fatal(err)
	}
	c := wrap(tb, conn)
	if _, err := c.r.ReadString('\n'); err != nil {
		tb.Fatal(err)
	}
	if options != "" {
		options = "," + options
	}
	c.send("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"protocol\":0" + options + "}\r\nPING\r\n")
	c.expect("PONG\r\n")
	return c
}

// tlsBlock makes a listener speak TLS.
func tlsBlock(tb testing.TB) string {
	tb.Helper()
	cert, key := gatewaytest.Certificate(tb)
	return fmt.Sprintf("\ntls { cert_file: %q, key_file: %q }", cert, key)
}

package mqtt_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Inputs of these classes brought down, or opened, servers that are well kept. Each may end its own connection; nobody
// else may notice.

// An entrance is a kind of listener, and how to come in by it.
type entrance struct {
	name  string
	block string // in the mqtt block
	dial  func(testing.TB, *gateway.Gateway) *client
}

// everyEntrance runs a test on each kind of listener.
func everyEntrance(t *testing.T, run func(t *testing.T, e entrance)) {
	t.Helper()
	for _, e := range []entrance{
		{"TCP", "", dial},
		{"TLS", strings.Replace(tlsBlock(t), "}", ", timeout: 0.3 }", 1), func(tb testing.TB, g *gateway.Gateway) *client {
			tb.Helper()
			return dialTLS(tb, g, &tls.Config{InsecureSkipVerify: true})
		}},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			run(t, e)
		})
	}
}

const oneUser = `authorization { user: u, password: p, timeout: 0.3 }`

// gone reads to the end of a connection that may have been cut before it had sent everything.
func (c *client) gone() string {
	got, _ := io.ReadAll(c.r)
	return string(got)
}

// enter is a client that has been let in.
func (e *entrance) enter(t *testing.T, g *gateway.Gateway, v packet.Version, id string, with ...func(*packet.Connect)) *client {
	t.Helper()
	c := e.dial(t, g)
	c.send(connect(v, id, with...))
	c.expect(connack(v, false))
	return c
}

func TestPreAuthHugeLength(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block)+oneUser)
		good := e.enter(t, g, v5, "good", login("u", "p"))
		for _, in := range []string{
			"\x30\xff\xff\xff\x7f\x00\x01t", "\x10\xff\xff\xff\x7f\x00\x04MQTT\x05", "\x10\x81\x80\x10\x00\x04MQTT", "\x82\xff\xff\xff\x7f",
			framed(0x10, strings.Repeat("x", 256<<10+1)), strings.Repeat("\x00", 100_000), strings.Repeat("\x30\xff\x7f", 50_000),
		} {
			c := e.dial(t, g)
			_ = c.say(in)
			if got := c.gone(); got != "" {
				t.Errorf("%.20q: told %q", in, got)
			}
		}
		long := e.dial(t, g) // what is long but not too long
		long.send(hello5(strings.Repeat("i", 65_000), login("u", "p"), will("w", strings.Repeat("x", 65_000), 0, false)))
		long.expect(ok5)
		good.alive()
	})
}

func TestPreAuthSlowloris(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block)+oneUser)
		good := e.enter(t, g, v311, "good", login("u", "p"))
		var held []*client
		for i := range 60 {
			c := e.dial(t, g)
			c.send(hello5("slow", login("u", "p"))[:i%20])
			held = append(held, c)
		}
		for _, c := range held {
			c.closed()
		}
		good.alive()
	})
}

func TestVarintFive(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block))
		for _, first := range []string{"\x10", "\x30", "\x82"} {
			c := e.dial(t, g)
			_ = c.say(first + "\xff\xff\xff\xff\x01" + strings.Repeat("x", 100))
			c.gone()
			c = e.enter(t, g, v311, "a")
			_ = c.say(strings.Replace(first, "\x10", "\x32", 1) + "\x80\x80\x80\x80\x00")
			c.closed()
		}
		c := e.enter(t, g, v5, "b")
		_ = c.say("\x30\xff\xff\xff\xff\x01")
		c.expect(dismissal(packet.Malformed, "variable byte integer of more than 4 bytes"))
		c.closed()
		c = e.enter(t, g, v5, "b")
		_ = c.say(framed(0x30, text("t")+"\x80\x80\x80\x80\x01"))
		c.expect(dismissal(packet.Malformed, "variable byte integer of more than 4 bytes"))
		c.closed()
	})
}

func TestConnectStrings(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block))
		const wellFormed = "string is not UTF-8 or holds U+0000"
		for _, s := range []string{"\x00", "a\x00b", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"} {
			for what, with := range map[string]func(*packet.Connect){
				"client id":    func(c *packet.Connect) { c.ClientID = []byte(s) },
				"user name":    login(s, "x"),
				"will topic":   will(s, "x", 0, false),
				"auth method":  func(c *packet.Connect) { c.AuthMethod = []byte(s) },
				"user":         func(c *packet.Connect) { c.Raw = packet.AppendUser(nil, s, "v") },
				"will content": func(c *packet.Connect) { will("t", "x", 0, false)(c); c.Will.Properties.ContentType = []byte(s) },
			} {
				c := e.dial(t, g)
				_ = c.say(hello5("a", with))
				if got, want := c.gone(), refusal(v5, packet.Malformed, wellFormed); got != want {
					t.Errorf("%s %q: %s", what, s, show(got, v5))
				}
				if what == "client id" || what == "user name" || what == "will topic" {
					c = e.dial(t, g)
					_ = c.say(hello3("a", with))
					c.closed()
				}
			}
		}
		for _, block := range []string{"\x02\x00\x00\x00\x01\x02\x00\x00\x00\x01", "\x23\x00\x01", "\x0b\x01", "\x01\x02", "\x7f", "\x03\x00", "\x08\x00\x03a/+"} {
			c := e.dial(t, g)
			_ = c.say(rawConnect5(0x06, "", text("a"), string(packet.AppendVarint(nil, len(block)))+block, text("t"), text("x")))
			if got := c.gone(); len(got) < 4 || got[0] != 0x20 || got[3] < 0x80 {
				t.Errorf("a will with the properties %q: %s", block, show(got, v5))
			}
		}
		for _, id := range []string{"\x01", "\u0085", "\uffff", "a/b", "+", "#", "*", "a.>", " ", "../../x", "\r\n", "{{clientid}}", "%s%n"} {
			e.enter(t, g, v5, id).alive()
			e.enter(t, g, v311, id+"3").alive()
		}
	})
}

// Neither speaks the other's language: the connection ends, with a clear line in the log, and others go on.
func TestTLSMismatch(t *testing.T) {
	var log lockedBuffer
	debug := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g := gatewaytest.StartWith(t, gateway.Options{Text: conf(strings.Replace(tlsBlock(t), "}", ", timeout: 0.3 }", 1)), Log: debug})
	good := dialTLS(t, g, &tls.Config{InsecureSkipVerify: true})
	good.send(hello5("good"))
	good.expect(ok5)
	for _, in := range []string{hello5("a"), hello3("a"), strings.Repeat("\x00", 1000), "GET / HTTP/1.1\r\n\r\n", "", "\x16\x03\x01\x40\x00", "\x16\x03\x01\x00\x05hello"} {
		c := dial(t, g)
		_ = c.say(in)
		if got := c.gone(); strings.Contains(got, "\x20\x02") {
			t.Errorf("%q: told %q", in, got)
		}
	}
	good.alive()
	waitFor(t, func() bool { return strings.Count(log.String(), "tls handshake failed: ") >= 6 })
	plain := gatewaytest.Start(t, conf(""))
	conn, err := net.Dial("tcp", plain.Addr("mqtt")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
		t.Error("a handshake with a plain listener")
	}
	c := dial(t, plain)
	c.send(hello5("c"))
	c.expect(ok5)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Nothing that a client says gets into a NATS client's lines but as a subject, a header value or a payload.
func TestNoCommandInjection(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block))
		nats, c := natsClient(t, g, ""), e.enter(t, g, v5, "x\r\nMSG a 1 0\r\n\r\n")
		nats.send("SUB > 1\r\nPING\r\n")
		nats.expect("PONG\r\n")
		next := func() (subject, rest string) {
			line, err := nats.r.ReadString('\n')
			if line == "PING\r\n" { // once, soon after the beginning
				nats.send("PONG\r\n")
				line, err = nats.r.ReadString('\n')
			}
			if err != nil {
				t.Fatal(err)
			}
			f := strings.Fields(line)
			size := 0
			fmt.Sscan(f[len(f)-1], &size)
			b := make([]byte, size+2)
			if _, err := io.ReadFull(nats.r, b); err != nil || !strings.HasSuffix(string(b), "\r\n") || f[0] != "MSG" && f[0] != "HMSG" {
				t.Fatalf("got %q %q, %v", line, b, err)
			}
			return f[1], string(b[:size])
		}
		for b := 1; b < 0x80; b++ {
			if b == '+' || b == '#' {
				continue
			}
			for _, topic := range []string{fmt.Sprintf("a%cb", b), fmt.Sprintf("%c.", b), fmt.Sprintf("t/%c/MSG a 1 0", b)} {
				c.send(pub5(topic, "x", 0, 0))
				if subject, rest := next(); strings.ContainsAny(subject, "\x00\t\n\f\r \x7f") || rest != "x" {
					t.Errorf("%q became %q", topic, subject)
				}
			}
			c.send(sub5(1, fmt.Sprintf("f%cf/+", b), 0, also(fmt.Sprintf("$share/g%cg/f%cf", b, b), 0)))
			if answer := c.next(); answer[0] != 0x90 {
				t.Errorf("subscribe with %q: %s", rune(b), show(answer, v5))
			}
		}
		evil := "v\r\n\r\nMSG a 1 0\r\n\r\n"
		c.send(pub5("h", "x", 0, 0, user("name", evil), user("na\r\nme", "v"), contentType(evil), responseTopic("r s\r\nt"), correlation(evil), user("Nats-Msg-Id", evil)))
		if subject, rest := next(); subject != "h" || strings.Contains(rest, "MSG a") || !strings.HasSuffix(rest, "\r\n\r\nx") || strings.Count(rest, "\r\n\r\n") != 1 {
			t.Errorf("headers: %q", rest)
		}
		c.send(pub5("end", evil, 0, 0))
		if subject, rest := next(); subject != "end" || rest != evil {
			t.Errorf("got %q %q", subject, rest)
		}
	})
}

// A name in a permission is one token, whatever is in it.
func TestTemplateEscape(t *testing.T) {
	const text = `authorization { users: [
		{ user: boss, password: p }
		{ user: dev, password: p, permissions: { publish: "dev.{{clientid}}.>", subscribe: "mqtt:dev/{{clientid}}/#" } }
		{ user: "*", password: p, permissions: { publish: "user.{{user}}.>", subscribe: "user.{{user}}.>" } }
		{ user: "a.>", password: p, permissions: { publish: "user.{{user}}", subscribe: "user.{{user}}" } }
		{ user: bare, password: p, permissions: { publish: "{{clientid}}.>", subscribe: "{{clientid}}.>" } } ] }`
	const no = packet.NotAuthorized
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block)+text)
		boss := e.enter(t, g, v5, "boss", login("boss", "p"))
		boss.send(sub5(1, "#", 0))
		boss.expect(granted5(1, 0))
		for _, id := range []string{"*", ">", "+", "#", "a.>", "a.*", "*.*", "a/b", "../victim", "victim.x", "victim/x", " ", "victim ", "\tvictim", "{{user}}", "victim queue"} {
			c := e.enter(t, g, v5, id, login("dev", "p"))
			c.send(sub5(1, "dev/victim/#", 0, also("dev/+/x", 0), also("dev/#", 0), also("#", 0), also("dev/victim/x", 0), also("$share/g/dev/victim/x", 0)) +
				pub5("dev/victim/x", "x", 1, 2) + pub5("dev/a/x", "x", 1, 3) + pub5("dev/victim", "x", 1, 4))
			got := c.next() + c.next() + c.next() + c.next()
			for _, want := range []string{granted5(1, no, no, no, no, no, no), ack(packet.PUBACK, v5, 2, no), ack(packet.PUBACK, v5, 3, no), ack(packet.PUBACK, v5, 4, no)} {
				if !strings.Contains(got, want) {
					t.Errorf("client id %q: %s, want %s in it", id, show(got, v5), show(want, v5))
				}
			}
			c.drop()
		}
		star := e.enter(t, g, v5, "*", login("dev", "p")) // its own is one level of that name
		star.send(sub5(1, "dev/*/#", 0))
		star.expect(granted5(1, 0))
		star.send(pub5("dev/*/x", "own", 0, 0))
		star.expect(pub5("dev/*/x", "own", 0, 0))
		boss.expect(pub5("dev/*/x", "own", 0, 0))
		for _, user := range []string{"*", "a.>"} {
			c := e.enter(t, g, v311, "c", login(user, "p"))
			c.send(sub3(1, "user/+/x", 0, also("user/victim/x", 0), also("user/a/b", 0), also("user/#", 0)))
			c.expect(granted3(1, failed3, failed3, failed3, failed3))
			c.drop()
		}
		for _, id := range []string{"$SYS", "$JS", "_INBOX", "$MQTT"} {
			c := e.enter(t, g, v5, id, login("bare", "p"))
			c.send(sub5(1, id+"/#", 0, also(id+"/x", 0)))
			c.expect(granted5(1, no, no))
			c.send(pub5(id+"/x", "x", 1, 2))
			c.expect(ack(packet.PUBACK, v5, 2, no))
			c.drop()
		}
		boss.alive()
	})
}

// A packet identifier that is never released costs one entry, and those that are bounded.
func TestQoS2SameID(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf("receive_maximum: 10\n"+e.block))
		w := e.dial(t, g)
		few := func(a *packet.Connack) { a.ReceiveMaximum = 10 }
		w.send(hello5("w") + sub5(1, "#", 0))
		w.expect(connack(v5, false, few) + granted5(1, 0))
		for _, v := range []packet.Version{v311, v5} {
			c := e.dial(t, g)
			c.send(connect(v, "c"))
			c.expect(connack(v, false, few))
			const rounds, each = 50, 200
			for range rounds {
				c.send(strings.Repeat(publish(v, "t", "x", 2, 7), each))
				c.expect(strings.Repeat(pubrec(7), each))
			}
			w.expect(pub5("t", "x", 0, 0))
			w.alive()
			for id := range uint16(9) {
				c.send(publish(v, "t", "y", 2, 100+id))
				c.expect(pubrec(100 + id))
				w.expect(pub5("t", "y", 0, 0))
			}
			if v == v5 { // who cannot know the maximum has as many as there are identifiers
				_ = c.say(publish(v, "t", "z", 2, 999))
				c.expect(dismissal(packet.ReceiveMaximumExceeded, "more unacknowledged publications than the receive maximum"))
				c.closed()
			}
			w.alive()
		}
	})
}

func TestWrongDirection(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block))
		w := e.enter(t, g, v311, "w")
		for _, in := range []string{connack(v311, false), suback(v311, 1, 0), unsuback(v311, 1), pingresp} {
			c := e.dial(t, g)
			_ = c.say(in)
			c.closed()
			c = e.enter(t, g, v311, "c")
			_ = c.say(in)
			c.closed()
		}
		for _, in := range []string{ok5, granted5(1, 0), unsuback(v5, 1, 0), pingresp} {
			c := e.enter(t, g, v5, "c")
			_ = c.say(in)
			c.expect(dismissal(packet.ProtocolError, "packet that only a server sends"))
			c.closed()
		}
		w.alive()
	})
}

// Clients come, subscribe, publish, unsubscribe and go at once, without a word or in the middle of one.
func TestSubUnsubStorm(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		g := gatewaytest.Start(t, conf(e.block))
		witness, sender := e.enter(t, g, v311, "witness"), e.enter(t, g, v5, "sender")
		witness.send(sub3(1, "witness", 0))
		witness.expect(granted3(1, 0))
		before := g.Engine().Stats().Subscriptions
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				for i := range 30 {
					conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
					if err != nil {
						t.Error(err)
						return
					}
					if e.block != "" {
						conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
					}
					v := []packet.Version{v311, v5}[i%2]
					id := fmt.Sprint("storm", w, "-", i%3)
					fmt.Fprint(conn, connect(v, id, will("storm/1", "gone", 1, i%4 == 0))+subscribe(v, 1, fmt.Sprintf("storm/%d", w), 2, also("storm/#", 1), also("$share/g/storm/+", 1))+
						publish(v, fmt.Sprintf("storm/%d", w), "hi", 1, 1)+unsubscribe(v, 2, "storm/#", "$share/g/storm/+")+publish(v, "storm/1", "hello", 2, 2)[:5+i%8])
					conn.Close()
					runtime.Gosched()
				}
			})
		}
		const n = 200
		for i := range n {
			sender.send(pub5("witness", fmt.Sprint(i), 0, 0) + pub5(fmt.Sprintf("storm/%d", i%8), "x", 1, 1))
			sender.next() // PUBACK, whatever it says
			witness.expect(pub3("witness", fmt.Sprint(i), 0, 0))
		}
		wg.Wait()
		sender.alive()
		waitFor(t, func() bool { // all that is left of them is gone
			left := 0
			for ep := range g.Engine().Endpoints() {
				if ep.Peer().ID != 0 {
					left++
				}
			}
			return left == 2 && g.Engine().Stats().Subscriptions == before
		})
	})
}

// Who asks for retained messages again and again without taking any has a bound to what waits.
func TestRetainedFlood(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		const kept, queued, rounds = 10, 20, 50
		g := gatewaytest.Start(t, conf(fmt.Sprintf("max_retained: %d, max_queued: %d\n", kept, queued)+e.block))
		p := e.enter(t, g, v5, "p")
		for i := range kept {
			p.send(pub5(fmt.Sprint("r/", i), "x", 1, 1, retained))
			p.expect(unheard(packet.PUBACK, 1))
		}
		c := e.enter(t, g, v5, "c", receiveMaximum(1))
		var taken []string
		until := func(first byte) { // what comes before a packet of that kind
			for b := c.next(); b[0] != first; b = c.next() {
				taken = append(taken, b)
			}
		}
		for range rounds {
			c.send(sub5(1, "r/#", 1))
			until(0x90)
		}
		c.send(unsubscribe(v5, 3, "r/#"))
		until(0xb0)
		got := 0
		for len(taken) > 0 { // now it takes them
			got++
			topic := int(taken[0][3]) // of a short packet
			id := uint16(taken[0][4+topic])<<8 | uint16(taken[0][5+topic])
			taken = taken[1:]
			c.send(ack(packet.PUBACK, v5, id, 0) + pingreq)
			until(0xd0)
		}
		if got != kept+queued+1 {
			t.Errorf("%d messages waited, want %d", got, kept+queued+1)
		}
	})
}

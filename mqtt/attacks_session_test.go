package mqtt_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Clients that come all at once, and clients that come as somebody else.

// endpoints counts the peers of the engine.
func endpoints(g *gateway.Gateway) (n int) {
	for range g.Engine().Endpoints() {
		n++
	}
	return n
}

// storming is how many come with the same identifier.
const storming = 64

// A stormer connects and reads to the end: that of the connection, or the message that says the storm is over.
type stormer struct {
	hello    string   // its CONNACK
	payloads []string // of what came
	last     string   // the packet before the end of the connection; empty: it has survived
	err      error
}

func (s *stormer) run(t *testing.T, g *gateway.Gateway, hello string) {
	conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
	if err != nil {
		s.err = err
		return
	}
	c := wrap(t, conn)
	if s.err = conn.SetDeadline(time.Now().Add(6 * patience)); s.err != nil {
		return
	}
	if _, s.err = io.WriteString(conn, hello); s.err != nil {
		return
	}
	if s.hello, s.err = c.read(); s.err != nil {
		return
	}
	for {
		b, err := c.read()
		if err != nil {
			if err != io.EOF {
				s.err = err
			}
			return
		}
		s.last = b
		if b[0]>>4 != byte(packet.PUBLISH) {
			continue
		}
		p, err := parsePublish(b, packet.V5)
		if err != nil {
			s.err = err
			return
		}
		if s.payloads = append(s.payloads, string(p.Payload)); string(p.Payload) == stormOver {
			s.last = ""
			return
		}
	}
}

const stormOver = "the storm is over"

// 64 connections with one identifier at once: each takes the one before over, the last one stays, and has everything that
// the session was promised.
func TestTakeoverStorm(t *testing.T) {
	const queued = 50
	for _, live := range []bool{false, true} {
		t.Run(fmt.Sprintf("client at home %v", live), func(t *testing.T) {
			g := gatewaytest.Start(t, conf(""))
			p, s := dial(t, g), dial(t, g)
			p.send(hello5("p"))
			p.expect(ok5)
			before := endpoints(g)
			s.send(hello5("x", stays(3600)) + sub5(1, "q", 1))
			s.expect(ok5 + granted5(1, 1))
			if !live {
				s.send(bye5)
				s.closed()
			}
			var want []string
			for i := range queued {
				want = append(want, fmt.Sprint(i))
				p.send(pub5("q", fmt.Sprint(i), 1, 1))
				p.expect(puback(1))
			}
			all, ended := make([]stormer, storming), make(chan int, storming)
			var wg sync.WaitGroup
			for i := range all {
				wg.Go(func() {
					all[i].run(t, g, hello5("x", stays(3600)))
					ended <- i
				})
			}
			for range storming - 1 {
				<-ended
			}
			p.send(pub5("q", stormOver, 1, 1))
			p.expect(puback(1))
			wg.Wait()
			checkStorm(t, all, append(want, stormOver))
			waitFor(t, func() bool { return endpoints(g) == before+1 })
		})
	}
}

func checkStorm(t *testing.T, all []stormer, want []string) {
	t.Helper()
	survivors := 0
	for i, s := range all {
		switch {
		case s.err != nil:
			t.Fatalf("%d: %v", i, s.err)
		case s.hello != back5:
			t.Errorf("%d: the session was lost: %s", i, show(s.hello, v5))
		case s.last == "":
			survivors++
			if !slices.Equal(s.payloads, want) {
				t.Errorf("the survivor got %q", s.payloads)
			}
		case s.last != dismissal(packet.SessionTakenOver, "another connection has taken the session over"):
			t.Errorf("%d: ended with %s", i, show(s.last, v5))
		case !slices.Equal(s.payloads, want[:len(s.payloads)]):
			t.Errorf("%d: got %q", i, s.payloads)
		}
	}
	if survivors != 1 {
		t.Errorf("%d survivors", survivors)
	}
}

// The same without a session to keep: each one begins anew, and nothing of the others is left.
func TestTakeoverStormClean(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	p := dial(t, g)
	p.send(hello5("p") + sub5(1, "w", 0))
	p.expect(ok5 + granted5(1, 0))
	before := endpoints(g)
	all, ended := make([]stormer, storming), make(chan int, storming)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			all[i].run(t, g, hello5("x", will("w", "gone", 0, false))+sub5(1, "q", 1))
			ended <- i
		})
	}
	for range storming - 1 {
		<-ended
		p.expect(pub5("w", "gone", 0, 0)) // of each one that has ended
	}
	p.alive()
	p.send(pub5("q", stormOver, 1, 1))
	waitFor(t, func() bool { return endpoints(g) == before+1 })
	wg.Wait()
	survivors := 0
	for i, s := range all {
		if s.err != nil || s.hello != ok5 {
			t.Errorf("%d: %v, %s", i, s.err, show(s.hello, v5))
		}
		if s.last == "" {
			survivors++
		}
	}
	if survivors != 1 {
		t.Errorf("%d survivors", survivors)
	}
}

// Who knows a client identifier has nothing: the session is the user's, of its account.
func TestSessionTheft(t *testing.T) {
	g := gatewaytest.Start(t, `accounts {
		A: { users: [ {user: owner, password: p}, {user: thief, password: p} ] }
		B: { users: [ {user: other, password: p} ] }
	}
	`+conf(""))
	own := func(with ...func(*packet.Connect)) string {
		return hello5("x", append(with, stays(3600), login("owner", "p"))...)
	}
	s, p := dial(t, g), dial(t, g)
	s.send(own() + sub5(1, "q", 1))
	s.expect(ok5 + granted5(1, 1))
	p.send(hello5("p", login("owner", "p")))
	p.expect(ok5)
	steal := func(name, hello, answer string) {
		t.Helper()
		c := dial(t, g)
		c.send(hello)
		c.expect(answer)
		if answer == ok5 { // nothing comes, not even what the other one was promised
			p.send(pub5("q", name, 1, 1))
			p.expect(puback(1))
			c.alive()
			c.send(leavesWith(0))
		}
		c.closed()
	}
	all := func() {
		t.Helper()
		steal("another user", hello5("x", stays(3600), login("thief", "p")), ok5)
		steal("another user, clean", hello5("x", login("thief", "p")), ok5)
		steal("another account", hello5("x", stays(3600), login("other", "p")), ok5)
		steal("a wrong password", hello5("x", login("owner", "q")), refusal(v5, packet.BadUserNameOrPassword, "not authorized"))
		steal("no login", hello5("x"), refusal(v5, packet.NotAuthorized, "not authorized"))
	}
	all()
	s.expect(pub5("q", "another user", 1, 1) + pub5("q", "another user, clean", 1, 2) + pub5("q", "another account", 1, 3))
	s.send(puback(1) + puback(2) + puback(3))
	s.send(bye5)
	s.closed()
	all()
	s = dial(t, g)
	s.send(own())
	s.expect(back5 + pub5("q", "another user", 1, 4) + pub5("q", "another user, clean", 1, 5) + pub5("q", "another account", 1, 6))
	s.alive()
}

// Clients with sessions come back all at once, as after a power cut: nobody waits in vain, nobody's session is refused.
func TestConnectStorm(t *testing.T) {
	const clients = 3000
	g := gatewaytest.Start(t, conf(`authorization { users: [ {user: u, password: p} ] }`))
	before := endpoints(g)
	wave := func(v packet.Version, answer string) {
		t.Helper()
		var wg sync.WaitGroup
		open := make([]net.Conn, clients)
		for i := range clients {
			wg.Go(func() {
				conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
				if err != nil {
					t.Error(err)
					return
				}
				open[i] = conn
				got := make([]byte, len(answer))
				_ = conn.SetDeadline(time.Now().Add(12 * patience))
				if _, err = io.WriteString(conn, connect(v, fmt.Sprint("c", i), login("u", "p"), stays(3600))); err == nil {
					_, err = io.ReadFull(conn, got)
				}
				if err != nil || string(got) != answer {
					t.Errorf("client %d: %s, %v", i, show(string(got), v), err)
				}
			})
		}
		wg.Wait()
		if n := endpoints(g); n != before+clients {
			t.Errorf("%d sessions", n-before)
		}
		for _, conn := range open {
			if conn != nil {
				conn.Close()
			}
		}
	}
	wave(v5, ok5)
	wave(v5, back5)
	wave(v311, back3)
}

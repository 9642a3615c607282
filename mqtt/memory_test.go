package mqtt_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// A tight gateway has a ceiling of 100 MB, and as much of it in use as a test says.
type tight struct {
	*gateway.Gateway
	t    *testing.T
	used atomic.Int64
}

func startTight(t *testing.T, mqtt string) *tight {
	t.Helper()
	g := &tight{t: t}
	g.Gateway = gatewaytest.StartWith(t, gateway.Options{Text: "max_memory: 100MB\n" + conf(mqtt), Used: g.used.Load})
	return g
}

// full lets memory become short, or not any more.
func (g *tight) full(yes bool) {
	g.t.Helper()
	g.used.Store(0)
	if yes {
		g.used.Store(99 << 20)
	}
	waitFor(g.t, func() bool { return (g.Memory().Level.String() == "refusing") == yes })
}

// Nobody new is let in while memory is short, whatever version he speaks; those who are there stay.
func TestMemoryShortRefuses(t *testing.T) {
	g := startTight(t, "")
	old := dial(t, g.Gateway)
	old.send(hello5("old"))
	old.expect(ok5)
	g.full(true)
	before := g.Memory().Refused
	for _, x := range []struct{ name, hello, want string }{
		{"3.1.1", hello3("a"), "\x20\x02\x00\x03"},
		{"5", hello5("a"), refusal(v5, packet.ServerBusy, "memory is short")},
	} {
		c := dial(t, g.Gateway)
		c.TB = at{t, 0, x.name}
		_ = c.say(x.hello)
		c.expect(x.want)
		c.closed()
	}
	if n := g.Memory().Refused - before; n != 2 {
		t.Errorf("%d counted as refused", n)
	}
	old.alive()
	g.full(false)
	c := dial(t, g.Gateway)
	c.send(hello5("a"))
	c.expect(ok5)
}

// While memory is short a session keeps what it has, and takes nothing more, or the newest for the oldest.
func TestMemoryShortQueues(t *testing.T) {
	for _, x := range []struct {
		name, conf string
		want       []string
	}{
		{"the newest is refused", "", []string{"1", "2", "3", "5"}},
		{"the oldest gives way", "queue_full: drop_oldest", []string{"2", "3", "4", "5"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := startTight(t, x.conf)
			s, p := dial(t, g.Gateway), dial(t, g.Gateway)
			s.send(hello5("s", stays(60)) + sub5(1, "t", 1) + bye5)
			s.expect(ok5 + granted5(1, 1))
			s.closed()
			p.send(hello5("p"))
			p.expect(ok5)
			put := func(n int) {
				t.Helper()
				p.send(pub5("t", fmt.Sprint(n), 1, uint16(n)))
				p.expect(puback(uint16(n)))
			}
			put(1)
			put(2)
			put(3)
			g.full(true)
			put(4)
			g.full(false)
			put(5)
			s = dial(t, g.Gateway)
			s.send(hello5("s", stays(60)))
			s.expect(back5)
			for i, want := range x.want {
				s.expect(pub5("t", want, 1, uint16(i+1)))
			}
			s.alive()
		})
	}
}

// Retained messages do not grow while memory is short. They may be replaced by what is no larger, and cleared.
func TestMemoryShortRetained(t *testing.T) {
	g := startTight(t, "")
	p := dial(t, g.Gateway)
	put := func(topic, payload string) {
		t.Helper()
		p.send(pub5(topic, payload, 0, 0, retained))
		p.alive()
	}
	p.send(hello5("p"))
	p.expect(ok5)
	put("a", "old")
	put("b", "old")
	put("c", "old")
	g.full(true)
	put("a", "new")
	put("b", strings.Repeat("larger", 100))
	put("c", "")
	put("d", "one more")
	g.full(false)
	for topic, want := range map[string]string{"a": "new", "b": "old", "c": "", "d": ""} {
		s := dial(t, g.Gateway)
		s.send(hello5("s"+topic) + sub5(1, topic, 0))
		s.expect(ok5 + granted5(1, 0))
		if want != "" {
			s.expect(pub5(topic, want, 0, 0, retained))
		}
		s.alive()
	}
}

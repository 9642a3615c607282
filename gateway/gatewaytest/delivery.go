package gatewaytest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every pattern gets the subjects that match it and no other.
func testPatterns(t *testing.T, d *Driver) {
	subjects := []string{"t.a.b", "t.a.c", "t.a.b.c", "t.b.b", "t.c.d.e", "u.a.b"}
	s := newStage(t, d, Limits{}, "")
	cases := []struct {
		pattern string
		want    []string
		client  *client
	}{
		{pattern: "t.a.b", want: []string{"t.a.b"}},
		{pattern: "t.a.*", want: []string{"t.a.b", "t.a.c"}},
		{pattern: "*.a.b", want: []string{"t.a.b", "u.a.b"}},
		{pattern: "t.*.b", want: []string{"t.a.b", "t.b.b"}},
		{pattern: "*.*.*", want: []string{"t.a.b", "t.a.c", "t.b.b", "u.a.b"}},
		{pattern: "t.>", want: subjects[:5]},
		{pattern: "t.c.*.>", want: []string{"t.c.d.e"}},
		{pattern: "*.a.*.c", want: []string{"t.a.b.c"}},
		{pattern: "t.a.b.x", want: nil},
	}
	for i := range cases {
		cases[i].client = s.client(cases[i].pattern, last)
	}
	pub := s.client()
	for _, subject := range subjects {
		pub.publish(subject, "payload of "+subject)
	}
	pub.publish(last, "")
	for _, c := range cases {
		var want []message
		for _, subject := range c.want {
			want = append(want, message{subject, "payload of " + subject})
		}
		if got := c.client.rest(); !slices.Equal(got, want) {
			t.Errorf("%s got %v, want %v", c.pattern, got, want)
		}
	}
}

// Payloads arrive byte for byte, whatever is in them.
func testPayloads(t *testing.T, d *Driver) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	payloads := []string{
		"", "x", "\x00", "\r\n", "PING\r\n", string(all[:128]), string(all), "\r\n.\r\n\x00\xff\xfe",
		strings.Repeat("\r\n", 70), string(bytes.Repeat(all, 256)), "", strings.Repeat("a", 64<<10),
	}
	s := newStage(t, d, Limits{}, "")
	exact, wild, pub := s.client("p.x"), s.client("p.*"), s.client()
	for _, payload := range payloads {
		pub.publish("p.x", payload)
	}
	for _, payload := range payloads {
		exact.expect(message{"p.x", payload})
		wild.expect(message{"p.x", payload})
	}
}

// What one client publishes arrives in that order, across subjects and sizes.
func testOrder(t *testing.T, d *Driver) {
	const count = 3000
	s := newStage(t, d, Limits{}, "")
	subs := []*client{s.client("o.>"), s.client("o.1", "o.*.2", "o.0")}
	pubs := []*client{s.client(), s.client()}
	want := func(p, i int) message {
		subject := []string{"o.0", "o.1", "o." + strconv.Itoa(p) + ".2"}[i%3]
		payload := fmt.Sprintf("%d %d ", p, i)
		if i%100 == 0 {
			payload += strings.Repeat("x", 20_000)
		}
		return message{subject, payload}
	}
	for p, pub := range pubs {
		for i := range count {
			m := want(p, i)
			pub.publish(m.subject, m.payload)
		}
	}
	for _, sub := range subs {
		next := make([]int, len(pubs))
		for range len(pubs) * count {
			got, err := sub.next()
			if err != nil {
				t.Fatalf("after %v: %v", next, err)
			}
			p, _ := strconv.Atoi(got.payload[:1])
			if w := want(p, next[p]); got != w {
				t.Fatalf("got %v, want %v", got, w)
			}
			next[p]++
		}
	}
}

// A client with overlapping subscriptions gets as many copies as its protocol says.
func testOverlap(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	sub, other, pub := s.client("v.a", "v.*", "v.>", last), s.client("v.a", last), s.client()
	pub.publish("v.a", "1")
	pub.publish("v.b", "2")
	pub.publish(last, "")
	a, b := 3, 2
	if d.OneCopy {
		a, b = 1, 1
	}
	want := slices.Concat(slices.Repeat([]message{{"v.a", "1"}}, a), slices.Repeat([]message{{"v.b", "2"}}, b))
	if got := sub.rest(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := other.rest(); !slices.Equal(got, []message{{"v.a", "1"}}) {
		t.Errorf("a client without overlap got %v", got)
	}
}

// After an unsubscription is confirmed nothing comes, and a client's other subscriptions go on.
func testUnsubscribe(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	sub, pub := s.client("n.a", "n.b", "w.*", last), s.client()
	round := func(want ...message) {
		t.Helper()
		for _, subject := range []string{"n.a", "n.b", "w.x"} {
			pub.publish(subject, "")
		}
		pub.publish(last, "")
		if got := sub.rest(); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	round(message{subject: "n.a"}, message{subject: "n.b"}, message{subject: "w.x"})
	for _, pattern := range []string{"n.a", "w.*"} {
		if err := sub.Unsubscribe(pattern); err != nil {
			t.Fatalf("unsubscribe from %s: %v", pattern, err)
		}
	}
	round(message{subject: "n.b"})
	sub.subscribe("n.a") // again
	round(message{subject: "n.a"}, message{subject: "n.b"})
	if n := s.subscriptions(); n != 3 {
		t.Errorf("the engine has %d subscriptions, want 3", n)
	}
}

package mqtt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

// What is needed outlives the segments it was written in, as it is by then: sessions, subscriptions, what is under way both
// ways, what waits, and retained messages. Done means done.
func TestCompaction(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	const bounded = "store { dir: %q, min_free: 0, max_bytes: 1048576 }\n" // segments of an eighth of that
	g := d.startWith(t, fmt.Sprintf(bounded, d.dir))
	s := dial(t, g)
	s.send(hello3("s", resume) + sub3(1, "keep", 2) + sub3(2, "gone", 1) + unsubscribe(v311, 3, "gone"))
	s.expect(ok3 + granted3(1, 2) + granted3(2, 1) + unsuback(v311, 3))
	both := dial(t, g)
	both.send(hello3("both", resume) + sub3(1, "keep", 1))
	both.expect(ok3 + granted3(1, 1))
	p := dial(t, g)
	p.send(hello3("p", resume) + pub3("keep", "1", 1, 1) + pub3("keep", "2", 2, 2) + pub3("keep", "3", 2, 3))
	p.expect(ok3 + puback(1) + pubrec(2) + pubrec(3))
	s.expect(pub3("keep", "1", 1, 1) + pub3("keep", "2", 2, 2) + pub3("keep", "3", 2, 3))
	s.send(pubrec(3))
	s.expect(pubrel(3))
	both.expect(pub3("keep", "1", 1, 1) + pub3("keep", "2", 1, 2) + pub3("keep", "3", 1, 3))
	both.send(puback(1) + puback(2))
	both.alive()
	s.send(bye3)
	s.closed()
	both.send(bye3)
	both.closed()
	p.send(pubrel(3) + pub3("keep", "4", 1, 4) + pub3("r/1", "old", 1, 5, retained) + pub3("r/1", "new", 1, 6, retained) + pub3("r/2", "x", 1, 7, retained) + pub3("r/2", "", 1, 8, retained))
	p.expect(pubcomp(3) + puback(4) + puback(5) + puback(6) + puback(7) + puback(8))
	for range 3 {
		churn(t, dial(t, g), dial(t, g))
		killed(t, d, g)
		g = d.startWith(t, fmt.Sprintf(bounded, d.dir))
	}
	names, err := d.mqtt().List()
	if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "0000000000000001-") }) {
		t.Errorf("the first segment is still there: %v, %v", names, err)
	}
	s = dial(t, g)
	s.send(hello3("s", resume))
	s.expect(back3 + pubrel(3) + pub3("keep", "1", 1, 1, dup) + pub3("keep", "2", 2, 2, dup))
	last := s.publish()
	if string(last.Payload) != "4" || last.QoS != 1 || last.Dup {
		t.Errorf("got %q", last.Payload)
	}
	s.alive()
	both = dial(t, g)
	both.send(hello3("both", resume))
	both.expect(back3 + pub3("keep", "3", 1, 3, dup))
	if last = both.publish(); string(last.Payload) != "4" {
		t.Errorf("got %q", last.Payload)
	}
	both.alive()
	p = dial(t, g)
	p.send(hello3("p", resume) + pub3("keep", "2", 2, 2, dup) + pub3("gone", "x", 1, 9) + sub3(1, "r/#", 0))
	p.expect(back3 + pubrec(2) + puback(9) + granted3(1, 0) + pub3("r/1", "new", 0, 0, retained))
	p.alive()
	s.alive()
	both.alive()
}

// churn has a live session take so many messages that every segment is given up several times.
func churn(t *testing.T, p, v *client) {
	t.Helper()
	v.send(hello5("v", stays(3600), func(c *packet.Connect) { c.CleanStart = true }) + sub5(1, "churn", 1))
	v.expect(ok5 + granted5(1, 1))
	p.send(hello5("churner"))
	p.expect(ok5)
	payload := strings.Repeat("x", 4000)
	for sent := 0; sent < 1000; {
		p.send(pub5("churn", payload, 1, uint16(1+sent%1000)))
		a := p.next()
		if len(a) == 5 && a[4] == byte(packet.QuotaExceeded) { // compaction is behind
			for v.r.Buffered() > 0 {
				v.take(t)
			}
			continue
		}
		sent++
		v.take(t)
	}
}

// take takes a delivery at QoS 1.
func (c *client) take(t *testing.T) {
	t.Helper()
	p := c.publish()
	c.send(puback(p.ID))
}

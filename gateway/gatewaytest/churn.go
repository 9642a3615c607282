package gatewaytest

import (
	"fmt"
	"testing"
)

// Connections that come and go, politely or not, leave nothing in the engine, and those that stay do not notice.
func testChurn(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	sub, pub := s.client("c.>", last), s.client()
	before := s.subscriptions() // a pattern may take more than one
	for i := range 200 {
		s.visit(i)
	}
	// Whatever half a publication was about, it is not delivered.
	s.eventually("visitors are gone", func() bool { return s.endpoints() == 2 })
	pub.publish(last, "")
	if got := sub.rest(); len(got) != 40 {
		t.Errorf("got %d messages, want one from each of 40 visitors", len(got))
	}
	if n := s.subscriptions(); n != before {
		t.Errorf("%d subscriptions, want %d", n, before)
	}
	sub.Close()
	pub.Close()
	s.eventually("nothing is left", func() bool {
		return s.endpoints() == 0 && s.subscriptions() == 0
	})
}

// visit is one connection, in one of five manners.
func (s *stage) visit(i int) {
	s.Helper()
	if i%5 == 0 { // says nothing
		s.dial().Close()
		return
	}
	pattern := fmt.Sprintf("visitor.%d", i)
	c := s.client(pattern, "visitors.*", "visitors.>")
	switch i % 5 {
	case 1: // leaves as one should
		c.publish("c.bye", "")
		c.sync()
		if err := c.Unsubscribe(pattern); err != nil {
			s.Fatal(err)
		}
	case 2: // leaves in the middle of a publication
		unit := c.Encode("c.half", make([]byte, 100))
		if _, err := c.Write(unit[:len(unit)-50]); err != nil {
			s.Fatal(err)
		}
	case 3: // does not wait
	case 4: // is cut off
		if err := c.tcp.SetLinger(0); err != nil {
			s.Fatal(err)
		}
		c.tcp.Close()
		return
	}
	c.Close()
}

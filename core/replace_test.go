package core_test

import (
	"testing"

	"leafgate/core"
)

// A counter counts what it is given.
type counter struct {
	null
	n int
}

func (c *counter) Deliver(*core.Message, []*core.Subscription) core.Verdict {
	c.n++
	return core.Taken
}

// meanwhile is what happens while a publisher looks who wants a message.
type meanwhile struct{ do func() }

func (m *meanwhile) Accepts([]byte) bool { m.do(); return false }

// Whoever replaces a subscription, the new one first, gets every message, also one whose publisher has found the old one
// and not the new one.
func TestReplacedSubscriptionLosesNothing(t *testing.T) {
	s := newSpace(t)
	to := &counter{}
	ep := s.attach(core.Peer{}, to)
	subscribe := func(o core.SubOptions) *core.Subscription {
		sub, err := ep.Subscribe("x", o)
		if err != nil {
			t.Fatal(err)
		}
		return sub
	}
	var current *core.Subscription
	times := 0
	hook := &meanwhile{func() {
		if times++; times <= 3 {
			old := current
			current = subscribe(core.SubOptions{})
			ep.Unsubscribe(old, 0)
		}
	}}
	for range 8 { // wherever the old one stands, one of them is looked at before
		subscribe(core.SubOptions{Accept: hook})
	}
	current = subscribe(core.SubOptions{})
	for range 8 {
		subscribe(core.SubOptions{Accept: hook})
	}
	pub := s.attach(core.Peer{}, null{})
	want(t, "matched", s.send(pub, "x", "1"), 1)
	want(t, "matched", s.send(pub, "x", "2"), 1)
	want(t, "deliveries", to.n, 2)
	if times <= 3 {
		t.Fatal("nothing was replaced")
	}
}

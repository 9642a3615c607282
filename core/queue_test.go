package core_test

import (
	"testing"

	"leafgate/core"
)

func (s space) member(p core.Peer, pattern, queue string, weight int) *sink {
	s.Helper()
	to := newSink()
	s.subscribe(s.attach(p, to), pattern, core.SubOptions{Queue: queue, Weight: weight, Form: lineForm{}, Tag: "1"})
	return to
}

func TestQueueChoosesOneAndIsFair(t *testing.T) {
	s := newSpace(t)
	members := []*sink{}
	for range 4 {
		members = append(members, s.member(core.Peer{}, "x", "q", 0))
	}
	members = append(members, s.member(core.Peer{}, "*", "q", 0)) // same name, other pattern: the same group
	plain := newSink()
	s.lines(s.attach(core.Peer{}, plain), "x", "1")
	pub := s.attach(core.Peer{}, null{})
	const n = 10000
	want(t, "matched", s.send(pub, "x", numbers(n)...), 2*n)
	want(t, "plain", plain.count(), n)
	total := 0
	for _, m := range members {
		total += m.count()
		if c := m.count(); c < n/5*8/10 || c > n/5*12/10 {
			t.Errorf("a member got %d of %d", c, n)
		}
	}
	want(t, "all", total, n)
}

func TestQueuePrefersClientsThenWeighsRelays(t *testing.T) {
	s := newSpace(t)
	near := newSink()
	client := s.attach(core.Peer{}, near)
	s.subscribe(client, "x", core.SubOptions{Queue: "q", Form: lineForm{}, Tag: "1"})
	light := s.member(core.Peer{Relay: true}, "x", "q", 1)
	heavy := s.member(core.Peer{Relay: true}, "x", "q", 3)
	pub := s.attach(core.Peer{}, null{})
	s.send(pub, "x", numbers(100)...)
	want(t, "client", near.count(), 100)
	client.Close()
	const n = 8000
	s.send(pub, "x", numbers(n)...)
	want(t, "relays", light.count()+heavy.count(), n)
	if h := heavy.count(); h < n*70/100 || h > n*80/100 {
		t.Errorf("heavy relay got %d of %d", h, n)
	}
}

func TestGroupsOfTheMessageLimitChoice(t *testing.T) {
	s := newSpace(t)
	a, b := s.member(core.Peer{}, "x", "a", 0), s.member(core.Peer{}, "x", "b", 0)
	pub := s.attach(core.Peer{Relay: true}, null{})
	batch := s.Get()
	for _, groups := range [][][]byte{{}, {[]byte("b")}, nil} {
		m := batch.Message()
		m.Subject, m.Payload, m.Groups = []byte("x"), nil, groups
		batch.Publish(pub, m)
	}
	batch.Message().Groups = nil
	s.Put(batch)
	want(t, "a", a.count(), 1)
	want(t, "b", b.count(), 2)
}

func TestNothingReturnsToItsRelay(t *testing.T) {
	s := newSpace(t)
	own := newSink()
	relay := s.attach(core.Peer{Relay: true}, own)
	s.lines(relay, ">", "1")
	s.subscribe(relay, "x", core.SubOptions{Queue: "q", Form: lineForm{}, Tag: "2"})
	s.send(relay, "x", "1")
	want(t, "own", own.count(), 0)
}

func TestQueueMemberThroughDeliver(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	s.subscribe(s.attach(core.Peer{}, to), "x", core.SubOptions{Queue: "q"})
	other := s.member(core.Peer{}, "x", "q", 0)
	s.send(s.attach(core.Peer{}, null{}), "x", numbers(1000)...)
	want(t, "all", len(to.plain)+other.count(), 1000)
	if len(to.plain) == 0 || other.count() == 0 {
		t.Errorf("one member got all")
	}
}

func TestQueueMemberAtMaximumPassesOn(t *testing.T) {
	s := newSpace(t)
	limited := newSink()
	s.subscribe(s.attach(core.Peer{}, limited), "x", core.SubOptions{Queue: "q", Form: lineForm{}, Tag: "1", Max: 2})
	other := s.member(core.Peer{}, "x", "q", 0)
	s.send(s.attach(core.Peer{}, null{}), "x", numbers(200)...)
	want(t, "limited", limited.count(), 2)
	want(t, "other", other.count(), 198)
}

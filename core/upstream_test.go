package core_test

import (
	"slices"
	"testing"

	"leafgate/core"
)

func TestUpstream(t *testing.T) {
	s := newSpace(t)
	attach := func(p core.Peer) (*core.Endpoint, relaySink) {
		r := relaySink{newSink(), &hearing{}}
		return s.attach(p, r), r
	}
	a, as := attach(core.Peer{Relay: true, Upstream: true})
	b, bs := attach(core.Peer{Relay: true, Upstream: true})
	down, ds := attach(core.Peer{Relay: true})
	client := s.attach(core.Peer{}, null{})

	s.subscribe(b, "x", core.SubOptions{})
	s.subscribe(b, "x", core.SubOptions{Queue: "q"})
	s.subscribe(b, "beacon", core.SubOptions{Beacon: true})
	s.subscribe(down, "x", core.SubOptions{})
	check := func(who string, r relaySink, want ...string) {
		t.Helper()
		got := r.news.take()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s hears %q, want %q", who, got, want)
		}
	}
	check("another upstream", as, "beacon  1", "x  1")
	check("itself", bs, "x  1")
	check("a relay below", ds, "beacon  1", "x  1", "x q 1")

	publish := func(ep *core.Endpoint, payload string) {
		batch := s.Get()
		m := batch.Message()
		m.Subject, m.Payload = []byte("x"), []byte(payload)
		if _, err := batch.Publish(ep, m); err != nil {
			t.Error(err)
		}
		s.Put(batch)
	}
	for range 3 { // built, seen again, remembered
		publish(a, "from a")
		publish(client, "from below")
	}
	if want := []string{"x from below", "x from below", "x from below"}; !slices.Equal(bs.sink.plain, want) {
		t.Errorf("upstream got %q, want %q", bs.sink.plain, want)
	}
	if ds.sink.count() != 6 {
		t.Errorf("the relay below got %q", ds.sink.plain)
	}
	client.Close()
}

// A relaySink takes messages and hears news.
type relaySink struct {
	*sink
	news *hearing
}

func (r relaySink) Interest(subject, queue string, weight int) {
	r.news.Interest(subject, queue, weight)
}

func TestPatterns(t *testing.T) {
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{
		{Name: "A", Exports: []core.Export{{Subject: "svc.*", Service: true}}},
		{Name: "B", Imports: []core.Import{{Account: "A", Subject: "svc.one", To: "mine", Service: true}},
			Mappings: []core.Mapping{{Source: "old", To: []core.Destination{{Subject: "new", Weight: 100}}}}},
	}); err != nil {
		t.Fatal(err)
	}
	if got := e.Account("A").Patterns(); len(got) != 1 || !core.ValidPattern(got[0]) {
		t.Errorf("A has %q", got)
	}
	if got := e.Account("B").Patterns(); !slices.Equal(got[1:], []string{"mine", "old"}) {
		t.Errorf("B has %q", got)
	}
}

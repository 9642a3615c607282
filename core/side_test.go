package core_test

import (
	"slices"
	"testing"

	"leafgate/core"
)

// A region is a space with relays whose news and messages are checked.
type region struct{ space }

func (r region) relay(p core.Peer) (*core.Endpoint, relaySink) {
	p.Relay = true
	s := relaySink{newSink(), &hearing{}}
	return r.attach(p, s), s
}

func (r region) hears(who string, s relaySink, want ...string) {
	r.Helper()
	got := s.news.take()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.Errorf("%s hears %q, want %q", who, got, want)
	}
}

// publish publishes as often as it takes to be remembered.
func (r region) publish(ep *core.Endpoint, subject string, times int) {
	for range times {
		batch := r.Get()
		m := batch.Message()
		*m = core.Message{Subject: []byte(subject)}
		if _, err := batch.Publish(ep, m); err != nil {
			r.Error(err)
		}
		r.Put(batch)
	}
}

// TestClusterOfRelays: servers of one cluster hear nothing of each other through here, neither interest nor messages.
func TestClusterOfRelays(t *testing.T) {
	r := region{newSpace(t)}
	a, as := r.relay(core.Peer{Cluster: "C"})
	b, bs := r.relay(core.Peer{Cluster: "C"})
	other, os := r.relay(core.Peer{Cluster: "D"})
	up, us := r.relay(core.Peer{Upstream: true, Cluster: "C"})

	r.subscribe(b, "x", core.SubOptions{})
	r.subscribe(b, "x", core.SubOptions{Queue: "q", Weight: 2})
	r.subscribe(b, "beacon", core.SubOptions{Beacon: true})
	r.hears("a server of the cluster", as)
	r.hears("itself", bs)
	r.hears("another cluster", os, "beacon  1", "x  1", "x q 2")
	r.hears("one upstream that says the same name", us, "beacon  1", "x  1", "x q 2")
	r.subscribe(other, "x", core.SubOptions{})
	r.hears("a server of the cluster", as, "x  1")

	r.publish(a, "x", 3)
	if bs.sink.count() != 0 || os.sink.count() != 3 {
		t.Errorf("from the cluster %d came to it, %d to another", bs.sink.count(), os.sink.count())
	}
	r.publish(other, "x", 3)
	r.publish(up, "x", 3)
	if n := bs.sink.count(); n < 6 {
		t.Errorf("%d messages came to the cluster, want 6, and those for the queue", n)
	}
	b.Close()
	r.hears("another cluster", os, "beacon  0", "x  0", "x q 0")
	r.hears("a server of the cluster", as)
}

// TestIsolatedRelay: it hears of clients, and of beacons.
func TestIsolatedRelay(t *testing.T) {
	r := region{newSpace(t)}
	other, _ := r.relay(core.Peer{})
	client := r.attach(core.Peer{}, null{})
	r.subscribe(other, "x", core.SubOptions{})
	r.subscribe(other, "only", core.SubOptions{})
	lone, ls := r.relay(core.Peer{Isolated: true})
	r.hears("an isolated relay", ls)
	r.subscribe(client, "x", core.SubOptions{})
	r.subscribe(client, "x", core.SubOptions{Queue: "q"})
	r.subscribe(other, "x", core.SubOptions{Queue: "q", Weight: 5})
	r.subscribe(other, "beacon", core.SubOptions{Beacon: true})
	r.hears("an isolated relay", ls, "beacon  1", "x  1", "x q 1")
	r.subscribe(lone, "x", core.SubOptions{})
	client.Close()
	r.hears("an isolated relay", ls, "x  0", "x q 0")
	r.publish(other, "x", 3)
	if n := ls.sink.count(); n != 3 {
		t.Errorf("%d messages came, want 3", n)
	}
}

// TestRelayImportsStream: what a server below wants of an imported stream it gets; what comes from upstream by it goes to
// nobody upstream again, in whatever account.
func TestRelayImportsStream(t *testing.T) {
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{
		{Name: "A", Exports: []core.Export{{Subject: "s.>"}}},
		{Name: "B", Imports: []core.Import{{Account: "A", Subject: "s.>", To: "from.a.>"}}},
	}); err != nil {
		t.Fatal(err)
	}
	there, here := region{space{t, e, e.Account("A")}}, region{space{t, e, e.Account("B")}}
	down, ds := here.relay(core.Peer{})
	up, us := here.relay(core.Peer{Upstream: true})
	above, as := there.relay(core.Peer{Upstream: true})
	client := there.attach(core.Peer{}, null{})
	here.subscribe(up, "from.a.x", core.SubOptions{})
	there.hears("upstream of the exporter", as)
	here.subscribe(down, "from.a.x", core.SubOptions{})
	there.hears("upstream of the exporter", as, "s.x  1")
	there.publish(client, "s.x", 3)
	there.publish(above, "s.x", 3)
	if n, m := ds.sink.count(), us.sink.count(); n != 6 || m != 3 {
		t.Errorf("%d messages came below, want 6; %d above, want 3", n, m)
	}
}

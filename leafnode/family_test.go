package leafnode_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// TestQueuesBelow: each group takes a message once, near members first, others by their number, and never who sent it alone.
func TestQueuesBelow(t *testing.T) {
	above := startAbove(t, "", "")
	one, two := startSite(t, to(above, "", "")), startBelow(t, "TWO", "", to(above, "", ""))
	awaitLeaves(t, above, 2)
	up, left, right := connect(t, siteURL(above)), connect(t, siteURL(one)), connect(t, two.URL)
	const messages = 400
	near := counted(t, up, "q.near", "g")
	counted(t, left, "q.near", "g")
	l1, r1, r2, r3 := counted(t, left, "q.work", "g"), counted(t, right, "q.work", "g"), counted(t, right, "q.work", "g"), counted(t, right, "q.work", "g")
	plain := subscribe(t, right, "q.work")
	awaitInterest(t, up, "q.near")
	until(t, "both sides are known", func() bool {
		n := 0
		for _, l := range leafz(t, above) {
			for _, s := range l.Subs {
				if s == "q.work" {
					n++
				}
			}
		}
		return n == 3
	})
	for range messages {
		must(t, up.Publish("q.near", nil))
		must(t, up.Publish("q.work", []byte("work")))
	}
	must(t, up.Flush())
	sum := func() int64 { return l1.Load() + r1.Load() + r2.Load() + r3.Load() }
	until(t, "all have come", func() bool { return near.Load() == messages && sum() == messages })
	if n := l1.Load(); n < messages/10 || n > messages/2 {
		t.Errorf("one member of four took %d of %d", n, messages)
	}
	for range messages {
		want(t, plain, "work")
	}

	// From below: a member there wins, and what is sent where there is none comes to the others.
	before := l1.Load()
	for range messages {
		must(t, left.Publish("q.work", []byte("work")))
	}
	must(t, left.Flush())
	until(t, "all have come", func() bool { return sum() == 2*messages })
	if got := l1.Load() - before; got != messages {
		t.Errorf("the member beside the publisher took %d of %d", got, messages)
	}
	for range messages {
		want(t, plain, "work")
	}
	must(t, left.Publish("q.near", nil))
	nothing(t, plain)
}

// TestAttackLeafQueueSelf: what a server sends to a group never comes back to it, whether it is the only member or not.
func TestAttackLeafQueueSelf(t *testing.T) {
	above := startAbove(t, "", "")
	a, b := come(t, above, anybody), come(t, above, strings.ReplaceAll(anybody, "X", "Y"))
	a.say("LS+ q g 1\r\nPING\r\n")
	a.until("PONG")
	for range 50 {
		a.say("LMSG q | g 1\r\nx\r\n")
	}
	a.say("PING\r\n")
	a.until("PONG")
	b.say("LS+ q g 1\r\nPING\r\n")
	b.until("PONG")
	a.say("LMSG q | g 3\r\nend\r\nLMSG q 5\r\nnames\r\nPING\r\n")
	if line := b.until("LMSG"); line != "LMSG q | g 3" {
		t.Errorf("got %q", line)
	}
	for {
		line, err := a.r.ReadString('\n')
		must(t, err)
		if strings.HasPrefix(line, "LMSG") {
			t.Fatalf("back comes %q", line)
		}
		if line == "PONG\r\n" {
			break
		}
	}
}

// TestServicesBelow: services and streams of other accounts are reached through a link from below as by clients.
func TestServicesBelow(t *testing.T) {
	above := startAbove(t, `accounts {
		LINKED { users: [ { user: l, password: p } ]
			imports: [ { service: { account: INSIDE, subject: inside.svc }, to: "local.svc" }, { stream: { account: INSIDE, subject: "news.>" }, prefix: "from" } ]
			exports: [ { service: "below.svc" }, { stream: "reports.>" } ]
			mappings: { old.name: new.name } }
		INSIDE { users: [ { user: i, password: p } ]
			exports: [ { service: inside.svc }, { stream: "news.>" } ]
			imports: [ { service: { account: LINKED, subject: below.svc } }, { stream: { account: LINKED, subject: "reports.>" } } ] } }`, "")
	below := startBelow(t, "BELOW", "", to(above, "l:p@", ""))
	awaitLeaves(t, above, 1)
	linked, inside := connect(t, siteURL(above), nats.UserInfo("l", "p")), connect(t, siteURL(above), nats.UserInfo("i", "p"))
	down := connect(t, below.URL)
	answer := func(nc *nats.Conn, subject string) {
		t.Helper()
		_, err := nc.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond([]byte("answer of " + subject)) })
		must(t, err)
		must(t, nc.Flush())
	}
	ask := func(nc *nats.Conn, subject, want string) {
		t.Helper()
		until(t, subject+" answers", func() bool {
			m, err := nc.Request(subject, []byte("q"), patience)
			if err == nil && string(m.Data) != want {
				t.Errorf("%s: got %q", subject, m.Data)
			}
			return err == nil
		})
	}
	answer(inside, "inside.svc")
	ask(down, "local.svc", "answer of inside.svc")
	answer(down, "below.svc")
	ask(inside, "below.svc", "answer of below.svc")

	news := subscribe(t, down, "from.news.>")
	reports := subscribe(t, inside, "reports.>")
	until(t, "the stream is wanted", func() bool { return slices.Contains(leafz(t, above)[0].Subs, "from.news.>") })
	publish(t, inside, "news.today", "x")
	if m := want(t, news, "x"); m.Subject != "from.news.today" {
		t.Errorf("came as %s", m.Subject)
	}
	awaitInterest(t, down, "reports.a")
	want(t, reports, "ready?")
	publish(t, down, "reports.a", "y")
	want(t, reports, "y")
	renamed := subscribe(t, linked, "new.name")
	awaitInterest(t, down, "old.name")
	want(t, renamed, "ready?")
	nothing(t, news)
	nothing(t, reports)
}

// TestHubBelow: with hub: true the one that connects is above, whoever that is.
func TestHubBelow(t *testing.T) {
	// top is a hub with two uplinks; middle connects to left and right as their hub.
	left, right := startAbove(t, "", ""), startAbove(t, "", "")
	middle := gatewaytest.Start(t, fmt.Sprintf("server_name: MIDDLE\nhttp: \"127.0.0.1:-1\"\nleafnodes { reconnect: 100ms, remotes: [ %s, %s ] }",
		to(left, "", "hub: true"), to(right, "", "hub: true")))
	server := startBelow(t, "SERVER", "", to(left, "", "hub: true"))
	awaitUp(t, middle, 0)
	awaitUp(t, middle, 1)
	awaitLeaves(t, left, 2)
	for _, l := range leafz(t, left) {
		if !l.Spoke {
			t.Errorf("%s has it as a hub", l.Name)
		}
	}
	if l := leafz(t, middle)[0]; l.Spoke {
		t.Errorf("middle takes %s for a hub", l.Name)
	}
	c := newCensus(t)
	c.at("left", siteURL(left))
	c.at("middle", siteURL(middle))
	c.at("right", siteURL(right))
	c.count(100)
	d := newCensus(t)
	d.at("left", siteURL(left))
	d.at("server", server.URL)
	d.ready()
	// left is a leaf of two hubs: what comes from one goes not to the other.
	for _, n := range []*node{c.nodes[1], c.nodes[2]} {
		if n.has("server probe 1") {
			t.Error("one hub hears the other through a leaf of both")
		}
	}
}

// TestIsolation: who asks for it, or is made so, hears nothing of other leaves' interest; messages that it wants still come.
func TestIsolation(t *testing.T) {
	interest := func(g *gateway.Gateway) bool {
		for _, l := range leafz(t, g) {
			if slices.Contains(l.Subs, "only.other") {
				return true
			}
		}
		return false
	}
	for name, tc := range map[string]struct {
		above, remote string
		told          bool
	}{
		"not isolated":         {told: true},
		"all of a listener's":  {above: "isolate_leafnode_interest: true"},
		"by its own request":   {remote: "request_isolation: true"},
		"the other's business": {remote: "local_isolation: true", told: true},
	} {
		t.Run(name, func(t *testing.T) {
			above := startAbove(t, "", tc.above)
			below := gatewaytest.Start(t, "http: \"127.0.0.1:-1\"\n"+siteConf(to(above, "", tc.remote)))
			awaitUp(t, below, 0)
			other := come(t, above, anybody)
			other.say("LS+ only.other\r\nPING\r\n")
			other.until("PONG")
			up, down := connect(t, siteURL(above)), connect(t, siteURL(below))
			mark := subscribe(t, up, "mark")
			awaitInterest(t, down, "mark")
			want(t, mark, "ready?")
			if interest(below) != tc.told {
				t.Errorf("it is told: %v", !tc.told)
			}
			sub := subscribe(t, down, "x")
			awaitInterest(t, up, "x")
			want(t, sub, "ready?")
			other.say("LMSG x 2\r\nhi\r\n")
			want(t, sub, "hi")
		})
	}
}

// TestLocalIsolation: an uplink that is isolated hears nothing of leaves below.
func TestLocalIsolation(t *testing.T) {
	hub := startHub(t, hubConf(""))
	g := joint(t, "MIDDLE", "", "", remote(hub, "local_isolation: true"))
	s := come(t, g, anybody)
	s.say("LS+ only.below\r\nPING\r\n")
	s.until("PONG")
	subscribe(t, connect(t, siteURL(g)), "here")
	awaitCount(t, "the hub knows of clients", func() int { return interestIn(t, hub, "here") }, 1)
	if interestIn(t, hub, "only.below") != 0 {
		t.Error("it knows of leaves")
	}
}

// TestClusterBelow: servers of one cluster have ways of their own to each other.
func TestClusterBelow(t *testing.T) {
	above := startAbove(t, "", "")
	who := func(name, cluster string) string { return fmt.Sprintf(`{"name":%q,"cluster":%q}`, name, cluster) }
	a, b, c := come(t, above, who("A", "C1")), come(t, above, who("B", "C1")), come(t, above, who("C", "C2"))
	b.say("LS+ x\r\nLS+ q g 1\r\nPING\r\n")
	b.until("PONG")
	c.until("LS+ x")
	subscribe(t, connect(t, siteURL(above)), "mark")
	a.say("LMSG x 1\r\n1\r\nLMSG x | g 1\r\n2\r\nPING\r\n")
	for {
		line, err := a.r.ReadString('\n')
		must(t, err)
		if strings.HasPrefix(line, "LS+ x") || strings.HasPrefix(line, "LS+ q") {
			t.Errorf("the cluster hears of itself: %q", line)
		}
		if line == "PONG\r\n" {
			break
		}
	}
	c.say("LMSG x 3\r\nend\r\n")
	if line := b.until("LMSG"); line != "LMSG x 3" {
		t.Errorf("the cluster gets its own: %q", line)
	}
}

// TestServersOfClusterBelow: three nats-servers of a cluster, each a leaf of ours: everything comes once.
func TestServersOfClusterBelow(t *testing.T) {
	above := startAbove(t, "", "")
	ports := freePorts(t, 3)
	var routes []string
	for _, p := range ports {
		routes = append(routes, fmt.Sprintf("\"nats-route://127.0.0.1:%d\"", p))
	}
	c := newCensus(t)
	c.at("above", siteURL(above))
	for i, p := range ports {
		s := startBelow(t, fmt.Sprint("C", i), fmt.Sprintf("cluster { name: C, listen: \"127.0.0.1:%d\", routes: [ %s ] }", p, strings.Join(routes, ", ")), to(above, "", ""))
		c.at(fmt.Sprint("c", i), s.URL)
	}
	awaitLeaves(t, above, 3)
	c.count(100)
}

// TestLameDuckBelow: servers below hear that they should go elsewhere, and are closed.
func TestLameDuckBelow(t *testing.T) {
	above := startAbove(t, "lame_duck_duration: 30s\nlame_duck_grace_period: 200ms", "")
	s, other := come(t, above, anybody), come(t, above, strings.ReplaceAll(anybody, "X", "Y"))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		if err := above.LameDuck(ctx); err != nil {
			t.Error(err)
		}
	})
	if line := s.until(`INFO {`); !strings.Contains(line, `"ldm":true`) || !strings.Contains(line, `"leafnode_urls":[]`) {
		t.Errorf("hears %q", line)
	}
	s.rest()
	other.rest()
}

// TestDomainBelow: JetStream of a server below is reached from above by its domain, and by nothing else.
func TestDomainBelow(t *testing.T) {
	above := startAbove(t, "", "")
	below := startBelow(t, "BELOW", fmt.Sprintf("jetstream { domain: site, store_dir: %q }", t.TempDir()), to(above, "", ""))
	awaitLeaves(t, above, 1)
	up := connect(t, siteURL(above))
	connect(t, below.URL)
	js, err := up.JetStream(nats.Domain("site"), nats.MaxWait(patience))
	must(t, err)
	until(t, "the domain answers", func() bool { _, err := js.AccountInfo(nats.MaxWait(100 * time.Millisecond)); return err == nil })
	_, err = js.AddStream(&nats.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
	must(t, err)
	until(t, "the stream's interest is known", func() bool { return slices.Contains(leafz(t, above)[0].Subs, "s.>") })
	for i := range 20 {
		_, err := js.Publish("s.x", fmt.Append(nil, i))
		must(t, err)
	}
	sub, err := js.SubscribeSync("s.>", nats.DeliverAll())
	must(t, err)
	for i := range 20 {
		m, err := sub.NextMsg(patience)
		must(t, err)
		if string(m.Data) != fmt.Sprint(i) || m.Subject != "s.x" {
			t.Fatalf("got %q on %s", m.Data, m.Subject)
		}
		must(t, m.AckSync())
	}
	kv, err := js.CreateKeyValue(&nats.KeyValueConfig{Bucket: "B"})
	must(t, err)
	_, err = kv.PutString("k", "v")
	must(t, err)
	e, err := kv.Get("k")
	must(t, err)
	if string(e.Value()) != "v" {
		t.Errorf("got %q", e.Value())
	}
	plain, err := up.JetStream(nats.MaxWait(100 * time.Millisecond))
	must(t, err)
	if _, err := plain.AccountInfo(); err == nil {
		t.Error("JetStream of below answers without its domain")
	}
}

package core_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/core"
)

// Rights and a stream import on the way cost no allocation.
func TestAccountAllocs(t *testing.T) {
	_, x := tenants(t,
		core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "s.>"}}},
		core.AccountDef{Name: "B", Imports: []core.Import{{Account: "A", Subject: "s.>", To: "from.a.>"}}},
		core.AccountDef{Name: "C", Mappings: []core.Mapping{{Source: "old.*", To: []core.Destination{{"new.$1", 100}}}}})
	perms := permissions(t, core.PermissionDef{
		Publish:   core.Rule{Allow: []string{"s.*", "new.*"}, Deny: []string{"s.secret"}},
		Subscribe: core.Rule{Allow: []string{"from.>", "new.>"}, Deny: []string{"from.a.b.secret"}},
	})
	for _, c := range []struct{ name, from, to, subject, pattern string }{
		{"import", "A", "B", "s.b", "from.a.*"},
		{"mapping", "C", "C", "old.b", "new.*"},
	} {
		for _, queue := range []string{"", "q"} {
			t.Run(c.name+" "+queue, func(t *testing.T) {
				e := x[c.from].e
				sub := e.Attach(&core.Identity{Account: e.Account(c.to), Perms: perms}, core.Peer{}, null{})
				if _, err := sub.Subscribe(c.pattern, core.SubOptions{Queue: queue, Form: lineForm{}, Tag: "1"}); err != nil {
					t.Fatal(err)
				}
				pub := enter(e, c.from, perms).ep
				b := e.NewBatch()
				m := b.Message()
				m.Subject, m.Payload = []byte(c.subject), make([]byte, 128)
				reached := 0
				run := func() {
					for range 1000 {
						n, _ := b.Publish(pub, m)
						reached += n
					}
					b.Flush()
				}
				run()
				if n := testing.AllocsPerRun(10, run); n != 0 || reached < 1000 {
					t.Errorf("%v allocations in 1,000 messages, %d reached somebody", n, reached)
				}
				sub.Close()
			})
		}
	}
}

// What rights and a stream import on the way cost each message.
func BenchmarkAccounts(b *testing.B) {
	rights, err := core.NewPermissions(core.PermissionDef{Publish: core.Rule{Allow: []string{"s.*"}, Deny: []string{"s.secret"}}, Subscribe: core.Rule{Allow: []string{"s.>"}, Deny: []string{"s.secret"}}})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		to    string
		perms *core.Permissions
	}{{"plain", "A", nil}, {"rights", "A", rights}, {"rights and import", "B", rights}} {
		b.Run(c.name, func(b *testing.B) {
			e := core.NewEngine()
			if err := e.SetAccounts([]core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: "s.>"}}}, {Name: "B", Imports: []core.Import{{Account: "A", Subject: "s.>"}}}}); err != nil {
				b.Fatal(err)
			}
			sub := e.Attach(&core.Identity{Account: e.Account(c.to), Perms: c.perms}, core.Peer{}, null{})
			if _, err := sub.Subscribe("s.*", core.SubOptions{Form: lineForm{}, Tag: "1"}); err != nil {
				b.Fatal(err)
			}
			pub := e.Attach(&core.Identity{Account: e.Account("A"), Perms: c.perms}, core.Peer{}, null{})
			batch := e.NewBatch()
			m := batch.Message()
			m.Subject, m.Payload = []byte("s.b"), make([]byte, 128)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				batch.Publish(pub, m)
				if i%512 == 0 {
					batch.Flush()
				}
			}
		})
	}
}

func permissions(t *testing.T, def core.PermissionDef) *core.Permissions {
	t.Helper()
	p, err := core.NewPermissions(def)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Accounts are connected and taken apart while messages flow and subscriptions come and go: an import that stays misses
// and doubles nothing.
func TestRewireUnderTraffic(t *testing.T) {
	const messages = 20_000
	a := core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "s.>"}, {Subject: "q", Service: true}}}
	stays := core.Import{Account: "A", Subject: "s.stays"}
	defs := [][]core.Import{
		{stays},
		{{Account: "A", Subject: "s.*.*", To: "t.$2.$1"}, stays, {Account: "A", Subject: "q", Service: true}},
		{stays, {Account: "A", Subject: "s.*.*", To: "t.$1.$2"}, {Account: "A", Subject: "s.more"}},
	}
	wire := func(i int) []core.AccountDef { return []core.AccountDef{a, {Name: "B", Imports: defs[i%3]}} }
	e := core.NewEngine()
	if err := e.SetAccounts(wire(0)); err != nil {
		t.Fatal(err)
	}
	steady := enter(e, "B", nil)
	steady.lines(t, "s.stays")
	var working, publishing sync.WaitGroup
	stop := make(chan struct{})
	forever := func(f func(i int)) {
		working.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					f(i)
				}
			}
		})
	}
	publishing.Go(func() {
		pub := enter(e, "A", nil)
		for i := range messages {
			if _, err := pub.publish("s.stays", "", fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
			if _, err := pub.publish("s.u.v", "", ""); err != nil {
				t.Error(err)
			}
		}
	})
	forever(func(i int) {
		if err := e.SetAccounts(wire(i)); err != nil {
			t.Error(err)
		}
	})
	forever(func(i int) {
		x := enter(e, "B", nil)
		s := x.subscribe(t, []string{"t.*.*", ">", "s.>"}[i%3], []string{"", "q"}[i%2])
		if i%4 == 0 {
			x.ep.Unsubscribe(s, 3)
		}
		x.publish("q", "t.a.b", "?")
		x.ep.Close()
	})
	forever(func(int) {
		x := enter(e, "A", nil)
		x.subscribe(t, "q", "")
		x.ep.Close()
	})
	publishing.Wait()
	close(stop)
	working.Wait()
	want(t, "messages", steady.count(), messages)
	checkOrder(t, steady.text())
	steady.ep.Close()
	want(t, "subscriptions left", e.Stats().Subscriptions, 0)
	if err := e.SetAccounts(wire(1)); err != nil {
		t.Fatal(err)
	}
	n, _ := enter(e, "A", nil).publish("s.stays", "", "")
	want(t, "shadows left", n, 0)
}

func (x *tenant) lines(t *testing.T, pattern string) {
	t.Helper()
	if _, err := x.ep.Subscribe(pattern, core.SubOptions{Form: lineForm{}, Tag: "1"}); err != nil {
		t.Fatal(err)
	}
}

// A maximum, and other rights, count for what comes from another account.
func TestStreamImportFollowsItsSubscription(t *testing.T) {
	e, x := tenants(t,
		core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "s.>"}}},
		core.AccountDef{Name: "B", Imports: []core.Import{{Account: "A", Subject: "s.>", To: "t.>"}}})
	a, b := x["A"], x["B"]
	twice := b.subscribe(t, "t.*", "")
	for i := range 3 { // remembered by now
		a.publish("s.1", "", fmt.Sprint(i))
	}
	b.expect(t, "t.1 s  0", "t.1 s  1", "t.1 s  2")
	b.ep.Unsubscribe(twice, 5)
	for i := range 4 {
		a.publish("s.1", "", fmt.Sprint(i))
	}
	b.expect(t, "t.1 s  0", "t.1 s  1")
	b.subscribe(t, "t.>", "")
	for range 3 {
		a.publish("s.secret", "", "")
	}
	b.expect(t, "t.secret s  ", "t.secret s  ", "t.secret s  ")
	denied := permissions(t, core.PermissionDef{Subscribe: core.Rule{Deny: []string{"t.secret"}}})
	b.ep.Rebind(&core.Identity{Account: e.Account("B"), Perms: denied})
	a.publish("s.secret", "", "")
	a.publish("s.public", "", "")
	b.expect(t, "t.public s  ")
}

// Of what a batch publishes for several peers in a row, each is spared only its own.
func TestMappingAndEcho(t *testing.T) {
	e, _ := tenants(t, core.AccountDef{Name: "A", Mappings: []core.Mapping{{Source: "old", To: []core.Destination{{"new", 100}}}}})
	var both [2]*tenant
	for i := range both {
		s := newSink()
		both[i] = &tenant{s, e, e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{NoEcho: true}, s)}
		both[i].subscribe(t, "new", "")
	}
	b := e.NewBatch()
	for range 3 {
		for i, x := range both {
			m := b.Message()
			*m = core.Message{Subject: []byte("old"), Payload: fmt.Append(nil, i)}
			if n, err := b.Publish(x.ep, m); n != 1 || err != nil {
				t.Fatalf("%d took part, %v", n, err)
			}
		}
	}
	b.Flush()
	both[0].expect(t, "new s  1", "new s  1", "new s  1")
	both[1].expect(t, "new s  0", "new s  0", "new s  0")
}

func TestAskerOfChain(t *testing.T) {
	e, x := tenants(t,
		core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "q", Service: true}}},
		core.AccountDef{Name: "B", Exports: []core.Export{{Subject: "q", Service: true}}, Imports: []core.Import{{Account: "A", Subject: "q", Service: true, Share: true}}},
		core.AccountDef{Name: "C", Imports: []core.Import{{Account: "B", Subject: "q", To: "ask", Service: true}}})
	e.Introduce(func(dst, header []byte, who core.Asking) []byte {
		return fmt.Appendf(append(dst, header...), "<%s %v %v %s>", who.From.Account().Name(), who.Share, who.ShareServer, who.Through)
	})
	x["A"].subscribe(t, "q", "")
	x["B"].publish("q", "", "?")
	x["A"].expect(t, "q s  <B true true >?")
	x["C"].publish("ask", "", "?")
	x["A"].expect(t, "q s  <C false false ><C false true B>?")
	x["B"].publish("q", "", "?")
	x["A"].expect(t, "q s  <B true true >?")
}

// Answers are waited for as long as the export says, and each next one as long again.
func TestAnswersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, x := tenants(t,
			core.AccountDef{Name: "A", Exports: []core.Export{
				{Subject: "many", Service: true, Response: core.Stream, Threshold: time.Second}, {Subject: "one", Service: true}}},
			core.AccountDef{Name: "B", Imports: []core.Import{{Account: "A", Subject: "many", Service: true}, {Account: "A", Subject: "one", Service: true}}})
		a, b := x["A"], x["B"]
		a.subscribe(t, "*", "")
		b.subscribe(t, "in", "")
		ask := func(subject string) (address string) {
			t.Helper()
			b.publish(subject, "in", "?")
			address = strings.Fields(a.text())[2]
			a.expect(t, subject+" s "+address+" ?")
			return address
		}
		address := ask("many")
		for range 3 {
			pass(900 * time.Millisecond)
			a.publish(address, "", "!")
			b.expect(t, "in s  !")
		}
		pass(1100 * time.Millisecond)
		a.publish(address, "", "late")
		b.expect(t)
		address = ask("one")
		pass(core.DefaultThreshold - time.Second)
		a.publish(address, "", "!")
		b.expect(t, "in s  !")
		address = ask("one")
		pass(core.DefaultThreshold + time.Second)
		a.publish(address, "", "late")
		b.expect(t)
	})
}

func TestResponsesInTime(t *testing.T) {
	for _, c := range []struct {
		name      string
		responses core.Responses
		wait      time.Duration // before each answer
		allowed   int           // answers
	}{
		{name: "defaults", wait: time.Minute, allowed: 1},
		{name: "too late by default", wait: 3 * time.Minute},
		{name: "five", responses: core.Responses{Max: 5, Expires: time.Minute}, wait: 10 * time.Second, allowed: 5},
		{name: "until it expires", responses: core.Responses{Max: -1, Expires: time.Minute}, wait: 25 * time.Second, allowed: 2},
		{name: "for ever", responses: core.Responses{Max: 3, Expires: -1}, wait: 1000 * time.Hour, allowed: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, x := tenants(t, core.AccountDef{Name: "A"})
				service := enter(e, "A", permissions(t, core.PermissionDef{Responses: &c.responses}))
				service.subscribe(t, "q", "")
				x["A"].publish("q", "in", "?")
				for i := range 7 {
					pass(c.wait)
					_, err := service.publish("in", "", "!")
					if ok := i < c.allowed; ok != (err == nil) || err != nil && !errors.Is(err, core.ErrNotAllowed) {
						t.Errorf("answer %d: %v", i+1, err)
					}
				}
				x["A"].publish("q", "in", "again")
				if _, err := service.publish("in", "", "!"); err != nil {
					t.Errorf("the answer to the next: %v", err)
				}
			})
		})
	}
}

// Whoever looks first and publishes then has answered once.
func TestResolvedAnswerCountsOnce(t *testing.T) {
	e, x := tenants(t, core.AccountDef{Name: "A"})
	service := enter(e, "A", permissions(t, core.PermissionDef{Responses: &core.Responses{Max: 2}}))
	service.subscribe(t, "q", "")
	x["A"].subscribe(t, "in", "")
	x["A"].publish("q", "in", "?")
	b := e.NewBatch()
	for i := range 5 {
		m := b.Message()
		*m = core.Message{Subject: []byte("in"), Payload: []byte("!")}
		first, _, then := b.Resolve(service.ep, m), b.Resolve(service.ep, m), error(nil)
		if _, then = b.Publish(service.ep, m); (first == nil) != (i < 2) || (then == nil) != (i < 2) {
			t.Errorf("answer %d: %v, %v", i+1, first, then)
		}
	}
	b.Flush()
	x["A"].expect(t, "in s  !", "in s  !")
}

// Rights are to what a mapping makes of a subject, whether it is always the same or not.
func TestMappingAndRights(t *testing.T) {
	e, x := tenants(t, core.AccountDef{Name: "A", Mappings: []core.Mapping{
		{Source: "one.*", To: []core.Destination{{"out.$1", 100}}},
		{Source: "two.*", To: []core.Destination{{"out.$1", 50}, {"out.$1.$1", 50}}}}})
	x["A"].subscribe(t, ">", "")
	dev := enter(e, "A", permissions(t, core.PermissionDef{Publish: core.Rule{Allow: []string{"out.>"}, Deny: []string{"out.secret.>", "out.secret"}}}))
	for range 3 {
		for subject, ok := range map[string]bool{"one.a": true, "two.a": true, "one.secret": false, "two.secret": false} {
			if _, err := dev.publish(subject, "", ""); ok != (err == nil) || !ok && !errors.Is(err, core.ErrNotAllowed) {
				t.Errorf("%s: %v", subject, err)
			}
		}
	}
	want(t, "messages", strings.Count(x["A"].text(), "out.a"), 6)
	want(t, "lines", strings.Count(x["A"].text(), "\n"), 6)
}

func TestMappingLosesWhatIsLeft(t *testing.T) {
	_, x := tenants(t, core.AccountDef{Name: "A", Mappings: []core.Mapping{{Source: "x", To: []core.Destination{{"x", 40}, {"y", 20}}}}})
	a := x["A"]
	a.subscribe(t, ">", "")
	for range 1000 {
		a.publish("x", "", "")
	}
	stayed, went := strings.Count(a.text(), "x s"), strings.Count(a.text(), "y s")
	if stayed < 300 || stayed > 500 || went < 120 || went > 280 {
		t.Errorf("%d stayed, %d went", stayed, went)
	}
}

// A connection has the subscriptions that its account grants each; the gateway's own are not counted.
func TestSubscriptionLimit(t *testing.T) {
	e, x := tenants(t, core.AccountDef{Name: "A", Limits: core.Limits{Subscriptions: 2, Connections: 1}})
	for range 3 {
		x["A"].subscribe(t, "own", "")
	}
	if e.Account("A").Full() {
		t.Error("full without connections")
	}
	for id := range uint64(2) {
		ep := e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{ID: id + 1}, null{})
		for i := range 4 {
			_, err := ep.Subscribe("x", core.SubOptions{})
			if (err == nil) != (i < 2) || err != nil && !errors.Is(err, core.ErrTooManySubs) {
				t.Errorf("subscription %d: %v", i+1, err)
			}
		}
	}
	if !e.Account("A").Full() {
		t.Error("not full with two connections of one")
	}
}

// pass lets time go by, in a bubble.
func pass(d time.Duration) { <-time.After(d) }

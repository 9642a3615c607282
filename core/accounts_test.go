package core_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/core"
)

// tenants are engines with accounts, a peer in each.
func tenants(t *testing.T, defs ...core.AccountDef) (*core.Engine, map[string]*tenant) {
	t.Helper()
	e := core.NewEngine()
	t.Cleanup(e.Close)
	if err := e.SetAccounts(defs); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]*tenant)
	for _, d := range defs {
		all[d.Name] = enter(e, d.Name, nil)
	}
	return e, all
}

type tenant struct {
	*sink
	e  *core.Engine
	ep *core.Endpoint
}

func enter(e *core.Engine, account string, perms *core.Permissions) *tenant {
	s := &sink{verdict: core.Taken}
	return &tenant{s, e, e.Attach(&core.Identity{Account: e.Account(account), Perms: perms}, core.Peer{}, s)}
}

func (x *tenant) subscribe(t *testing.T, pattern, queue string) *core.Subscription {
	t.Helper()
	s, err := x.ep.Subscribe(pattern, core.SubOptions{Queue: queue, Form: replyForm{}, Tag: "s"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (x *tenant) publish(subject, reply, payload string) (int, error) {
	b := x.e.Get()
	defer x.e.Put(b)
	m := b.Message()
	*m = core.Message{Subject: []byte(subject), Payload: []byte(payload)}
	if reply != "" {
		m.Reply = []byte(reply)
	}
	return b.Publish(x.ep, m)
}

// replyForm renders "subject tag reply payload\n", the header before it where there is one.
type replyForm struct{}

func (replyForm) Prefix(dst, subject []byte, tag any) []byte {
	return append(append(dst, subject...), " "+tag.(string)+" "...)
}

func (replyForm) Append(dst, prefix []byte, m *core.Message) []byte {
	dst = append(dst, prefix...)
	dst = append(append(dst, m.Reply...), ' ')
	return append(append(append(dst, m.Header...), m.Payload...), '\n')
}

func (f replyForm) Split(dst, prefix []byte, m *core.Message) ([]byte, []byte) {
	return f.Append(dst, prefix, m), nil
}

func (x *tenant) expect(t *testing.T, lines ...string) {
	t.Helper()
	x.mu.Lock()
	got := x.got.String()
	x.got.Reset()
	x.mu.Unlock()
	want := ""
	for _, l := range lines {
		want += l + "\n"
	}
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStreamImports(t *testing.T) {
	_, x := tenants(t,
		core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "pub.>"}, {Subject: "b.>", Accounts: []string{"B"}}}},
		core.AccountDef{Name: "B", Imports: []core.Import{{Account: "A", Subject: "b.>"}, {Account: "A", Subject: "pub.*.*", To: "p.$2.$1"}}},
		core.AccountDef{Name: "C", Imports: []core.Import{{Account: "A", Subject: "pub.>", To: "from_a.pub.>"}}})
	a, b, c := x["A"], x["B"], x["C"]
	b.subscribe(t, ">", "")
	c.subscribe(t, "from_a.pub.*", "")
	sub := c.subscribe(t, "from_a.pub.x.>", "q")
	a.publish("pub.1", "", "one")
	c.expect(t, "from_a.pub.1 s  one")
	b.expect(t)
	a.publish("pub.u.v", "r", "two")
	b.expect(t, "p.v.u s r two")
	c.expect(t)
	a.publish("b.x.y", "", "three")
	b.expect(t, "b.x.y s  three")
	a.publish("pub.x.1", "", "queue")
	c.expect(t, "from_a.pub.x.1 s  queue")
	b.expect(t, "p.1.x s  queue")
	c.ep.Unsubscribe(sub, 0)
	a.publish("pub.x.1", "", "gone")
	c.expect(t)
	b.expect(t, "p.1.x s  gone")
	if n, _ := b.publish("b.x", "", "back"); n != 1 { // its own subscription, nobody of A's
		t.Errorf("%d took part, want 1", n)
	}
	a.expect(t)
	b.ep.Close()
	if n, _ := a.publish("b.x.y", "", ""); n != 0 {
		t.Errorf("%d took part after the end, want 0", n)
	}
}

func TestServiceImports(t *testing.T) {
	e, x := tenants(t,
		core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "q.*", Service: true}, {Subject: "many", Service: true, Response: core.Stream}}},
		core.AccountDef{Name: "B", Imports: []core.Import{
			{Account: "A", Subject: "q.*", To: "ask.*", Service: true}, {Account: "A", Subject: "many", Service: true}},
			Exports: []core.Export{{Subject: "ask.>", Service: true}}},
		core.AccountDef{Name: "C", Imports: []core.Import{{Account: "B", Subject: "ask.x", To: "x", Service: true}}})
	a, b, c := x["A"], x["B"], x["C"]
	a.subscribe(t, "q.x", "")
	a.subscribe(t, "many", "")
	b.subscribe(t, "inbox.*", "")
	c.subscribe(t, "in", "")
	reply := func() string {
		t.Helper()
		a.mu.Lock()
		defer a.mu.Unlock()
		f := strings.Fields(a.got.String())
		a.got.Reset()
		if len(f) < 3 || !strings.HasPrefix(f[2], "_R_.") {
			t.Fatalf("the responder got %q", f)
		}
		return f[2]
	}
	if n, _ := b.publish("ask.nobody", "inbox.1", "?"); n != 0 {
		t.Errorf("%d took part, want 0", n)
	}
	if n, _ := b.publish("ask.x", "inbox.1", "?"); n != 1 {
		t.Errorf("%d took part, want 1", n)
	}
	to := reply()
	a.publish(to, "", "!")
	b.expect(t, "inbox.1 s  !")
	a.publish(to, "", "again")
	b.expect(t)
	b.publish("many", "inbox.2", "?")
	to = reply()
	a.publish(to, "", "1")
	a.publish(to, "", "2")
	a.publish(to, "", "")
	a.publish(to, "", "3")
	b.expect(t, "inbox.2 s  1", "inbox.2 s  2", "inbox.2 s  ")
	c.publish("x", "in", "chained")
	a.publish(reply(), "", "far")
	c.expect(t, "in s  far")
	b.expect(t)
	_ = e
}

func TestMappings(t *testing.T) {
	_, x := tenants(t, core.AccountDef{Name: "A", Mappings: []core.Mapping{
		{Source: "old.*.*", To: []core.Destination{{Subject: "new.$2.$1", Weight: 100}}},
		{Source: "half", To: []core.Destination{{Subject: "left", Weight: 50}}},
	}})
	a := x["A"]
	a.subscribe(t, ">", "")
	a.publish("old.a.b", "r", "x")
	a.expect(t, "new.b.a s r x")
	for range 400 {
		a.publish("half", "", "")
	}
	a.mu.Lock()
	got := a.got.String()
	a.mu.Unlock()
	left, half := strings.Count(got, "left s"), strings.Count(got, "half s")
	if left+half != 400 || left < 120 || half < 120 {
		t.Errorf("%d went left, %d stayed", left, half)
	}
}

func TestResponses(t *testing.T) {
	e, x := tenants(t, core.AccountDef{Name: "A"})
	perms, err := core.NewPermissions(core.PermissionDef{Subscribe: core.Rule{Allow: []string{"q"}}, Responses: &core.Responses{Max: 2}})
	if err != nil {
		t.Fatal(err)
	}
	a, service := x["A"], enter(e, "A", perms)
	service.subscribe(t, "q", "")
	a.subscribe(t, "in", "")
	denied := func(subject string) {
		t.Helper()
		if _, err := service.publish(subject, "", "x"); !errors.Is(err, core.ErrNotAllowed) {
			t.Errorf("publish to %s: %v, want ErrNotAllowed", subject, err)
		}
	}
	denied("in")
	a.publish("q", "in", "?")
	service.expect(t, "q s in ?")
	for range 2 {
		if _, err := service.publish("in", "", "!"); err != nil {
			t.Fatal(err)
		}
	}
	denied("in")
	denied("other")
	a.expect(t, "in s  !", "in s  !")
}

func TestAccountErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		defs []core.AccountDef
		want error
	}{
		{"unknown account", []core.AccountDef{{Name: "A", Imports: []core.Import{{Account: "Z", Subject: "x"}}}}, core.ErrUnknownAccount},
		{"not exported", []core.AccountDef{{Name: "A"}, {Name: "B", Imports: []core.Import{{Account: "A", Subject: "x"}}}}, core.ErrNotExported},
		{"wider than exported", []core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: "x.*"}}}, {Name: "B", Imports: []core.Import{{Account: "A", Subject: "x.>"}}}}, core.ErrNotExported},
		{"for others", []core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: "x", Accounts: []string{"C"}}}}, {Name: "B", Imports: []core.Import{{Account: "A", Subject: "x"}}}, {Name: "C"}}, core.ErrNotExported},
		{"for strangers", []core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: "x", Accounts: []string{"Z"}}}}}, core.ErrUnknownAccount},
		{"stream twice", []core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: "x"}}}, {Name: "B", Imports: []core.Import{{Account: "A", Subject: "x"}, {Account: "A", Subject: "x", To: "y"}}}}, core.ErrSameImport},
		{"two services under one name", []core.AccountDef{{Name: "A", Exports: []core.Export{{Subject: ">", Service: true}}}, {Name: "B", Imports: []core.Import{
			{Account: "A", Subject: "x", To: "z", Service: true}, {Account: "A", Subject: "y", To: "z", Service: true}}}}, core.ErrSameImport},
		{"cycle", []core.AccountDef{
			{Name: "A", Exports: []core.Export{{Subject: ">", Service: true}}, Imports: []core.Import{{Account: "B", Subject: "x", Service: true}}},
			{Name: "B", Exports: []core.Export{{Subject: ">", Service: true}}, Imports: []core.Import{{Account: "A", Subject: "x", Service: true}}}}, core.ErrImportCycle},
		{"weights", []core.AccountDef{{Name: "A", Mappings: []core.Mapping{{Source: "x", To: []core.Destination{{"y", 60}, {"z", 60}}}}}}, core.ErrWeight},
	} {
		if err := core.NewEngine().SetAccounts(tt.defs); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A reload connects and disconnects subscriptions that are there.
func TestRewire(t *testing.T) {
	a := core.AccountDef{Name: "A", Exports: []core.Export{{Subject: "s.>"}}}
	b := core.AccountDef{Name: "B", Imports: []core.Import{{Account: "A", Subject: "s.>"}}}
	e, x := tenants(t, a, core.AccountDef{Name: "B"})
	x["B"].subscribe(t, "s.1", "")
	x["A"].publish("s.1", "", "early")
	x["B"].expect(t)
	if err := e.SetAccounts([]core.AccountDef{a, b}); err != nil {
		t.Fatal(err)
	}
	x["A"].publish("s.1", "", "now")
	x["B"].expect(t, "s.1 s  now")
	if err := e.SetAccounts([]core.AccountDef{a, {Name: "B"}}); err != nil {
		t.Fatal(err)
	}
	x["A"].publish("s.1", "", "late")
	x["B"].expect(t)
}

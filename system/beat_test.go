package system

import (
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/module"
)

// pages stand for the room that knows: they count who asks.
type pages struct {
	module.Module
	asked atomic.Int64
}

func (p *pages) Page(name string, _ url.Values) (any, error) {
	p.asked.Add(1)
	switch name {
	case "varz":
		return map[string]any{"host": "here", "connections": 3}, nil
	case "accstatz":
		return map[string]any{"account_statz": []map[string]any{{"acc": "A", "conns": 2}, {"acc": "B", "conns": 1}}}, nil
	}
	return nil, &module.PageError{Status: http.StatusNotFound, Text: "no page " + name}
}

// A listener is a peer that keeps the subjects and bodies it gets.
type listener struct {
	mu  sync.Mutex
	got []string
}

func (l *listener) Deliver(m *core.Message, _ []*core.Subscription) core.Verdict {
	l.mu.Lock()
	l.got = append(l.got, string(m.Subject)+" "+string(m.Payload))
	l.mu.Unlock()
	return core.Taken
}

func (l *listener) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }
func (l *listener) Flush()                                     {}
func (l *listener) Evict(error)                                {}

func (l *listener) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// newSystem runs the module without a gateway, so that time is the test's.
func newSystem(t *testing.T) (*system, *pages, *core.Endpoint, *listener) {
	t.Helper()
	conf, err := config.Parse("test", "accounts { A {}, B {} }")
	if err != nil {
		t.Fatal(err)
	}
	e, p := core.NewEngine(), &pages{}
	env := &module.Env{Engine: e, Auth: auth.New(e, conf), Log: slog.New(slog.DiscardHandler), Server: module.Server{ID: "ID", Name: "here"},
		Modules: iter.Seq2[string, module.Module](func(yield func(string, module.Module) bool) { yield("pages", p) }), History: module.NewHistory(0)}
	made, err := newModule(env, conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := new(listener)
	ep := e.Attach(&core.Identity{Account: env.Auth.SystemAccount()}, core.Peer{ID: 1}, l)
	return made.(*system), p, ep, l
}

// pass lets time go by in a bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func subscribe(t *testing.T, ep *core.Endpoint, subject string) *core.Subscription {
	t.Helper()
	s, err := ep.Subscribe(subject, core.SubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHeartbeats counts what is told in a minute, and that nobody works while nobody listens.
func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p, ep, l := newSystem(t)
		defer func() { _ = m.Stop(t.Context()) }()
		client := m.env.Engine.Attach(&core.Identity{Account: m.env.Engine.Account("A")}, core.Peer{ID: 2}, new(listener))
		defer client.Close()
		m.env.History.Open(func() module.Conn { return module.Conn{ID: 2, Account: "A"} })
		pass(time.Minute + time.Second)
		if n := p.asked.Load(); n != 0 {
			t.Errorf("nobody listens, and pages were asked for %d times", n)
		}
		subs := []*core.Subscription{subscribe(t, ep, "$SYS.SERVER.ID.STATSZ"), subscribe(t, ep, "$SYS.ACCOUNT.*.SERVER.CONNS")}
		pass(time.Minute)
		stats, counts := 0, 0
		for _, text := range l.take() {
			subject, body, _ := strings.Cut(text, " ")
			switch {
			case subject == "$SYS.SERVER.ID.STATSZ" && strings.Contains(body, `"connections":3`):
				stats++
			case subject == "$SYS.ACCOUNT.A.SERVER.CONNS" && strings.Contains(body, `"conns":2`):
				counts++
			default:
				t.Errorf("got %s", text)
			}
		}
		if stats != 6 || counts != 2 {
			t.Errorf("in a minute: %d statistics, %d counts", stats, counts)
		}
		for _, s := range subs {
			ep.Unsubscribe(s, 0)
		}
		p.asked.Store(0)
		pass(time.Minute)
		if n := p.asked.Load(); n != 0 {
			t.Errorf("nobody listens any more, and pages were asked for %d times", n)
		}
	})
}

// TestCountsAreToldTogether: however many come and go at once, it is told once.
func TestCountsAreToldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, ep, l := newSystem(t)
		defer func() { _ = m.Stop(t.Context()) }()
		subscribe(t, ep, "$SYS.SERVER.ACCOUNT.*.CONNS")
		for id := range uint64(1000) {
			m.env.History.Open(func() module.Conn { return module.Conn{ID: id, Account: "A"} })
			m.env.History.Close(module.Conn{ID: id, Account: "B", Reason: reason.ClientClosed}, "")
		}
		pass(time.Second)
		got := l.take()
		if len(got) != 2 {
			t.Errorf("told %d times", len(got))
		}
		for _, text := range got {
			var e struct {
				Type string
				Acc  string
			}
			subject, body, _ := strings.Cut(text, " ")
			if err := json.Unmarshal([]byte(body), &e); err != nil || e.Type != kindConns || subject != "$SYS.SERVER.ACCOUNT."+e.Acc+".CONNS" {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

// TestQueueIsBounded: while the worker is busy, what is too much is dropped, and the rest is done.
func TestQueueIsBounded(t *testing.T) {
	q := queue{wake: make(chan struct{}, 1)}
	for range mostWaiting {
		if !q.add(&arrival{}) {
			t.Fatal("dropped too early")
		}
	}
	if q.add(&arrival{}) {
		t.Error("one more is taken")
	}
	if jobs, _ := q.take(); len(jobs) != mostWaiting || !q.add(&arrival{}) {
		t.Errorf("%d jobs", len(jobs))
	}
}

// TestAccountsComeAndGo: a reload brings peers to new accounts, takes them from old ones, and follows the system account.
func TestAccountsComeAndGo(t *testing.T) {
	m, _, _, _ := newSystem(t)
	defer func() { _ = m.Stop(t.Context()) }()
	check := func(text string, home string, accounts int) {
		t.Helper()
		conf, err := config.Parse("test", text)
		if err != nil {
			t.Fatal(err)
		}
		m.env.Auth.Stage(conf)
		m.env.Auth.Commit()
		if err := m.Reload(conf); err != nil {
			t.Fatal(err)
		}
		if n := len(m.peers.all); n != accounts {
			t.Errorf("%s: %d peers, want %d", text, n, accounts)
		}
		for a, w := range m.peers.all {
			if w.home != (a.Name() == home) {
				t.Errorf("%s: the peer in %s is at home: %v", text, a.Name(), w.home)
			}
			if a.Listens("$SYS.REQ.SERVER.PING.VARZ") != w.home || !a.Listens(userInfo) {
				t.Errorf("%s: the services of %s", text, a.Name())
			}
		}
	}
	check("accounts { A {}, C {} }", "$SYS", 4)
	check("accounts { A {}, C {} }\nsystem_account: C", "C", 3)
	check("accounts { A {}, C {} }\nno_system_account: true", "", 0)
	check("accounts { A {} }", "$SYS", 3)
}

// TestFloodOfRequests: of one account no more wait than it may have, and long bodies are not kept.
func TestFloodOfRequests(t *testing.T) {
	m := &system{env: &module.Env{}}
	m.queue.wake = make(chan struct{}, 1)
	w, other := &peer{module: m}, &peer{module: m}
	subs := []*core.Subscription{{Tag: userService}}
	ask := func(w *peer, body int) core.Verdict {
		return w.Deliver(&core.Message{Subject: []byte(userInfo), Reply: []byte("r"), Payload: make([]byte, body)}, subs)
	}
	for range mostAsked {
		if v := ask(w, mostBody+1); v != core.Taken {
			t.Fatalf("dropped too early: %v", v)
		}
	}
	if v := ask(w, 0); v != core.Dropped {
		t.Errorf("one more: %v", v)
	}
	if v := ask(other, mostBody); v != core.Taken {
		t.Errorf("another account: %v", v)
	}
	jobs, _ := m.queue.take()
	if r := jobs[0].(*request); !r.tooLong || r.body != nil {
		t.Errorf("a long body: %d bytes are kept", len(r.body))
	}
	if r := jobs[mostAsked].(*request); r.tooLong || len(r.body) != mostBody {
		t.Errorf("the longest body: %d bytes", len(r.body))
	}
	if v := w.Deliver(&core.Message{Subject: []byte(userInfo)}, subs); v != core.Refused {
		t.Errorf("a request without a reply: %v", v)
	}
}

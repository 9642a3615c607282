package core_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/core"
)

func TestPublishReachesMatching(t *testing.T) {
	s := newSpace(t)
	pub := s.attach(core.Peer{}, null{})
	for _, c := range []struct{ pattern, want string }{
		{"a.b", "a.b x 1\n"}, {"a.*", "a.b x 1\n"}, {"a.>", "a.b x 1\n"}, {">", "a.b x 1\n"}, {"*.*", "a.b x 1\n"}, {"*.b", "a.b x 1\n"},
		{"a", ""}, {"a.b.>", ""}, {"a.b.*", ""}, {"a.c", ""}, {"*", ""}, {"a.b.c", ""},
	} {
		to := newSink()
		ep := s.attach(core.Peer{}, to)
		s.lines(ep, c.pattern, "x")
		s.send(pub, "a.b", "1")
		want(t, c.pattern, to.text(), c.want)
		ep.Close()
	}
	want(t, "left", s.acc.Stats().Subscriptions, 0)
}

func TestOrderAcrossSubjectsAndOverlaps(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	s.lines(ep, "a.*", "w")
	s.lines(ep, "a.b", "l")
	pub := s.attach(core.Peer{}, null{})
	b := s.Get()
	var expect strings.Builder
	for i, p := range numbers(300) {
		subject := []string{"a.b", "a.c", "a.b"}[i%3]
		n, _ := publish(b, pub, subject, p)
		want(t, "matched", n, map[string]int{"a.b": 2, "a.c": 1}[subject])
	}
	s.Put(b)
	last := -1
	for line := range strings.Lines(to.text()) {
		f := strings.Fields(line)
		n := len(f[2])*1000 + atoi(f[2])
		if n < last {
			t.Fatalf("%q after %d", line, last)
		}
		last = n
		expect.WriteString(line)
	}
	want(t, "messages", to.count(), 500)
	if to.stuck {
		t.Error("queued and never flushed")
	}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

func TestRunIsSharedAndTouchedOnce(t *testing.T) {
	s := newSpace(t)
	a, b := newSink(), newSink()
	s.lines(s.attach(core.Peer{}, a), "x", "1")
	s.lines(s.attach(core.Peer{}, b), "x", "1")
	pub := s.attach(core.Peer{}, null{})
	s.send(pub, "x", "warm") // first sight
	s.send(pub, "x", numbers(100)...)
	want(t, "runs", a.runs, 2)
	want(t, "same bytes", a.text(), b.text())
	want(t, "messages", a.count(), 101)
}

func TestNoEcho(t *testing.T) {
	s := newSpace(t)
	own, other := newSink(), newSink()
	pub := s.attach(core.Peer{NoEcho: true}, own)
	s.lines(pub, "x", "1")
	s.lines(pub, "*", "2")
	s.subscribe(pub, "x", core.SubOptions{Queue: "q", Form: lineForm{}, Tag: "3"})
	want(t, "nobody else", s.send(pub, "x", "1"), 0)
	s.lines(s.attach(core.Peer{}, other), "x", "1")
	want(t, "one other", s.send(pub, "x", "1"), 1)
	want(t, "own", own.text(), "")
	want(t, "other", other.text(), "x 1 1\n")
}

func TestMaxEndsExactly(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	sub := s.subscribe(ep, "x", core.SubOptions{Form: lineForm{}, Tag: "1", Max: 3})
	pub := s.attach(core.Peer{}, null{})
	want(t, "matched", s.send(pub, "x", numbers(10)...), 3)
	want(t, "text", to.text(), "x 1 0\nx 1 1\nx 1 2\n")
	want(t, "closed", sub.Closed(), true)
	want(t, "subscriptions", ep.Stats().Subscriptions, 0)
}

// A maximum set while another publisher's run is open cuts that run.
func TestMaxCutsOpenRun(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	sub := s.lines(ep, "x", "1")
	pub := s.attach(core.Peer{}, null{})
	b := s.Get()
	for _, p := range numbers(10) {
		publish(b, pub, "x", p)
	}
	ep.Unsubscribe(sub, 4)
	s.Put(b)
	want(t, "text", to.text(), "x 1 0\nx 1 1\nx 1 2\nx 1 3\n")
	want(t, "delivered", sub.Delivered(), 4)
	s.send(pub, "x", "more")
	want(t, "after", to.count(), 4)
}

// Messages for nobody must not count as the next subscriber's.
func TestRunForNobodyIsNotCounted(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	sub := s.lines(ep, "x", "1")
	pub := s.attach(core.Peer{}, null{})
	b := s.Get()
	for _, subject := range []string{"nobody", "nobody", "x"} {
		publish(b, pub, subject, "0")
	}
	b.Settle()
	want(t, "delivered", sub.Delivered(), 1)
	ep.Unsubscribe(sub, 2)
	for _, p := range numbers(3) {
		publish(b, pub, "x", p)
	}
	s.Put(b)
	want(t, "text", to.text(), "x 1 0\nx 1 0\n")
	want(t, "out", ep.Stats().OutMsgs, 2)
	want(t, "out of the account", s.acc.Stats().OutMsgs, 2)
}

// witness asks, when a message reaches it, what its publisher is said to have published.
type witness struct {
	null
	pub  *core.Endpoint
	seen core.Stats
}

func (w *witness) Run([]byte, []byte, int, bool) core.Verdict {
	w.seen = w.pub.Stats()
	return core.Taken
}

// Who has an answer behind its message finds that counted.
func TestPublishedIsCountedBeforeItIsHeardOf(t *testing.T) {
	s := newSpace(t)
	to := &witness{pub: s.attach(core.Peer{}, null{})}
	s.lines(s.attach(core.Peer{}, to), "x", "1")
	b := s.Get()
	publish(b, to.pub, "x", "1")
	s.Put(b)
	want(t, "in, as the message came", to.seen.InMsgs, 1)
}

func TestUnsubscribeMaxAlreadyReached(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	sub := s.lines(ep, "x", "1")
	pub := s.attach(core.Peer{}, null{})
	s.send(pub, "x", numbers(5)...)
	ep.Unsubscribe(sub, 5)
	want(t, "closed", sub.Closed(), true)
}

func TestDeliverDoorTakesAllOfASink(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	s.subscribe(ep, "a.b", core.SubOptions{})
	s.lines(ep, "a.*", "1")
	s.subscribe(ep, ">", core.SubOptions{Queue: "q"})
	pub := s.attach(core.Peer{}, null{})
	s.send(pub, "a.b", "1", "2")
	want(t, "text", to.text(), "")
	want(t, "deliveries", len(to.plain), 2)
	want(t, "subscriptions in one", to.subs[0], 3)
	want(t, "flushes", to.flushes, 1)
}

func TestLargePayloadIsLent(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	s.lines(s.attach(core.Peer{}, to), "x", "1")
	pub := s.attach(core.Peer{}, null{})
	big := strings.Repeat("y", core.SplitSize)
	s.send(pub, "x", "a", big, "b")
	want(t, "text", to.text(), "x 1 a\nx 1 "+big+"\nx 1 b\n")
	want(t, "bytes out", s.Stats().OutBytes, int64(core.SplitSize+2))
}

func TestManyDistinctPrefixes(t *testing.T) {
	s := newSpace(t)
	var sinks []*sink
	for _, tag := range numbers(200) {
		to := newSink()
		s.lines(s.attach(core.Peer{}, to), "x", tag)
		sinks = append(sinks, to)
	}
	pub := s.attach(core.Peer{}, null{})
	want(t, "matched", s.send(pub, "x", "a", "b"), 400)
	for i, to := range sinks {
		tag := numbers(200)[i]
		want(t, "text", to.text(), "x "+tag+" a\nx "+tag+" b\n")
		if to.stuck {
			t.Fatal("queued and never flushed")
		}
	}
}

func TestPublishErrors(t *testing.T) {
	s := newSpace(t)
	pub := s.attachAs(null{}, core.PermissionDef{Publish: core.Rule{Deny: []string{"no.>"}}})
	b := s.Get()
	defer s.Put(b)
	for _, c := range []struct {
		subject string
		err     error
	}{{"", core.ErrBadSubject}, {"a b", core.ErrBadSubject}, {"a\r\nb", core.ErrBadSubject}, {"no.x", core.ErrNotAllowed}, {"yes", nil}, {"a..b", nil}, {"foo.*", nil}} {
		for range 3 { // unknown, seen, remembered
			if _, err := publish(b, pub, c.subject, ""); !errors.Is(err, c.err) {
				t.Errorf("%q: got %v, want %v", c.subject, err, c.err)
			}
		}
	}
}

// A refused publisher must not slip into the run that an allowed one has opened on the same batch.
func TestRefusalDoesNotInheritOpenRun(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	s.lines(s.attach(core.Peer{}, to), ">", "1")
	free := s.attach(core.Peer{}, null{})
	bound := s.attachAs(null{}, core.PermissionDef{Publish: core.Rule{Allow: []string{"other"}}})
	b := s.Get()
	publish(b, free, "secret", "1")
	for range 3 {
		if _, err := publish(b, bound, "secret", "stolen"); !errors.Is(err, core.ErrNotAllowed) {
			t.Errorf("got %v", err)
		}
	}
	s.Put(b)
	want(t, "text", to.text(), "secret 1 1\n")
}

func TestDenyInsideWildcardIsFilteredAtDelivery(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attachAs(to, core.PermissionDef{Subscribe: core.Rule{Deny: []string{"b.no", "q.no grp"}}})
	s.lines(ep, "b.>", "1")
	s.subscribe(ep, "q.*", core.SubOptions{Queue: "grp", Form: lineForm{}, Tag: "2"})
	pub := s.attach(core.Peer{}, null{})
	for range 3 {
		want(t, "denied", s.send(pub, "b.no", "x")+s.send(pub, "q.no", "x"), 0)
	}
	want(t, "allowed", s.send(pub, "b.yes", "x")+s.send(pub, "q.yes", "x"), 2)
}

func TestAccountsAreApart(t *testing.T) {
	s := newSpace(t)
	if err := s.SetAccounts([]core.AccountDef{{Name: "A"}, {Name: "B"}}); err != nil {
		t.Fatal(err)
	}
	to, other := newSink(), newSink()
	s.lines(s.attach(core.Peer{}, to), ">", "1")
	inB := s.Attach(&core.Identity{Account: s.Account("B")}, core.Peer{}, other)
	s.lines(inB, ">", "1")
	b := s.Get()
	publish(b, inB, "x", "b")
	publish(b, s.attach(core.Peer{}, null{}), "x", "a")
	s.Put(b)
	want(t, "A", to.text(), "x 1 a\n")
	want(t, "B", other.text(), "x 1 b\n")
	want(t, "B's statistics", s.Account("B").Stats(), core.Stats{InMsgs: 1, InBytes: 1, OutMsgs: 1, OutBytes: 1, Subscriptions: 1})
	if err := s.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		t.Fatal(err)
	}
	want(t, "evicted", other.evicted, core.ErrAccountRemoved)
	want(t, "totals keep what was", s.Stats().InMsgs, 2)
}

// upper is a Namer of another alphabet: "A/B" is a.b.
type upper struct{ calls *int }

func (u upper) AppendSubject(dst, raw []byte) ([]byte, error) {
	*u.calls++
	if len(raw) == 0 || raw[0] == '!' {
		return dst, core.ErrBadSubject
	}
	return append(dst, strings.ReplaceAll(strings.ToLower(string(raw)), "/", ".")...), nil
}

func TestNamerRunsOncePerMemoMiss(t *testing.T) {
	s := newSpace(t)
	to, calls := newSink(), 0
	s.lines(s.attach(core.Peer{}, to), "a.*", "1")
	pub := s.attach(core.Peer{}, null{})
	for i := range 50 {
		b := s.Get()
		m := b.Message()
		m.Raw, m.Namer, m.Payload = []byte("A/B"), upper{&calls}, []byte{'x'}
		if n, err := b.Publish(pub, m); n != 1 || err != nil || string(m.Subject) != "a.b" {
			t.Fatalf("%d: matched %d, err %v, subject %q", i, n, err, m.Subject)
		}
		m.Raw = []byte("!")
		if _, err := b.Publish(pub, m); !errors.Is(err, core.ErrBadSubject) {
			t.Fatalf("bad topic: %v", err)
		}
		s.Put(b)
	}
	if calls > 4 {
		t.Errorf("named %d times", calls)
	}
	// The same bytes as a subject are something else.
	want(t, "as subject", s.send(pub, "A/B", "x"), 0)
}

func TestRefusedRunIsNotCounted(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	to.verdict = core.Refused
	s.lines(s.attach(core.Peer{}, to), "x", "1")
	s.send(s.attach(core.Peer{}, null{}), "x", "1")
	want(t, "out", s.Stats().OutMsgs, 0)
}

// What a sink loses had a subscriber, but is not delivered.
func TestDroppedIsMatched(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	if _, err := s.attach(core.Peer{}, to).Subscribe("x", core.SubOptions{}); err != nil {
		t.Fatal(err)
	}
	for verdict, matched := range map[core.Verdict]int{core.Refused: 0, core.Dropped: 1} {
		to.verdict = verdict
		want(t, "matched", s.send(s.attach(core.Peer{}, null{}), "x", "1"), matched)
		want(t, "out", s.Stats().OutMsgs, 0)
	}
}

func TestClosedEndpoint(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	ep := s.attach(core.Peer{}, to)
	s.lines(ep, "x", "1")
	ep.Close()
	ep.Close()
	if _, err := ep.Subscribe("x", core.SubOptions{}); !errors.Is(err, core.ErrClosed) {
		t.Errorf("got %v", err)
	}
	want(t, "matched", s.send(s.attach(core.Peer{}, null{}), "x", "1"), 0)
}

func TestLookup(t *testing.T) {
	s := newSpace(t)
	ep := s.attach(core.Peer{}, null{})
	s.lines(s.attach(core.Peer{}, null{}), "r.*", "other")
	if ep.Lookup([]byte("r.1")) != nil {
		t.Error("found another's")
	}
	sub := s.lines(ep, "r.*", "own")
	if ep.Lookup([]byte("r.1")) != sub {
		t.Error("own not found")
	}
}

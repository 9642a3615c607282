package leafnode

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

var greeting = wire.Info{ClientID: 1, Headers: true, MaxPayload: 100, InfoOnConnect: true}

// TestBadHubs: whatever comes, the link ends with a reason and local traffic goes on.
func TestBadHubs(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		says     string // to the other side
		reason   reason.Reason
	}{
		{"garbage", "\x16\x03\x01\x00", "-ERR 'Unknown Protocol Operation'", reason.ProtocolViolation},
		{"a client's verb", joined + "PUB a 1\r\nx\r\n", "-ERR 'Unknown Protocol Operation'", reason.ProtocolViolation},
		{"CONNECT", joined + "CONNECT {}\r\n", "-ERR 'Unknown Protocol Operation'", reason.ProtocolViolation},
		{"interest before INFO", "LS+ a\r\n", "", reason.ProtocolViolation},
		{"message before INFO", "LMSG a 0\r\n\r\n", "", reason.ProtocolViolation},
		{"INFO that is none", "INFO {\r\n", "", reason.ProtocolViolation},
		{"INFO of other types", "INFO {\"connect_info\":\"yes\"}\r\n", "", reason.ProtocolViolation},
		{"other rights later", joined + "INFO {\"connect_info\":true,\"import\":{\"allow\":[\"a\"]}}\r\n", "", reason.PermissionsViolation},
		{"bad arguments", joined + "LS+ a q\r\n", "", reason.ProtocolViolation},
		{"a message too large", joined + "LMSG a 67108865\r\n", "-ERR 'Maximum Payload Violation'", reason.MaxPayload},
		{"an endless line", joined + "LS+ " + strings.Repeat("a", mostLine), "-ERR 'maximum control line exceeded'", reason.MaxControlLine},
		{"our own beacon", joined + "LS+ $LDS.own\r\n", "-ERR 'Loop detected for leafnode account=\"A\". Delaying attempt to reconnect for 30s'", reason.ProtocolViolation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, step := range []int{1, 1 << 20} {
				b := newBench(t, greeting)
				b.conn.text()
				err := b.feed(tc.in, step)
				if err == nil || reasonOf(err) != tc.reason {
					t.Fatalf("ends with %v (%v), want %v", err, reasonOf(err), tc.reason)
				}
				if got := b.conn.text(); !strings.Contains(got, tc.says) || tc.says == "" && strings.Contains(got, "-ERR") {
					t.Errorf("says %q, want %q", got, tc.says)
				}
				b.close(err)
			}
		})
	}
}

// TestForgiven: these do not end the link.
func TestForgiven(t *testing.T) {
	b := newBench(t, greeting)
	b.conn.text()
	in := "PING\r\n+OK\r\nINFO {\"leafnode_urls\":[\"a:1\"]}\r\n" + joined + joined + "INFO {}\r\nLS+ a..b\r\nLS- never\r\nLS+ a\r\nLS+ a\r\nLS- a\r\nLS- a\r\n" +
		"LS+ q g 3\r\nLS+ q g 3\r\nLS+ q g 5\r\n-ERR 'Permissions Violation for Publish to \"x\"'\r\nHMSG a 3 3\r\nabc\r\nPONG\r\n" +
		"LMSG $SYS.x 0\r\n\r\nLS+ $LDS.other\r\n"
	if err := b.feed(in, 7); err != nil {
		t.Fatal(err)
	}
	if got := b.conn.text(); got != wire.Pong+"-ERR 'Invalid Subscription'\r\n" {
		t.Errorf("says %q", got)
	}
	var subs []string
	for s := range b.link.ep.Load().Subscriptions() {
		subs = append(subs, fmt.Sprintf("%s %s %d", s.Subject, s.Queue, s.Weight()))
	}
	slices.Sort(subs)
	if want := []string{"$LDS.other  1", "q g 5"}; !slices.Equal(subs, want) {
		t.Errorf("has %q, want %q", subs, want)
	}
	tr := b.link.traffic()
	if tr.drops[reason.ProtocolViolation] != 1 || tr.drops[reason.PermissionsViolation] != 1 {
		t.Errorf("dropped %v", tr.drops)
	}
	b.close(errors.New("the end"))
	if !deservesPenalty(b.link.cause) || reasonOf(b.link.cause) != reason.PermissionsViolation {
		t.Errorf("ends with %v", b.link.cause)
	}
}

// TestEndlessInterest: the other side's subscriptions have a bound.
func TestEndlessInterest(t *testing.T) {
	b := newBench(t, greeting)
	if err := b.feed(joined, 100); err != nil {
		t.Fatal(err)
	}
	b.conn.text()
	for i := range mostSubs {
		b.link.subs[interest{fmt.Sprint(i), ""}] = &core.Subscription{}
	}
	if err := b.feed("LS+ one\r\nLS+ two\r\n", 100); err != nil {
		t.Fatal(err)
	}
	if got := b.conn.text(); got != "-ERR 'maximum subscriptions exceeded'\r\n" {
		t.Errorf("says %q", got)
	}
	clear(b.link.subs)
	b.close(nil)
}

// TestDelivery: what goes over, in which form, and what does not.
func TestDelivery(t *testing.T) {
	header := []byte("NATS/1.0\r\n\r\n")
	b := newBench(t, greeting)
	if err := b.feed(joined+"LS+ a\r\nLS+ a.>\r\nLS+ a g1 1\r\nLS+ * g2 1\r\n", 100); err != nil {
		t.Fatal(err)
	}
	b.link.tell()
	b.conn.text()
	for _, tc := range []struct {
		name string
		m    core.Message
		want string
		drop reason.Reason
	}{
		{name: "once for all that match", m: core.Message{Subject: []byte("a"), Payload: []byte("x")}, want: "LMSG a | g1 g2 1\r\nx\r\n"},
		{name: "with reply", m: core.Message{Subject: []byte("a"), Reply: []byte("r"), Payload: []byte("x")}, want: "LMSG a + r g1 g2 1\r\nx\r\n"},
		{name: "plain", m: core.Message{Subject: []byte("a.b"), Reply: []byte("r"), Payload: []byte("x")}, want: "LMSG a.b r 1\r\nx\r\n"},
		{name: "with headers", m: core.Message{Subject: []byte("a.b"), Header: header, Payload: []byte("x")}, want: "HMSG a.b 12 13\r\nNATS/1.0\r\n\r\nx\r\n"},
		{name: "as large as it takes", m: core.Message{Subject: []byte("a.b"), Payload: make([]byte, 100)}, want: "LMSG a.b 100\r\n" + strings.Repeat("\x00", 100) + "\r\n"},
		{name: "too large", m: core.Message{Subject: []byte("a.b"), Header: header, Payload: make([]byte, 89)}, drop: reason.MaxPayload},
		{name: "a line too long", m: core.Message{Subject: []byte("a." + strings.Repeat("b", mostLine)), Payload: []byte("x")}, drop: reason.MaxControlLine},
		{name: "a reply that would break the line", m: core.Message{Subject: []byte("a.b"), Reply: []byte("+")}, drop: reason.InvalidSubject},
		{name: "a reply with a line end", m: core.Message{Subject: []byte("a.b"), Reply: []byte("r\r\nLS+ x")}, drop: reason.InvalidSubject},
		{name: "nobody there wants it", m: core.Message{Subject: []byte("b.c")}},
	} {
		before := b.link.drops[tc.drop].Load()
		b.publish(tc.m)
		if got := b.conn.text(); got != tc.want {
			t.Errorf("%s: %.80q, want %.80q", tc.name, got, tc.want)
		}
		if dropped := b.link.drops[tc.drop].Load() - before; (tc.drop != reason.None) != (dropped == 1) {
			t.Errorf("%s: %d dropped as %v", tc.name, dropped, tc.drop)
		}
	}
	var log bytes.Buffer
	b.link.module.log = slog.New(slog.NewTextHandler(&log, nil))
	b.link.logDrops()
	b.link.logDrops()
	if text := log.String(); strings.Count(text, "\n") != 3 || !strings.Contains(text, "reason=max_payload count=1") || !strings.Contains(text, "reason=invalid_subject count=2") {
		t.Errorf("logged: %s", text)
	}
	b.close(nil)
	plain := greeting
	plain.Headers = false
	b = newBench(t, plain)
	if err := b.feed(joined+"LS+ a.>\r\n", 100); err != nil {
		t.Fatal(err)
	}
	b.link.tell()
	b.conn.text()
	b.publish(core.Message{Subject: []byte("a.b"), Header: header, Payload: []byte("x")})
	if got := b.conn.text(); got != "LMSG a.b 1\r\nx\r\n" {
		t.Errorf("to a server without headers: %q", got)
	}
	b.close(nil)
}

// TestReceipt: plain subscriptions get every message, groups those that name them.
func TestReceipt(t *testing.T) {
	b := newBench(t, greeting)
	for _, queue := range []string{"", "g1", "g2"} {
		if _, err := b.client.Subscribe("a", core.SubOptions{Queue: queue}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.feed(joined, 100); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]int{
		"LMSG a 1\r\nx\r\n": 1, "LMSG a | g1 1\r\nx\r\n": 2, "LMSG a + r g2 g1 1\r\nx\r\n": 3, "LMSG a | other 1\r\nx\r\n": 1,
		"HMSG a r 12 13\r\nNATS/1.0\r\n\r\nx\r\n": 1, "LMSG b 1\r\nx\r\n": 0,
	} {
		b.got.messages = nil
		if err := b.feed(in, 100); err != nil {
			t.Fatal(err)
		}
		if len(b.got.messages) != want {
			t.Errorf("%q: %q, want %d", in, b.got.messages, want)
		}
	}
	b.close(nil)
}

// TestNews: only the last word counts, and nothing is told while the connection is full.
func TestNews(t *testing.T) {
	b := newBench(t, greeting)
	if err := b.feed(joined, 100); err != nil {
		t.Fatal(err)
	}
	b.link.tell()
	if got := b.conn.text(); !strings.Contains(got, "LS+ $LDS.own\r\n") || !strings.Contains(got, "LS+ _R_.") {
		t.Errorf("begins with %q", got)
	}
	s, err := b.client.Subscribe("a", core.SubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.client.Unsubscribe(s, 0)
	b.link.tell()
	if got := b.conn.text(); got != "" {
		t.Errorf("of what is gone: %q", got)
	}
	for range 3 {
		if _, err := b.client.Subscribe("a", core.SubOptions{Queue: "g"}); err != nil {
			t.Fatal(err)
		}
	}
	b.link.window.sent += firstWindow
	b.link.tell()
	if got := b.conn.text(); got != wire.Ping {
		t.Errorf("without room: %q", got)
	}
	if err := b.feed(wire.Pong, 100); err != nil {
		t.Fatal(err)
	}
	if got := b.conn.text(); got != "LS+ a g 3\r\n" {
		t.Errorf("of three members: %q", got)
	}
	if err := b.feed("LS+ q\r\n", 100); err != nil {
		t.Fatal(err)
	}
	answers, err := b.client.Subscribe("inbox", core.SubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.publish(core.Message{Subject: []byte("q"), Reply: []byte("inbox")})
	if got := b.conn.text(); got != "LS+ inbox\r\nLMSG q inbox 0\r\n\r\n" {
		t.Errorf("a request with a new inbox: %q", got)
	}
	b.client.Unsubscribe(answers, 0)
	b.link.tell()
	b.conn.text()
	b.client.Close()
	b.link.tell()
	if got := b.conn.text(); got != "LS- a g\r\n" {
		t.Errorf("at the end: %q", got)
	}
	b.close(nil)
}

// TestPings: the other side is asked on schedule, and given up when nothing comes.
func TestPings(t *testing.T) {
	b := newBench(t, greeting)
	if b.conn.tick.IsZero() {
		t.Fatal("no deadline for INFO")
	}
	tick := func(at time.Time) (time.Time, error) { return b.link.Tick(nil, at) }
	if _, err := tick(b.conn.tick); !errors.Is(err, errNoInfo) {
		t.Errorf("without INFO: %v", err)
	}
	if err := b.feed(joined, 100); err != nil {
		t.Fatal(err)
	}
	b.conn.text()
	at := b.conn.tick
	last := at.Add(b.link.opts.pingEvery + time.Second)
	pings := 0
	for at.Before(last) { // life is whatever comes
		var err error
		if at, err = tick(at); err != nil {
			t.Fatal(err)
		}
		pings += strings.Count(b.conn.text(), wire.Ping)
		b.conn.read = at
	}
	if pings != 2 {
		t.Errorf("%d pings in little more than an interval", pings)
	}
	if err := b.feed("PONG\r\n", 100); err != nil || b.link.rtt.Load() == 0 {
		t.Errorf("rtt %d, %v", b.link.rtt.Load(), err)
	}
	for range pings {
		if err := b.feed("PONG\r\n", 100); err != nil { // one more than there were pings
			t.Fatal(err)
		}
	}
	b.conn.read = time.Time{}
	b.conn.text()
	if _, err := tick(at.Add(time.Hour)); err != nil || b.conn.text() != wire.Ping {
		t.Fatalf("with nothing unanswered: %v", err)
	}
	sent := at.Add(time.Hour)
	if _, err := tick(sent.Add(b.link.opts.silence() - time.Second)); err != nil {
		t.Error(err)
	}
	b.link.slack = 2
	if _, err := tick(sent.Add(b.link.opts.silence() + time.Minute - time.Second)); err == nil {
		t.Error("waits too long")
	}
	err := b.link.fail(errStale)
	b.close(err)
}

// TestDeliverAllocs: nothing is allocated for a message either way.
func TestDeliverAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what is kept for its next use is kept
	b := newBench(t, greeting)
	if err := b.feed(joined+"LS+ a.>\r\nLS+ a.b g 2\r\n", 100); err != nil {
		t.Fatal(err)
	}
	m := core.Message{Subject: []byte("a.b"), Reply: []byte("r"), Payload: []byte("hello")}
	in := []byte(strings.Repeat("LMSG c.d r 5\r\nhello\r\n", 1000))
	if _, err := b.client.Subscribe("c.*", core.SubOptions{}); err != nil {
		t.Fatal(err)
	}
	b.got.messages = nil
	answer := []byte(wire.Pong)
	run := func() {
		b.conn.out.Reset()
		batch := b.engine.Get()
		for range 1000 {
			*batch.Message() = m
			if _, err := batch.Publish(b.client, batch.Message()); err != nil {
				t.Fatal(err)
			}
		}
		flushes := b.conn.flushes
		batch.Flush()
		if n := b.conn.flushes - flushes; n != 1 {
			t.Fatalf("%d flushes for a batch", n)
		}
		for b.conn.answers && b.link.window.count > 0 {
			if n, err := b.link.Feed(batch, answer); n != len(answer) || err != nil {
				t.Fatal(n, err)
			}
		}
		b.engine.Put(batch)
	}
	for name, tc := range map[string]struct {
		answers bool
		bytes   int64
		msgs    int
	}{"wide open": {true, 1 << 20, 1 << 20}, "at the bound": {false, 1 << 20, 10}, "at the bound of bytes": {false, 1000, 1 << 20}} {
		b.conn.answers, b.link.opts.mostQueued, b.link.opts.mostMsgs = tc.answers, tc.bytes, tc.msgs
		run()
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 {
			t.Errorf("%s: %v allocations for 1,000 messages out", name, n)
		}
	}
	b.client.Close()
	b.client = b.engine.Attach(b.client.Identity(), core.Peer{}, nobody{})
	if _, err := b.client.Subscribe("c.*", core.SubOptions{}); err != nil {
		t.Fatal(err)
	}
	feed := func() {
		batch := b.engine.Get()
		if n, err := b.link.Feed(batch, in); n != len(in) || err != nil {
			t.Fatal(n, err)
		}
		b.engine.Put(batch)
	}
	feed()
	feed()
	if n := testing.AllocsPerRun(5, feed); n > 0 {
		t.Errorf("%v allocations for 1,000 messages in", n)
	}
	b.close(nil)
}

// nobody takes everything.
type nobody struct{}

func (nobody) Run([]byte, []byte, int, bool) core.Verdict               { return core.Taken }
func (nobody) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Taken }
func (nobody) Flush()                                                   {}
func (nobody) Evict(error)                                              {}

// FuzzHub: no bytes of the other side do more than end the link, however they are cut.
func FuzzHub(f *testing.F) {
	for _, in := range []string{joined, joined + "LS+ a\r\nLS+ b q 2\r\nLS- a\r\n", joined + "LMSG a r 2\r\nhi\r\nHMSG a + r q 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
		"PING\r\nPONG\r\n-ERR 'x'\r\n+OK\r\n", joined + joined + "INFO {\"connect_info\":true,\"export\":{\"allow\":[\"x y z\",\"..\"]}}\r\n", "LS+ a\r\n"} {
		f.Add(in, 3)
	}
	f.Fuzz(func(t *testing.T, in string, step int) {
		var ends [2]string
		var says [2]string
		for i, step := range []int{1 << 20, 1 + step&63} {
			b := newBench(t, greeting)
			if _, err := b.client.Subscribe(">", core.SubOptions{}); err != nil {
				t.Fatal(err)
			}
			err := b.feed(in, step)
			b.publish(core.Message{Subject: []byte("a"), Payload: []byte("still there")})
			if n := len(b.got.messages); n == 0 || !strings.HasSuffix(b.got.messages[n-1], "still there") {
				t.Error("local traffic has suffered")
			}
			ends[i], says[i] = fmt.Sprint(err), fmt.Sprint(b.got.messages)
			b.close(err)
		}
		if ends[0] != ends[1] || says[0] != says[1] {
			t.Errorf("whole: %s %s\nin pieces: %s %s", ends[0], says[0], ends[1], says[1])
		}
	})
}

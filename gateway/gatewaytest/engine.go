package gatewaytest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"leafgate/core"
)

// An insider is a peer of the engine without a frontend: what other frontends are to the one under test.
type insider struct {
	s   *stage
	ep  *core.Endpoint
	got chan message
}

var _ core.Sink = (*insider)(nil)

func (s *stage) insider() *insider {
	in := &insider{s: s, got: make(chan message, 64)}
	in.ep = s.Engine().Attach(&core.Identity{Account: s.account()}, core.Peer{Protocol: "gatewaytest"}, in)
	s.Cleanup(in.ep.Close)
	return in
}

func (in *insider) subscribe(pattern, queue string) {
	in.s.Helper()
	if _, err := in.ep.Subscribe(pattern, core.SubOptions{Queue: queue}); err != nil {
		in.s.Fatal(err)
	}
}

func (in *insider) publish(subject, payload string) {
	in.s.Helper()
	b := in.s.Engine().Get()
	defer in.s.Engine().Put(b)
	if _, err := b.Publish(in.ep, &core.Message{Subject: []byte(subject), Payload: []byte(payload)}); err != nil {
		in.s.Fatalf("publish to %s: %v", subject, err)
	}
}

func (in *insider) expect(want ...message) {
	in.s.Helper()
	patience := time.NewTimer(lifetime)
	defer patience.Stop()
	for _, w := range want {
		select {
		case got := <-in.got:
			if got != w {
				in.s.Fatalf("the engine's peer got %v, want %v", got, w)
			}
		case <-patience.C:
			in.s.Fatalf("the engine's peer waits for %v", w)
		}
	}
}

// Deliver implements core.Sink.
func (in *insider) Deliver(m *core.Message, _ []*core.Subscription) core.Verdict {
	select {
	case in.got <- message{string(m.Subject), string(m.Payload)}:
		return core.Taken
	default:
		return core.Refused
	}
}

// Run implements core.Sink. No subscription has a Form.
func (in *insider) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }

// Flush implements core.Sink.
func (in *insider) Flush() {}

// Evict implements core.Sink.
func (in *insider) Evict(error) {}

// Messages cross to other frontends and back, and the engine knows the client for what it is.
func testEngine(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	in := s.insider()
	in.subscribe("up.>", "")
	c := s.client("down.*")
	payloads := []string{"", "1", "\r\n\x00\xff", strings.Repeat("x", 64<<10)}
	for _, payload := range payloads {
		c.publish("up.a", payload)
		in.expect(message{"up.a", payload})
		in.publish("down.a", payload)
		c.expect(message{"down.a", payload})
	}
	if n := s.endpoints(); n != 1 {
		t.Errorf("%d peers have an address, want 1", n)
	}
	for ep := range s.Engine().Endpoints() {
		p, st := ep.Peer(), ep.Stats()
		if !ep.RemoteAddr().IsValid() { // the gateway's own, or in
			continue
		}
		if p.Protocol == "" || p.ID == 0 || ep.RemoteAddr().String() != c.tcp.LocalAddr().String() {
			t.Errorf("the client is known as %+v at %v, want its protocol, id and address %v", p, ep.RemoteAddr(), c.tcp.LocalAddr())
		}
		n := int64(len(payloads))
		for end := time.Now().Add(patience); st.InMsgs+st.OutMsgs < 2*n && time.Now().Before(end); st = ep.Stats() {
			runtime.Gosched() // counted at the end of a burst, which the answer may overtake
		}
		if st.InMsgs != n || st.OutMsgs != n || st.Subscriptions != 1 {
			t.Errorf("the client's statistics are %+v, want %d in, %d out, 1 subscription", st, n, n)
		}
	}
}

package natsproto

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unsafe"

	"leafgate/core"
	"leafgate/module"
)

// bare is a session without a connection, fit for publishing, and the engine it is in.
func bare(tb testing.TB) (*session, *core.Engine) {
	tb.Helper()
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		tb.Fatal(err)
	}
	f := &frontend{env: &module.Env{Engine: e}, log: slog.New(slog.DiscardHandler)}
	o := &options{}
	o.limits.ControlLine, o.limits.Payload = 4096, 1<<20
	f.opts.Store(o)
	ep := e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{}, nobody{})
	return &session{lis: &listener{module: f}, ep: ep, flags: connected | headers}, e
}

// counter is a sink that counts.
type counter struct {
	nobody
	msgs, bytes int
}

func (c *counter) Run(head, rest []byte, n int, _ bool) core.Verdict {
	c.msgs += n
	c.bytes += len(head) + len(rest)
	return core.Taken
}

// bursts are 1,000 publications each.
var bursts = map[string]string{
	"same line":      strings.Repeat("PUB dev.17.temp 16\r\n0123456789abcdef\r\n", 1000),
	"with reply":     strings.Repeat("PUB dev.17.temp _INBOX.abc.1 16\r\n0123456789abcdef\r\n", 1000),
	"with headers":   strings.Repeat("HPUB dev.17.temp 18 34\r\n"+block+"0123456789abcdef\r\n", 1000),
	"lines in turn":  strings.Repeat("PUB dev.17.temp 16\r\n0123456789abcdef\r\nPUB dev.18.temp 16\r\n0123456789abcdef\r\n", 500),
	"loose spacing":  strings.Repeat("PUB  dev.17.temp  16\n0123456789abcdef\r\n", 1000),
	"1,000 subjects": thousand(),
}

func thousand() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "PUB dev.%d.temp 16\r\n0123456789abcdef\r\n", i)
	}
	return b.String()
}

func feed(tb testing.TB, s *session, e *core.Engine, in []byte) {
	batch := e.Get()
	if n, err := s.Feed(batch, in); n != len(in) || err != nil {
		tb.Fatalf("%d of %d, %v", n, len(in), err)
	}
	e.Put(batch)
}

func TestFeedAllocs(t *testing.T) {
	for name, in := range bursts {
		t.Run(name, func(t *testing.T) {
			s, e := bare(t)
			to := &counter{}
			ep := e.Attach(s.ep.Identity(), core.Peer{}, to)
			for i, f := range []core.Form{headerForm{}, plainForm{}} {
				if _, err := ep.Subscribe("dev.>", core.SubOptions{Form: f, Tag: &sub{sid: fmt.Sprint(i)}}); err != nil {
					t.Fatal(err)
				}
			}
			burst, rounds := []byte(in), 0
			for range 50 { // until everything is remembered and buffers have grown
				feed(t, s, e, burst)
				rounds++
			}
			allocs := testing.AllocsPerRun(20, func() { feed(t, s, e, burst); rounds++ })
			if allocs != 0 && !raceEnabled { // with the race detector, pools forget on purpose
				t.Errorf("%v allocations for 1,000 messages, want 0", allocs)
			}
			if to.msgs != 2*1000*rounds {
				t.Errorf("%d messages, want %d", to.msgs, 2*1000*rounds)
			}
		})
	}
}

// Ten thousand idle clients cost ten thousand times this.
func TestSessionSize(t *testing.T) {
	const most = 240
	if n := unsafe.Sizeof(session{}); n > most {
		t.Errorf("a session takes %d bytes, want at most %d", n, most)
	}
}

func BenchmarkFeed(b *testing.B) {
	for name, in := range bursts {
		for _, subs := range []int{0, 1} {
			b.Run(fmt.Sprintf("%s/%d", name, subs), func(b *testing.B) {
				s, e := bare(b)
				ep := e.Attach(s.ep.Identity(), core.Peer{}, nobody{})
				for range subs {
					if _, err := ep.Subscribe("dev.>", core.SubOptions{Form: headerForm{}, Tag: &sub{sid: "1"}}); err != nil {
						b.Fatal(err)
					}
				}
				burst := []byte(in)
				b.ReportAllocs()
				for b.Loop() {
					feed(b, s, e, burst)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/msg")
			})
		}
	}
}

package core_test

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"leafgate/core"
)

// lineForm renders "subject tag payload\n", a protocol of the tests' own.
type lineForm struct{}

func (lineForm) Prefix(dst, subject []byte, tag any) []byte {
	dst = append(append(dst, subject...), ' ')
	return append(append(dst, tag.(string)...), ' ')
}

func (lineForm) Append(dst, prefix []byte, m *core.Message) []byte {
	return append(append(append(dst, prefix...), m.Payload...), '\n')
}

func (lineForm) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	return append(dst, prefix...), m.Payload
}

func (lineForm) Cut(run []byte, n int) []byte {
	at := 0
	for range n {
		at += bytes.IndexByte(run[at:], '\n') + 1
	}
	return run[:at]
}

// sink is a peer that remembers what it got.
type sink struct {
	mu      sync.Mutex
	got     bytes.Buffer
	runs    int
	msgs    int
	flushes int
	stuck   bool // bytes queued by more, not yet flushed
	plain   []string
	subs    []int
	evicted error
	verdict core.Verdict
}

func newSink() *sink { return &sink{verdict: core.Taken} }

func (s *sink) Run(head, rest []byte, n int, more bool) core.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.verdict == core.Refused {
		return core.Refused
	}
	s.got.Write(head)
	if rest != nil {
		s.got.Write(rest)
		s.got.WriteByte('\n')
	}
	s.runs++
	s.msgs += n
	s.stuck = more
	return s.verdict
}

func (s *sink) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain = append(s.plain, fmt.Sprintf("%s %s", m.Subject, m.Payload))
	s.subs = append(s.subs, len(subs))
	s.msgs++
	s.stuck = true
	return s.verdict
}

func (s *sink) Flush()            { s.mu.Lock(); s.flushes++; s.stuck = false; s.mu.Unlock() }
func (s *sink) Evict(cause error) { s.mu.Lock(); s.evicted = cause; s.mu.Unlock() }

func (s *sink) text() string { s.mu.Lock(); defer s.mu.Unlock(); return s.got.String() }
func (s *sink) count() int   { s.mu.Lock(); defer s.mu.Unlock(); return s.msgs }

// null takes everything and keeps nothing.
type null struct{}

func (null) Run([]byte, []byte, int, bool) core.Verdict               { return core.Taken }
func (null) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Taken }
func (null) Flush()                                                   {}
func (null) Evict(error)                                              {}

// space is an engine with one account.
type space struct {
	testing.TB
	*core.Engine
	acc *core.Account
}

func newSpace(tb testing.TB) space {
	tb.Helper()
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		tb.Fatal(err)
	}
	return space{tb, e, e.Account("A")}
}

func (s space) attach(p core.Peer, to core.Sink) *core.Endpoint {
	return s.Attach(&core.Identity{Account: s.acc}, p, to)
}

func (s space) attachAs(to core.Sink, def core.PermissionDef) *core.Endpoint {
	s.Helper()
	perms, err := core.NewPermissions(def)
	if err != nil {
		s.Fatal(err)
	}
	return s.Attach(&core.Identity{Account: s.acc, Perms: perms}, core.Peer{}, to)
}

func (s space) subscribe(ep *core.Endpoint, pattern string, o core.SubOptions) *core.Subscription {
	s.Helper()
	sub, err := ep.Subscribe(pattern, o)
	if err != nil {
		s.Fatal(err)
	}
	return sub
}

// lines subscribes with lineForm and tag.
func (s space) lines(ep *core.Endpoint, pattern, tag string) *core.Subscription {
	s.Helper()
	return s.subscribe(ep, pattern, core.SubOptions{Form: lineForm{}, Tag: tag})
}

func publish(b *core.Batch, ep *core.Endpoint, subject, payload string) (int, error) {
	m := b.Message()
	m.Subject, m.Payload = []byte(subject), []byte(payload)
	return b.Publish(ep, m)
}

// send publishes each payload and flushes.
func (s space) send(ep *core.Endpoint, subject string, payloads ...string) int {
	s.Helper()
	b, n := s.Get(), 0
	for _, p := range payloads {
		k, err := publish(b, ep, subject, p)
		if err != nil {
			s.Fatalf("publish to %s: %v", subject, err)
		}
		n += k
	}
	s.Put(b)
	return n
}

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

func want[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}

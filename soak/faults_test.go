//go:build soak

package soak

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const (
	publishers = 2
	readers    = 4
	members    = 3    // of the queue group
	window     = 1000 // messages that a publisher is ahead of readers at most
)

// A steady is the traffic that must not notice anything.
type steady struct {
	t      *testing.T
	conns  []*nats.Conn // publishers
	ledger *ledger
	sent   [publishers]int
	queued atomic.Int64 // what the members of the group got together
	stop   context.CancelFunc
	wg     sync.WaitGroup
	errs   [publishers]error
}

func newSteady(t *testing.T, s *peer.Server) *steady {
	t.Helper()
	st := &steady{t: t, ledger: newLedger(readers, publishers, false)}
	for i := range readers {
		nc := connect(t, s)
		subscribe(t, nc, "steady.*", "", func(m *nats.Msg) { st.ledger.take(i, m) })
	}
	for range members {
		nc := connect(t, s)
		subscribe(t, nc, "steady.>", "group", func(*nats.Msg) { st.queued.Add(1) })
	}
	for range publishers {
		st.conns = append(st.conns, connect(t, s))
	}
	return st
}

func subscribe(t *testing.T, nc *nats.Conn, subject, queue string, handle nats.MsgHandler) {
	t.Helper()
	if _, err := nc.QueueSubscribe(subject, queue, handle); err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(patience); err != nil {
		t.Fatal(err)
	}
}

// begin lets the publishers loose until end.
func (st *steady) begin() {
	ctx, cancel := context.WithCancel(st.t.Context())
	st.stop = cancel
	for p := range publishers {
		st.wg.Go(func() { st.errs[p] = st.publish(ctx, p) })
	}
}

func (st *steady) publish(ctx context.Context, p int) error {
	for tick := time.Tick(time.Millisecond); ctx.Err() == nil; <-tick {
		for st.ledger.behind(p, st.sent[p]-window) == nil {
			for range window / 10 {
				st.sent[p]++
				if err := st.conns[p].Publish(fmt.Sprintf("steady.%d", p), message(p, st.sent[p])); err != nil {
					return err
				}
			}
			if ctx.Err() != nil {
				break
			}
		}
	}
	return st.conns[p].FlushTimeout(patience)
}

// end wants every message to have arrived everywhere, once.
func (st *steady) end() {
	st.t.Helper()
	st.stop()
	st.wg.Wait()
	total := 0
	for p, err := range st.errs {
		if err != nil {
			st.t.Fatalf("publisher %d: %v", p, err)
		}
		total += st.sent[p]
		await(st.t, "a steady reader lost something", func() error { return st.ledger.behind(p, st.sent[p]) })
	}
	await(st.t, "a queue group lost or doubled something", func() error {
		if n := st.queued.Load(); n != int64(total) {
			return fmt.Errorf("%d messages, the group got %d", total, n)
		}
		return nil
	})
	st.ledger.check(st.t)
}

// Visitors come, misbehave and go; whoever behaves notices nothing, and the server forgets them.
func TestVisitors(t *testing.T) {
	const workers, visits = 4, 40
	s := start(t, "max_pending: 1mb")
	st := newSteady(t, s)
	base, err := measure(s)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 1 + rounds(t) {
		st.begin()
		var seen tally
		var wg sync.WaitGroup
		for w := range workers {
			r := dice(t, round*workers+w)
			wg.Go(func() {
				for range visits {
					seen.visit(s, r)
				}
			})
		}
		wg.Wait()
		st.end()
		seen.report(t)
		now := calm(t, s, base)
		if round == 0 { // whose work is also to make pools and caches as large as they get
			base.rss = now.rss
		}
	}
}

// A tally counts visits, and keeps what went wrong.
type tally struct {
	mu     sync.Mutex
	visits map[string]int
	faults []string
}

func (c *tally) visit(s *peer.Server, r *rand.Rand) {
	names := slices.Sorted(maps.Keys(habits))
	name := names[r.IntN(len(names))]
	err := habits[name](s, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.visits == nil {
		c.visits = make(map[string]int)
	}
	c.visits[name]++
	if err != nil && len(c.faults) < 10 {
		c.faults = append(c.faults, name+": "+err.Error())
	}
}

func (c *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("visits: %v", c.visits)
	if len(c.faults) > 0 {
		t.Fatal("visitors:\n" + strings.Join(c.faults, "\n"))
	}
}

//go:build soak

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// A crowd is clients that come back by themselves when the server does.
type crowd struct {
	conns      []*nats.Conn // publishers first
	calm       *ledger      // of messages sent while everybody was there
	storm      *ledger      // of messages sent while the server died
	nthCalm    [publishers]int
	nthStorm   [publishers]int
	reconnects uint64
}

func newCrowd(t *testing.T, s *peer.Server) *crowd {
	t.Helper()
	c := &crowd{calm: newLedger(readers, publishers, false), storm: newLedger(readers, publishers, true)}
	for range publishers {
		// A client that keeps what it cannot send would hide what the server loses.
		c.conns = append(c.conns, connect(t, s, nats.ReconnectBufSize(-1)))
	}
	for i := range readers {
		nc := connect(t, s)
		subscribe(t, nc, "calm.*", "", func(m *nats.Msg) { c.calm.take(i, m) })
		subscribe(t, nc, "storm.>", "", func(m *nats.Msg) { c.storm.take(i, m) })
		c.conns = append(c.conns, nc)
	}
	return c
}

// speak sends messages that all must arrive.
func (c *crowd) speak(t *testing.T, messages int) {
	t.Helper()
	for p := range publishers {
		for range messages {
			c.nthCalm[p]++
			if err := c.conns[p].Publish(fmt.Sprintf("calm.%d", p), message(p, c.nthCalm[p])); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "a message was lost in calm", func() error { return c.calm.behind(p, c.nthCalm[p]) })
	}
	c.calm.check(t)
	c.storm.check(t)
}

// shout sends for as long as ctx lasts, whether or not it arrives.
func (c *crowd) shout(ctx context.Context, p int) {
	for tick := time.Tick(time.Millisecond); ctx.Err() == nil; <-tick {
		for range 20 {
			c.nthStorm[p]++
			if c.conns[p].Publish(fmt.Sprintf("storm.%d", p), message(p, c.nthStorm[p])) != nil {
				break
			}
		}
	}
}

// gathered waits until everybody has come back once more, with all subscriptions.
func (c *crowd) gathered(t *testing.T) {
	t.Helper()
	c.reconnects++
	for _, nc := range c.conns {
		await(t, "a client did not come back", func() error {
			if n := nc.Stats().Reconnects; n < c.reconnects || !nc.IsConnected() {
				return fmt.Errorf("%d reconnects, want %d; %v", n, c.reconnects, nc.LastError())
			}
			return nc.FlushTimeout(patience)
		})
	}
}

// The server dies, politely or not, under load and again and again: what arrives is never doubled, spoilt or out of order,
// everybody comes back, and from then on nothing is lost.
func TestRestarts(t *testing.T) {
	s := start(t, "")
	c := newCrowd(t, s)
	c.speak(t, 500)
	base, err := measure(s)
	if err != nil {
		t.Fatal(err)
	}
	r := dice(t, 0)
	for range rounds(t) * 2 {
		c.storms(t, 1+r.IntN(5000), func() { die(s, r) })
		c.gathered(t)
		c.speak(t, 500)
		calm(t, s, base)
	}
	t.Logf("publishers sent %v messages in calm, %v while the server died", c.nthCalm, c.nthStorm)
}

// storms publishes, and after some messages, and while it goes on, happen happens.
func (c *crowd) storms(t *testing.T, messages int, happen func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	before := c.nthStorm
	for p := range publishers {
		wg.Go(func() { c.shout(ctx, p) })
	}
	await(t, "the storm does not begin", func() error { return c.storm.behind(0, before[0]+messages) })
	happen()
}

// die ends the server with visitors in the house, and starts it again.
func die(s *peer.Server, r *rand.Rand) {
	for range r.IntN(20) {
		if v, err := hello(s, r); err == nil {
			_ = v.echoes(r.IntN(100))
			defer v.Close() // long after the server
		}
	}
	if r.IntN(2) == 0 {
		s.Stop()
	} else {
		s.Kill()
	}
	s.Restart()
}

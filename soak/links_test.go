//go:build soak

package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// healing is how long a link may need to be whole again: ten times what is promised.
const healing = 10 * 3 * time.Second

// A site is a gateway below a hub, with a bad network in between, and what must not notice that.
type site struct {
	t       *testing.T
	hub     *peer.Server
	gateway *peer.Server
	net     *shaper
	up      *nats.Conn // client of the hub
	down    *nats.Conn // client of the gateway
	random  *rand.Rand

	wanted [2]map[string]*nats.Subscription // interest of down and up, which the other side has to know
	ticks  [2]atomic.Int64                  // local messages, sent and received
	stop   context.CancelFunc
	wg     sync.WaitGroup
	errs   [2]error
}

// newSite starts all; more goes to the remote, with $SHAPER for the network's address.
func newSite(t *testing.T, s shape, urls string) *site {
	t.Helper()
	if os.Getenv("SOAK_SERVER") != "" {
		t.Skip("it is about what Leafgate says of its uplinks")
	}
	hub := peer.Start(t, "nats-server", `server_name: HUB
		http: "127.0.0.1:-1"
		ping_interval: "2s"
		leafnodes { listen: "127.0.0.1:$LEAF_PORT" }`)
	w := &site{t: t, hub: hub, random: dice(t, 99), net: newShaper(t, hub.Leaf, s)}
	w.gateway = peer.Start(t, "leafgate", fmt.Sprintf(`http_port: -1
		ping_interval: 2s
		leafnodes { reconnect: 250ms, write_deadline: 3s, remotes: [ { urls: [ %s ], max_pending: 256kb, ignore_discovered_servers: true, probe_interval: 2s } ] }`,
		strings.ReplaceAll(urls, "$SHAPER", w.net.addr())))
	w.up, w.down = connect(t, hub), connect(t, w.gateway)
	w.wanted = [2]map[string]*nats.Subscription{make(map[string]*nats.Subscription), make(map[string]*nats.Subscription)}
	subscribe(t, w.down, "local", "", func(*nats.Msg) { w.ticks[1].Add(1) })
	return w
}

// begin lets clients publish on both sides, locally and across, and change their minds about what they want.
func (w *site) begin(perSecond int) {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.stop = cancel
	data := make([]byte, 200)
	w.wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			for j := range data {
				data[j] = byte(w.random.Uint32()) // nothing that can be compressed
			}
			w.errs[0] = errors.Join(w.errs[0], w.down.Publish("local", nil), w.down.Publish(fmt.Sprintf("up.%d", i%7), data))
			w.ticks[0].Add(1)
			if i%20 == 0 {
				w.errs[1] = errors.Join(w.errs[1], w.up.Publish(fmt.Sprintf("down.%d", i%7), data))
				w.change()
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
}

// change subscribes or unsubscribes on both sides.
func (w *site) change() {
	for side, nc := range []*nats.Conn{w.down, w.up} {
		name := fmt.Sprintf("w%d.%d", side, w.random.IntN(30))
		if s := w.wanted[side][name]; s != nil {
			w.errs[1] = errors.Join(w.errs[1], s.Unsubscribe())
			delete(w.wanted[side], name)
			continue
		}
		s, err := nc.Subscribe(name, func(*nats.Msg) {})
		w.errs[1] = errors.Join(w.errs[1], err)
		w.wanted[side][name] = s
	}
}

// An uplink is what /uplinkz says.
type uplink struct {
	State   string `json:"state"`
	Error   string `json:"last_error"`
	RTT     int64  `json:"rtt"`
	Waiting int    `json:"pending_msgs"`
	Oldest  int64  `json:"oldest_pending"`
	Window  int64  `json:"window_bytes"`
	Dropped int64  `json:"dropped_msgs"`
	Out     int64  `json:"out_msgs"`
}

func (w *site) uplink() (uplink, error) {
	var page struct {
		Uplinks []uplink `json:"uplinks"`
	}
	if err := get(w.gateway.Monitoring()+"/uplinkz", &page); err != nil || len(page.Uplinks) != 1 {
		return uplink{}, fmt.Errorf("%d uplinks, %w", len(page.Uplinks), err)
	}
	return page.Uplinks[0], nil
}

// connected waits until messages cross.
func (w *site) connected() {
	w.t.Helper()
	await(w.t, "the uplink does not come up", func() error {
		u, err := w.uplink()
		if err == nil && u.State != "connected" {
			err = fmt.Errorf("%+v", u)
		}
		return err
	})
}

// let the bad network be for a while.
func (w *site) let(d time.Duration) {
	select {
	case <-time.After(d):
	case <-w.t.Context().Done():
	}
}

// heal ends the load, makes the network a good one and wants everything to be as if nothing had been.
func (w *site) heal() {
	w.t.Helper()
	if u, err := w.uplink(); err == nil {
		w.t.Logf("at the end of it: %s, round trip %v, %d messages wait, the oldest for %v, window %d, %d dropped, %d out; last error: %s",
			u.State, time.Duration(u.RTT).Round(time.Millisecond), u.Waiting, time.Duration(u.Oldest).Round(time.Millisecond), u.Window, u.Dropped, u.Out, u.Error)
	}
	w.stop()
	w.wg.Wait()
	if err := errors.Join(w.errs[:]...); err != nil {
		w.t.Fatal(err)
	}
	for _, nc := range []*nats.Conn{w.down, w.up} {
		if err := nc.FlushTimeout(patience); err != nil {
			w.t.Fatal(err)
		}
	}
	await(w.t, "local messages were lost", func() error {
		if sent, got := w.ticks[0].Load(), w.ticks[1].Load(); sent != got {
			return fmt.Errorf("%d of %d", got, sent)
		}
		return nil
	})
	w.net.shape.Store(&shape{})
	w.net.deaf.Store(false)
	began := time.Now()
	w.whole("interest below", w.hub, 0)
	w.whole("interest above", w.gateway, 1)
	w.crosses(w.down, w.up, "fresh.up")
	w.crosses(w.up, w.down, "fresh.down")
	w.t.Logf("whole again after %v; %d connections", time.Since(began).Round(time.Millisecond), w.net.made.Load())
}

// soon is await for what must be after healing.
func (w *site) soon(what string, met func() error) {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(healing); ; <-tick.C {
		err := met()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s: %v", what, err)
		}
	}
}

// whole wants a server to know exactly what the clients of the other one want.
func (w *site) whole(what string, s *peer.Server, side int) {
	w.t.Helper()
	var want []string
	for name := range w.wanted[side] {
		want = append(want, name)
	}
	slices.Sort(want)
	w.soon(what, func() error {
		var page struct {
			Leafs []struct {
				Subs []string `json:"subscriptions_list"`
			} `json:"leafs"`
		}
		if err := get(s.Monitoring()+"/leafz?subs=1", &page); err != nil {
			return err
		}
		var got []string
		for _, l := range page.Leafs {
			for _, name := range l.Subs {
				if strings.HasPrefix(name, fmt.Sprintf("w%d.", side)) {
					got = append(got, name)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%d links know of %d subjects, want %d: %q, want %q", len(page.Leafs), len(got), len(want), got, want)
		}
		return nil
	})
}

// crosses wants a new subscription to hear a new message.
func (w *site) crosses(from, to *nats.Conn, subject string) {
	w.t.Helper()
	heard := make(chan *nats.Msg, 1024)
	s, err := to.ChanSubscribe(subject, heard)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = s.Unsubscribe() }()
	w.soon("a message on "+subject, func() error {
		if err := from.Publish(subject, nil); err != nil {
			return err
		}
		if len(heard) == 0 {
			return errors.New("is not heard")
		}
		return nil
	})
}

// TestLinks: whatever the network between a gateway and its hub does, local messages flow, the gateway does not begin anew
// again and again, and when the network is well both sides are of one mind and messages flow.
func TestLinks(t *testing.T) {
	const through = `"nats-leaf://$SHAPER"`
	thin := shape{rate: 50_000 / 8, delay: 300 * time.Millisecond, stall: 0.02, wait: time.Second}
	for name, tc := range map[string]struct {
		shape shape
		urls  string
		load  int // messages a second
		bad   func(w *site)
		most  int64 // connections; one that begins anew whenever it can makes many more
	}{
		"50 kbit per second, 600 ms, stalls": {shape: thin, urls: through, load: 100, most: 3, bad: func(w *site) { w.let(25 * time.Second) }},
		"1500 ms":                            {shape: shape{delay: 750 * time.Millisecond}, urls: through, load: 200, most: 3, bad: func(w *site) { w.let(20 * time.Second) }},
		"silent cut": {shape: shape{delay: 20 * time.Millisecond}, urls: through, load: 50, most: 3, bad: func(w *site) {
			w.let(2 * time.Second)
			w.net.lose()
			await(w.t, "the loss is not noticed", func() error {
				if w.net.made.Load() < 2 {
					return errors.New("the same connection as before")
				}
				return nil
			})
		}},
		"cut every 5 s": {shape: shape{rate: 1e6, delay: 50 * time.Millisecond}, urls: through, load: 100, most: 10, bad: func(w *site) {
			for range 4 {
				w.let(5 * time.Second)
				w.net.cut()
			}
		}},
		"names that mean nothing": {shape: shape{delay: 5 * time.Millisecond}, urls: `"nats-leaf://hub..invalid:7422", ` + through, load: 100, most: 60,
			bad: func(w *site) {
				w.net.deaf.Store(true)
				w.net.cut()
				w.let(6 * time.Second)
			}},
		"hub restarts": {shape: shape{delay: 5 * time.Millisecond}, urls: through, load: 100, most: 60, bad: func(w *site) {
			for i := range 3 {
				if i == 0 {
					w.hub.Kill()
				} else {
					w.hub.Stop()
				}
				w.let(2 * time.Second)
				w.hub.Restart()
				w.let(2 * time.Second)
			}
			await(w.t, "the hub's client does not come back", func() error { return w.up.FlushTimeout(time.Second) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSite(t, tc.shape, tc.urls)
			w.connected()
			hear := func(*nats.Msg) {}
			subscribe(t, w.up, "up.*", "", hear)
			subscribe(t, w.down, "down.*", "", hear)
			w.begin(tc.load)
			tc.bad(w)
			w.heal()
			if n := w.net.made.Load(); n > tc.most {
				t.Errorf("%d connections, want %d at most", n, tc.most)
			}
		})
	}
}

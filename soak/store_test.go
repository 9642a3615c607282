//go:build soak

package soak

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// kills is how often the server is killed.
func kills(t *testing.T) int { return number(t, "SOAK_KILLS", 20) }

// A gateway with a store is killed at random moments, while devices publish at QoS 1 and 2 to sessions whose clients are
// there, come and go, or are away all the time: every acknowledged message reaches each of them, at QoS 2 once.
func TestKilledStore(t *testing.T) {
	s := start(t, fmt.Sprintf("store { dir: %q, min_free: 0 }\nmqtt { listen: \"127.0.0.1:$MQTT_PORT\", max_queued: 10000000, max_queued_bytes: 4gb, max_queued_total: 8gb }",
		t.TempDir()))
	addr := s.MQTT
	senders := []*sender{
		{device: device{id: "once1", addr: addr}, topic: "soak/1/a", qos: 1}, {device: device{id: "once2", addr: addr}, topic: "soak/1/b", qos: 1},
		{device: device{id: "exact1", addr: addr}, topic: "soak/2/a", qos: 2}, {device: device{id: "exact2", addr: addr}, topic: "soak/2/b", qos: 2},
	}
	live := []*receiver{{device: device{id: "live1", addr: addr}}, {device: device{id: "live2", addr: addr}}}
	away := []*receiver{{device: device{id: "away1", addr: addr}}, {device: device{id: "away2", addr: addr}}}
	for _, v := range append(append([]*receiver{}, live...), away...) {
		v.subscribe(t, "soak/#")
	}
	stop, enough := context.WithCancel(t.Context())
	quiet, done := context.WithCancel(t.Context())
	defer done()
	defer enough()
	var publishing, receiving sync.WaitGroup
	for _, v := range live {
		receiving.Go(func() { v.run(quiet) })
	}
	for _, p := range senders {
		publishing.Go(func() { p.run(stop) })
	}
	r := dice(t, 0)
	for range kills(t) {
		<-time.After(time.Duration(1+r.IntN(250)) * time.Millisecond)
		s.Kill()
		s.Restart()
	}
	enough()
	publishing.Wait()
	for _, v := range away {
		receiving.Go(func() { v.run(quiet) })
	}
	for _, v := range append(append([]*receiver{}, live...), away...) {
		for _, p := range senders {
			await(t, "an acknowledged message did not arrive as it should", func() error { return v.behind(p) })
		}
	}
	done()
	receiving.Wait()
	for _, p := range senders {
		if p.lost > 0 {
			t.Errorf("%s: the session was lost %d times", p.id, p.lost)
		}
		t.Logf("%s: %d messages", p.id, len(p.acked))
	}
	for _, v := range append(append([]*receiver{}, live...), away...) {
		if v.lost > 0 {
			t.Errorf("%s: the session was lost %d times", v.id, v.lost)
		}
		t.Logf("%s: %d deliveries", v.id, v.total)
	}
}

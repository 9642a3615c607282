package gatewaytest

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A gateway stops under idle and busy clients: every connection ends, nobody gets half a message or one out of order.
// Start looks after goroutines.
func testShutdown(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	var idle []*client
	for i := range 20 {
		idle = append(idle, s.client("idle."+strconv.Itoa(i)))
	}
	var traffic sync.WaitGroup
	defer traffic.Wait()
	for i := range 2 {
		subject := "busy." + strconv.Itoa(i)
		sub, pub := s.client(subject), s.client()
		flows := make(chan struct{})
		traffic.Go(func() { pub.flood(subject) })
		traffic.Go(func() { sub.drink(flows, 1000) })
		select {
		case <-flows:
		case <-time.After(lifetime):
			t.Fatal("no traffic")
		}
	}
	addr := s.Addr(d.Module)[0].String()
	s.shutdown(patience)
	traffic.Wait()
	for _, c := range idle {
		c.ends()
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
	if n := s.endpoints(); n != 0 {
		t.Errorf("the engine has %d peers, want none", n)
	}
}

// flood publishes numbered messages until the connection ends.
func (c *client) flood(subject string) {
	for i := 0; ; i++ {
		if _, err := c.Write(c.Encode(subject, strconv.AppendInt(nil, int64(i), 10))); err != nil {
			return
		}
	}
}

// drink reads numbered messages until the connection ends, and closes flows after some of them.
func (c *client) drink(flows chan struct{}, some int) {
	for i := 0; ; i++ {
		m, err := c.next()
		if err != nil {
			if i < some {
				c.tb.Errorf("after %d messages: %v", i, err)
				close(flows)
			}
			return
		}
		if m.payload != strconv.Itoa(i) {
			c.tb.Errorf("got %v as the %dth message", m, i)
		}
		if i+1 == some {
			close(flows)
		}
	}
}

// A client that takes nothing keeps a gateway from stopping for as long as Shutdown was told to wait, and no longer.
func testShutdownStuck(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{Stall: time.Hour}, "")
	stuck, fast, pub := s.client("s"), s.client("s"), s.client()
	if err := stuck.tcp.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	m := message{"s", strings.Repeat("x", 50_000)}
	for range 16 << 20 / len(m.payload) {
		pub.publish(m.subject, m.payload)
		fast.expect(m)
	}
	var stopping sync.WaitGroup
	defer stopping.Wait()
	stopped := make(chan struct{})
	stopping.Go(func() {
		defer close(stopped)
		s.shutdown(100 * time.Millisecond)
	})
	select {
	case <-stopped:
		fast.ends()
	case <-time.After(patience):
		t.Error("the gateway does not stop")
		stuck.Close()
	}
}

// shutdown gives clients limit to take what is queued for them.
func (s *stage) shutdown(limit time.Duration) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		s.Errorf("shutdown: %v", err)
	}
}

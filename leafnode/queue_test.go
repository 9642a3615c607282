package leafnode_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
)

// counted is a member of a queue group that counts.
func counted(t *testing.T, nc *nats.Conn, subject, queue string) *atomic.Int64 {
	t.Helper()
	n := &atomic.Int64{}
	_, err := nc.QueueSubscribe(subject, queue, func(m *nats.Msg) {
		if string(m.Data) == "ready?" {
			return
		}
		n.Add(1)
	})
	must(t, err)
	must(t, nc.Flush())
	return n
}

// TestQueueGroups: every message reaches each group once, wherever its members are, and a plain subscription besides.
func TestQueueGroups(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site, other := startSite(t, remote(hub, "")), startSite(t, remote(hub, ""))
	up, down, beside := connect(t, hub.URL), connect(t, siteURL(site)), connect(t, siteURL(other))

	const messages = 300
	plain := subscribe(t, up, "q.*")
	far1, far2 := counted(t, up, "q.work", "far"), counted(t, beside, "q.work", "far")
	near := counted(t, down, "q.work", "near")
	mixedUp, mixedDown := counted(t, up, "q.work", "mixed"), counted(t, down, "q.work", "mixed")
	awaitInterest(t, down, "q.other")
	awaitCount(t, "three groups are known above", func() int { return interestIn(t, hub, "q.work") }, 3)
	for i := range messages {
		must(t, down.Publish("q.work", []byte(fmt.Sprint(i))))
	}
	must(t, down.Flush())
	until(t, "all have come", func() bool {
		return far1.Load()+far2.Load() == messages && near.Load() == messages && mixedUp.Load()+mixedDown.Load() == messages
	})
	if mixedUp.Load() != 0 {
		t.Errorf("a member here wins over those above: %d of %d went up", mixedUp.Load(), messages)
	}
	want(t, plain, "ready?")
	for i := range messages {
		want(t, plain, fmt.Sprint(i))
	}
	for i := range messages {
		must(t, up.Publish("q.work", []byte(fmt.Sprint(i))))
	}
	must(t, up.Flush())
	until(t, "all have come from above", func() bool {
		return far1.Load()+far2.Load() == 2*messages && near.Load() == 2*messages && mixedUp.Load()+mixedDown.Load() == 2*messages
	})
	for i := range messages {
		want(t, plain, fmt.Sprint(i))
	}
	if n, _, _ := plain.Pending(); n != 0 {
		t.Errorf("%d messages came twice", n)
	}
}

// TestQueueFairness: members above share the work by their number, and nothing comes back to the site it came from.
func TestQueueFairness(t *testing.T) {
	hub := startHub(t, hubConf(""))
	a, b, c := startSite(t, remote(hub, "")), startSite(t, remote(hub, "")), startSite(t, remote(hub, ""))
	one := connect(t, siteURL(b))
	var many [3]*nats.Conn
	for i := range many {
		many[i] = connect(t, siteURL(c))
	}
	single := counted(t, one, "work", "g")
	var triple [3]*atomic.Int64
	for i := range many {
		triple[i] = counted(t, many[i], "work", "g")
	}
	publisher := connect(t, siteURL(a))
	awaitCount(t, "weights are known", func() int { return interestIn(t, hub, "work") }, 2)
	awaitInterest(t, publisher, "work")
	const messages = 2000
	for range messages {
		must(t, publisher.Publish("work", []byte("x")))
	}
	must(t, publisher.Flush())
	sum := func() int64 { return triple[0].Load() + triple[1].Load() + triple[2].Load() }
	until(t, "all have come", func() bool { return single.Load()+sum() == messages })
	if n := single.Load(); n < messages/8 || n > messages/2 {
		t.Errorf("one of four members got %d of %d", n, messages)
	}
}

// TestSites: two sites below one hub hear each other and it, every message once.
func TestSites(t *testing.T) {
	hub := startHub(t, hubConf(""))
	a, b := startSite(t, remote(hub, "")), startSite(t, remote(hub, ""))
	clients := []*nats.Conn{connect(t, hub.URL), connect(t, siteURL(a)), connect(t, siteURL(b))}
	var subs []*nats.Subscription
	for _, nc := range clients {
		subs = append(subs, subscribe(t, nc, "x.>"), subscribe(t, nc, "x.*"))
	}
	awaitCount(t, "both sites are known above", func() int { return interestIn(t, hub, "x.>") + interestIn(t, hub, "x.*") }, 4)
	for i, nc := range clients {
		probe := fmt.Sprintf("probe.%d", i)
		for j, other := range clients {
			s := subscribe(t, other, probe)
			if j != i {
				awaitInterest(t, nc, probe)
			}
			must(t, s.Unsubscribe())
		}
	}
	until(t, "everybody hears everybody", func() bool {
		for i, nc := range clients {
			publish(t, nc, "x.ready", fmt.Sprint(i))
		}
		for _, s := range subs {
			if n, _, _ := s.Pending(); n < 3 {
				return false
			}
		}
		return true
	})
	const messages = 200
	for i, nc := range clients {
		for range messages {
			must(t, nc.Publish(fmt.Sprintf("x.%d", i), nil))
		}
		must(t, nc.Publish(fmt.Sprintf("x.%d", i), []byte("end")))
		must(t, nc.Flush())
	}
	for i, s := range subs {
		got, ends := make(map[string]int), 0
		for ends < len(clients) {
			m, err := s.NextMsg(patience)
			must(t, err)
			if string(m.Data) == "end" {
				ends++
			} else if m.Subject != "x.ready" {
				got[m.Subject]++
			}
		}
		for j := range clients {
			if n := got[fmt.Sprintf("x.%d", j)]; n != messages {
				t.Errorf("subscription %d got %d of %d messages from %d", i, n, messages, j)
			}
		}
	}
}

package core_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"leafgate/core"
)

// hearing is a relay's sink.
type hearing struct {
	null
	mu   sync.Mutex
	news []string
	now  map[string]int
}

func (h *hearing) Interest(subject, queue string, weight int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.news = append(h.news, fmt.Sprintf("%s %s %d", subject, queue, weight))
	if h.now == nil {
		h.now = map[string]int{}
	}
	if k := subject + " " + queue; weight == 0 {
		delete(h.now, k)
	} else {
		h.now[k] = weight
	}
}

func (h *hearing) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.news
	h.news = nil
	return n
}

func TestInterestNews(t *testing.T) {
	s := newSpace(t)
	client := s.attach(core.Peer{}, null{})
	before := s.lines(client, "a", "1")
	relay := &hearing{}
	ep := s.attach(core.Peer{Relay: true}, relay)
	check := func(what string, news ...string) {
		t.Helper()
		if got := relay.take(); !slices.Equal(got, news) {
			t.Errorf("%s: got %q, want %q", what, got, news)
		}
	}
	check("what is there at first", "a  1")
	second := s.lines(client, "a", "2")
	check("a second one is no news")
	client.Unsubscribe(before, 0)
	check("nor is one of two less")
	client.Unsubscribe(second, 0)
	check("the last is", "a  0")
	q1 := s.subscribe(client, "b", core.SubOptions{Queue: "q"})
	s.subscribe(client, "b", core.SubOptions{Queue: "q"})
	check("queues tell every weight", "b q 1", "b q 2")
	client.Unsubscribe(q1, 0)
	check("down too", "b q 1")
	s.lines(ep, "own.>", "1")
	check("its own is no news")
	other := &hearing{}
	s.attach(core.Peer{Relay: true}, other)
	if got := other.take(); len(got) != 2 {
		t.Errorf("another relay hears %q", got)
	}
	client.Close()
	check("close", "b q 0")
	ep.Close()
	if got := other.take(); !slices.Equal(got, []string{"b q 0", "own.> 0"}) && !slices.Equal(got, []string{"b q 0", "own.>  0"}) {
		t.Errorf("after the relay left: %q", got)
	}
}

// Interest that a relay has heard of equals what is subscribed, however relays and subscriptions come and go.
func TestInterestNeverDrifts(t *testing.T) {
	s := newSpace(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			ep := s.attach(core.Peer{}, null{})
			var subs []*core.Subscription
			for i := range 2000 {
				sub, err := ep.Subscribe(fmt.Sprintf("s.%d", (i*7+g)%10), core.SubOptions{Queue: []string{"", "q"}[i%2]})
				if err != nil {
					t.Error(err)
				}
				if subs = append(subs, sub); len(subs) > 5 {
					ep.Unsubscribe(subs[0], 0)
					subs = subs[1:]
				}
			}
			if g%2 == 0 {
				ep.Close()
			}
		})
	}
	relays := make([]*hearing, 3)
	for i := range relays {
		relays[i] = &hearing{}
		wg.Go(func() { s.attach(core.Peer{Relay: true}, relays[i]) })
	}
	wg.Wait()
	expect := map[string]int{}
	for ep := range s.Endpoints() {
		for sub := range ep.Subscriptions() {
			if k := sub.Subject + " " + sub.Queue; sub.Queue == "" {
				expect[k] = 1
			} else {
				expect[k]++
			}
		}
	}
	for i, r := range relays {
		if fmt.Sprint(r.now) != fmt.Sprint(expect) {
			t.Errorf("relay %d knows %v, want %v", i, r.now, expect)
		}
	}
}

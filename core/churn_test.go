package core_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"leafgate/core"
)

// Publishers and churning subscribers at once: what stays subscribed misses nothing and keeps order, a maximum is never
// exceeded, and nothing is left behind.
func TestChurn(t *testing.T) {
	const publishers, churners, messages = 4, 3, 3000
	s := newSpace(t)
	steady := newSink()
	ep := s.attach(core.Peer{}, steady)
	s.lines(ep, "live.*", "1")
	var publishing sync.WaitGroup
	var stop atomic.Bool
	for p := range publishers {
		publishing.Go(func() {
			pub := s.attach(core.Peer{}, null{})
			defer pub.Close()
			for i := 0; i < messages; {
				b := s.Get()
				for range 25 {
					if _, err := publish(b, pub, fmt.Sprintf("live.%d", p), fmt.Sprint(i)); err != nil {
						t.Error(err)
					}
					i++
				}
				s.Put(b)
			}
		})
	}
	var churning sync.WaitGroup
	for c := range churners {
		churning.Go(func() {
			for i := 0; !stop.Load(); i++ {
				to := newSink()
				ep := s.attach(core.Peer{}, to)
				pattern := []string{"live.1", "live.>", "*.2"}[(i+c)%3]
				sub := s.lines(ep, pattern, "1")
				ep.Unsubscribe(sub, 7)
				most := max(7, sub.Delivered()) // what came before the maximum was set has come
				s.lines(ep, "live.3", "2")
				if i%2 == 0 {
					ep.Unsubscribe(sub, 0)
				}
				ep.Close()
				if n := sub.Delivered(); n > most {
					t.Errorf("%d delivered, maximum %d", n, most)
				}
			}
		})
	}
	publishing.Wait()
	stop.Store(true)
	churning.Wait()
	want(t, "messages", steady.count(), publishers*messages)
	checkOrder(t, steady.text())
	ep.Close()
	want(t, "subscriptions left", s.Stats().Subscriptions, 0)
}

// checkOrder wants ascending numbers for every subject.
func checkOrder(t *testing.T, text string) {
	t.Helper()
	next := map[string]int{}
	var subject, tag string
	var n int
	for len(text) > 0 {
		end := 0
		for text[end] != '\n' {
			end++
		}
		if _, err := fmt.Sscan(text[:end], &subject, &tag, &n); err != nil {
			t.Fatal(err)
		}
		if n != next[subject] {
			t.Fatalf("%s: got %d, want %d", subject, n, next[subject])
		}
		next[subject]++
		text = text[end+1:]
	}
}

// The flag that a sink is queued is shared by batches; nobody's message may wait for ever.
func TestEveryQueuedMessageIsFlushed(t *testing.T) {
	s := newSpace(t)
	to := newSink()
	s.lines(s.attach(core.Peer{}, to), ">", "1")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			pub := s.attach(core.Peer{}, null{})
			for i := range 500 {
				b := s.Get()
				publish(b, pub, "a", "1")
				publish(b, pub, fmt.Sprintf("b.%d", i%3), "1") // closes the first run into the queue
				s.Put(b)
			}
		})
	}
	wg.Wait()
	want(t, "messages", to.count(), 4000)
}

package mqtt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"leafgate/core"
)

// queueStep is one entry of a naive queue.
type queueStep struct {
	pos uint64
	d   Delivery
}

// same says whether the model's entry is what the queue has.
func (s *queueStep) same(pos uint64, d *Delivery) bool {
	return s.pos == pos && s.d.Message == d.Message && s.d.QoS == d.QoS && s.d.Until == d.Until
}

func delivery(n int) *Delivery {
	return &Delivery{Message: &core.Message{Subject: fmt.Appendf(nil, "s.%d", n)}, QoS: byte(n % 3), Until: int64(n)}
}

// A queue does what a slice would, with clients that acknowledge in any order, or some messages never.
func TestMemoryQueueRandomly(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var q memoryQueue
		var model []queueStep
		near, bias := 1+rng.IntN(100), 0
		for n := range 20_000 {
			if n%1000 == 0 {
				bias = 2 + rng.IntN(6)
			}
			if rng.IntN(10) < bias || len(model) == 0 {
				d := delivery(n)
				pos, err := q.Put(*d, Flight{}, nil)
				if err != nil || len(model) > 0 && pos <= model[len(model)-1].pos {
					t.Fatalf("Put = %d, %v after %d", pos, err, model[len(model)-1].pos)
				}
				model = append(model, queueStep{pos: pos, d: *d})
				continue
			}
			at := rng.IntN(min(near, len(model)))
			if seed%2 == 0 && at == 0 && len(model) > 1 {
				at++ // the first one stays for a while
			}
			e := &model[at]
			switch rng.IntN(3) {
			case 0:
				q.Mark(e.pos, Flight{Seq: uint64(n), State: FlightState(rng.IntN(3))}) // its session's business
			default:
				q.Done(e.pos)
				if _, ok := q.Get(e.pos); ok {
					t.Fatalf("%d is done and still there", e.pos)
				}
				q.Done(e.pos) // once more changes nothing
				model = slices.Delete(model, at, at+1)
			}
			checkQueue(t, &q, model, n%97 == 0)
		}
	}
}

func checkQueue(t *testing.T, q *memoryQueue, model []queueStep, thorough bool) {
	t.Helper()
	if n, most := q.entries.len(), len(model)+max(len(model)+1, leastRing); n > most {
		t.Fatalf("%d entries for %d deliveries, at most %d", n, len(model), most)
	}
	if !thorough {
		return
	}
	i := 0
	for n := range q.entries.len() {
		e := q.entries.at(n)
		if e.done {
			continue
		}
		if i == len(model) || !model[i].same(e.pos, &e.Delivery) {
			t.Fatalf("pending %d of %d: %d %v", i, len(model), e.pos, e.Delivery)
		}
		i++
	}
	if i != len(model) {
		t.Fatalf("%d pending, want %d", i, len(model))
	}
	next := 0
	for pos := range q.last + 2 {
		d, ok := q.Get(pos)
		wanted := next < len(model) && model[next].pos == pos
		if ok != wanted || ok && d.Message != model[next].d.Message {
			t.Fatalf("Get(%d) = %v, %v; want %v", pos, d, ok, wanted)
		}
		if wanted {
			next++
		}
	}
}

// The zero queue knows no place, and says so.
func TestMemoryQueueEmpty(t *testing.T) {
	var q memoryQueue
	for _, pos := range []uint64{0, 1, 1 << 63} {
		if d, ok := q.Get(pos); ok {
			t.Errorf("Get(%d) = %v", pos, d)
		}
		q.Mark(pos, Flight{State: Sent})
		q.Done(pos)
	}
	if pos, err := q.Put(*delivery(1), Flight{}, nil); pos != 1 || err != nil {
		t.Errorf("the first Put = %d, %v; want 1", pos, err)
	}
}

func TestIDSet(t *testing.T) {
	var set idSet
	note := func(id uint16, open bool) {
		if open {
			set.add(id)
		} else {
			set.remove(id)
		}
	}
	for _, step := range []struct {
		id   uint16
		open bool
		want []uint16
	}{
		{id: 9, open: false, want: nil},
		{id: 7, open: true, want: []uint16{7}},
		{id: 65535, open: true, want: []uint16{7, 65535}},
		{id: 1, open: true, want: []uint16{1, 7, 65535}},
		{id: 7, open: true, want: []uint16{1, 7, 65535}}, // sent again
		{id: 7, open: false, want: []uint16{1, 65535}},
		{id: 7, open: false, want: []uint16{1, 65535}},
		{id: 65535, open: false, want: []uint16{1}},
		{id: 1, open: false, want: nil},
	} {
		note(step.id, step.open)
		if !slices.Equal(set, step.want) {
			t.Errorf("after %d %v: %v, want %v", step.id, step.open, set, step.want)
		}
	}
	for _, open := range []bool{true, false} {
		for id := range uint16(1000) {
			note(id, open)
		}
	}
	if set != nil {
		t.Errorf("memory for %d ids is kept", cap(set))
	}
}

// A burst is given back, and one message that is never acknowledged does not keep those behind it.
func TestMemoryQueueGivesBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		stuck uint64 // place that is never done, or 0
	}{
		{name: "all done"},
		{name: "first stuck", stuck: 1},
		{name: "one stuck", stuck: 31_000},
	} {
		var q memoryQueue
		d := delivery(1)
		for range 100_000 {
			q.Put(*d, Flight{}, nil)
		}
		for pos := range uint64(100_001) {
			if pos != c.stuck {
				q.Done(pos)
			}
		}
		if n := len(q.entries.ring); n > 4*leastRing {
			t.Errorf("%s: %d places are kept", c.name, n)
		}
		if _, ok := q.Get(c.stuck); ok != (c.stuck != 0) {
			t.Errorf("%s: stuck is there: %v", c.name, ok)
		}
		if q.entries.len() > 0 && q.entries.front().pos != c.stuck {
			t.Errorf("%s: begins at %d", c.name, q.entries.front().pos)
		}
	}
}

// With a window that slides, and with one message stuck at its front, nothing is allocated.
func TestMemoryQueueAllocs(t *testing.T) {
	for _, window := range []uint64{1, 5, 32, 1000} {
		for _, stuck := range []bool{false, true} {
			var q memoryQueue
			d := delivery(1)
			if stuck {
				q.Put(*d, Flight{}, nil)
			}
			for range window {
				q.Put(*d, Flight{}, nil)
			}
			run := func() {
				for range 1000 {
					pos, _ := q.Put(*d, Flight{}, nil)
					q.Mark(pos, Flight{Seq: 7, State: Sent})
					if _, ok := q.Get(pos - window); !ok {
						t.Fatalf("%d is lost", pos-window)
					}
					q.Done(pos - window)
				}
			}
			for range 10 {
				run()
			}
			if n := testing.AllocsPerRun(10, run); n != 0 {
				t.Errorf("window %d, stuck %v: %v allocations in 1,000 deliveries", window, stuck, n)
			}
		}
	}
}

// The store in memory opens queues and promises nothing else.
func TestMemoryStore(t *testing.T) {
	var store Store = memoryStore{}
	key := Key{Account: "A", ClientID: "c"}
	q, err := store.Open(&Record{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	stored := core.NewBarrier(func(err error) {
		if err != nil {
			t.Errorf("stored: %v", err)
		}
	})
	defer stored.Done(nil) // panics if somebody had given up our hold
	if pos, err := q.Put(*delivery(1), Flight{}, stored); pos != 1 || err != nil {
		t.Errorf("Put = %d, %v", pos, err)
	}
	other, _ := store.Open(&Record{Key: key})
	if _, ok := other.Get(1); ok {
		t.Error("two queues share deliveries")
	}
	for name, err := range map[string]error{
		"Subscribe":   q.Subscribe(SubscriptionRecord{Filter: "a"}, stored),
		"Unsubscribe": q.Unsubscribe("a", stored),
		"Received":    q.Received(7, stored),
		"Released":    q.Released([]uint16{7}, stored),
		"Seal":        store.Seal(stored, q, 7),
		"Retain":      store.Retain("A", &Retained{Message: &core.Message{}}, stored, func() *Retained { return nil }),
		"Load": store.Load(
			func(*Record, Shelf) { t.Error("a session was loaded") },
			func(string, *Retained) *Retained { t.Error("a retained message was loaded"); return nil }),
		"Close": store.Close(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkMemoryQueue(b *testing.B) {
	for _, window := range []uint64{1, 32, 10_000} {
		b.Run(fmt.Sprint(window), func(b *testing.B) {
			var q memoryQueue
			d := delivery(1)
			for range window {
				q.Put(*d, Flight{}, nil)
			}
			b.ReportAllocs()
			for b.Loop() {
				pos, _ := q.Put(*d, Flight{}, nil)
				q.Mark(pos, Flight{Seq: 7, State: Sent})
				q.Get(pos)
				q.Done(pos - window)
			}
		})
	}
}

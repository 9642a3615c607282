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
	pos   uint64
	d     Delivery
	id    uint16
	state FlightState
}

// same says whether the model's entry is what the queue has.
func (s *queueStep) same(pos uint64, d *Delivery, id uint16, state FlightState) bool {
	return s.pos == pos && s.id == id && s.state == state && s.d.Message == d.Message && s.d.QoS == d.QoS && s.d.Until == d.Until
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
				pos, err := q.Put(*d, nil)
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
				e.id, e.state = uint16(n), FlightState(rng.IntN(3))
				q.Mark(e.pos, e.id, e.state)
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
	q.Pending(func(pos uint64, d *Delivery, id uint16, state FlightState) {
		if i == len(model) || !model[i].same(pos, d, id, state) {
			t.Fatalf("pending %d of %d: %d %v %d %d", i, len(model), pos, d, id, state)
		}
		i++
	})
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
		q.Mark(pos, 1, Sent)
		q.Done(pos)
	}
	if pos, err := q.Put(*delivery(1), nil); pos != 1 || err != nil {
		t.Errorf("the first Put = %d, %v; want 1", pos, err)
	}
}

func TestMemoryQueueReceived(t *testing.T) {
	var q memoryQueue
	ids := func() (ids []uint16) {
		q.Incoming(func(id uint16) { ids = append(ids, id) })
		return ids
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
		q.Received(step.id, step.open)
		if got := ids(); !slices.Equal(got, step.want) {
			t.Errorf("after %d %v: %v, want %v", step.id, step.open, got, step.want)
		}
	}
	for _, open := range []bool{true, false} {
		for id := range uint16(1000) {
			q.Received(id, open)
		}
	}
	if q.received != nil {
		t.Errorf("memory for %d ids is kept", cap(q.received))
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
			q.Put(*d, nil)
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
				q.Put(*d, nil)
			}
			for range window {
				q.Put(*d, nil)
			}
			run := func() {
				for range 1000 {
					pos, _ := q.Put(*d, nil)
					q.Mark(pos, 7, Sent)
					if _, ok := q.Get(pos - window); !ok {
						t.Fatalf("%d is lost", pos-window)
					}
					q.Done(pos - window)
					q.Received(uint16(pos), true)
					q.Received(uint16(pos), false)
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
	q, err := store.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	stored := core.NewBarrier(func(err error) {
		if err != nil {
			t.Errorf("stored: %v", err)
		}
	})
	defer stored.Done(nil) // panics if somebody had given up our hold
	if pos, err := q.Put(*delivery(1), stored); pos != 1 || err != nil {
		t.Errorf("Put = %d, %v", pos, err)
	}
	other, _ := store.Open(key)
	if _, ok := other.Get(1); ok {
		t.Error("two queues share deliveries")
	}
	for name, err := range map[string]error{
		"Save":        store.Save(&Record{Key: key}),
		"Subscribe":   store.Subscribe(key, SubscriptionRecord{Filter: "a"}),
		"Unsubscribe": store.Unsubscribe(key, "a"),
		"Retain":      store.Retain("A", &Retained{Message: &core.Message{}}, stored),
		"Drop":        store.Drop(key),
		"Load": store.Load(
			func(*Record, Queue) { t.Error("a session was loaded") },
			func(string, *Retained) { t.Error("a retained message was loaded") }),
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
				q.Put(*d, nil)
			}
			b.ReportAllocs()
			for b.Loop() {
				pos, _ := q.Put(*d, nil)
				q.Mark(pos, 7, Sent)
				q.Get(pos)
				q.Done(pos - window)
			}
		})
	}
}

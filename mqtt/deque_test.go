package mqtt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A deque is what a slice would be, whatever is done to it, and never has much more memory than it needs.
func TestDequeRandomly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var d deque[int]
	var model []int
	next, bias := 0, 0
	for step := range 200_000 {
		if step%2000 == 0 {
			bias = rng.IntN(10) // of 10 steps, how many push
		}
		switch {
		case rng.IntN(20_000) == 0:
			d.clear()
			model = nil
		case rng.IntN(10) < bias:
			next++
			d.push(next)
			model = append(model, next)
		default:
			v, ok := d.pop()
			if ok != (len(model) > 0) || ok && v != model[0] {
				t.Fatalf("step %d: pop = %d, %v, want the first of %d", step, v, ok, len(model))
			}
			model = model[min(1, len(model)):]
		}
		checkDeque(t, &d, model)
	}
}

func checkDeque(t *testing.T, d *deque[int], model []int) {
	t.Helper()
	if d.len() != len(model) {
		t.Fatalf("len = %d, want %d", d.len(), len(model))
	}
	if most := max(8*len(model), 2*leastRing); len(d.ring) > most {
		t.Fatalf("%d places for %d values, at most %d", len(d.ring), len(model), most)
	}
	front := d.front()
	if (front == nil) != (len(model) == 0) {
		t.Fatalf("front = %v of %d", front, len(model))
	}
	if len(model) == 0 {
		return
	}
	for _, i := range []int{0, len(model) / 2, len(model) - 1} {
		if got := *d.at(i); got != model[i] || i == 0 && front != d.at(0) {
			t.Fatalf("at %d is %d, want %d", i, got, model[i])
		}
	}
}

// What is no longer in the ring is not kept by it, and what is in it can be changed in place.
func TestDequeForgets(t *testing.T) {
	var d deque[*int]
	for i := range 5 {
		d.push(&i)
	}
	seven := 7
	*d.front() = &seven
	if v, _ := d.pop(); v != &seven {
		t.Errorf("pop = %d, want what was put in front", *v)
	}
	d.pop()
	if kept := len(d.ring) - slices.IndexFunc(d.ring, func(p *int) bool { return p != nil }); kept != len(d.ring)-2 {
		t.Errorf("the ring still holds what was popped: %v", d.ring)
	}
	if d.clear(); d.ring != nil || d.front() != nil {
		t.Errorf("after clear: %+v", d)
	}
}

func TestDequeAllocs(t *testing.T) {
	for _, window := range []int{0, 1, leastRing - 1, 100} {
		var d deque[int]
		for range window {
			d.push(0)
		}
		d.push(0)
		run := func() {
			for range 1000 {
				d.push(1)
				d.pop()
			}
		}
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%d waiting: %v allocations in 1,000 values", window, n)
		}
	}
}

package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"leafgate/internal/memory"
)

const (
	// garbagePercent is how much garbage may lie around, by what is alive. Go's own 100 would collect too often: the live
	// heap is small, and the hot path makes none. It also raises the heap at which the first collection starts to 16 MiB.
	garbagePercent = 400
	// mostGarbage bounds it in bytes, where much is alive: a million messages that wait are no reason to hold as much again
	// four times. On small machines it is less, by garbageParts, but not below leastGarbage.
	mostGarbage  = 64 << 20
	leastGarbage = 8 << 20
	garbageParts = 8
	// leastPercent keeps the collector from running all the time.
	leastPercent = 50
)

// tuneMemory says how often garbage is collected, and from how much memory on at any cost. Whoever has set GOGC or
// GOMEMLIMIT knows better: nil, whose methods do nothing.
func tuneMemory() *tuner {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	t := newTuner(memory.Machine())
	t.set(garbagePercent, t.limit)
	afterEachCollection(t.adjust)
	return t
}

// A tuner adjusts the collector to what is alive, and its limit to the ceiling.
type tuner struct {
	machine int64 // bytes of memory there are; 0: not known

	mu      sync.Mutex // guards the fields below
	ceiling int64      // max_memory; 0: none
	percent int
	limit   int64
	usage   [6]metrics.Sample
}

func newTuner(machine int64) *tuner {
	t := &tuner{machine: machine, percent: garbagePercent, limit: machineLimit(machine)}
	for i, name := range []string{"/gc/heap/live:bytes", "/memory/classes/total:bytes", "/memory/classes/heap/released:bytes",
		"/memory/classes/heap/free:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/objects:bytes"} {
		t.usage[i].Name = name
	}
	return t
}

// underCeiling takes a new ceiling, in bytes; 0: none.
func (t *tuner) underCeiling(ceiling int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.ceiling = ceiling
	t.mu.Unlock()
	t.adjust()
}

// adjust sets percentage and limit anew when they are off by an eighth: setting them stops the world for a moment. It may be
// called from any goroutine.
func (t *tuner) adjust() {
	t.mu.Lock()
	defer t.mu.Unlock()
	live, rest := t.measure()
	percent, limit := percentFor(live, t.garbage()), machineLimit(t.machine)
	if t.ceiling > 0 {
		limit = ceilingLimit(t.ceiling, live+rest)
	}
	if off(int64(percent), int64(t.percent)) || percent == garbagePercent && t.percent != percent || off(limit, t.limit) {
		t.set(percent, limit)
	}
}

// off says whether want is off by an eighth from what is.
func off(want, is int64) bool { return want > is+is/8 || want < is-is/8 }

func (t *tuner) set(percent int, limit int64) {
	t.percent, t.limit = percent, limit
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
}

// measure answers the bytes of the heap that are alive, and what the runtime has beside the heap.
func (t *tuner) measure() (live, rest int64) {
	metrics.Read(t.usage[:])
	n := func(i int) int64 { return int64(t.usage[i].Value.Uint64()) }
	return n(0), n(1) - n(2) - n(3) - n(4) - n(5)
}

// garbage is how many bytes may lie around, where much is alive.
func (t *tuner) garbage() int64 {
	all := t.ceiling
	if all == 0 {
		all = t.machine
	}
	if all == 0 {
		return mostGarbage
	}
	return min(mostGarbage, max(leastGarbage, all/garbageParts))
}

// percentFor is the percentage for a live heap of so many bytes, and garbage of no more than most.
func percentFor(live, most int64) int {
	return int(min(garbagePercent, max(leastPercent, most*100/max(live, 1))))
}

// machineLimit is the limit where there is no ceiling: four fifths of the machine.
func machineLimit(machine int64) int64 {
	if machine == 0 {
		return math.MaxInt64
	}
	return machine / 5 * 4
}

// ceilingLimit is the limit under a ceiling of which used bytes are in use for good. It stands below the mark from which on
// memory counts as short, so that garbage alone never reaches that; where more is in use, it leaves room for an eighth of
// the ceiling, or the collector would run all the time.
func ceilingLimit(ceiling, used int64) int64 {
	return max(ceiling/100*70, min(used+ceiling/8, ceiling))
}

// A sentinel is garbage at once: that its finalizer runs shows that there was a collection.
type sentinel struct{ next func() }

// afterEachCollection calls f from the goroutine of finalizers, after every collection from now on.
func afterEachCollection(f func()) {
	s := &sentinel{}
	s.next = func() {
		f()
		afterEachCollection(f)
	}
	runtime.SetFinalizer(s, func(s *sentinel) { s.next() })
}

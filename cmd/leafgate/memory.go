package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// garbagePercent is how much garbage may lie around, by what is alive. Go's own 100 would collect too often: the live
	// heap is small, and the hot path makes none. It also raises the heap at which the first collection starts to 16 MiB.
	garbagePercent = 400
	// mostGarbage bounds it in bytes, where much is alive: a million messages that wait are no reason to hold as much again
	// four times.
	mostGarbage = 64 << 20
	// leastPercent keeps the collector from running all the time.
	leastPercent = 50
)

// tuneMemory says how often garbage is collected. Whoever has set GOGC or GOMEMLIMIT knows better.
func tuneMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent)
	afterEachCollection(newTuner().adjust)
}

// percentFor is the percentage for a live heap of so many bytes.
func percentFor(live uint64) int {
	return int(min(garbagePercent, max(leastPercent, mostGarbage*100/max(live, 1))))
}

// A tuner adjusts the collector to what is alive. Its method is called by one goroutine at a time.
type tuner struct {
	live    []metrics.Sample
	percent int
}

func newTuner() *tuner {
	return &tuner{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: garbagePercent}
}

// adjust sets the percentage anew when it is off by an eighth: setting it stops the world for a moment.
func (t *tuner) adjust() {
	metrics.Read(t.live)
	if want := percentFor(t.live[0].Value.Uint64()); want > t.percent+t.percent/8 || want < t.percent-t.percent/8 || want == garbagePercent && t.percent != want {
		t.percent = want
		debug.SetGCPercent(want)
	}
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

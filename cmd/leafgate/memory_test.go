package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 16 << 20: 400, 32 << 20: 200, 64 << 20: 100, 128 << 20: 50, 1 << 40: 50} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB alive: %d percent, want %d", live>>20, got, want)
		}
	}
}

// The collector follows what is alive, up and down.
func TestTuneMemory(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	before := debug.SetGCPercent(100)
	stop := make(chan struct{})
	defer func() { debug.SetGCPercent(before) }()
	defer close(stop)
	tuned, current := newTuner(), make(chan int, 1)
	afterEachCollection(func() {
		select {
		case <-stop:
			return
		default:
		}
		tuned.adjust()
		select {
		case current <- tuned.percent:
		default:
		}
	})
	until := func(what string, ok func(percent int) bool) {
		t.Helper()
		last := 0
		for deadline := time.Now().Add(time.Minute); ; {
			runtime.GC()
			select {
			case last = <-current:
			case <-time.After(time.Second):
			}
			if ok(last) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d percent", what, last)
			}
		}
	}
	alive := make([]byte, 128<<20)
	until("much is alive", func(percent int) bool { return percent <= 60 })
	runtime.KeepAlive(alive)
	alive = nil
	until("little is alive", func(percent int) bool { return percent >= 200 })
}

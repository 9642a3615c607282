package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	tests := []struct {
		live, most int64
		want       int
	}{
		{0, 64, 400}, {1, 64, 400}, {16, 64, 400}, {32, 64, 200}, {64, 64, 100}, {128, 64, 50}, {1 << 20, 64, 50}, {8, 8, 100},
	}
	for _, tt := range tests {
		if got := percentFor(tt.live<<20, tt.most<<20); got != tt.want {
			t.Errorf("%d MiB alive, %d of garbage at most: %d percent, want %d", tt.live, tt.most, got, tt.want)
		}
	}
}

func TestGarbage(t *testing.T) {
	for _, tt := range []struct{ machine, ceiling, want int64 }{
		{0, 0, 64}, {8192, 0, 64}, {256, 0, 32}, {64, 0, 8}, {16, 0, 8}, {8192, 128, 16}, {0, 64, 8}, {0, 1024, 64},
	} {
		tuned := newTuner(tt.machine << 20)
		tuned.ceiling = tt.ceiling << 20
		if got := tuned.garbage(); got != tt.want<<20 {
			t.Errorf("%d MiB under %d: %d, want %d MiB", tt.machine, tt.ceiling, got, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct{ used, want int64 }{{0, 700}, {500, 700}, {600, 725}, {800, 925}, {1000, 1000}, {2000, 1000}} {
		if got := ceilingLimit(1000, tt.used); got != tt.want {
			t.Errorf("%d of 1000 used: %d, want %d", tt.used, got, tt.want)
		}
	}
	if got := machineLimit(1000); got != 800 {
		t.Errorf("of 1000: %d", got)
	}
	if got := machineLimit(0); got != math.MaxInt64 {
		t.Errorf("of nobody knows how much: %d", got)
	}
}

// The collector follows what is alive, up and down.
func TestTuneMemory(t *testing.T) {
	before, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	stop := make(chan struct{})
	defer func() { debug.SetGCPercent(before); debug.SetMemoryLimit(limit) }()
	defer close(stop)
	tuned, current := newTuner(1<<33), make(chan int, 1)
	afterEachCollection(func() {
		select {
		case <-stop:
			return
		default:
		}
		tuned.adjust()
		select {
		case current <- tuned.percent: // adjust runs on this goroutine alone
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

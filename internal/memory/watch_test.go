package memory_test

import (
	"bytes"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/internal/memory"
)

// A process is what a watch looks at in these tests. Its clock is synctest's.
type process struct {
	*memory.Watch
	used      atomic.Int64
	garbage   atomic.Int64 // of it
	levels    []memory.Level
	reliefs   int
	log       bytes.Buffer
	collected int
}

func watched(t *testing.T, ceiling int64) *process {
	p := &process{}
	p.Watch = memory.NewWatch(ceiling, memory.Setup{
		Log:     slog.New(slog.NewTextHandler(&p.log, nil)),
		Used:    p.used.Load,
		React:   func(l memory.Level) { p.levels = append(p.levels, l) },
		Relieve: func() { p.reliefs++ },
		Collect: func() { p.collected++; p.used.Add(-p.garbage.Swap(0)) },
	})
	p.Start()
	t.Cleanup(p.Stop)
	return p
}

// after lets the watch look at used bytes for d.
func (p *process) after(d time.Duration, used int64) memory.Level {
	p.used.Store(used)
	<-time.After(d)
	synctest.Wait()
	return p.Level()
}

const look = 150 * time.Millisecond

func TestLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := watched(t, 1000)
		for _, step := range []struct {
			d    time.Duration
			used int64
			want memory.Level
		}{
			{look, 740, memory.Normal},
			{look, 750, memory.Shedding},
			{time.Minute, 660, memory.Shedding}, // not far enough below the mark
			{look, 640, memory.Shedding},        // not for long enough
			{look, 700, memory.Shedding},
			{look, 640, memory.Shedding},
			{3 * time.Second, 640, memory.Normal},
			{look, 950, memory.Refusing}, // at once
			{time.Minute, 810, memory.Refusing},
			{3 * time.Second, 790, memory.Shedding},
			{look, 900, memory.Refusing},
			{3 * time.Second, 100, memory.Normal},
		} {
			if got := p.after(step.d, step.used); got != step.want {
				t.Fatalf("%d used for %v: %v, want %v", step.used, step.d, got, step.want)
			}
		}
		want := []memory.Level{memory.Shedding, memory.Normal, memory.Refusing, memory.Shedding, memory.Refusing, memory.Normal}
		if !slices.Equal(p.levels, want) {
			t.Errorf("told %v, want %v", p.levels, want)
		}
		if n := strings.Count(p.log.String(), "\n"); n != len(want) || !strings.Contains(p.log.String(), "level=refusing before=normal used=950 max_memory=1000") {
			t.Errorf("%d lines:\n%s", n, &p.log)
		}
	})
}

// Where a collection is enough, nothing is shed. It is not made again and again.
func TestRelief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := watched(t, 1000)
		p.garbage.Store(400)
		if got := p.after(look, 800); got != memory.Normal || p.collected != 1 || p.reliefs != 1 {
			t.Fatalf("%v after %d collections, %d reliefs", got, p.collected, p.reliefs)
		}
		p.garbage.Store(400)
		if got := p.after(look, 800); got != memory.Shedding || p.collected != 1 {
			t.Errorf("%v after %d collections", got, p.collected)
		}
		p.garbage.Store(0)
		if got := p.after(4*time.Second, 800); got != memory.Shedding || p.collected < 2 || p.collected > 4 {
			t.Errorf("%v after %d collections", got, p.collected)
		}
		if p.reliefs != p.collected {
			t.Errorf("%d reliefs, %d collections", p.reliefs, p.collected)
		}
	})
}

func TestRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := watched(t, 1000)
		if p.after(look, 800); p.Refuse() || p.Full() {
			t.Error("refuses while it sheds")
		}
		if p.after(look, 900); !p.Full() || !p.Refuse() {
			t.Error("refuses nobody")
		}
		want := memory.State{Ceiling: 1000, Used: 900, Level: memory.Refusing, Refused: 1}
		if got := p.State(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestCeilingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := watched(t, 0)
		if got := p.after(time.Hour, 1<<40); got != memory.Normal || p.State() != (memory.State{}) {
			t.Errorf("no ceiling: %v, %+v", got, p.State())
		}
		p.SetCeiling(1000)
		synctest.Wait()
		if got := p.Level(); got != memory.Refusing {
			t.Errorf("a ceiling: %v", got)
		}
		p.SetCeiling(0)
		synctest.Wait()
		if got := p.Level(); got != memory.Normal {
			t.Errorf("none again: %v", got)
		}
	})
}

// No watch, and no ceiling.
func TestNil(t *testing.T) {
	var w *memory.Watch
	if w.Level() != memory.Normal || w.Full() || w.Refuse() || w.State() != (memory.State{}) {
		t.Error("nobody watches, and memory is short")
	}
	memory.NewWatch(0, memory.Setup{}).Stop() // never started
}

// What the runtime counts grows with what it is asked for.
func TestRuntime(t *testing.T) {
	debug.FreeOSMemory() // what other tests have left
	w := memory.NewWatch(1<<50, memory.Setup{})
	w.Start()
	defer w.Stop()
	until := func(what string, ok func(used int64) bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(w.State().Used); <-time.After(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d bytes", what, w.State().Used)
			}
		}
	}
	until("at first", func(used int64) bool { return used > 1<<20 })
	before := w.State().Used
	kept := bytes.Repeat([]byte("x"), 64<<20)
	until("more", func(used int64) bool { return used > before+32<<20 })
	_ = kept[len(kept)-1]
}

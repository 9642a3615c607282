// Package memory watches how much memory the process has, and says when it is short.
package memory

import (
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	interval   = 100 * time.Millisecond // between two looks
	calmAfter  = 2 * time.Second        // below a level's end until it ends
	reliefRest = 2 * time.Second        // between two reliefs, and twenty times what one took
)

// Setup is what a Watch works with.
type Setup struct {
	Log *slog.Logger

	// React is told each new level, Relieve is to give back what is not needed now, before a level rises and while it stays.
	// Both are called by the watch's goroutine, one at a time; nil does nothing.
	React   func(l Level)
	Relieve func()

	Used    func() int64 // bytes the process has now; nil: as the Go runtime counts
	Collect func()       // collects garbage and gives it to the system; nil: the Go runtime's
}

// A Watch looks at the process's memory while there is a ceiling. What it says may be asked for from any goroutine, of a nil
// Watch too: memory is never short then.
type Watch struct {
	setup   Setup
	level   atomic.Int32
	ceiling atomic.Int64
	used    atomic.Int64
	refused atomic.Int64
	changed chan struct{} // the ceiling
	done    chan struct{}
	wg      sync.WaitGroup

	// The goroutine's.
	above  time.Time     // when the level was last justified
	eased  time.Time     // when the last relief ended; zero: none yet
	easing time.Duration // what it took
}

// NewWatch makes one without a goroutine; ceiling is in bytes, 0: none.
func NewWatch(ceiling int64, s Setup) *Watch {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Used == nil {
		s.Used = newUsage().bytes
	}
	if s.Collect == nil {
		s.Collect = debug.FreeOSMemory
	}
	w := &Watch{setup: s, changed: make(chan struct{}, 1), done: make(chan struct{})}
	w.ceiling.Store(ceiling)
	return w
}

// Start begins to look. Stop follows, once.
func (w *Watch) Start() { w.wg.Go(w.run) }

// Stop ends the goroutine and waits for it, and may come without Start.
func (w *Watch) Stop() {
	close(w.done)
	w.wg.Wait()
}

// SetCeiling changes the ceiling; 0: none, and memory is not short any more.
func (w *Watch) SetCeiling(n int64) {
	if w.ceiling.Swap(n) == n {
		return
	}
	select {
	case w.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// Level is how short memory is.
func (w *Watch) Level() Level {
	if w == nil {
		return Normal
	}
	return Level(w.level.Load())
}

// Full says whether nothing more is to be kept.
func (w *Watch) Full() bool { return w.Level() == Refusing }

// Refuse says whether somebody who comes now is to be refused, and counts it.
func (w *Watch) Refuse() bool {
	if !w.Full() {
		return false
	}
	w.refused.Add(1)
	return true
}

// State is what there is to be told of a Watch.
type State struct {
	Ceiling int64 // bytes; 0: none
	Used    int64 // bytes, at the last look
	Level   Level
	Refused int64 // how many were refused since the start
}

// State tells how things stand.
func (w *Watch) State() State {
	if w == nil {
		return State{}
	}
	return State{Ceiling: w.ceiling.Load(), Used: w.used.Load(), Level: w.Level(), Refused: w.refused.Load()}
}

// run looks at once, and then again and again while there is a ceiling.
func (w *Watch) run() {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		var tick <-chan time.Time
		if w.look(); w.ceiling.Load() > 0 {
			tick = ticker.C
		}
		select {
		case <-tick:
		case <-w.changed:
		case <-w.done:
			return
		}
	}
}

// look measures, and raises or lowers the level.
func (w *Watch) look() {
	ceiling, was, now := w.ceiling.Load(), w.Level(), time.Now()
	if ceiling == 0 {
		w.used.Store(0)
		w.turn(Normal, 0, 0)
		return
	}
	used := w.setup.Used()
	next := was.next(used, ceiling)
	if next != Normal && w.relieve(now) {
		used = w.setup.Used()
		next = was.next(used, ceiling)
	}
	w.used.Store(used)
	switch {
	case next >= was:
		w.above = now
	case now.Sub(w.above) < calmAfter:
		return
	}
	w.turn(next, used, ceiling)
}

// relieve gives back what is not needed, unless it has just done so.
func (w *Watch) relieve(now time.Time) bool {
	if !w.eased.IsZero() && now.Sub(w.eased) < max(reliefRest, 20*w.easing) {
		return false
	}
	if w.setup.Relieve != nil {
		w.setup.Relieve()
	}
	w.setup.Collect()
	w.eased = time.Now()
	w.easing = w.eased.Sub(now)
	return true
}

// turn makes next the level.
func (w *Watch) turn(next Level, used, ceiling int64) {
	was := w.Level()
	if next == was {
		return
	}
	w.level.Store(int32(next))
	if w.setup.React != nil {
		w.setup.React(next)
	}
	log, text := w.setup.Log.Warn, "memory is short"
	if next < was {
		log, text = w.setup.Log.Info, "memory is less short"
	}
	if next == Normal {
		text = "memory is not short any more"
	}
	log(text, "level", next.String(), "before", was.String(), "used", used, Key, ceiling)
}

// usage asks the Go runtime.
type usage [2]metrics.Sample

func newUsage() *usage {
	return &usage{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
}

// bytes is what the runtime has from the system and has not given back: what its own limit is about.
func (u *usage) bytes() int64 {
	metrics.Read(u[:])
	return int64(u[0].Value.Uint64() - u[1].Value.Uint64())
}

package netio

import "sync"

// workers run what may block: password hashes, disk, call-outs. They start as they are needed, at most limit of them, and
// end when nothing is left to do.
type workers struct {
	limit int
	wg    sync.WaitGroup

	mu      sync.Mutex
	queue   []func()
	running int
}

// do queues f.
func (w *workers) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, f)
	if w.running < w.limit {
		w.running++
		w.wg.Go(w.run)
	}
}

func (w *workers) run() {
	for f := w.next(); f != nil; f = w.next() {
		f()
	}
}

func (w *workers) next() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.running--
		w.queue = nil
		return nil
	}
	f := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	return f
}

// stop waits for what was queued.
func (w *workers) stop() { w.wg.Wait() }

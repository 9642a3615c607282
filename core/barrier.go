package core

import (
	"sync"
	"sync/atomic"
)

// A Barrier counts commits on behalf of a publisher: it acknowledges only when every sink that promised to store has
// stored. A storing sink calls Add in Deliver and Done after its commit. The Barrier starts at one, the publisher's own
// hold, which it gives up by Done(nil) after its last Publish.
//
// All methods may be called from any goroutine.
type Barrier struct {
	open atomic.Int64
	mu   sync.Mutex
	err  error
	done func(err error)
}

// NewBarrier returns a Barrier with the publisher's hold on it. done runs exactly once, on the goroutine that called
// the last Done, with the first error any holder reported.
func NewBarrier(done func(err error)) *Barrier {
	b := &Barrier{}
	b.Reset(done)
	return b
}

// Reset makes b as new, for owners that keep Barriers. Nobody else may hold it.
func (b *Barrier) Reset(done func(err error)) {
	b.done, b.err = done, nil
	b.open.Store(1)
}

// Add takes one more hold. The caller must know that one is still held: the publisher's, while in Deliver.
func (b *Barrier) Add() { b.open.Add(1) }

// Done gives up one hold. A non-nil err leaves the batch unacknowledged.
func (b *Barrier) Done(err error) {
	if err != nil {
		b.mu.Lock()
		if b.err == nil {
			b.err = err
		}
		b.mu.Unlock()
	}
	switch n := b.open.Add(-1); {
	case n == 0:
		b.mu.Lock()
		err = b.err
		b.mu.Unlock()
		b.done(err)
	case n < 0:
		panic("core: Barrier.Done without Add")
	}
}

package netio

import "sync"

// A pool keeps values for their next use, at most so many. Unlike sync.Pool it does not empty at a collection: what it
// holds is bounded anyway.
type pool[T any] struct {
	make func() T
	most int

	mu   sync.Mutex
	free []T
}

func (p *pool[T]) get() T {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		v := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return v
	}
	p.mu.Unlock()
	return p.make()
}

func (p *pool[T]) put(v T) {
	p.mu.Lock()
	if len(p.free) < p.most {
		p.free = append(p.free, v)
	}
	p.mu.Unlock()
}

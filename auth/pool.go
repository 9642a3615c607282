package auth

import (
	"sync"
	"weak"
)

// A pool finds again what was made for a key, as long as somebody uses it. The zero pool is ready for use, from any
// goroutine.
type pool[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]weak.Pointer[V]
	sweep int // how many may be known until the unused ones are looked for
}

// get returns what is known for key, or else what create makes. One key is created by one caller at a time.
func (p *pool[K, V]) get(key K, create func() (*V, error)) (*V, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.known[key].Value(); v != nil {
		return v, nil
	}
	v, err := create()
	if err != nil {
		return nil, err
	}
	if p.known == nil {
		p.known = make(map[K]weak.Pointer[V])
	}
	p.forget()
	p.known[key] = weak.Make(v)
	return v, nil
}

// forget drops what nobody uses any more, once in a while: so that the cost for each key stays the same.
func (p *pool[K, V]) forget() {
	if len(p.known) < p.sweep {
		return
	}
	for key, v := range p.known {
		if v.Value() == nil {
			delete(p.known, key)
		}
	}
	p.sweep = max(32, 2*len(p.known))
}

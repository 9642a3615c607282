package core

import "sync/atomic"

// recent finds values that many objects have in common, so that each of them holds a pointer only. It knows the last few:
// where more are in use, some are there twice, which costs memory and nothing else.
type recent[T comparable] struct {
	slots [8]atomic.Pointer[T]
	next  atomic.Uint32
}

// share answers a value like v, which nobody changes.
func (r *recent[T]) share(v T) *T {
	for i := range r.slots {
		if p := r.slots[i].Load(); p != nil && *p == v {
			return p
		}
	}
	p := new(T)
	*p = v
	r.slots[r.next.Add(1)%uint32(len(r.slots))].Store(p)
	return p
}

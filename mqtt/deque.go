package mqtt

import "sort"

// A deque holds values first in, first out, in a ring that grows with them and shrinks behind them: once seven eighths of
// it are free, it goes down to a quarter, but not below leastRing. The zero deque is empty and owns no memory.
type deque[T any] struct {
	ring  []T // as long as a power of two, or nil
	head  int // where the first one is
	count int
}

// leastRing is how many places a ring begins with.
const leastRing = 8

func (d *deque[T]) len() int { return d.count }

// push adds v behind the others.
func (d *deque[T]) push(v T) {
	if d.count == len(d.ring) {
		d.resize(max(leastRing, 2*d.count))
	}
	d.count++
	*d.at(d.count - 1) = v
}

// pop takes the first one out; false: there is none.
func (d *deque[T]) pop() (v T, ok bool) {
	if d.count == 0 {
		return v, false
	}
	var zero T
	first := d.front()
	v, *first = *first, zero // what it points to is no longer ours to keep
	d.head = (d.head + 1) & (len(d.ring) - 1)
	d.count--
	if quarter := len(d.ring) / 4; quarter >= leastRing && d.count <= quarter/2 {
		d.resize(quarter)
	}
	return v, true
}

// front is the first one, to be read or changed in place until the next push or pop; nil: there is none.
func (d *deque[T]) front() *T {
	if d.count == 0 {
		return nil
	}
	return &d.ring[d.head]
}

// at is the one with i before it, as front; i is less than len.
func (d *deque[T]) at(i int) *T { return &d.ring[(d.head+i)&(len(d.ring)-1)] }

// search is which one is at pos, or the first behind it, or the last: places, which place tells, only grow, and pos is not before
// the first one's. Where none is missing in between, it is as far from the first as its place says; otherwise it is nearer.
func (d *deque[T]) search(pos uint64, place func(*T) uint64) int {
	n := int(min(pos-place(d.front()), uint64(d.len()-1)))
	if place(d.at(n)) != pos {
		n = sort.Search(n, func(i int) bool { return place(d.at(i)) >= pos })
	}
	return n
}

// clear forgets all and gives the memory back.
func (d *deque[T]) clear() { *d = deque[T]{} }

func (d *deque[T]) resize(n int) {
	ring := make([]T, n)
	if first := d.ring[min(d.head, len(d.ring)):]; len(first) < d.count {
		copy(ring[copy(ring, first):], d.ring[:d.count-len(first)])
	} else {
		copy(ring, first[:d.count])
	}
	d.ring, d.head = ring, 0
}

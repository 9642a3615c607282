package netio

import "sync"

// A chunk is a piece of a queue.
type chunk struct {
	next *chunk
	from int    // what is before was written
	buf  []byte // its capacity is one of the pool's two
}

const (
	smallChunk = 4 << 10
	largeChunk = 64 << 10
	keptSmall  = 4 << 20 // bytes of unused chunks that wait for their next use; the rest goes to the collector
	keptLarge  = 8 << 20
)

// chunks are the unused ones.
type chunks struct{ small, large chunkList }

type chunkList struct {
	mu    sync.Mutex
	first *chunk
	count int
}

func (p *chunks) get(large bool) *chunk {
	if large {
		return p.large.get(largeChunk)
	}
	return p.small.get(smallChunk)
}

func (p *chunks) put(k *chunk) {
	if k.from, k.buf = 0, k.buf[:0]; cap(k.buf) == largeChunk {
		p.large.put(k, keptLarge/largeChunk)
	} else {
		p.small.put(k, keptSmall/smallChunk)
	}
}

func (l *chunkList) get(size int) *chunk {
	l.mu.Lock()
	k := l.first
	if k != nil {
		l.first, k.next = k.next, nil
		l.count--
	}
	l.mu.Unlock()
	if k == nil {
		k = &chunk{buf: make([]byte, 0, size)}
	}
	return k
}

func (l *chunkList) put(k *chunk, most int) {
	l.mu.Lock()
	if l.count < most {
		k.next, l.first = l.first, k
		l.count++
	}
	l.mu.Unlock()
}

// A queue is bytes that wait to be written.
type queue struct {
	first, last *chunk
	bytes       int
}

// append copies b behind the queue.
func (q *queue) append(p *chunks, b []byte) {
	q.bytes += len(b)
	for len(b) > 0 {
		if q.last == nil || len(q.last.buf) == cap(q.last.buf) {
			k := p.get(q.last != nil || len(b) > smallChunk)
			if q.last == nil {
				q.first = k
			} else {
				q.last.next = k
			}
			q.last = k
		}
		at := len(q.last.buf)
		n := copy(q.last.buf[at:cap(q.last.buf)], b)
		q.last.buf, b = q.last.buf[:at+n], b[n:]
	}
}

// push puts k behind the queue.
func (q *queue) push(k *chunk) { q.join(&queue{first: k, last: k, bytes: len(k.buf)}) }

// join puts o behind q and empties o.
func (q *queue) join(o *queue) {
	if o.first == nil {
		return
	}
	if q.last == nil {
		*q = *o
	} else {
		q.last.next, q.last = o.first, o.last
		q.bytes += o.bytes
	}
	*o = queue{}
}

// skip drops n bytes from the front.
func (q *queue) skip(p *chunks, n int) {
	q.bytes -= n
	for k := q.first; k != nil; k = q.first {
		left := len(k.buf) - k.from
		if n < left {
			k.from += n
			return
		}
		n -= left
		if q.first = k.next; q.first == nil {
			q.last = nil
		}
		k.next = nil
		p.put(k)
	}
}

// drop empties q.
func (q *queue) drop(p *chunks) { q.skip(p, q.bytes) }

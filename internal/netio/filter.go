package netio

import (
	"sync"
	"sync/atomic"
)

// A lower is what bytes go through on their way out, and come from: the socket or TLS, or a layer above these.
type lower interface {
	read(p []byte) (int, error)
	write(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error)
	dirty() bool
	sayEnd()
	drop()
}

// A filter is how bytes look on the wire: S2 blocks, WebSocket frames. Its methods for reading and for writing may run at
// once.
type filter interface {
	// seal renders plain, at most step bytes, behind out. Only the connection's one writer calls it.
	seal(out *queue, plain []byte)
	// step is how many bytes one call of seal takes.
	step() int
	// open takes bytes off in, which is all that has come, and unpacks to p; took 0 and n 0: in has to grow, to want bytes if
	// that is known. The connection's goroutine calls it.
	open(p, in []byte) (n, took, want int, err error)
	// split says whether the stream must not end behind what open has taken.
	split() bool
	// holds is how many bytes are kept between two calls of open.
	holds() int
	// farewell is what is said before the end, or nil.
	farewell() []byte
	// drop gives memory back.
	drop()
}

// A layer runs a filter between the connection and what is below. Idle it owns no buffer.
type layer struct {
	filter
	below lower
	d     *Driver

	// Writing: the connection's one writer's.
	clear int   // bytes of the queue that go out as they are, before anything is sealed
	fresh queue // rendered a moment ago
	going queue // in the hands of what is below

	// Reading: the connection's goroutine's.
	in   []byte // what has come and is not open yet; from is where it begins
	from int
	want int // how long in must get

	mu     sync.Mutex // guards the field below; reading may answer too
	sealed queue      // on its way out
	unsent atomic.Bool
}

var _ lower = (*layer)(nil)

// mostFills is how often a layer reads without an opened byte to show for it, before others get a turn.
const mostFills = 16

// read answers opened bytes, errWouldBlock, io.EOF or what is wrong. None without an error: there may be more to read.
func (l *layer) read(p []byte) (int, error) {
	for fills := 0; ; {
		if len(l.in)-l.from >= l.want {
			n, took, want, err := l.open(p, l.in[l.from:])
			l.from, l.want = l.from+took, want
			if n > 0 || err != nil {
				return n, err
			}
			if took > 0 {
				continue
			}
		}
		if fills == mostFills {
			return 0, nil
		}
		if err := l.fill(); err != nil {
			return 0, err
		}
		fills++
	}
}

// fill reads from below.
func (l *layer) fill() error {
	l.makeRoom()
	n, err := l.below.read(l.in[len(l.in):cap(l.in)])
	l.in = l.in[:len(l.in)+n]
	if err == errWouldBlock {
		l.rest()
	}
	return err
}

// cut says whether what has come is not whole.
func (l *layer) cut() bool { return len(l.in) > l.from || l.split() }

// makeRoom takes care that in can grow. What a peer has only announced is not allocated: the room grows with what comes.
func (l *layer) makeRoom() {
	have := l.in[l.from:]
	switch {
	case cap(l.in) < readSize:
		l.swap(have)
	case len(have) == 0:
		l.in, l.from = l.in[:0], 0
	case len(l.in) < cap(l.in):
	case l.from > 0:
		l.in, l.from = l.in[:copy(l.in, have)], 0
	default:
		l.swap(have)
	}
}

// swap gives in more room, and keeps have.
func (l *layer) swap(have []byte) {
	var next []byte
	switch n := len(have); {
	case n < readSize:
		next = l.d.buffers.get()[:0]
	case n < blockSize:
		next = l.d.blocks.get()[:0]
	default:
		next = make([]byte, 0, max(min(2*n, l.want), n+readSize))
	}
	next = append(next, have...)
	l.release()
	l.in = next
}

// give takes what was read before there was this layer.
func (l *layer) give(b []byte) {
	if len(b) > 0 {
		l.in = append(make([]byte, 0, len(b)), b...)
	}
}

// rest is called before the connection waits: what is little moves to where it takes little.
func (l *layer) rest() {
	have := l.in[l.from:]
	switch {
	case len(have) == 0:
		l.release()
	case len(have) <= carrySize && cap(l.in) > carrySize:
		next := append(l.d.carries.get()[:0], have...)
		l.release()
		l.in = next
	}
}

// release gives in back.
func (l *layer) release() {
	l.d.giveBack(l.in)
	l.in, l.from = nil, 0
}

// giveBack takes a buffer that may have come from one of the pools.
func (d *Driver) giveBack(b []byte) {
	switch b = b[:cap(b)]; len(b) {
	case carrySize:
		d.carries.put(b)
	case readSize:
		d.buffers.put(b)
	case blockSize:
		d.blocks.put(b)
	}
}

// kept is how many bytes the layer holds while it waits.
func (l *layer) kept() int { return cap(l.in) + l.holds() }

// write is socket.write. What it says was taken may wait sealed; that is bounded by one step.
func (l *layer) write(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	for {
		if again, err = l.send(p); again || err != nil || q.bytes+len(head)+len(rest) == 0 {
			return queued, lent, again, err
		}
		fromQueue, fromHead, fromRest := l.take(p, &l.fresh, q, head, rest, l.most())
		head, rest = head[fromHead:], rest[fromRest:]
		queued, lent = queued+fromQueue, lent+fromHead+fromRest
		l.queue(&l.fresh)
	}
}

// most is how many bytes can be rendered at once.
func (l *layer) most() int {
	if l.clear > 0 {
		return min(l.step(), l.clear)
	}
	return l.step()
}

// renderAll renders q, and sends nothing. Nobody writes.
func (l *layer) renderAll(q *queue) {
	for q.bytes > 0 {
		l.take(&l.d.chunks, &l.fresh, q, nil, nil, l.most())
	}
	l.queue(&l.fresh)
}

// take renders up to most bytes: in place where they are in one piece, else together.
func (l *layer) take(p *chunks, out *queue, q *queue, head, rest []byte, most int) (fromQueue, fromHead, fromRest int) {
	if q.bytes == 0 && (len(rest) == 0 || len(head) >= most) {
		n := min(most, len(head))
		l.render(p, out, head[:n])
		return 0, n, 0
	}
	if k := q.first; k != nil && (len(k.buf)-k.from >= most || k.next == nil && len(head)+len(rest) == 0) {
		n := min(most, len(k.buf)-k.from)
		l.render(p, out, k.buf[k.from:k.from+n])
		q.skip(p, n)
		return n, 0, 0
	}
	step := p.get(true)
	for fromQueue < most && q.first != nil {
		n := step.fill(q.first.buf[q.first.from:min(len(q.first.buf), q.first.from+most-fromQueue)])
		q.skip(p, n)
		fromQueue += n
	}
	fromHead = step.fill(head[:min(len(head), most-fromQueue)])
	fromRest = step.fill(rest[:min(len(rest), most-fromQueue-fromHead)])
	l.render(p, out, step.buf)
	p.put(step)
	return fromQueue, fromHead, fromRest
}

// render seals plain, or takes it as it is while it belongs to what was queued before there was this layer.
func (l *layer) render(p *chunks, out *queue, plain []byte) {
	if l.clear > 0 {
		l.clear -= len(plain)
		out.append(p, plain)
		return
	}
	l.seal(out, plain)
}

// queue puts q behind what is sealed.
func (l *layer) queue(q *queue) {
	l.mu.Lock()
	l.sealed.join(q)
	l.unsent.Store(l.sealed.first != nil)
	l.mu.Unlock()
}

// send writes what is sealed. Only the connection's one writer calls it.
func (l *layer) send(p *chunks) (again bool, err error) {
	if !l.dirty() {
		return false, nil
	}
	l.mu.Lock()
	l.going.join(&l.sealed)
	l.mu.Unlock()
	_, _, again, err = l.below.write(p, &l.going, nil, nil)
	l.mu.Lock()
	l.going.join(&l.sealed)
	l.sealed.join(&l.going)
	l.unsent.Store(l.sealed.first != nil)
	l.mu.Unlock()
	return again, err
}

// mostAnswers is how many bytes may wait sealed before those who read answer no more.
const mostAnswers = 2 * largeChunk

// answer queues what reading gives rise to, whole. A peer that asks and asks and does not read gets no more.
func (l *layer) answer(b []byte) {
	l.mu.Lock()
	if l.sealed.bytes < mostAnswers {
		l.sealed.append(&l.d.chunks, b)
		l.unsent.Store(true)
	}
	l.mu.Unlock()
}

func (l *layer) dirty() bool { return l.unsent.Load() || l.below.dirty() }

// sayEnd queues what is said before the end. Nobody writes any more.
func (l *layer) sayEnd() {
	if b := l.farewell(); b != nil {
		var q queue
		q.append(&l.d.chunks, b)
		l.queue(&q)
	}
	l.below.sayEnd()
}

// drop gives all memory back. Nobody reads or writes any more.
func (l *layer) drop() {
	l.release()
	l.filter.drop()
	l.mu.Lock()
	l.sealed.drop(&l.d.chunks)
	l.mu.Unlock()
	l.below.drop()
}

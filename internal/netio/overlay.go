package netio

// How a session puts a layer between itself and the socket.

// overlay puts l on top: what was appended before goes out as it is.
func (c *Conn) overlay(l *layer) {
	c.calm()
	l.clear = c.out.bytes
	c.sock.top.Store(l)
	c.unlock()
	c.fresh = l
}

// underlay puts l below top: what was appended before goes out as top renders it, and what has come and is not open yet is
// l's. Nobody is at work on top.
func (c *Conn) underlay(top, l *layer) {
	c.calm()
	q := c.take()
	n := q.bytes
	top.renderAll(&q)
	c.account(-n)
	c.written.Add(int64(n))
	top.mu.Lock()
	l.below, l.clear, top.below = top.below, top.sealed.bytes, l
	top.mu.Unlock()
	c.unlock()
	l.give(top.in[top.from:])
	top.release()
	top.want = 0
}

// calm takes c.mu when nobody writes: what a writer holds is in no queue.
func (c *Conn) calm() {
	c.mu.Lock()
	for c.opened && c.state&(writing|blocked) != 0 && c.state&closed == 0 {
		room := c.waitRoom()
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
}

// switchOver takes what the session has left of the bytes that were read: they belong to a layer that it has just asked
// for. c.feeding is held.
func (b *burst) switchOver(rest []byte) {
	c := b.c
	c.fresh.give(rest)
	c.fresh, c.expect, b.have = nil, 0, 0
	if c.carry != nil {
		if b.buf == nil {
			b.buf = c.lis.driver.buffers.get()
		}
		c.dropCarry()
	}
}

// Become makes the session that s answers the connection's, from the bytes on that this Feed leaves: those of a layer that
// it has asked for, if it has. The session that calls it hears no more, of the end neither. Session goroutine only, in Feed.
func (c *Conn) Become(s func(*Conn) Session) { c.session = s(c) }

package netio

// How a session puts a layer between itself and the socket.

// overlay puts l on top: what was appended before goes out as it is.
func (c *Conn) overlay(l *layer) {
	c.mu.Lock()
	for c.opened && c.state&(writing|blocked) != 0 && c.state&closed == 0 { // what a writer holds is in no queue
		room := c.waitRoom()
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
	l.clear = c.out.bytes
	c.sock.top.Store(l)
	c.unlock()
	c.fresh = l
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

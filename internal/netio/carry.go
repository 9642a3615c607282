package netio

// What a connection keeps between two bursts: the beginning of a unit that is not whole yet. Nothing, mostly. Small ones
// are copied out of the lent buffer and back. Larger ones stay where they are and are read behind, so that they are not
// moved again and again; from a quarter of the buffer on, the connection keeps the buffer itself. What a peer has only
// announced is not allocated: the room doubles with what comes.

const (
	carrySize = 1 << 10      // up to which beginnings are copied back
	keepFrom  = readSize / 4 // from which on the buffer itself is kept
)

// borrow gives the burst a buffer, and what was carried.
func (b *burst) borrow() {
	c, d := b.c, b.c.lis.driver
	switch {
	case cap(c.carry) == readSize:
		b.buf, b.have = c.carry[:readSize], len(c.carry)
		c.carry = nil
	case len(c.carry) <= carrySize:
		b.buf = d.buffers.get()
		b.have = copy(b.buf, c.carry)
		c.dropCarry()
	}
}

// space is where to read to: behind what there is of a unit.
func (b *burst) space() ([]byte, error) {
	if c := b.c; c.carry != nil {
		if len(c.carry) == cap(c.carry) {
			if err := b.grow(); err != nil {
				return nil, err
			}
		}
		if c.carry != nil {
			return c.carry[len(c.carry):cap(c.carry)], nil
		}
	}
	if b.have == len(b.buf) { // a unit larger than the buffer
		if err := b.outgrow(); err != nil {
			return nil, err
		}
		return b.c.carry[len(b.c.carry):cap(b.c.carry)], nil
	}
	return b.buf[b.have:], nil
}

// roomFor is how many bytes to keep for a unit of which have are there.
func (c *Conn) roomFor(have int) int {
	size := 2 * have
	if !c.known && have <= preAuthFloor { // no more in advance than what everybody may cost
		size = min(size, preAuthFloor+preAuthVerb)
	}
	if c.expect > have {
		size = min(size, c.expect)
	}
	return size
}

// grow doubles the carry, or moves it to the buffer if it fits in there.
func (b *burst) grow() error {
	c := b.c
	have := len(c.carry)
	size := c.roomFor(have)
	if size > keepFrom && have < readSize {
		if !c.hold(readSize) {
			return errPreAuth
		}
		if b.buf == nil {
			b.buf = c.lis.driver.buffers.get()
		}
		b.have = copy(b.buf, c.carry)
		c.dropCarry()
		return nil
	}
	if !c.hold(size) {
		return errPreAuth
	}
	c.carry = append(make([]byte, 0, size), c.carry...)
	return nil
}

// outgrow makes a carry of a full buffer, which it keeps.
func (b *burst) outgrow() error {
	c := b.c
	size := c.roomFor(b.have)
	if !c.hold(size) {
		return errPreAuth
	}
	c.carry = append(make([]byte, 0, size), b.buf[:b.have]...)
	b.have = 0
	return nil
}

// giveBack ends the loan. The beginning of a unit goes to the carry.
func (b *burst) giveBack() error {
	c, d := b.c, b.c.lis.driver
	if b.have == 0 {
		if b.buf != nil {
			d.buffers.put(b.buf)
		}
		if c.carry == nil && !c.hold(0) { // layers may keep something
			return errPreAuth
		}
		return nil
	}
	size := b.have
	if size > carrySize {
		size = c.roomFor(b.have)
	}
	if size >= keepFrom {
		size = readSize
	}
	if !c.hold(size) {
		d.buffers.put(b.buf)
		return errPreAuth
	}
	switch {
	case size <= carrySize:
		c.carry = append(d.carries.get()[:0], b.buf[:b.have]...)
	case size == readSize:
		c.carry = b.buf[:b.have]
		return nil
	default:
		c.carry = append(make([]byte, 0, size), b.buf[:b.have]...)
	}
	d.buffers.put(b.buf)
	return nil
}

// dropCarry gives the carry's memory back.
func (c *Conn) dropCarry() {
	switch cap(c.carry) {
	case readSize:
		c.lis.driver.buffers.put(c.carry[:readSize])
	case carrySize:
		c.lis.driver.carries.put(c.carry[:carrySize])
	}
	c.carry = nil
}

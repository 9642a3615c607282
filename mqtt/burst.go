package mqtt

import (
	"leafgate/core"
	"leafgate/mqtt/packet"
)

// A burst is the acknowledgements of what one Feed has published. They go out together, in order, when every sink that
// promised to store has stored, and after those of earlier bursts. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
type burst struct {
	core.Barrier
	conn   *conn
	acks   []byte
	n      int64    // publications at QoS 1 among them, which then no longer count as unacknowledged
	opened []uint16 // packet identifiers of those at QoS 2
	closed []uint16 // those that PUBRELs have released
	taken  int      // publications acknowledged
	bytes  int64    // of them
	next   *burst
	done   bool
	err    error

	finished func(error) // stored, so that starting one does not allocate
}

func newBurst() *burst {
	b := &burst{}
	b.finished = b.finish
	return b
}

// openBurst answers the burst of this Feed.
func (c *conn) openBurst() *burst {
	if c.burst != nil {
		return c.burst
	}
	b := c.lis.module.bursts.Get().(*burst)
	b.Reset(b.finished)
	b.conn, b.next, b.done, b.err = c, nil, false, nil
	b.acks, b.opened, b.closed, b.n, b.taken, b.bytes = b.acks[:0], b.opened[:0], b.closed[:0], 0, 0, 0
	c.burst = b
	c.ackMu.Lock()
	if c.last == nil {
		c.first = b
	} else {
		c.last.next = b
	}
	c.last = b
	c.ackMu.Unlock()
	return b
}

// holds makes b wait for whoever stores m.
func (b *burst) holds(m *core.Message) {
	m.Stored = &b.Barrier
	b.taken++
	size := int64(len(m.Raw) + len(m.Header) + len(m.Payload))
	b.bytes += size
	b.conn.step.take(size)
}

// ack adds an acknowledgement. It says no more than its reason, whether the client wants to hear of problems or not.
// [MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.4.2-3]
func (b *burst) ack(t packet.Type, v packet.Version, id uint16, code packet.Reason) {
	b.acks = packet.AppendAck(b.acks, t, v, id, code)
}

// settleBurst gives up this Feed's hold.
func (c *conn) settleBurst() {
	if b := c.burst; b != nil {
		c.burst = nil
		c.ackMu.Lock()
		c.withheld.add(b)
		c.ackMu.Unlock()
		c.noteClosed(b)
		b.Done(nil)
	}
	c.lis.module.store.Flush()
}

// noteClosed writes down which exchanges PUBRELs have ended: before the same ids begin others, and at the end of Feed.
func (c *conn) noteClosed(b *burst) {
	shelf := c.session.place()
	if len(b.closed) == 0 || shelf == nil {
		return
	}
	if err := shelf.Released(b.closed, &b.Barrier); err != nil {
		b.Add()
		b.Done(err)
	}
	b.closed = b.closed[:0]
}

// finish runs when everything of b is stored, or was not stored, on any goroutine.
func (b *burst) finish(err error) {
	c := b.conn
	c.ackMu.Lock()
	b.done, b.err = true, err
	for c.first != nil && c.first.done {
		c.send(c.first)
	}
	c.ackMu.Unlock()
	if !c.feeding.Load() { // else the end of Feed flushes
		c.net.Flush()
	}
}

// send writes the first burst's acknowledgements. c.ackMu is held.
func (c *conn) send(b *burst) {
	if c.first = b.next; c.first == nil {
		c.last = nil
	}
	c.withheld.sub(b, c.options())
	c.unacked.Add(-b.n) // before the client can hear of it
	if b.err != nil {
		b.fail(c)
	} else {
		c.net.Append(b.acks)
	}
	b.conn = nil
	c.lis.module.bursts.Put(b)
}

// fail says that nothing of b was stored: the client will send again, and what it sends is new. [MQTT-4.8.0-2] A client of
// MQTT 5 hears it message by message, others by the end of the connection.
func (b *burst) fail(c *conn) {
	for _, id := range b.opened {
		if c.session.release(id) {
			c.unacked.Add(-1)
		}
	}
	if place := c.session.place(); place != nil && len(b.opened) > 0 {
		_ = place.Released(b.opened, nil) // the journal may have them for another reason
	}
	acks, ok := packet.FailAcks(nil, b.acks, packet.QuotaExceeded)
	if c.version != packet.V5 || !ok {
		c.dismiss(errStorage.with(b.err))
		return
	}
	c.lis.module.counters.unstored.Add(int64(b.taken))
	c.net.Append(acks)
}

// countUnacked takes a PUBLISH at QoS 1 or 2 into account. [MQTT-3.3.4-7]
func (c *conn) countUnacked() error {
	if n := c.unacked.Add(1); c.version == packet.V5 && n > int64(c.quota) {
		return errReceiveMaximum
	}
	return nil
}

// lent is scratch for one Feed: idle connections own none.
type lent struct{ header, reply []byte }

func (c *conn) borrow() *lent {
	if c.lent == nil {
		c.lent = c.lis.module.lents.Get().(*lent)
	}
	return c.lent
}

func (c *conn) giveBack() {
	if c.lent != nil {
		c.lis.module.lents.Put(c.lent)
		c.lent = nil
	}
}

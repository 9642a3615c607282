package mqtt

import (
	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mqtt/packet"
)

// The backlog is what was promised to a session and not sent yet: its client is away, or has as much under way as it takes.

// deliverySize is what a delivery counts against the bounds, in bytes.
func deliverySize(d *Delivery) int {
	m := d.Message
	return len(m.Subject) + len(m.Header) + len(m.Payload) + deliveryOverhead
}

// deliveryOverhead is what a delivery counts beside its message.
const deliveryOverhead = 64

// wait puts e behind the others. s.mu is held, as in all of this file.
func (s *session) wait(e waitingEntry) {
	s.waiting.push(e)
	if e.size > 0 {
		s.bytes += int64(e.size)
		s.module.counters.queued.Add(int64(e.size))
		s.module.counters.waiting.Add(1)
	}
}

// next takes the oldest entry.
func (s *session) next() (e waitingEntry, ok bool) {
	if e, ok = s.waiting.pop(); ok && e.size > 0 {
		s.bytes -= int64(e.size)
		s.module.counters.queued.Add(-int64(e.size))
		s.module.counters.waiting.Add(-1)
	}
	return e, ok
}

// makeRoom says whether a message of size bytes may wait: the newest is refused at a bound, or the oldest dropped. Where
// memory is short, the bound is what is there.
func (s *session) makeRoom(size int) bool {
	o, freed := s.module.opts.Load(), 0
	for {
		full := s.waiting.len() >= o.maxQueued || s.bytes+int64(size) > o.maxQueuedBytes
		total := s.module.counters.queued.Load()+int64(size) > o.maxQueuedTotal
		short := freed < size && s.module.env.Memory.Full()
		if !full && !total && !short {
			return true
		}
		if !o.dropOldest {
			return false
		}
		e, ok := s.next()
		if !ok {
			return false
		}
		freed += int(e.size)
		s.queue.Done(e.pos)
		s.module.counters.refused.Add(1)
		s.lost(reason.QueueFull)
	}
}

// crowded: publishers should wait until the client has taken some.
func (s *session) crowded() bool {
	o := s.module.opts.Load()
	return s.waiting.len() > o.maxQueued/2 || s.bytes > o.maxQueuedBytes/2
}

// releaseDrained answers the barriers that need not wait any more.
func (s *session) releaseDrained() []*core.Barrier {
	o := s.module.opts.Load()
	if len(s.held) == 0 || s.waiting.len() > o.maxQueued/4 || s.bytes > o.maxQueuedBytes/4 {
		return nil
	}
	return s.releaseHeld()
}

// releaseHeld answers all barriers that wait.
func (s *session) releaseHeld() (free []*core.Barrier) {
	free, s.held = s.held, nil
	s.holds.Store(false)
	return free
}

// dropWaiting forgets everything that waits.
func (s *session) dropWaiting() {
	for {
		if _, ok := s.next(); !ok {
			return
		}
	}
}

// pump sends what waits, as far as the client takes it. It stops while much lies in the outbox, as long as something is
// under way whose acknowledgement will bring us here again.
func (s *session) pump(c *conn) {
	if s.conn.Load() != c {
		return
	}
	s.pumpAgain(c)
	for s.waiting.len() > 0 && s.mayTakeOff(c) {
		e, _ := s.next()
		d, ok := s.queue.Get(e.pos)
		if !ok {
			continue
		}
		if s.unwanted(&d) {
			s.queue.Done(e.pos)
			continue
		}
		if d.QoS == 0 { // a retained message
			s.transmit(c, &d, 0, false)
			s.queue.Done(e.pos)
			continue
		}
		s.takeOff(c, &d, e.pos)
	}
}

// unwanted: the message has expired [MQTT-3.3.2-5], or the client has lost the right to it.
func (s *session) unwanted(d *Delivery) bool {
	if d.Until != 0 && s.module.now() >= d.Until {
		s.module.counters.expired.Add(1)
		s.lost(reason.MessageExpired)
		return true
	}
	if !s.ep.Identity().Perms.CanReceive(d.Message.Subject, "") {
		s.module.counters.denied.Add(1)
		s.lost(reason.PermissionsViolation)
		return true
	}
	return false
}

// outboxLimit is how many bytes may lie in the outbox before deliveries wait: what comes behind them, such as PINGRESP,
// should not wait long.
const outboxLimit = 1 << 20

// mayTakeOff: the client takes one more, and soon. What is to be sent again comes first. [MQTT-4.6.0-1]
func (s *session) mayTakeOff(c *conn) bool {
	return s.flights.dups == 0 && s.flights.len() < max(1, c.window) && s.hasQuota(c)
}

// hasQuota: less is under way to the client than it takes. [MQTT-3.3.4-9] [MQTT-4.9.0-2]
func (s *session) hasQuota(c *conn) bool {
	n := s.flights.out()
	return n == 0 || n < c.window && c.net.Pending() < outboxLimit
}

// takeOff sends d, which is queued at pos if that is not 0, under a new packet id: now, or behind what has to wait for the
// queue.
func (s *session) takeOff(c *conn, d *Delivery, pos uint64) core.Verdict {
	f := s.flights.add(pos, d.QoS)
	if pos != 0 && s.mustWait(f) {
		f.ready = f.QoS < 2
		s.flights.delay(f)
		s.queue.Mark(pos, f.Flight)
		return core.Taken
	}
	v := s.transmit(c, d, f.id(), false)
	if v == core.Refused { // larger than the client takes: as if it were delivered [MQTT-3.1.2-25]
		s.flights.undo()
		if pos != 0 {
			s.queue.Done(pos)
		}
		return v
	}
	if pos != 0 {
		s.queue.Mark(pos, f.Flight)
	}
	return v
}

// mustWait: f cannot be sent before the queue has noted it, or something before it waits. Whoever was sent a message at
// QoS 2 must hear the same packet id whatever happens to us. [MQTT-4.3.3-3]
func (s *session) mustWait(f *flight) bool {
	return s.flights.late > 0 || f.QoS == 2 && s.queue.Lasting()
}

// takeOffKept is takeOff for what is to be kept until the client has it.
func (s *session) takeOffKept(c *conn, d *Delivery) (v core.Verdict, err error) {
	f := s.flights.add(0, d.QoS)
	if f.pos, err = s.keep(d, f.Flight); err != nil {
		s.flights.undo()
		return core.Refused, err
	}
	if s.mustWait(f) {
		f.ready = f.QoS < 2
		s.flights.delay(f)
		return core.Taken, nil
	}
	if v = s.transmit(c, d, f.id(), false); v == core.Refused {
		pos := f.pos
		s.flights.undo()
		s.queue.Done(pos)
	}
	return v, nil
}

// told hears from the queue: the delivery at pos is on disk as it is, or, with an error, it is not kept after all.
func (s *session) told(pos uint64, err error) {
	s.mu.Lock()
	f, c := s.flights.at(pos), s.conn.Load()
	switch {
	case err != nil:
		s.module.counters.refused.Add(1)
		s.lost(reason.StorageFailure)
		if f != nil && f.due {
			s.flights.remove(f.id())
		}
	case f == nil || f.ready:
	case f.State == Released:
		if f.ready = true; c != nil {
			c.sendPubrel(f.id(), packet.Success)
		}
	default:
		f.ready = true
	}
	if c != nil {
		s.pump(c)
	}
	s.unlock(s.releaseDrained())
	if c != nil {
		c.net.Flush()
	}
}

// resume sends again what the client had not acknowledged, in the old order under the old ids [MQTT-4.4.0-1]
// [MQTT-4.6.0-1], and then what waits.
func (s *session) resume(c *conn) {
	s.flights.renew()
	for _, f := range s.flights.released() {
		c.sendPubrel(f.id(), packet.Success)
	}
	s.pump(c)
}

// pumpAgain sends what is still to be sent of what has taken off, as much as the client takes.
func (s *session) pumpAgain(c *conn) {
	for s.flights.late > 0 && s.hasQuota(c) {
		f := s.flights.nextDue()
		if f == nil {
			return
		}
		id, pos, dup := f.id(), f.pos, f.dup
		s.flights.settle(f)
		d, ok := s.queue.Get(pos)
		if !ok || s.unwantedAgain(&d) || s.transmit(c, &d, id, dup) == core.Refused {
			s.giveUp(id, pos)
		}
	}
}

// unwantedAgain is unwanted for what was sent before: a QoS 2 exchange is finished even if the message has expired.
// [MQTT-4.3.3-7]
func (s *session) unwantedAgain(d *Delivery) bool {
	return !s.ep.Identity().Perms.CanReceive(d.Message.Subject, "") || d.QoS == 1 && s.unwanted(d)
}

func (s *session) giveUp(id uint16, pos uint64) {
	s.flights.remove(id)
	if s.queue != nil && pos != 0 {
		s.queue.Done(pos)
	}
}

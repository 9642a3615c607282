package mqtt

import (
	"net/netip"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
)

// The session is its client's sink. None of these block; publishers call them.
var (
	_ core.Sink      = (*session)(nil)
	_ core.Throttler = (*session)(nil)
	_ core.Addresser = (*session)(nil)
)

// RemoteAddr implements core.Addresser: a client that is away is nowhere.
func (s *session) RemoteAddr() (a netip.AddrPort) {
	if c := s.conn.Load(); c != nil {
		a = c.net.RemoteAddr()
	}
	return a
}

// Run implements core.Sink: messages at QoS 0 that look the same for many. Nobody keeps them for a client that is away.
func (s *session) Run(head, rest []byte, n int, more bool) core.Verdict {
	c := s.conn.Load()
	if c == nil {
		return core.Refused
	}
	if s.holding.Load() { // SUBACK and retained messages come first
		s.mu.Lock()
		s.mu.Unlock() //lint:ignore SA2001 waits for who holds it
	}
	v := c.net.Run(head, rest, n, more)
	if v == core.Refused {
		s.module.counters.dropped.Add(int64(n))
		s.lost(reason.OutboxFull)
	}
	return v
}

// Flush implements core.Sink.
func (s *session) Flush() {
	s.module.store.Flush()
	if c := s.conn.Load(); c != nil {
		c.net.Flush()
	}
}

// Throttle implements core.Throttler.
func (s *session) Throttle(limit <-chan struct{}) {
	if c := s.conn.Load(); c != nil {
		c.net.Throttle(limit)
	}
}

// Evict implements core.Sink: the connection ends; a session whose account is gone goes with it, by its own connection's
// goroutine or the agenda.
func (s *session) Evict(cause error) {
	e := errKicked
	switch cause {
	case core.ErrAccountRemoved:
		e = errRightsChanged.with(cause)
	case core.ErrEngineClosed:
		e = errShutdown
	}
	if c := s.conn.Load(); c != nil {
		c.dismiss(e)
	}
	if cause == core.ErrAccountRemoved {
		s.module.agenda.end(s)
	}
}

// Deliver implements core.Sink: the client gets m once for its plain subscriptions, however many match [MQTT-3.3.5-1]
// [MQTT-3.3.4-2], and once for each shared one.
func (s *session) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	plain := Delivery{Message: m}
	published, retain := publishedWith(m.Mark, s.module.opts.Load().natsQoS)
	wanted, v := false, core.Refused
	for _, x := range subs {
		sub := x.Tag.(*subscription)
		if sub.noLocal && m.From() == s.ep { // [MQTT-3.8.3-3]
			continue
		}
		v = max(v, core.Dropped) // whatever becomes of it, there is a subscriber
		d, one := &plain, Delivery{Message: m}
		if sub.shared {
			d = &one
		}
		d.QoS = max(d.QoS, min(published, sub.qos)) // [MQTT-3.8.4-6] [MQTT-3.8.4-8]
		d.Retain = d.Retain || retain && sub.asPublished
		d.add(sub)
		if sub.shared {
			v = max(v, s.deliver(d))
		} else {
			wanted = true
		}
	}
	if wanted {
		v = max(v, s.deliver(&plain))
	}
	return v
}

// deliver sends d now, or keeps it until it can be sent.
func (s *session) deliver(d *Delivery) core.Verdict {
	if seconds, ok := headerExpiry(d.Message.Header); ok {
		d.Until = s.module.now() + int64(seconds)*int64(time.Second)
	}
	s.mu.Lock()
	c := s.conn.Load()
	switch {
	case s.ended:
		s.mu.Unlock()
		return core.Refused
	case d.QoS == 0 && c == nil:
		s.mu.Unlock()
		return core.Refused
	case d.QoS == 0:
		v := s.transmit(c, d, 0, false)
		s.mu.Unlock()
		return v
	}
	v := s.promise(c, d)
	s.mu.Unlock()
	return v
}

// promise takes a delivery at QoS 1 or 2. s.mu is held.
func (s *session) promise(c *conn, d *Delivery) core.Verdict {
	direct := c != nil && s.waiting.len() == 0 && s.mayTakeOff(c)
	if direct && s.expiry == 0 { // ends with the connection: nothing will be sent again
		return s.takeOff(c, d, 0)
	}
	size := deliverySize(d)
	if !direct {
		if !s.makeRoom(size) {
			s.module.counters.refused.Add(1)
			s.lost(reason.QueueFull)
			return core.Refused
		}
	}
	var v core.Verdict
	var pos uint64
	var err error
	if direct {
		v, err = s.takeOffKept(c, d)
	} else {
		pos, err = s.keep(d, Flight{QoS: d.QoS})
	}
	switch {
	case err != nil:
		s.module.counters.refused.Add(1)
		s.lost(reason.StorageFailure)
		if b := d.Message.Stored; b != nil { // so that its publisher sends it again [MQTT-4.8.0-2]
			b.Add()
			b.Done(err)
		}
		return core.Refused
	case direct:
		return v
	}
	s.wait(waitingEntry{pos, int32(size)})
	if c != nil && s.crowded() && d.Message.Stored != nil {
		d.Message.Stored.Add() // the publisher's acknowledgement waits until there is room again
		s.held = append(s.held, d.Message.Stored)
		s.holds.Store(true)
	}
	return core.Taken
}

// keep puts a copy of d in the queue, one for all sessions that keep the message.
func (s *session) keep(d *Delivery, f Flight) (pos uint64, err error) {
	kept := *d
	if !d.Replay && !d.Passing { // else it is one already
		kept.Message = d.Message.Keep()
	}
	return s.put(kept, f, d.Message.Stored)
}

func (s *session) put(d Delivery, f Flight, stored *core.Barrier) (pos uint64, err error) {
	if s.queue == nil {
		s.queue = &memoryQueue{}
	}
	return s.queue.Put(d, f, stored)
}

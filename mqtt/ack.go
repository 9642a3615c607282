package mqtt

import (
	"leafgate/mqtt/packet"
)

// onAck takes PUBACK, PUBREC, PUBREL and PUBCOMP. What is about an id that nobody knows is ignored or answered, so that a
// client that has lost its memory can go on.
func (c *conn) onAck(raw *packet.Raw) error {
	var a packet.Ack
	if err := a.Parse(raw.Type, raw.Body, c.version); err != nil {
		return err
	}
	s := c.session
	if raw.Type == packet.PUBREL {
		return c.onPubrel(a.ID)
	}
	s.mu.Lock()
	err := s.acknowledged(c, raw.Type, &a)
	if err == nil {
		s.pump(c)
	}
	s.unlock(s.releaseDrained())
	return err
}

// acknowledged takes what the client says about a delivery. s.mu is held.
func (s *session) acknowledged(c *conn, t packet.Type, a *packet.Ack) error {
	f := s.flights.find(a.ID)
	switch {
	case f == nil && t == packet.PUBREC && !a.Reason.Failed():
		// Released once more: its PUBCOMP may have been lost. [MQTT-4.3.3-4]
		code := packet.Success
		if c.version == packet.V5 {
			code = packet.PacketIDNotFound
		}
		c.sendPubrel(a.ID, code)
		return nil
	case f == nil:
		return nil
	case !f.awaits(t):
		if c.version == packet.V5 {
			return errWrongAck
		}
		return nil
	}
	if t == packet.PUBREC && !a.Reason.Failed() { // [MQTT-4.3.3-1]
		s.flights.release(f)
		f.ready = f.pos == 0 || s.queue == nil || !s.queue.Lasting()
		if s.queue != nil && f.pos != 0 {
			s.queue.Mark(f.pos, f.Flight)
		}
		if f.ready { // else when it is on disk: nobody may hear of the message again [MQTT-4.3.3-6]
			c.sendPubrel(a.ID, packet.Success)
		}
		return nil
	}
	if s.queue != nil && f.pos != 0 {
		s.queue.Done(f.pos)
	}
	s.flights.remove(a.ID)
	return nil
}

func (c *conn) sendPubrel(id uint16, code packet.Reason) {
	var scratch [8]byte
	c.net.Append(packet.AppendAck(scratch[:0], packet.PUBREL, c.version, id, code))
}

// onPubrel ends a QoS 2 exchange of the client. It is answered behind its PUBREC, if that waits [MQTT-4.3.3-11], and when
// the end is on disk: then the client may use the id for another message.
func (c *conn) onPubrel(id uint16) error {
	code := packet.Success
	if !c.release(id) {
		code = packet.PacketIDNotFound
	}
	b := c.openBurst()
	b.closed = append(b.closed, id)
	b.ack(packet.PUBCOMP, c.version, id, code)
	return nil
}

// receive notes a QoS 2 publication of the client under id, and says whether it was there already. [MQTT-4.3.3-2]
func (s *session) receive(id uint16, most int) (again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received.has(id) {
		return true, nil
	}
	if len(s.received) >= most { // [MQTT-3.3.4-7]
		return false, errReceiveMaximum
	}
	s.received.add(id)
	return false, nil
}

// release forgets a QoS 2 publication of the client and says whether there was one.
func (c *conn) release(id uint16) bool {
	known := c.session.release(id)
	if known {
		c.unacked.Add(-1)
	}
	return known
}

func (s *session) release(id uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received.remove(id)
}

// place is where the session is stored; nil: it ends with its connection.
func (s *session) place() Shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shelf
}

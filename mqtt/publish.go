package mqtt

import (
	"errors"
	"fmt"

	"leafgate/core"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// onPublish takes a PUBLISH; frame is the whole packet.
func (c *conn) onPublish(batch *core.Batch, raw *packet.Raw, frame []byte) error {
	var p packet.Publish
	if err := p.Parse(raw.Flags, raw.Body, c.version); err != nil {
		return err
	}
	o := c.options()
	if len(p.Payload) > o.maxPayload {
		return errPayloadSize
	}
	if p.Retain && !o.retains() && c.version == packet.V5 { // [MQTT-3.2.2-14]
		return errRetain
	}
	m := batch.Message()
	*m = core.Message{Raw: p.Topic, Namer: o.namer, Payload: p.Payload}
	if c.version == packet.V5 {
		if err := c.readProperties(m, &p); err != nil {
			return c.refusePublish(&p, err)
		}
	}
	if raw.Flags == 0 && p.Properties.TopicAlias == 0 && shortest(frame, raw.Body) {
		m.Tail, m.TailForm = frame, formOf(c.version)
	}
	switch p.QoS {
	case 0:
		_, err := c.publish(batch, m, &p)
		return c.unacknowledged(err)
	case 1:
		return c.publishOnce(batch, m, &p)
	}
	return c.publishTwice(batch, m, &p)
}

// shortest says whether the remaining length of a packet is written in as few bytes as it needs, as MQTT 5 asks for and
// 3.1.1 does not.
func shortest(frame, body []byte) bool { return len(frame) == 1+packet.VarintLen(len(body))+len(body) }

// readProperties makes what MQTT 5 says about a message what the engine's currency says.
func (c *conn) readProperties(m *core.Message, p *packet.Publish) error {
	if p.Properties.Raw == nil {
		return nil
	}
	if p.Properties.TopicAlias != 0 {
		topic, err := c.resolveAlias(p.Topic, p.Properties.TopicAlias)
		if err != nil {
			return err
		}
		m.Raw = topic
	}
	l := c.borrow()
	if l.header = appendHeader(l.header[:0], &p.Properties); len(l.header) > 0 {
		m.Header = l.header
	}
	if p.Properties.ResponseTopic == nil {
		return nil
	}
	var err error
	l.reply, err = c.responseSubject(l.reply[:0], p.Properties.ResponseTopic)
	m.Reply = l.reply
	return err
}

// responseSubject appends the subject of a response topic: one that the client could read answers on, so that nobody
// answers in its name where it has no right to be.
func (c *conn) responseSubject(dst, topic []byte) ([]byte, error) {
	subject, err := mapping.AppendSubject(dst, topic)
	if err != nil { // [MQTT-3.3.2-13] [MQTT-3.3.2-14]
		return dst, err
	}
	if mapping.ReservedTopic(topic) || !c.session.ep.Identity().Perms.CanSubscribe(string(subject), "") {
		return dst, core.ErrNotAllowed
	}
	return subject, nil
}

// publish offers m to everybody who wants it. p says how it was published.
func (c *conn) publish(batch *core.Batch, m *core.Message, p *packet.Publish) (matched int, err error) {
	m.Mark = markOf(p.QoS, p.Retain)
	if p.Retain {
		if err = c.retain(batch, m, p); err != nil {
			return 0, err
		}
	}
	s := c.session
	if matched, err = batch.Publish(s.ep, m); err == nil || !isDenied(err) {
		return matched, err
	}
	if s.takeGrant(m.Raw) { // an answer that was asked for
		m.Namer = c.options().openNamer
		return batch.Publish(s.module.own.endpoint(s.ep.Account()), m)
	}
	return 0, err
}

func (c *conn) retain(batch *core.Batch, m *core.Message, p *packet.Publish) error {
	if err := batch.Resolve(c.session.ep, m); err != nil {
		return nil // Publish will say so
	}
	err := c.lis.module.keepRetained(batch, c.session.ep.Account(), m, p.QoS)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, errQuota): // [MQTT-4.8.0-2]
		return unstored(err)
	case c.version != packet.V5 || p.QoS == 0:
		return nil // counted; it goes to those who are there
	}
	return err
}

// isDenied: the client has no right to publish there, whatever the message.
func isDenied(err error) bool {
	return errors.Is(err, core.ErrNotAllowed) || errors.Is(err, mapping.ErrReserved)
}

// unacknowledged decides about a QoS 0 message that was not taken: there is nobody to tell, unless the packet is wrong.
func (c *conn) unacknowledged(err error) error {
	switch {
	case err == nil:
		return nil
	case isDenied(err):
		c.denied(err)
		if c.version != packet.V5 && c.options().closeDenied {
			return errDenied.with(err)
		}
		return nil
	case errors.Is(err, mapping.ErrLimit) && c.version == packet.V5:
		c.denied(err)
		return nil
	case errors.Is(err, errQuota):
		return nil
	case errors.Is(err, errUnstored):
		return errStorage.with(err)
	}
	return err
}

// publishOnce takes a PUBLISH at QoS 1: it is acknowledged when whoever has to has stored it. [MQTT-4.3.2-2] [MQTT-4.3.2-4]
func (c *conn) publishOnce(batch *core.Batch, m *core.Message, p *packet.Publish) error {
	if err := c.countUnacked(); err != nil {
		return err
	}
	b := c.openBurst()
	b.n++
	b.holds(m)
	matched, err := c.publish(batch, m, p)
	if failed := c.lis.module.store.Seal(&b.Barrier, nil, 0); err == nil {
		err = unstored(failed)
	}
	code, err := c.verdict(matched, err)
	if err == nil {
		b.ack(packet.PUBACK, c.version, p.ID, code)
	}
	return err
}

// errUnstored: the message was offered to whoever is there, but a session that is to keep it cannot.
var errUnstored = errors.New("message could not be stored")

func unstored(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnstored, err)
}

// publishTwice takes a PUBLISH at QoS 2. It is passed on now; until PUBREL the id stands for it. [MQTT-4.3.3-2] [MQTT-4.3.3-10]
func (c *conn) publishTwice(batch *core.Batch, m *core.Message, p *packet.Publish) error {
	if c.options().rejectQoS2 { // [MQTT-3.2.2-11]
		return errQoS2
	}
	again, err := c.session.receive(p.ID, c.quota)
	if err != nil {
		return err
	}
	b, place := c.openBurst(), c.session.place()
	if again {
		if place != nil { // what came first may still be on its way to the disk
			b.opened = append(b.opened, p.ID)
			if err = place.Received(p.ID, &b.Barrier); err != nil {
				return errStorage.with(err)
			}
		}
		b.ack(packet.PUBREC, c.version, p.ID, packet.Success)
		return nil
	}
	if err = c.countUnacked(); err != nil {
		c.release(p.ID) // it was not taken
		return err
	}
	b.holds(m)
	b.opened = append(b.opened, p.ID)
	matched, err := c.publish(batch, m, p)
	if err != nil {
		place = nil // the exchange ends here
	} else {
		c.noteClosed(b)
	}
	if failed := c.lis.module.store.Seal(&b.Barrier, place, p.ID); err == nil {
		err = unstored(failed)
	}
	code, err := c.verdict(matched, err)
	if code.Failed() { // the exchange ends here [MQTT-4.3.3-9]
		c.release(p.ID)
	}
	if err == nil {
		b.ack(packet.PUBREC, c.version, p.ID, code)
	}
	return err
}

// verdict is what an acknowledgement says, or an error that ends the connection. Before MQTT 5 an acknowledgement says
// nothing: what is not allowed is acknowledged and dropped, or ends the connection. [MQTT-3.3.5-2]
func (c *conn) verdict(matched int, err error) (packet.Reason, error) {
	var code packet.Reason
	switch {
	case err == nil && matched == 0 && c.version == packet.V5 && c.options().tellNoReceivers:
		return packet.NoMatchingSubscribers, nil
	case err == nil:
		return packet.Success, nil
	case isDenied(err):
		c.denied(err)
		if code = packet.NotAuthorized; c.options().closeDenied && c.version != packet.V5 {
			return code, errDenied.with(err)
		}
	case errors.Is(err, errUnstored) && c.version != packet.V5:
		return code, errStorage.with(err) // [MQTT-4.8.0-2]
	case errors.Is(err, errUnstored):
		c.lis.module.counters.unstored.Add(1)
		code = packet.QuotaExceeded
	case errors.Is(err, errQuota):
		code = packet.QuotaExceeded
	case errors.Is(err, mapping.ErrLimit):
		if code = packet.TopicNameInvalid; c.version != packet.V5 {
			return code, err
		}
		c.denied(err)
	default:
		return packet.Unspecified, err
	}
	if c.version != packet.V5 {
		code = packet.Success
	}
	return code, nil
}

// refusePublish answers a PUBLISH whose properties are not allowed.
func (c *conn) refusePublish(p *packet.Publish, err error) error {
	if !isDenied(err) {
		if errors.Is(err, mapping.ErrWildcard) { // [MQTT-3.3.2-14]
			return errMalformed.with(err)
		}
		return err
	}
	switch p.QoS {
	case 0:
		return c.unacknowledged(err)
	case 1:
		c.openBurst().ack(packet.PUBACK, c.version, p.ID, packet.NotAuthorized)
	default:
		c.openBurst().ack(packet.PUBREC, c.version, p.ID, packet.NotAuthorized)
	}
	c.denied(err)
	return nil
}

// The mark of a message says how it was published; without one it is from elsewhere.
const (
	markMQTT   = 0x80
	markRetain = 0x04
	markQoS    = 0x03
)

func markOf(qos byte, retain bool) uint8 {
	mark := markMQTT | qos
	if retain {
		mark |= markRetain
	}
	return mark
}

// publishedWith reads a mark: what others publish has no QoS, so it gets theirs.
func publishedWith(mark uint8, others byte) (qos byte, retain bool) {
	if mark&markMQTT == 0 {
		return others, false
	}
	return mark & markQoS, mark&markRetain != 0
}

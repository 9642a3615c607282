package mqtt

import (
	"encoding/binary"
	"math"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// transmit queues d for the client, under packet id if that is not 0. Refused: not for this client, or at QoS 0 no room.
// s.mu is held.
func (s *session) transmit(c *conn, d *Delivery, id uint16, dup bool) core.Verdict {
	var scratch [512]byte
	head, ok := s.render(scratch[:0], c, d, id, dup)
	if !ok {
		return core.Refused
	}
	if id != 0 || d.Replay { // the window bounds these, not the outbox
		c.net.AppendBoth(head, d.Message.Payload)
		return core.Taken
	}
	v := c.net.Queue(head, d.Message.Payload)
	if v == core.Refused {
		c.aliases.takeBack()
		s.module.counters.dropped.Add(1)
		s.lost(reason.OutboxFull)
	}
	return v
}

// render appends everything of a PUBLISH but its payload. False: the client cannot have it.
func (s *session) render(dst []byte, c *conn, d *Delivery, id uint16, dup bool) ([]byte, bool) {
	var topicScratch [256]byte
	var propertyScratch [256]byte
	topic, mended, ok := s.topicOf(topicScratch[:0], d.Message)
	if !ok {
		return dst, false
	}
	properties := propertyScratch[:0]
	if c.version == packet.V5 {
		properties = s.renderProperties(properties, d)
		if mended {
			properties = appendUser(properties, subjectProperty, d.Message.Subject)
		}
		room := c.fits(c.remaining(d, topic, properties) + mostAliasBytes)
		if alias, known := c.aliases.aliasFor(topic, room); alias != 0 {
			properties = packet.AppendTopicAlias(properties, alias)
			if known {
				topic = nil
			}
		}
	}
	size := c.remaining(d, topic, properties)
	if !c.fits(size) { // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
		s.module.counters.oversize.Add(1)
		s.lost(reason.MaxPacketSize)
		return dst, false
	}
	dst = packet.AppendPublishHeader(dst, flagsOf(d, dup), size)
	dst = packet.AppendString(dst, topic)
	if d.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, id)
	}
	if c.version == packet.V5 {
		dst = append(packet.AppendVarint(dst, len(properties)), properties...)
	}
	return dst, true
}

// mostAliasBytes is what an alias adds: itself, and a longer length of the properties.
const mostAliasBytes = 3 + 1

// remaining is the remaining length of a PUBLISH.
func (c *conn) remaining(d *Delivery, topic, properties []byte) int {
	n := 2 + len(topic) + len(d.Message.Payload)
	if d.QoS > 0 {
		n += 2
	}
	if c.version == packet.V5 {
		n += packet.VarintLen(len(properties)) + len(properties)
	}
	return n
}

// fits says whether the client takes a packet with this remaining length.
func (c *conn) fits(remaining int) bool {
	return remaining <= maxPacket && (c.maxPacket == 0 || 1+packet.VarintLen(remaining)+remaining <= c.maxPacket)
}

// flagsOf are the flags of the fixed header. [MQTT-3.3.1-1] [MQTT-3.3.1-2] [MQTT-3.3.1-3]
func flagsOf(d *Delivery, dup bool) byte {
	f := d.QoS << 1
	if dup && d.QoS > 0 {
		f |= 0b1000
	}
	if d.Retain {
		f |= 0b0001
	}
	return f
}

// subjectProperty is the User Property that says which subject a topic stands for that is not its own.
var subjectProperty = []byte("nats-subject")

// topicOf answers the topic of m: as its publisher wrote it, or as its subject says, mended where that is no topic.
func (s *session) topicOf(dst []byte, m *core.Message) (topic []byte, mended, ok bool) {
	if _, ours := m.Namer.(*namer); ours && len(m.Raw) > 0 {
		return m.Raw, false, true
	}
	if topic, ok = mapping.AppendTopic(dst, m.Subject); ok {
		return topic, false, true
	}
	if s.module.opts.Load().substitute {
		return mapping.AppendSubstitute(dst, m.Subject), true, true
	}
	s.module.counters.foreign.Add(1)
	s.lost(reason.NoTopic)
	return dst, false, false
}

// renderProperties appends the properties of a PUBLISH, without their length.
func (s *session) renderProperties(dst []byte, d *Delivery) []byte {
	m := d.Message
	if len(m.Header) == 0 && len(m.Reply) == 0 && len(d.IDs) == 0 && d.Until == 0 {
		return dst
	}
	o := propertyOptions{ids: d.IDs}
	if d.Until != 0 { // what is left of it [MQTT-3.3.2-6]
		o.expiry, o.hasExpiry = secondsUntil(d.Until, s.module.now()), true
	}
	var scratch [256]byte
	if len(m.Reply) > 0 {
		if topic, ok := mapping.AppendTopic(scratch[:0], m.Reply); ok {
			o.responseTopic = topic
			s.grant(m.Reply, topic)
		}
	}
	return appendProperties(dst, m.Header, o)
}

// secondsUntil is how many seconds are left, rounded up, so that a message passed on at once keeps its interval.
func secondsUntil(at, now int64) uint32 {
	left := (at - now + int64(time.Second) - 1) / int64(time.Second)
	return uint32(min(max(left, 0), math.MaxUint32))
}

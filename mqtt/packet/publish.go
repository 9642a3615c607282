package packet

import "encoding/binary"

// A Publish carries one application message, section 3.3.
type Publish struct {
	Dup, Retain bool
	QoS         byte              // 0..2
	ID          uint16            // not 0; at QoS 0 there is none and it is 0
	Topic       []byte            // empty when only an alias says it
	Properties  PublishProperties // in MQTT 5
	Payload     []byte
}

// Parse reads the body of a packet from a client. It does not look at the characters of Topic: that whoever maps the
// topic does, once for many messages. It allocates nothing.
func (p *Publish) Parse(flags byte, body []byte, v Version) error {
	return p.parse(flags, body, v, inPublish)
}

// ParseServer reads the body of a packet from a server, which may have Subscription Identifiers.
func (p *Publish) ParseServer(flags byte, body []byte, v Version) error {
	return p.parse(flags, body, v, inDelivered)
}

func (p *Publish) parse(flags byte, body []byte, v Version, in place) error {
	if legalFlags[PUBLISH]>>(flags&15)&1 == 0 {
		return flagsError(PUBLISH, flags)
	}
	p.Dup, p.QoS, p.Retain, p.ID = flags&0b1000 != 0, flags>>1&3, flags&1 != 0, 0
	if len(body) < 2 {
		return errShort
	}
	at := 2 + int(binary.BigEndian.Uint16(body))
	if len(body) < at {
		return errShort
	}
	p.Topic = body[2:at:at]
	if p.QoS > 0 { // at QoS 0 the bytes are payload [MQTT-2.3.1-5] [MQTT-2.2.1-2]
		if len(body) < at+2 {
			return errShort
		}
		if p.ID = binary.BigEndian.Uint16(body[at:]); p.ID == 0 { // [MQTT-2.3.1-1] [MQTT-2.2.1-3]
			return errPacketID
		}
		at += 2
	}
	p.Properties = PublishProperties{}
	if v == V5 {
		n, err := p.Properties.parse(body[at:], in)
		if err != nil {
			return err
		}
		at += n
	}
	p.Payload = body[at:len(body):len(body)]
	if len(p.Topic) == 0 && p.Properties.TopicAlias == 0 { // [MQTT-4.7.3-1], section 3.3.2.1
		return noTopic(v)
	}
	return nil
}

func noTopic(v Version) error {
	if v == V5 {
		return errTopicAndAlias
	}
	return errTopic
}

var (
	errTopic         = &Error{Malformed, "empty topic name"}
	errTopicAndAlias = &Error{ProtocolError, "neither topic name nor topic alias"}
)

// AppendPublish appends a whole packet. Before MQTT 5 the properties are left out.
func AppendPublish(dst []byte, v Version, p *Publish) []byte {
	dst = append(dst, byte(PUBLISH)<<4|p.flags())
	at := len(dst)
	dst = AppendString(dst, p.Topic)
	if p.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, p.ID)
	}
	if v == V5 {
		begin := len(dst)
		dst = insertLength(p.Properties.append(dst), begin, 0)
	}
	dst = insertLength(dst, at, len(p.Payload))
	return append(dst, p.Payload...)
}

// flags are the lower 4 bits of the first byte.
func (p *Publish) flags() byte {
	f := p.QoS << 1
	if p.Dup && p.QoS > 0 { // [MQTT-3.3.1-2]
		f |= 0b1000
	}
	if p.Retain {
		f |= 1
	}
	return f
}

// AppendPublishHeader appends the fixed header of a PUBLISH with these flags (DUP, QoS, RETAIN) and this remaining length.
// Behind it belong [AppendString] of the topic, the packet identifier if QoS is not 0, in MQTT 5 the length of the
// properties by [AppendVarint] and the properties, and the payload.
func AppendPublishHeader(dst []byte, flags byte, remaining int) []byte {
	return AppendVarint(append(dst, byte(PUBLISH)<<4|flags), remaining)
}

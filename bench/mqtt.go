package main

import "fmt"

// mqttDialect is MQTT 3.1.1 as far as a generator needs it.
type mqttDialect struct {
	qos        byte // of all messages and subscriptions
	persistent bool // sessions outlive their connections
}

// Types and flags of MQTT Control Packets, in place: the first byte of each.
const (
	mqttConnect     = 0x10
	mqttConnack     = 0x20
	mqttPublish     = 0x30
	mqttPuback      = 0x40
	mqttPubrec      = 0x50
	mqttPubrel      = 0x62 // [MQTT-3.6.1-1]: its flags are 0010
	mqttPubcomp     = 0x70
	mqttSubscribe   = 0x82 // [MQTT-3.8.1-1]
	mqttSuback      = 0x90
	mqttUnsubscribe = 0xa2 // [MQTT-3.10.1-1]
	mqttUnsuback    = 0xb0
	mqttPingreq     = 0xc0
	mqttPingresp    = 0xd0
	mqttDisconnect  = 0xe0

	mqttDup    = 0x08
	mqttRetain = 0x01
)

func (d mqttDialect) Connect(dst []byte, name string) []byte {
	head := "\x00\x04MQTT\x04\x02\x00\x00" // level 4, clean session, no keep alive: nobody here is ever silent by mistake
	if d.persistent {
		head = "\x00\x04MQTT\x04\x00\x00\x00"
	}
	dst = appendLength(append(dst, mqttConnect), len(head)+2+len(name))
	return append(appendUint16(append(dst, head...), len(name)), name...)
}

func (mqttDialect) Disconnect(dst []byte) []byte { return append(dst, mqttDisconnect, 0) }

func (d mqttDialect) Subscribe(dst, subject []byte, queue string, sid int) []byte {
	share := ""
	if queue != "" {
		share = "$share/" + queue + "/"
	}
	size := len(share) + len(subject)
	dst = appendLength(append(dst, mqttSubscribe), 2+2+size+1)
	dst = appendUint16(dst, sid)
	dst = append(appendUint16(dst, size), share...)
	return append(appendTopic(dst, subject), d.qos)
}

func (mqttDialect) Unsubscribe(dst, subject []byte, sid int) []byte {
	dst = appendLength(append(dst, mqttUnsubscribe), 2+2+len(subject))
	dst = appendUint16(dst, sid)
	return appendTopic(appendUint16(dst, len(subject)), subject)
}

func (d mqttDialect) Publish(dst []byte, m *unit) []byte {
	first := mqttPublish | d.qos<<1
	if m.retain {
		first |= mqttRetain
	}
	dst = appendLength(append(dst, first), d.body(len(m.subject), len(m.payload)))
	dst = appendTopic(appendUint16(dst, len(m.subject)), m.subject)
	if d.qos > 0 {
		dst = appendUint16(dst, int(m.id))
	}
	return append(dst, m.payload...)
}

// body is the remaining length of a PUBLISH.
func (d mqttDialect) body(topic, payload int) int {
	n := 2 + topic + payload
	if d.qos > 0 {
		n += 2
	}
	return n
}

func (mqttDialect) Ping(dst []byte) []byte { return append(dst, mqttPingreq, 0) }
func (d mqttDialect) QoS() byte            { return d.qos }

func (mqttDialect) Answer(dst []byte, u *unit) []byte {
	first := byte(0)
	switch {
	case u.kind == message && u.qos == 1:
		first = mqttPuback
	case u.kind == message && u.qos == 2:
		first = mqttPubrec
	case u.kind == received:
		first = mqttPubrel
	case u.kind == released:
		first = mqttPubcomp
	default:
		return dst
	}
	return appendUint16(append(dst, first, 2), int(u.id))
}

func (d mqttDialect) Delivered(subject []byte, _, payload int) int {
	n := d.body(len(subject), payload)
	return 1 + len(appendLength(nil, n)) + n
}

func (mqttDialect) Next(b []byte, u *unit) (int, error) {
	size, at := mqttLength(b)
	if at < 0 {
		return 0, fmt.Errorf("read packet %x: the remaining length is too long", b[:5])
	}
	if at == 0 || len(b) < at+size {
		return 0, nil
	}
	*u = unit{}
	body := b[at : at+size]
	var err error
	if b[0]&0xf0 == mqttPublish {
		err = mqttMessage(b[0], body, u)
	} else {
		err = mqttReply(b[0], body, u)
	}
	if err != nil {
		return 0, err
	}
	return at + size, nil
}

// mqttLength reads the remaining length and says where the body begins: 0 when that is not there yet, -1 when it never is.
func mqttLength(b []byte) (size, at int) {
	for i := 1; i < len(b); i++ {
		if i > 4 {
			return 0, -1
		}
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 {
			return size, i + 1
		}
	}
	return 0, 0
}

// mqttMessage reads the body of a PUBLISH.
func mqttMessage(first byte, body []byte, u *unit) error {
	u.kind, u.qos, u.again, u.retain = message, first>>1&3, first&mqttDup != 0, first&mqttRetain != 0
	if len(body) < 2 {
		return fmt.Errorf("read PUBLISH: %d bytes", len(body))
	}
	end := 2 + int(readUint16(body))
	tail := end
	if u.qos > 0 {
		tail += 2
	}
	if len(body) < tail || u.qos > 2 {
		return fmt.Errorf("read PUBLISH of QoS %d: %d bytes", u.qos, len(body))
	}
	if u.subject, u.payload = body[2:end], body[tail:]; u.qos > 0 {
		u.id = readUint16(body[end:])
	}
	return nil
}

// mqttReplies are the packets that a server sends besides PUBLISH, with the least size of their bodies.
var mqttReplies = [256]struct {
	kind kind
	size int // 0: no such packet comes from a server
}{
	mqttConnack: {other, 2}, mqttPuback: {settled, 2}, mqttPubrec: {received, 2}, mqttPubrel: {released, 2},
	mqttPubcomp: {settled, 2}, mqttSuback: {other, 3}, mqttUnsuback: {other, 2},
}

// mqttReply reads the body of anything but a PUBLISH.
func mqttReply(first byte, body []byte, u *unit) error {
	if first == mqttPingresp && len(body) == 0 {
		u.kind = pong
		return nil
	}
	r := mqttReplies[first]
	if r.size == 0 || len(body) != r.size {
		return fmt.Errorf("read packet of type %#02x: %d bytes", first, len(body))
	}
	u.kind, u.id = r.kind, readUint16(body)
	switch {
	case first == mqttConnack && body[1] != 0:
		u.kind, u.payload = refusal, fmt.Appendf(nil, "CONNACK %d", body[1])
	case first == mqttSuback && body[2] > 2:
		u.kind, u.payload = refusal, fmt.Appendf(nil, "SUBACK %#x", body[2])
	}
	return nil
}

func appendUint16(dst []byte, n int) []byte { return append(dst, byte(n>>8), byte(n)) }
func readUint16(b []byte) uint16            { return uint16(b[0])<<8 | uint16(b[1]) }

// appendLength writes a remaining length.
func appendLength(dst []byte, n int) []byte {
	for n > 0x7f {
		dst, n = append(dst, byte(n)|0x80), n>>7
	}
	return append(dst, byte(n))
}

// appendTopic writes a subject as a topic or filter of the same length.
func appendTopic(dst, subject []byte) []byte {
	for _, c := range subject {
		switch c {
		case '.':
			c = '/'
		case '*':
			c = '+'
		}
		dst = append(dst, c)
	}
	return dst
}

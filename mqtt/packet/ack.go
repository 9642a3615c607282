package packet

import "encoding/binary"

// An Ack is a PUBACK, PUBREC, PUBREL or PUBCOMP, sections 3.4 to 3.7. Its User Properties are checked and passed over.
type Ack struct {
	ID           uint16 // of the PUBLISH
	Reason       Reason
	ReasonString []byte
}

var (
	publishReasons = reasons(Success, NoMatchingSubscribers, Unspecified, ImplementationSpecific, NotAuthorized,
		TopicNameInvalid, PacketIDInUse, QuotaExceeded, PayloadFormatInvalid)
	releaseReasons = reasons(Success, PacketIDNotFound)
)

// Parse reads the body of a packet of type t. It allocates nothing.
func (a *Ack) Parse(t Type, body []byte, v Version) error {
	if len(body) == 2 { // a v5 sender may leave out Success, section 3.4.2.1
		*a = Ack{ID: binary.BigEndian.Uint16(body)}
		return nil
	}
	if v != V5 && len(body) > 2 {
		return errLeftOver
	}
	allowed := &publishReasons // [MQTT-3.4.2-1] [MQTT-3.5.2-1]
	if t == PUBREL || t == PUBCOMP {
		allowed = &releaseReasons // [MQTT-3.6.2-1] [MQTT-3.7.2-1]
	}
	r := reader{b: body}
	*a = Ack{ID: r.uint16(), Reason: r.reason(allowed)}
	if len(r.b) > 0 { // properties may be left out too, section 3.4.2.2.1
		a.ReasonString, _ = r.answer()
	}
	return r.end()
}

// answer reads the properties of a packet that has a Reason String at most.
func (r *reader) answer() (text []byte, raw Block) {
	w := r.walk(inAck)
	for w.next() {
		if w.id == reasonString {
			text = w.data
		}
	}
	return text, r.leave(&w)
}

// AppendAck appends a packet of type t. Success is left out, and so is every reason before MQTT 5, which cannot say it.
func AppendAck(dst []byte, t Type, v Version, id uint16, r Reason) []byte {
	if r == Success || v != V5 {
		return append(dst, t.first(), 2, byte(id>>8), byte(id))
	}
	return append(dst, t.first(), 3, byte(id>>8), byte(id), byte(r))
}

// FailAcks appends the PUBACKs and PUBRECs in acks, packets that AppendAck has written, with reason r in place of what
// did not fail anyway. False: there are others among them.
func FailAcks(dst, acks []byte, r Reason) (_ []byte, ok bool) {
	for len(acks) >= 4 {
		t, n := Type(acks[0]>>4), 2+int(acks[1])
		if t != PUBACK && t != PUBREC || len(acks) < n {
			return dst, false
		}
		if n == 5 && Reason(acks[4]).Failed() {
			dst = append(dst, acks[:n]...)
		} else {
			dst = AppendAck(dst, t, V5, uint16(acks[2])<<8|uint16(acks[3]), r)
		}
		acks = acks[n:]
	}
	return dst, len(acks) == 0
}

// AppendAckReason appends a packet of MQTT 5 with a Reason String; nil is none.
func AppendAckReason(dst []byte, t Type, id uint16, r Reason, reason []byte) []byte {
	if reason == nil {
		return AppendAck(dst, t, V5, id, r)
	}
	dst = append(dst, t.first())
	at := len(dst)
	dst = append(dst, byte(id>>8), byte(id), byte(r))
	begin := len(dst)
	dst = insertLength(appendBytes(dst, reasonString, reason), begin, 0)
	return insertLength(dst, at, 0)
}

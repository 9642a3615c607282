package packet

import "encoding/binary"

// A Suback answers a SUBSCRIBE, section 3.9.
type Suback struct {
	ID           uint16
	Codes        []Reason // one for each filter, copied: granted QoS or failure
	ReasonString []byte
	Raw          Block // for User Properties
}

var (
	subackReasons = reasons(GrantedQoS0, GrantedQoS1, GrantedQoS2, Unspecified, ImplementationSpecific, NotAuthorized,
		TopicFilterInvalid, PacketIDInUse, QuotaExceeded, SharedNotSupported, SubIDsNotSupported, WildcardsNotSupported)
	subackReasonsV3 = reasons(GrantedQoS0, GrantedQoS1, GrantedQoS2, Unspecified)
)

// Parse reads a body, for clients.
func (s *Suback) Parse(body []byte, v Version) error {
	r := reader{b: body}
	*s = Suback{ID: r.packetID()}
	if v != V5 {
		s.Codes = r.reasons(&subackReasonsV3) // [MQTT-3.9.3-2] of 3.1.1
		return r.err
	}
	s.ReasonString, s.Raw = r.answer()
	s.Codes = r.reasons(&subackReasons) // [MQTT-3.9.3-2]
	return r.err
}

// reasons reads one code or more, up to the end.
func (r *reader) reasons(allowed *reasonSet) (codes []Reason) {
	for ok := true; ok; ok = len(r.b) > 0 {
		codes = append(codes, r.reason(allowed))
	}
	return codes
}

// AppendSuback appends a SUBACK with one code for each filter, in order. Before MQTT 5 every failure is 0x80.
// [MQTT-3.8.4-5] [MQTT-3.9.3-1] [MQTT-3.9.3-2]
func AppendSuback(dst []byte, v Version, id uint16, codes ...Reason) []byte {
	dst = appendAnswered(dst, SUBACK, v, id, len(codes))
	for _, code := range codes {
		if v != V5 && code.Failed() {
			code = Unspecified
		}
		dst = append(dst, byte(code))
	}
	return dst
}

// appendAnswered appends what SUBACK and UNSUBACK begin with, in front of n codes.
func appendAnswered(dst []byte, t Type, v Version, id uint16, n int) []byte {
	if v == V5 {
		dst = AppendVarint(append(dst, t.first()), 3+n)
		return append(dst, byte(id>>8), byte(id), 0) // [MQTT-2.2.2-1]
	}
	dst = AppendVarint(append(dst, t.first()), 2+n)
	return binary.BigEndian.AppendUint16(dst, id)
}

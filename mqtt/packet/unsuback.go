package packet

// An Unsuback answers an UNSUBSCRIBE, section 3.11.
type Unsuback struct {
	ID           uint16
	Codes        []Reason // one for each filter, copied; none before MQTT 5
	ReasonString []byte
	Raw          Block // for User Properties
}

var unsubackReasons = reasons(Success, NoSubscriptionExisted, Unspecified, ImplementationSpecific, NotAuthorized,
	TopicFilterInvalid, PacketIDInUse)

// Parse reads a body, for clients.
func (u *Unsuback) Parse(body []byte, v Version) error {
	r := reader{b: body}
	*u = Unsuback{ID: r.packetID()}
	if v != V5 {
		return r.end()
	}
	u.ReasonString, u.Raw = r.answer()
	u.Codes = r.reasons(&unsubackReasons) // [MQTT-3.11.3-2]
	return r.err
}

// AppendUnsuback appends an UNSUBACK with one code for each filter, in order; before MQTT 5 it has none.
// [MQTT-3.10.4-4] [MQTT-3.11.3-1]
func AppendUnsuback(dst []byte, v Version, id uint16, codes ...Reason) []byte {
	if v != V5 {
		codes = nil
	}
	dst = appendAnswered(dst, UNSUBACK, v, id, len(codes))
	for _, code := range codes {
		dst = append(dst, byte(code))
	}
	return dst
}

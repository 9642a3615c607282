package mqtt

import (
	"leafgate/core"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// The two forms of a PUBLISH at QoS 0 without RETAIN, which looks the same for many: before MQTT 5, and in it. A client's
// own such packet is passed on as it came.
type (
	form3 struct{}
	form5 struct{}
)

var (
	_ core.Form  = form3{}
	_ core.Form  = form5{}
	_ core.Asker = form5{}

	_ core.SubjectTail = form3{}
	_ core.SubjectTail = form5{}
)

func formOf(v packet.Version) core.Form {
	if v == packet.V5 {
		return form5{}
	}
	return form3{}
}

// TailHasSubject implements core.SubjectTail: a packet holds its topic.
func (form3) TailHasSubject() {}
func (form5) TailHasSubject() {}

// Prefix implements core.Form: the topic.
func (form3) Prefix(dst, subject []byte, _ any) []byte {
	dst = append(dst, 0, 0)
	at := len(dst)
	dst, ok := mapping.AppendTopic(dst, subject)
	if !ok {
		dst = mapping.AppendSubstitute(dst, subject)
	}
	n := len(dst) - at
	dst[at-2], dst[at-1] = byte(n>>8), byte(n)
	return dst
}

// Append implements core.Form.
func (form3) Append(dst, prefix []byte, m *core.Message) []byte {
	if _, ours := m.TailForm.(form3); ours && m.Tail != nil {
		return append(dst, m.Tail...)
	}
	dst = packet.AppendPublishHeader(dst, 0, len(prefix)+len(m.Payload))
	return append(append(dst, prefix...), m.Payload...)
}

// Split implements core.Form.
func (form3) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	if _, ours := m.TailForm.(form3); ours && m.Tail != nil {
		return dst, m.Tail
	}
	dst = packet.AppendPublishHeader(dst, 0, len(prefix)+len(m.Payload))
	return append(dst, prefix...), m.Payload
}

// Prefix implements core.Form.
func (form5) Prefix(dst, subject []byte, tag any) []byte { return form3{}.Prefix(dst, subject, tag) }

// Append implements core.Form.
func (f form5) Append(dst, prefix []byte, m *core.Message) []byte {
	dst, rest := f.Split(dst, prefix, m)
	return append(dst, rest...)
}

// Split implements core.Form.
func (form5) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	if _, ours := m.TailForm.(form5); ours && m.Tail != nil {
		return dst, m.Tail
	}
	var scratch [256]byte
	properties := scratch[:0]
	if len(m.Header) > 0 {
		var o propertyOptions
		o.expiry, o.hasExpiry = headerExpiry(m.Header)
		properties = appendProperties(properties, m.Header, o)
	}
	n := len(properties)
	dst = packet.AppendPublishHeader(dst, 0, len(prefix)+packet.VarintLen(n)+n+len(m.Payload))
	dst = packet.AppendVarint(append(dst, prefix...), n)
	return append(dst, properties...), m.Payload
}

// Asks implements core.Asker: who answers must be known, to be let do so.
func (form5) Asks() {}

// wanted is what the subscriptions of clients accept of what their patterns match.
type wanted struct {
	plain   bool // hide what begins with $ or is reserved: the filter begins with a wildcard [MQTT-4.7.2-1]
	foreign bool // show what is no topic
}

// Accepts implements core.Filter.
func (w wanted) Accepts(subject []byte) bool {
	if w.plain && len(subject) > 0 && (subject[0] == '$' || mapping.ReservedSubject(subject)) {
		return false
	}
	if w.foreign {
		return true
	}
	var scratch [256]byte
	_, ok := mapping.AppendTopic(scratch[:0], subject)
	return ok
}

package mqtt

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"leafgate/mqtt/packet"
)

// propertyOptions are the properties of a PUBLISH that no header says.
type propertyOptions struct {
	responseTopic []byte   // without wildcards; empty: none
	ids           []uint32 // subscription identifiers, each 1 to packet.MaxVarint
	expiry        uint32   // what is left of the message expiry interval, in seconds, if hasExpiry
	hasExpiry     bool
}

// appendProperties appends the property block, without its length, that tells a subscriber what header and o say. header is
// a whole header block, or empty, and anybody may have written it: what MQTT cannot say is left out.
func appendProperties(dst, header []byte, o propertyOptions) []byte {
	dst = appendHeaderProperties(dst, header)
	if len(o.responseTopic) > 0 {
		dst = appendText(dst, idResponseTopic, o.responseTopic)
	}
	if o.hasExpiry {
		dst = binary.BigEndian.AppendUint32(append(dst, idMessageExpiry), o.expiry)
	}
	for _, id := range o.ids {
		dst = packet.AppendSubscriptionID(dst, id)
	}
	return dst
}

// appendHeaderProperties appends what the opaque field of header holds, if there is one, or else what its fields say.
func appendHeaderProperties(dst, header []byte) []byte {
	if opaque, ok := headerValue(header, fieldProperties); ok {
		if decoded, ok := appendDecoded(dst, opaque); ok {
			return decoded
		}
	}
	if code, description := headerStatus(header); len(code) > 0 {
		dst = appendUser(dst, []byte("Status"), code)
		if len(description) > 0 {
			dst = appendUser(dst, []byte("Description"), description)
		}
	}
	var seen uint64
	for name, value := range fields(header) {
		dst = appendFieldProperty(dst, name, value, &seen)
	}
	return dst
}

// appendFieldProperty appends the property that a field stands for, if any; seen has the bit of each that came before, since
// only User Properties may repeat.
func appendFieldProperty(dst, name, value []byte, seen *uint64) []byte {
	var id byte
	switch string(name) {
	case fieldExpiry, fieldRetain, fieldQoS, fieldProperties:
		return dst
	case fieldContentType:
		id = idContentType
	case fieldFormat:
		id = idPayloadFormat
	case fieldCorrelation:
		id = idCorrelationData
	default:
		return appendUser(dst, name, value)
	}
	if *seen>>id&1 != 0 {
		return dst
	}
	*seen |= 1 << id
	switch id {
	case idContentType:
		return appendText(dst, id, value)
	case idPayloadFormat:
		return appendFormat(dst, value)
	}
	return appendCorrelation(dst, value)
}

// appendText appends a property whose value is a string, if value can be one.
func appendText(dst []byte, id byte, value []byte) []byte {
	if !isString(value) {
		return dst
	}
	return packet.AppendString(append(dst, id), value)
}

// appendFormat appends a Payload Format Indicator.
func appendFormat(dst, value []byte) []byte {
	if string(value) != "0" && string(value) != "1" {
		return dst
	}
	return append(dst, idPayloadFormat, value[0]-'0')
}

// appendCorrelation appends the Correlation Data that value encodes.
func appendCorrelation(dst, value []byte) []byte {
	at := len(dst)
	dst, err := base64.StdEncoding.AppendDecode(append(dst, idCorrelationData, 0, 0), value)
	n := len(dst) - at - 3
	if err != nil || n > math.MaxUint16 {
		return dst[:at]
	}
	binary.BigEndian.PutUint16(dst[at+1:], uint16(n))
	return dst
}

// appendUser appends a User Property, if name and value can be strings.
func appendUser(dst, name, value []byte) []byte {
	if !isString(name) || !isString(value) {
		return dst
	}
	return packet.AppendUser(dst, name, value)
}

// isString says whether b can be a string of a packet. [MQTT-1.5.4-1]
func isString(b []byte) bool { return len(b) <= math.MaxUint16 && isText(b) }

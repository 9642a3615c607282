package mqtt

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"leafgate/mqtt/packet"
)

// The fields of a header block that mean something here. PROPERTIES.md says what becomes of which.
const (
	fieldContentType = "Content-Type"
	fieldFormat      = "Mqtt-Format"      // 1: the payload is UTF-8; 0: bytes, as without
	fieldExpiry      = "Mqtt-Expiry"      // message expiry interval in seconds
	fieldCorrelation = "Mqtt-Correlation" // correlation data, base64
	fieldProperties  = "Mqtt-Properties"  // a property block, base64url
	fieldRetain      = "Mqtt-Retain"
	fieldQoS         = "Mqtt-Qos"

	// The one field of a server's that clients may set: a stream recognizes by it what was published twice.
	fieldMessageID = "Nats-Msg-Id"
)

const (
	statusLine = "NATS/1.0" // begins every header block
	newline    = "\r\n"
)

// appendHeader appends the properties of a PUBLISH or of a Will as a whole header block, or nothing when there is nothing
// to say. The Response Topic is not in it: it travels as the reply subject. p is read only.
//
// What a header block cannot hold, and the order of the User Properties, is in one opaque field that only [appendProperties]
// reads. [MQTT-3.3.2-4] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
func appendHeader(dst []byte, p *packet.PublishProperties) []byte {
	if p.ContentType == nil && !p.HasFormat && !p.HasExpiry && p.CorrelationData == nil && p.User == 0 {
		return dst
	}
	dst = append(dst, statusLine+newline...)
	if p.ContentType != nil && isFieldValue(p.ContentType) {
		dst = appendField(dst, fieldContentType, p.ContentType)
	}
	if p.HasFormat {
		dst = append(append(dst, fieldFormat+": "...), '0'+p.PayloadFormat)
		dst = append(dst, newline...)
	}
	if p.HasExpiry {
		dst = strconv.AppendUint(append(dst, fieldExpiry+": "...), uint64(p.Expiry), 10)
		dst = append(dst, newline...)
	}
	if p.CorrelationData != nil {
		dst = base64.StdEncoding.AppendEncode(append(dst, fieldCorrelation+": "...), p.CorrelationData)
		dst = append(dst, newline...)
	}
	for name, value := range p.Users() {
		if isToken(name) && !isReserved(name) && isFieldValue(value) {
			dst = appendField(dst, name, value)
		}
	}
	if p.User > 0 || !isFieldValue(p.ContentType) {
		dst = appendOpaque(dst, p.Raw)
	}
	return append(dst, newline...)
}

func appendField[T ~string | ~[]byte](dst []byte, name T, value []byte) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), newline...)
}

// isToken says whether name may be the name of a field: a token of RFC 9110, section 5.6.2.
func isToken(name []byte) bool {
	for _, c := range name {
		if !isTokenByte(c) {
			return false
		}
	}
	return len(name) > 0
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}

// isFieldValue says whether value may be the value of a field, RFC 9110, section 5.5: no control characters but tab. So
// nothing in it is taken for another line, and no reader refuses the block for it.
func isFieldValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// reservedPrefixes begin the names of fields that readers trust to come from a server.
var reservedPrefixes = [][]byte{[]byte("Nats-"), []byte("Mqtt-")}

// reservedNames have a meaning of their own; client libraries report the status of a message as the last two.
var reservedNames = [][]byte{[]byte(fieldContentType), []byte("Status"), []byte("Description")}

// isReserved says whether no User Property becomes a field of this name, in whatever case: it would be taken for something
// that a server or the gateway said.
func isReserved(name []byte) bool {
	if string(name) == fieldMessageID {
		return false
	}
	for _, prefix := range reservedPrefixes {
		if len(name) >= len(prefix) && bytes.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	for _, reserved := range reservedNames {
		if bytes.EqualFold(name, reserved) {
			return true
		}
	}
	return false
}

package mqtt

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// The identifiers of the properties of PUBLISH and Will, section 2.2.2.2 of MQTT 5.
const (
	idPayloadFormat   = 0x01
	idMessageExpiry   = 0x02
	idContentType     = 0x03
	idResponseTopic   = 0x08
	idCorrelationData = 0x09
	idSubscriptionID  = 0x0B
	idWillDelay       = 0x18
	idTopicAlias      = 0x23
	idUserProperty    = 0x26
)

// carriedIDs has the bit of each property that the opaque field carries. The others end at the gateway, change on the way,
// or travel as the reply subject.
const carriedIDs uint64 = 1<<idPayloadFormat | 1<<idContentType | 1<<idCorrelationData | 1<<idUserProperty

// appendOpaque appends the opaque field for the property block raw.
func appendOpaque(dst, raw []byte) []byte {
	at := len(dst)
	dst, ok := appendCarried(append(dst, fieldProperties+": "...), raw)
	if !ok {
		return dst[:at]
	}
	at += len(fieldProperties + ": ")
	n := len(dst) - at
	size := base64.URLEncoding.EncodedLen(n)
	dst = slices.Grow(dst, size)[:at+size+n] // the block moves up, so that its code fits before it
	copy(dst[at+size:], dst[at:at+n])
	base64.URLEncoding.Encode(dst[at:], dst[at+size:])
	return append(dst[:at+size], newline...)
}

// appendDecoded appends the property block that the value of an opaque field stands for. It is false when that is no
// well-formed one; dst is then as it was. Anybody may have written value.
func appendDecoded(dst, value []byte) (decoded []byte, ok bool) {
	buf, err := base64.URLEncoding.AppendDecode(dst, value)
	if err != nil {
		return dst, false
	}
	return appendCarried(buf[:len(dst)], buf[len(dst):])
}

// appendCarried appends what an opaque field carries of a property block, in order and byte by byte. It is false when block
// is no well-formed block of a PUBLISH or a Will; what is appended is then of no use. block may lie right behind dst in
// memory: what is appended never gets ahead of what was read.
func appendCarried(dst, block []byte) (carried []byte, ok bool) {
	for seen := uint64(0); len(block) > 0; {
		id, n := block[0], propertyLen(block)
		if n < 0 || seen>>id&1 != 0 && id != idUserProperty {
			return dst, false
		}
		if carriedIDs>>id&1 != 0 {
			dst = append(dst, block[:n]...)
		}
		seen |= 1 << id
		block = block[n:]
	}
	return dst, true
}

// propertyLen is how many bytes the property at the beginning of b takes; -1: it is not well-formed, or has no place in a
// PUBLISH or a Will. b is not empty.
func propertyLen(b []byte) int {
	n := -1
	switch b[0] {
	case idPayloadFormat:
		if len(b) > 1 && b[1] <= 1 {
			n = 2
		}
	case idTopicAlias:
		n = 3
	case idMessageExpiry, idWillDelay:
		n = 5
	case idSubscriptionID:
		n = varintEnd(b, 1)
	case idContentType, idResponseTopic:
		n = textEnd(b, 1)
	case idCorrelationData:
		n = dataEnd(b, 1)
	case idUserProperty:
		if n = textEnd(b, 1); n > 0 {
			n = textEnd(b, n)
		}
	}
	if n > len(b) {
		return -1
	}
	return n
}

// varintEnd is where the variable byte integer at b[at:] ends, or -1.
func varintEnd(b []byte, at int) int {
	for i := at; i < min(len(b), at+4); i++ {
		if b[i] < 0x80 {
			return i + 1
		}
	}
	return -1
}

// dataEnd is where the binary data at b[at:] ends, or -1.
func dataEnd(b []byte, at int) int {
	if len(b) < at+2 {
		return -1
	}
	end := at + 2 + int(binary.BigEndian.Uint16(b[at:]))
	if end > len(b) {
		return -1
	}
	return end
}

// textEnd is where the string at b[at:] ends, or -1.
func textEnd(b []byte, at int) int {
	end := dataEnd(b, at)
	if end < 0 || !isText(b[at+2:end]) {
		return -1
	}
	return end
}

// isText says whether b may be a string: UTF-8 without U+0000. [MQTT-1.5.4-1] [MQTT-1.5.4-2]
func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

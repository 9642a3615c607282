package mapping

import "bytes"

// ReservedTopic says whether the first level of a topic or filter is reserved: $ or _ alone or followed only by A-Z, 0-9
// and _, or anything that begins with _INBOX. These are where servers and clients of NATS talk to each other. It is the
// same as [ReservedSubject] of what the topic maps to, so that a topic can be refused before it is mapped.
func ReservedTopic(topic []byte) bool { return reserved(topic, '/', '/') }

// ReservedSubject says whether the first token of a subject is reserved, as [ReservedTopic].
func ReservedSubject(subject []byte) bool { return reserved(subject, '.', '.') }

// Reserved is for where it is not known which of the two b is: it says whether b is reserved as a topic or as a subject.
// So it is also true for topics like "$A.b", which [ReservedTopic] knows to be harmless.
func Reserved(b []byte) bool { return reserved(b, '/', '.') }

// reserved looks at what comes before one of two separators.
func reserved(s []byte, end, orEnd byte) bool {
	if len(s) == 0 || s[0] != '$' && s[0] != '_' {
		return false
	}
	if bytes.HasPrefix(s, inbox) {
		return true
	}
	for _, c := range s[1:] {
		if c == end || c == orEnd {
			return true
		}
		if (c < 'A' || 'Z' < c) && (c < '0' || '9' < c) && c != '_' {
			return false
		}
	}
	return true
}

var inbox = []byte("_INBOX")

// NeverOpens says of what is reserved whether no permission opens it to MQTT clients: the first level, or token, is $MQTT,
// _R_, _GR_, $SYS, $NRG or $GNR.
func NeverOpens(b []byte) bool {
	if n := bytes.IndexAny(b, "/."); n >= 0 {
		b = b[:n]
	}
	switch string(b) {
	case "$MQTT", "_R_", "_GR_", "$SYS", "$NRG", "$GNR":
		return true
	}
	return false
}

package packet

// An Error is one way to violate the protocol. Its reason is found by errors.As with a *[Reason].
type Error struct {
	Reason Reason
	Text   string // for the log, in the words of the standard
}

// Error returns the name of the reason and the text.
func (e *Error) Error() string { return e.Reason.String() + ": " + e.Text }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Reason }

// What a server must tell apart in a CONNECT that it cannot read.
var (
	// ErrProtocolName: the peer speaks something else. It gets no CONNACK: there is no format that it is known to read.
	ErrProtocolName error = &Error{UnsupportedVersion, "protocol name is not MQTT"}
	// ErrLevel: the peer speaks a version that is not spoken here. Connect.Version is the one to write the CONNACK in.
	ErrLevel error = &Error{UnsupportedVersion, "protocol level not supported"}
)

// What can be wrong with a fixed header.
var (
	errType     = &Error{Malformed, "reserved packet type"}
	errFlags    = &Error{Malformed, "reserved flags of the fixed header"}
	errQoS      = &Error{Malformed, "PUBLISH with QoS 3"}
	errDup      = &Error{Malformed, "PUBLISH with DUP at QoS 0"}
	errLength   = &Error{Malformed, "variable byte integer of more than 4 bytes"}
	errLongForm = &Error{Malformed, "variable byte integer not in its shortest form"}
	errTooLarge = &Error{PacketTooLarge, "remaining length above the maximum"}
	errPing     = &Error{Malformed, "ping with a body"}
)

// What can be wrong with a body of more than one kind of packet.
var (
	errShort    = &Error{Malformed, "packet ends too early"}
	errLeftOver = &Error{Malformed, "bytes left over behind the last field"}
	errString   = &Error{Malformed, "string is not UTF-8 or holds U+0000"}
	errPacketID = &Error{ProtocolError, "packet identifier 0"}
	errReason   = &Error{ProtocolError, "reason code not allowed in this packet"}
	errFilters  = &Error{ProtocolError, "no topic filter"}
)

// What can be wrong with properties.
var (
	errPropertyID    = &Error{Malformed, "unknown property"}
	errPropertyPlace = &Error{ProtocolError, "property not allowed in this packet"}
	errPropertyTwice = &Error{ProtocolError, "property given twice"}
	errPropertyValue = &Error{ProtocolError, "property out of its range"}
	errTopicAlias    = &Error{TopicAliasInvalid, "topic alias 0"}
)

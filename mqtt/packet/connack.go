package packet

// A Connack answers a CONNECT, section 3.2. A property that is zero is not sent, which means the standard's default.
type Connack struct {
	SessionPresent bool // not with a failure, and not in MQTT 3.1
	Reason         Reason

	// Properties of MQTT 5.
	HasSessionExpiry           bool
	SessionExpiry              uint32 // in seconds, where it is not what the client asked for
	ReceiveMaximum             uint16
	HasMaximumQoS              bool
	MaximumQoS                 byte   // 0 or 1
	MaximumPacketSize          uint32 // in bytes, of whole packets
	AssignedClientID           []byte
	TopicAliasMaximum          uint16
	ReasonString               []byte
	HasServerKeepAlive         bool
	ServerKeepAlive            uint16 // in seconds
	ResponseInformation        []byte
	ServerReference            []byte
	AuthMethod                 []byte
	AuthData                   []byte
	RetainUnavailable          bool
	WildcardsUnavailable       bool
	SubscriptionIDsUnavailable bool
	SharedUnavailable          bool
	Raw                        Block // for User Properties
}

// Append appends a whole packet. Before MQTT 5 a reason without a return code appends nothing: such a client is left
// without a CONNACK. [MQTT-3.2.2-6] of 3.1.1
func (c *Connack) Append(dst []byte, v Version) []byte {
	var present byte
	if c.SessionPresent && c.Reason == Success && v != V31 { // [MQTT-3.2.2-4] of 3.1.1, [MQTT-3.2.2-6]
		present = 1
	}
	if v != V5 {
		code, ok := V3Code(c.Reason)
		if !ok {
			return dst
		}
		return append(dst, CONNACK.first(), 2, present, code)
	}
	dst = append(dst, CONNACK.first())
	at := len(dst)
	dst = append(dst, present, byte(c.Reason))
	begin := len(dst)
	dst = insertLength(c.appendProperties(dst), begin, 0)
	return insertLength(dst, at, 0)
}

func (c *Connack) appendProperties(dst []byte) []byte {
	dst = appendIf(dst, c.HasSessionExpiry, sessionExpiry, c.SessionExpiry)
	dst = appendIf(dst, c.ReceiveMaximum != 0, receiveMaximum, uint32(c.ReceiveMaximum))
	dst = appendIf(dst, c.HasMaximumQoS, maximumQoS, uint32(c.MaximumQoS))
	dst = appendIf(dst, c.RetainUnavailable, retainAvailable, 0)
	dst = appendIf(dst, c.MaximumPacketSize != 0, maximumPacketSize, c.MaximumPacketSize)
	dst = appendBytes(dst, assignedClientID, c.AssignedClientID)
	dst = appendIf(dst, c.TopicAliasMaximum != 0, topicAliasMaximum, uint32(c.TopicAliasMaximum))
	dst = appendBytes(dst, reasonString, c.ReasonString)
	dst = appendIf(dst, c.WildcardsUnavailable, wildcardsAvailable, 0)
	dst = appendIf(dst, c.SubscriptionIDsUnavailable, subIDsAvailable, 0)
	dst = appendIf(dst, c.SharedUnavailable, sharedAvailable, 0)
	dst = appendIf(dst, c.HasServerKeepAlive, serverKeepAlive, uint32(c.ServerKeepAlive))
	dst = appendBytes(dst, responseInformation, c.ResponseInformation)
	dst = appendBytes(dst, serverReference, c.ServerReference)
	dst = appendBytes(dst, authMethod, c.AuthMethod)
	dst = appendBytes(dst, authData, c.AuthData)
	return appendUsers(dst, c.Raw)
}

var (
	connackReasons = reasons(Success, Unspecified, Malformed, ProtocolError, ImplementationSpecific, UnsupportedVersion,
		ClientIDNotValid, BadUserNameOrPassword, NotAuthorized, ServerUnavailable, ServerBusy, Banned,
		BadAuthenticationMethod, TopicNameInvalid, PacketTooLarge, QuotaExceeded, PayloadFormatInvalid, RetainNotSupported,
		QoSNotSupported, UseAnotherServer, ServerMoved, ConnectionRateExceeded)

	errConnackFlags = &Error{Malformed, "reserved connect acknowledge flags"}
	errPresent      = &Error{ProtocolError, "session present with a failure"}
	errReturnCode   = &Error{ProtocolError, "reserved return code"}
)

// Parse reads a body, for clients. A return code from before MQTT 5 becomes the reason that V3Code has it for.
func (c *Connack) Parse(body []byte, v Version) error {
	r := reader{b: body}
	flags := r.uint8()
	if v == V31 { // where the byte is reserved and means nothing
		flags = 0
	}
	*c = Connack{SessionPresent: flags == 1}
	switch {
	case flags > 1: // [MQTT-3.2.2-1]
		r.fail(errConnackFlags)
	case v == V5:
		c.Reason = r.reason(&connackReasons) // [MQTT-3.2.2-8]
		c.properties(&r)
	default:
		c.Reason = r.returnCode()
	}
	if c.SessionPresent && c.Reason != Success { // [MQTT-3.2.2-4] of 3.1.1, [MQTT-3.2.2-6]
		r.fail(errPresent)
	}
	return r.end()
}

func (c *Connack) properties(r *reader) {
	w := r.walk(inConnack)
	for w.next() {
		switch w.id {
		case sessionExpiry:
			c.SessionExpiry, c.HasSessionExpiry = w.number, true
		case receiveMaximum:
			c.ReceiveMaximum = uint16(w.number)
		case maximumQoS:
			c.MaximumQoS, c.HasMaximumQoS = byte(w.number), true
		case maximumPacketSize:
			c.MaximumPacketSize = w.number
		case topicAliasMaximum:
			c.TopicAliasMaximum = uint16(w.number)
		case serverKeepAlive:
			c.ServerKeepAlive, c.HasServerKeepAlive = uint16(w.number), true
		case retainAvailable:
			c.RetainUnavailable = w.number == 0
		case wildcardsAvailable:
			c.WildcardsUnavailable = w.number == 0
		case subIDsAvailable:
			c.SubscriptionIDsUnavailable = w.number == 0
		case sharedAvailable:
			c.SharedUnavailable = w.number == 0
		default:
			c.text(&w)
		}
	}
	c.Raw = r.leave(&w)
}

// text takes over a property that is no number.
func (c *Connack) text(w *walker) {
	switch w.id {
	case assignedClientID:
		c.AssignedClientID = w.data
	case reasonString:
		c.ReasonString = w.data
	case responseInformation:
		c.ResponseInformation = w.data
	case serverReference:
		c.ServerReference = w.data
	case authMethod:
		c.AuthMethod = w.data
	case authData:
		c.AuthData = w.data
	}
}

package packet

import (
	"iter"
	"math"
)

// A Connect opens a session, section 3.1.
type Connect struct {
	Version     Version
	Bridge      bool // bit 7 of the protocol level: the client is a bridge to another server, as Mosquitto's say
	CleanStart  bool // Clean Session before MQTT 5
	KeepAlive   uint16
	ClientID    []byte // may be empty
	HasWill     bool
	Will        Will
	HasUserName bool
	HasPassword bool
	UserName    []byte
	Password    []byte

	// Properties of MQTT 5. Parse sets those that are absent to what absence means.
	HasSessionExpiry  bool
	SessionExpiry     uint32 // in seconds; 0 ends with the connection, 0xFFFFFFFF never
	ReceiveMaximum    uint16 // not 0
	MaximumPacketSize uint32 // in bytes, of whole packets; 0: no limit
	TopicAliasMaximum uint16
	RequestResponse   bool // Response Information is wanted
	RequestProblem    bool // Reason Strings and User Properties are wanted everywhere
	AuthMethod        []byte
	AuthData          []byte
	Raw               Block // for User Properties
}

// The bits of the connect flags, section 3.1.2.3.
const (
	flagReserved   = 1 << 0
	flagCleanStart = 1 << 1
	flagWill       = 1 << 2
	flagWillQoS    = 3 << 3
	flagWillRetain = 1 << 5
	flagPassword   = 1 << 6
	flagUserName   = 1 << 7

	bridgeBit = 1 << 7 // of the protocol level
)

// Users iterates over the User Properties, in order.
func (c *Connect) Users() iter.Seq2[[]byte, []byte] { return c.Raw.Users() }

// Parse reads a body. When it fails, Version is that of the CONNACK to answer in, or 0 when there is none to send; with
// [ErrLevel] it is the nearest one that is spoken here.
func (c *Connect) Parse(body []byte) error {
	*c = Connect{ReceiveMaximum: math.MaxUint16, RequestProblem: true}
	r := reader{b: body}
	if err := c.protocol(&r); err != nil {
		return err
	}
	flags := r.uint8()
	if err := checkConnectFlags(flags, c.Version); err != nil {
		r.fail(err)
	}
	c.CleanStart = flags&flagCleanStart != 0
	c.KeepAlive = r.uint16()
	if c.Version == V5 {
		c.properties(&r)
	}
	c.ClientID = r.text() // first, and always there [MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.3-4]
	if flags&flagWill != 0 {
		c.HasWill = true
		c.Will.parse(&r, flags, c.Version)
	}
	c.credentials(&r, flags)
	return r.end() // [MQTT-3.1.2-18] [MQTT-3.1.2-20]
}

// protocol reads the name and the level.
func (c *Connect) protocol(r *reader) error {
	name := r.binary()
	var lowest, highest Version
	switch string(name) {
	case "MQTT":
		lowest, highest = V311, V5
	case "MQIsdp":
		lowest, highest = V31, V31
	default:
		if r.err != nil {
			return r.err
		}
		return ErrProtocolName // [MQTT-3.1.2-1]
	}
	level := r.uint8()
	if r.err != nil {
		return r.err
	}
	spoken := Version(level &^ bridgeBit)
	c.Bridge = level&bridgeBit != 0
	c.Version = min(max(spoken, lowest), highest)
	if c.Version != spoken {
		return ErrLevel // [MQTT-3.1.2-2]
	}
	return nil
}

// checkConnectFlags says what is wrong with the flags.
func checkConnectFlags(flags byte, v Version) *Error {
	switch {
	case flags&flagReserved != 0 && v != V31: // [MQTT-3.1.2-3]; 3.1 has no rule on it
		return errConnectFlags
	case flags&flagWill == 0 && flags&(flagWillQoS|flagWillRetain) != 0: // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]
		return errNoWill
	case flags&flagWillQoS == flagWillQoS: // [MQTT-3.1.2-12], [MQTT-3.1.2-14] of 3.1.1
		return errWillQoS
	case v != V5 && flags&flagPassword != 0 && flags&flagUserName == 0: // [MQTT-3.1.2-22] of 3.1.1
		return errPasswordAlone
	}
	return nil
}

var (
	errConnectFlags  = &Error{Malformed, "reserved connect flag"}
	errNoWill        = &Error{Malformed, "will QoS or will retain without a will"}
	errWillQoS       = &Error{Malformed, "will with QoS 3"}
	errPasswordAlone = &Error{Malformed, "password without user name"}
	errDataAlone     = &Error{ProtocolError, "authentication data without a method"}
)

func (c *Connect) properties(r *reader) {
	w := r.walk(inConnect)
	for w.next() {
		switch w.id {
		case sessionExpiry:
			c.SessionExpiry, c.HasSessionExpiry = w.number, true
		case receiveMaximum:
			c.ReceiveMaximum = uint16(w.number)
		case maximumPacketSize:
			c.MaximumPacketSize = w.number
		case topicAliasMaximum:
			c.TopicAliasMaximum = uint16(w.number)
		case requestResponse:
			c.RequestResponse = w.number == 1
		case requestProblem:
			c.RequestProblem = w.number == 1
		case authMethod:
			c.AuthMethod = w.data
		case authData:
			c.AuthData = w.data
		}
	}
	c.Raw = r.leave(&w)
	if c.AuthData != nil && c.AuthMethod == nil { // section 3.1.2.11.10
		r.fail(errDataAlone)
	}
}

// credentials reads user name and password. Where a client of 3.1 ends before a field that its flags announce, the field
// is not there: that version lets the remaining length decide.
func (c *Connect) credentials(r *reader, flags byte) {
	gone := func() bool { return c.Version == V31 && r.err == nil && len(r.b) == 0 }
	if flags&flagUserName != 0 && !gone() {
		c.HasUserName, c.UserName = true, r.text() // [MQTT-3.1.2-19] [MQTT-3.1.3-12]
	}
	if flags&flagPassword != 0 && !gone() {
		c.HasPassword, c.Password = true, r.binary() // [MQTT-3.1.2-21]
	}
}

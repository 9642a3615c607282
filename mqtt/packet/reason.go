package packet

import "fmt"

// A Reason is a reason code of MQTT 5, section 2.4. Those from 0x80 on are failures and only they are errors. MQTT 3 tells
// a client less; see [V3Code].
type Reason byte

// The reason codes.
const (
	Success             Reason = 0x00
	NormalDisconnection Reason = 0x00
	GrantedQoS0         Reason = 0x00
	GrantedQoS1         Reason = 0x01
	GrantedQoS2         Reason = 0x02
	DisconnectWithWill  Reason = 0x04

	NoMatchingSubscribers  Reason = 0x10
	NoSubscriptionExisted  Reason = 0x11
	ContinueAuthentication Reason = 0x18
	ReAuthenticate         Reason = 0x19
)

// The failures.
const (
	Unspecified             Reason = 0x80
	Malformed               Reason = 0x81
	ProtocolError           Reason = 0x82
	ImplementationSpecific  Reason = 0x83
	UnsupportedVersion      Reason = 0x84
	ClientIDNotValid        Reason = 0x85
	BadUserNameOrPassword   Reason = 0x86
	NotAuthorized           Reason = 0x87
	ServerUnavailable       Reason = 0x88
	ServerBusy              Reason = 0x89
	Banned                  Reason = 0x8A
	ServerShuttingDown      Reason = 0x8B
	BadAuthenticationMethod Reason = 0x8C
	KeepAliveTimeout        Reason = 0x8D
	SessionTakenOver        Reason = 0x8E
	TopicFilterInvalid      Reason = 0x8F
	TopicNameInvalid        Reason = 0x90
	PacketIDInUse           Reason = 0x91
	PacketIDNotFound        Reason = 0x92
	ReceiveMaximumExceeded  Reason = 0x93
	TopicAliasInvalid       Reason = 0x94
	PacketTooLarge          Reason = 0x95
	MessageRateTooHigh      Reason = 0x96
	QuotaExceeded           Reason = 0x97
	AdministrativeAction    Reason = 0x98
	PayloadFormatInvalid    Reason = 0x99
	RetainNotSupported      Reason = 0x9A
	QoSNotSupported         Reason = 0x9B
	UseAnotherServer        Reason = 0x9C
	ServerMoved             Reason = 0x9D
	SharedNotSupported      Reason = 0x9E
	ConnectionRateExceeded  Reason = 0x9F
	MaximumConnectTime      Reason = 0xA0
	SubIDsNotSupported      Reason = 0xA1
	WildcardsNotSupported   Reason = 0xA2
)

var reasonNames = [256]string{
	Success:                 "success",
	GrantedQoS1:             "granted QoS 1",
	GrantedQoS2:             "granted QoS 2",
	DisconnectWithWill:      "disconnect with will message",
	NoMatchingSubscribers:   "no matching subscribers",
	NoSubscriptionExisted:   "no subscription existed",
	ContinueAuthentication:  "continue authentication",
	ReAuthenticate:          "re-authenticate",
	Unspecified:             "unspecified error",
	Malformed:               "malformed packet",
	ProtocolError:           "protocol error",
	ImplementationSpecific:  "implementation specific error",
	UnsupportedVersion:      "unsupported protocol version",
	ClientIDNotValid:        "client identifier not valid",
	BadUserNameOrPassword:   "bad user name or password",
	NotAuthorized:           "not authorized",
	ServerUnavailable:       "server unavailable",
	ServerBusy:              "server busy",
	Banned:                  "banned",
	ServerShuttingDown:      "server shutting down",
	BadAuthenticationMethod: "bad authentication method",
	KeepAliveTimeout:        "keep alive timeout",
	SessionTakenOver:        "session taken over",
	TopicFilterInvalid:      "topic filter invalid",
	TopicNameInvalid:        "topic name invalid",
	PacketIDInUse:           "packet identifier in use",
	PacketIDNotFound:        "packet identifier not found",
	ReceiveMaximumExceeded:  "receive maximum exceeded",
	TopicAliasInvalid:       "topic alias invalid",
	PacketTooLarge:          "packet too large",
	MessageRateTooHigh:      "message rate too high",
	QuotaExceeded:           "quota exceeded",
	AdministrativeAction:    "administrative action",
	PayloadFormatInvalid:    "payload format invalid",
	RetainNotSupported:      "retain not supported",
	QoSNotSupported:         "QoS not supported",
	UseAnotherServer:        "use another server",
	ServerMoved:             "server moved",
	SharedNotSupported:      "shared subscriptions not supported",
	ConnectionRateExceeded:  "connection rate exceeded",
	MaximumConnectTime:      "maximum connect time",
	SubIDsNotSupported:      "subscription identifiers not supported",
	WildcardsNotSupported:   "wildcard subscriptions not supported",
}

// String returns the standard's name of the code, in lower case.
func (r Reason) String() string {
	if name := reasonNames[r]; name != "" {
		return name
	}
	return fmt.Sprintf("reason 0x%02X", byte(r))
}

// Error returns the name of the code, for those that are failures.
func (r Reason) Error() string { return r.String() }

// Failed says whether the code stands for a failure.
func (r Reason) Failed() bool { return r >= Unspecified }

// A reasonSet holds the codes that one kind of packet may carry.
type reasonSet [4]uint64

func reasons(list ...Reason) (s reasonSet) {
	for _, r := range list {
		s[r>>6] |= 1 << (r & 63)
	}
	return s
}

func (s *reasonSet) has(r Reason) bool { return s[r>>6]>>(r&63)&1 != 0 }

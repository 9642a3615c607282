package packet

// The identifiers of properties, section 2.2.2.2.
const (
	payloadFormat       = 0x01
	messageExpiry       = 0x02
	contentType         = 0x03
	responseTopic       = 0x08
	correlationData     = 0x09
	subscriptionID      = 0x0B
	sessionExpiry       = 0x11
	assignedClientID    = 0x12
	serverKeepAlive     = 0x13
	authMethod          = 0x15
	authData            = 0x16
	requestProblem      = 0x17
	willDelay           = 0x18
	requestResponse     = 0x19
	responseInformation = 0x1A
	serverReference     = 0x1C
	reasonString        = 0x1F
	receiveMaximum      = 0x21
	topicAliasMaximum   = 0x22
	topicAlias          = 0x23
	maximumQoS          = 0x24
	retainAvailable     = 0x25
	userProperty        = 0x26
	maximumPacketSize   = 0x27
	wildcardsAvailable  = 0x28
	subIDsAvailable     = 0x29
	sharedAvailable     = 0x2A
)

// A place is a packet that properties may stand in.
type place uint16

const (
	inConnect place = 1 << iota
	inWill
	inConnack
	inPublish   // from a client
	inDelivered // PUBLISH from a server
	inSubscribe
	inUnsubscribe
	inAck        // PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK
	inDisconnect // from a client
	inDismissal  // DISCONNECT from a server
	inAuth

	inMessage = inPublish | inDelivered | inWill
	inAnswer  = inConnack | inAck | inDisconnect | inDismissal | inAuth
	inAll     = 1<<iota - 1
)

// A kind is the type of a property's value.
type kind byte

const (
	unknown kind = iota
	oneByte
	twoBytes
	fourBytes
	varBytes
	text
	data
	pair
)

// rules says of each property what its value is, where it may stand, and between what a number must lie; max 0 is no bound.
var rules = [...]struct {
	kind     kind
	in       place
	min, max uint32
}{
	payloadFormat:       {oneByte, inMessage, 0, 1},
	messageExpiry:       {fourBytes, inMessage, 0, 0},
	contentType:         {text, inMessage, 0, 0}, // [MQTT-3.3.2-19]
	responseTopic:       {text, inMessage, 0, 0}, // [MQTT-3.3.2-13]
	correlationData:     {data, inMessage, 0, 0},
	subscriptionID:      {varBytes, inSubscribe | inDelivered, 1, 0}, // [MQTT-3.3.4-6]: in no PUBLISH of a client
	sessionExpiry:       {fourBytes, inConnect | inConnack | inDisconnect, 0, 0},
	assignedClientID:    {text, inConnack, 0, 0},
	serverKeepAlive:     {twoBytes, inConnack, 0, 0},
	authMethod:          {text, inConnect | inConnack | inAuth, 0, 0},
	authData:            {data, inConnect | inConnack | inAuth, 0, 0},
	requestProblem:      {oneByte, inConnect, 0, 1},
	willDelay:           {fourBytes, inWill, 0, 0},
	requestResponse:     {oneByte, inConnect, 0, 1},
	responseInformation: {text, inConnack, 0, 0},
	serverReference:     {text, inConnack | inDisconnect | inDismissal, 0, 0},
	reasonString:        {text, inAnswer, 0, 0},
	receiveMaximum:      {twoBytes, inConnect | inConnack, 1, 0},
	topicAliasMaximum:   {twoBytes, inConnect | inConnack, 0, 0},
	topicAlias:          {twoBytes, inPublish | inDelivered, 1, 0}, // [MQTT-3.3.2-8]
	maximumQoS:          {oneByte, inConnack, 0, 1},
	retainAvailable:     {oneByte, inConnack, 0, 1},
	userProperty:        {pair, inAll, 0, 0},
	maximumPacketSize:   {fourBytes, inConnect | inConnack, 1, 0},
	wildcardsAvailable:  {oneByte, inConnack, 0, 1},
	subIDsAvailable:     {oneByte, inConnack, 0, 1},
	sharedAvailable:     {oneByte, inConnack, 0, 1},
}

package packet

import "iter"

// PublishProperties are the properties of a PUBLISH or of a Will, section 3.3.2.3.
type PublishProperties struct {
	Raw             Block  // the whole block, nil when it is empty
	HasFormat       bool   // there is a Payload Format Indicator
	PayloadFormat   byte   // it: 0 bytes, 1 UTF-8
	HasExpiry       bool   // there is a Message Expiry Interval
	Expiry          uint32 // it, in seconds
	TopicAlias      uint16 // 0: none
	ContentType     []byte
	ResponseTopic   []byte // without wildcards
	CorrelationData []byte
	User            int // how many User Properties there are
}

// Users iterates over the User Properties, in order.
func (p *PublishProperties) Users() iter.Seq2[[]byte, []byte] { return p.Raw.Users() }

// SubscriptionIDs iterates over the Subscription Identifiers, which only a server sends.
func (p *PublishProperties) SubscriptionIDs() iter.Seq[uint32] { return p.Raw.SubscriptionIDs() }

// parse reads the block with its length at the beginning of b into p, which is zero, and returns how many bytes it took.
func (p *PublishProperties) parse(b []byte, in place) (n int, err error) {
	if len(b) > 0 && b[0] == 0 {
		return 1, nil
	}
	r := reader{b: b}
	w := r.walk(in)
	for w.next() {
		p.set(&w)
	}
	p.Raw = r.leave(&w)
	return len(b) - len(r.b), r.err
}

// set takes over the property that w stands at.
func (p *PublishProperties) set(w *walker) {
	switch w.id {
	case payloadFormat:
		p.PayloadFormat, p.HasFormat = byte(w.number), true
	case messageExpiry:
		p.Expiry, p.HasExpiry = w.number, true
	case contentType:
		p.ContentType = w.data
	case responseTopic:
		p.ResponseTopic = w.data
		w.err = checkResponseTopic(w.data)
	case correlationData:
		p.CorrelationData = w.data
	case topicAlias:
		p.TopicAlias = uint16(w.number)
	case userProperty:
		p.User++
	}
}

// checkResponseTopic says whether a message can be published to it.
func checkResponseTopic(topic []byte) error {
	if len(topic) == 0 { // [MQTT-4.7.3-1]
		return errEmptyResponse
	}
	for _, c := range topic {
		if c == '+' || c == '#' { // [MQTT-3.3.2-14]
			return errWildResponse
		}
	}
	return nil
}

var (
	errEmptyResponse = &Error{ProtocolError, "empty response topic"}
	errWildResponse  = &Error{ProtocolError, "response topic with wildcards"}
)

// append appends the properties without their length.
func (p *PublishProperties) append(dst []byte) []byte {
	dst = appendIf(dst, p.HasFormat || p.PayloadFormat != 0, payloadFormat, uint32(p.PayloadFormat))
	dst = appendIf(dst, p.HasExpiry, messageExpiry, p.Expiry)
	dst = appendIf(dst, p.TopicAlias != 0, topicAlias, uint32(p.TopicAlias))
	dst = appendBytes(dst, contentType, p.ContentType)
	dst = appendBytes(dst, responseTopic, p.ResponseTopic)
	dst = appendBytes(dst, correlationData, p.CorrelationData)
	for id := range p.SubscriptionIDs() {
		dst = AppendSubscriptionID(dst, id)
	}
	return appendUsers(dst, p.Raw)
}

// ownHop are the properties that end at the server they were sent to. Message Expiry Interval is counted down on the way.
const ownHop uint64 = 1<<topicAlias | 1<<subscriptionID | 1<<messageExpiry | 1<<willDelay

// AppendForward appends the block raw of a PUBLISH or a Will as it is passed on, without a length: everything but Topic
// Alias, Subscription Identifier, Message Expiry Interval and Will Delay Interval, in order and byte by byte, and then a
// Message Expiry Interval of expiry seconds if there is one. [MQTT-3.3.2-4] [MQTT-3.3.2-6] [MQTT-3.3.2-18]
func AppendForward(dst, raw []byte, expiry uint32, hasExpiry bool) []byte {
	for w := (walker{rest: raw}); ; {
		from := w.rest
		if !w.take() {
			return appendIf(dst, hasExpiry, messageExpiry, expiry)
		}
		if ownHop>>w.id&1 == 0 {
			dst = append(dst, from[:len(from)-len(w.rest)]...)
		}
	}
}

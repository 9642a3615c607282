package packet

import (
	"encoding/binary"
	"iter"
)

// Options are those of one subscription, section 3.8.3.1. Before MQTT 5 they are the QoS alone.
type Options byte

// NewOptions returns options of MQTT 5, or with QoS alone of any version.
func NewOptions(qos byte, noLocal, retainAsPublished bool, retainHandling byte) Options {
	o := Options(qos | retainHandling<<4)
	if noLocal {
		o |= 1 << 2
	}
	if retainAsPublished {
		o |= 1 << 3
	}
	return o
}

// QoS is the highest QoS that the subscriber wants, 0 to 2.
func (o Options) QoS() byte { return byte(o & 3) }

// NoLocal says that the subscriber does not want its own messages back. [MQTT-3.8.3-3]
func (o Options) NoLocal() bool { return o>>2&1 != 0 }

// RetainAsPublished says that the subscriber wants RETAIN as the publisher set it. [MQTT-3.3.1-13]
func (o Options) RetainAsPublished() bool { return o>>3&1 != 0 }

// RetainHandling says when to send retained messages: 0 always, 1 if the subscription is new, 2 never. [MQTT-3.3.1-9]
// [MQTT-3.3.1-10] [MQTT-3.3.1-11]
func (o Options) RetainHandling() byte { return byte(o >> 4 & 3) }

// check says what is wrong with options that came in a packet.
func (o Options) check(v Version) *Error {
	switch {
	case v != V5 && o > 2: // [MQTT-3.8.3-4] of 3.1.1
		return errOptionsV3
	case o>>6 != 0: // [MQTT-3.8.3-5]
		return errOptions
	case o.QoS() == 3:
		return errGrantQoS
	case o.RetainHandling() == 3:
		return errRetainHandling
	}
	return nil
}

var (
	errOptionsV3      = &Error{Malformed, "requested QoS above 2 or reserved bits"}
	errOptions        = &Error{Malformed, "reserved bits of subscription options"}
	errGrantQoS       = &Error{ProtocolError, "subscription options with QoS 3"}
	errRetainHandling = &Error{ProtocolError, "subscription options with retain handling 3"}
)

// A Subscribe asks for messages, section 3.8.
type Subscribe struct {
	ID             uint16
	SubscriptionID uint32 // 0: none
	Raw            Block  // for User Properties

	filters []byte // strings with an options byte each, checked
}

// Parse reads a body and checks all of it, so that nothing is subscribed to when one filter is malformed. It does not look
// at wildcards and levels of the filters.
func (s *Subscribe) Parse(body []byte, v Version) error {
	r := reader{b: body}
	*s = Subscribe{ID: r.packetID()}
	if v == V5 {
		s.properties(&r)
	}
	s.filters = r.filters()
	for len(r.b) > 0 {
		r.text() // [MQTT-3.8.3-1]
		if err := Options(r.uint8()).check(v); err != nil {
			r.fail(err)
		}
	}
	return r.err
}

func (s *Subscribe) properties(r *reader) {
	w := r.walk(inSubscribe)
	for w.next() {
		if w.id == subscriptionID {
			s.SubscriptionID = w.number
		}
	}
	s.Raw = r.leave(&w)
}

// filters returns what is left, where there must be a filter at least, and leaves it in place. [MQTT-3.8.3-2]
// [MQTT-3.8.3-3] [MQTT-3.10.3-2]
func (r *reader) filters() []byte {
	if len(r.b) == 0 {
		r.fail(errFilters)
	}
	return r.b[:len(r.b):len(r.b)]
}

// Filters iterates over the topic filters in order; they alias the body.
func (s *Subscribe) Filters() iter.Seq2[[]byte, Options] {
	return func(yield func([]byte, Options) bool) {
		for r := (reader{b: s.filters}); len(r.b) > 0; {
			if !yield(r.binary(), Options(r.uint8())) {
				return
			}
		}
	}
}

// Add adds a filter to those that AppendSubscribe writes.
func (s *Subscribe) Add(filter string, o Options) {
	s.filters = append(AppendString(s.filters, filter), byte(o))
}

// AppendSubscribe appends a whole packet.
func AppendSubscribe(dst []byte, v Version, s *Subscribe) []byte {
	dst = append(dst, SUBSCRIBE.first())
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, s.ID)
	if v == V5 {
		begin := len(dst)
		dst = appendIf(dst, s.SubscriptionID != 0, subscriptionID, s.SubscriptionID)
		dst = insertLength(appendUsers(dst, s.Raw), begin, 0)
	}
	return insertLength(append(dst, s.filters...), at, 0)
}

package packet

import (
	"encoding/binary"
	"iter"
)

// An Unsubscribe ends subscriptions, section 3.10.
type Unsubscribe struct {
	ID  uint16
	Raw Block // for User Properties

	filters []byte // strings, checked
}

// Parse reads a body and checks all of it.
func (u *Unsubscribe) Parse(body []byte, v Version) error {
	r := reader{b: body}
	*u = Unsubscribe{ID: r.packetID()}
	if v == V5 {
		w := r.walk(inUnsubscribe)
		for w.next() { // only User Properties, and only to be checked
		}
		u.Raw = r.leave(&w)
	}
	u.filters = r.filters()
	for len(r.b) > 0 {
		r.text() // [MQTT-3.10.3-1]
	}
	return r.err
}

// Filters iterates over the topic filters in order; they alias the body.
func (u *Unsubscribe) Filters() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for r := (reader{b: u.filters}); len(r.b) > 0; {
			if !yield(r.binary()) {
				return
			}
		}
	}
}

// Add adds a filter to those that AppendUnsubscribe writes.
func (u *Unsubscribe) Add(filter string) { u.filters = AppendString(u.filters, filter) }

// AppendUnsubscribe appends a whole packet.
func AppendUnsubscribe(dst []byte, v Version, u *Unsubscribe) []byte {
	dst = append(dst, UNSUBSCRIBE.first())
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, u.ID)
	if v == V5 {
		begin := len(dst)
		dst = insertLength(appendUsers(dst, u.Raw), begin, 0)
	}
	return insertLength(append(dst, u.filters...), at, 0)
}

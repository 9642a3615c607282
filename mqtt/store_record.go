package mqtt

import (
	"encoding/binary"

	"leafgate/core"
	"leafgate/journal"
	"leafgate/mapping"
)

// The records of the journal, by the first byte of their key. Numbers are uvarints, texts have their length before them.
// A session has a number in the store, which is never given twice.
//
//	message 'm'   subject, header, payload: the message's own
//	              key: flags | [until] | [reply] | [topic] | [publisher, packet id] | addressee ...
//	              addressee: session | bits | [n, subscription id ...] | [seq] | [order]
//	session 'n'   key: number; payload: what it is, with subscriptions and open QoS 2 publications
//	retained 'r'  subject, header, payload: the message's own; key: flags | [until] | [reply] | [topic] | account
//
// and the marks, whose key is their kind and the session's number, or for 'x' the account:
//
//	flights 'q'   payload: state | id of the message's record | [seq] | [order], ...
//	about 'a'     payload: expiry, away and the will
//	subscribe 's', unsubscribe 'u'   payload: options | subscription id | filter; filter
//	received 'o', released 'c'       payload: packet id; packet id ...
//	dropped 'z'   no payload
//	cleared 'x'   payload: subject
//
// A message that many sessions keep is one record, with what each has to know of it. When compaction carries a record
// over, it says what is so now: marks need not be carried.
const (
	kindMessage     = 'm'
	kindSession     = 'n'
	kindRetained    = 'r'
	kindFlights     = 'q'
	kindAbout       = 'a'
	kindSubscribe   = 's'
	kindUnsubscribe = 'u'
	kindReceived    = 'o'
	kindReleased    = 'c'
	kindDropped     = 'z'
	kindCleared     = 'x'
)

// flags of messages and retained messages
const (
	flagQoS     = 0x03 // of a retained message
	flagUntil   = 0x04
	flagReply   = 0x08
	flagTopic   = 0x10 // it is not what the subject says
	flagReceipt = 0x20
)

// bits of an addressee
const (
	bitQoS    = 0x03
	bitRetain = 0x04
	bitIDs    = 0x08
	bitState  = 0x30 // FlightState, 4 bits up
	stateAt   = 4
)

// stateDone is a state in a mark of flights.
const stateDone = 3

// An addressee is what a record says of one session that keeps the message.
type addressee struct {
	session uint64
	qos     byte
	retain  bool
	ids     []uint32
	flight  Flight
}

func (a *addressee) append(b []byte) []byte {
	bits := a.qos | byte(a.flight.State)<<stateAt
	if a.retain {
		bits |= bitRetain
	}
	if len(a.ids) > 0 {
		bits |= bitIDs
	}
	b = append(binary.AppendUvarint(b, a.session), bits)
	if len(a.ids) > 0 {
		b = binary.AppendUvarint(b, uint64(len(a.ids)))
		for _, id := range a.ids {
			b = binary.AppendUvarint(b, uint64(id))
		}
	}
	return appendFlight(b, a.flight)
}

func appendFlight(b []byte, f Flight) []byte {
	if f.State != Waiting {
		b = binary.AppendUvarint(b, f.Seq)
	}
	if f.State == Released {
		b = binary.AppendUvarint(b, uint64(f.Order))
	}
	return b
}

func (d *decoder) flight(state FlightState, qos byte) Flight {
	f := Flight{State: state, QoS: qos}
	if state > Released {
		d.Failed = true
	}
	if state != Waiting {
		f.Seq = d.Uvarint()
	}
	if state == Released {
		f.Order = uint32(d.Uvarint())
	}
	return f
}

// addressee reads the next one, with ids in its own memory.
func (d *decoder) addressee(a *addressee) {
	a.session = d.Uvarint()
	bits := d.Byte()
	a.qos, a.retain, a.ids = bits&bitQoS, bits&bitRetain != 0, a.ids[:0]
	if bits&bitIDs != 0 {
		for range min(d.Uvarint(), uint64(len(d.B))) {
			a.ids = append(a.ids, uint32(d.Uvarint()))
		}
	}
	a.flight = d.flight(FlightState(bits&bitState)>>stateAt, a.qos)
}

// appendAbout appends flags and what goes with them for m.
func appendAbout(b []byte, m *core.Message, flags byte, until int64) []byte {
	var scratch [256]byte
	if _, ours := m.Namer.(*namer); ours && len(m.Raw) > 0 {
		if topic, ok := mapping.AppendTopic(scratch[:0], m.Subject); !ok || string(topic) != string(m.Raw) {
			flags |= flagTopic
		}
	}
	if until != 0 {
		flags |= flagUntil
	}
	if len(m.Reply) > 0 {
		flags |= flagReply
	}
	b = append(b, flags)
	if until != 0 {
		b = binary.AppendUvarint(b, uint64(until))
	}
	if len(m.Reply) > 0 {
		b = appendBlob(b, m.Reply)
	}
	if flags&flagTopic != 0 {
		b = appendBlob(b, m.Raw)
	}
	return b
}

// An about is what appendAbout has written. Its bytes are borrowed.
type about struct {
	flags        byte
	until        int64
	reply, topic []byte
}

func (d *decoder) about() (a about) {
	a.flags = d.Byte()
	if a.flags&flagUntil != 0 {
		a.until = int64(d.Uvarint())
	}
	if a.flags&flagReply != 0 {
		a.reply = d.Bytes()
	}
	if a.flags&flagTopic != 0 {
		a.topic = d.Bytes()
	}
	return a
}

// message is what r holds, with bytes of its own.
func (a *about) message(r *journal.Record) *core.Message {
	m := core.Message{Subject: r.Subject, Header: r.Header, Payload: r.Payload, Reply: a.reply}
	if len(m.Header) == 0 {
		m.Header = nil
	}
	if len(a.topic) > 0 {
		m.Raw, m.Namer = a.topic, storedNamer
	}
	return m.Clone()
}

// storedNamer says of a topic that a client has sent it.
var storedNamer = &namer{}

func appendBlob[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendSession appends what a session is, but for what stands in appendWill.
func appendSession(b []byte, r *Record, subs map[string]SubscriptionRecord, received idSet) []byte {
	b = appendBlob(appendBlob(appendBlob(b, r.Key.Account), r.Key.User), r.Key.ClientID)
	b = appendState(b, r)
	b = binary.AppendUvarint(b, uint64(len(subs)))
	for _, s := range subs {
		b = s.append(b)
	}
	for _, id := range received {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	return b
}

func (s *SubscriptionRecord) append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, s.Options), uint64(s.ID))
	return appendBlob(b, s.Filter)
}

func (d *decoder) subscription() SubscriptionRecord {
	o := d.Byte()
	id := uint32(d.Uvarint())
	return SubscriptionRecord{Filter: string(d.Bytes()), Options: o, ID: id}
}

// bits of a will
const (
	willRetain = 0x04
	willHeader = 0x08
	willReply  = 0x10
	willIs     = 0x20
)

// appendState appends what changes with every connection.
func appendState(b []byte, r *Record) []byte {
	b = binary.AppendUvarint(b, uint64(r.Expiry))
	b = binary.AppendUvarint(b, uint64(r.Away))
	w := r.Will
	if w == nil {
		return append(b, 0)
	}
	bits := willIs | w.QoS
	if w.Retain {
		bits |= willRetain
	}
	if w.Header != nil {
		bits |= willHeader
	}
	if w.Reply != nil {
		bits |= willReply
	}
	b = binary.AppendUvarint(append(b, bits), uint64(w.Delay))
	b = binary.AppendUvarint(b, uint64(r.WillAt))
	b = appendBlob(appendBlob(b, w.Topic), w.Payload)
	if w.Header != nil {
		b = appendBlob(b, w.Header)
	}
	if w.Reply != nil {
		b = appendBlob(b, w.Reply)
	}
	return b
}

// state reads what appendState has written into r, with bytes of its own.
func (d *decoder) state(r *Record) {
	r.Expiry, r.Away, r.Will, r.WillAt = uint32(d.Uvarint()), int64(d.Uvarint()), nil, 0
	bits := d.Byte()
	if bits&willIs == 0 {
		return
	}
	w := &Will{QoS: bits & bitQoS, Retain: bits&willRetain != 0, Delay: uint32(d.Uvarint())}
	r.WillAt = int64(d.Uvarint())
	w.Topic, w.Payload = d.own(), d.own()
	if bits&willHeader != 0 {
		w.Header = d.own()
	}
	if bits&willReply != 0 {
		w.Reply = d.own()
	}
	r.Will = w
}

// session reads what appendSession has written.
func (d *decoder) session(r *Record) (subs map[string]SubscriptionRecord, received idSet) {
	r.Key = Key{string(d.Bytes()), string(d.Bytes()), string(d.Bytes())}
	d.state(r)
	n := min(d.Uvarint(), uint64(len(d.B)))
	for range n {
		s := d.subscription()
		if subs == nil {
			subs = make(map[string]SubscriptionRecord, n)
		}
		subs[s.Filter] = s
	}
	for len(d.B) >= 2 {
		received.add(binary.BigEndian.Uint16(d.Take(2)))
	}
	return subs, received
}

// A decoder takes fields off a key or a payload.
type decoder struct{ journal.Decoder }

func decode(b []byte) decoder { return decoder{journal.Decoder{B: b}} }

// own is Bytes, but not borrowed.
func (d *decoder) own() []byte { return append([]byte{}, d.Bytes()...) }

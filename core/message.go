package core

// A Message is one publication in flight.
//
// Its slices belong to the publisher: read-only, valid until Publish returns, never kept by the engine or a sink. The
// [Batch] lends the Message itself, so that publishing does not allocate and idle connections own none.
type Message struct {
	Subject []byte // where to; filled by Publish when Raw is set
	Reply   []byte // where an answer is expected, or nil; never validated by the engine
	Header  []byte // a whole header block in the engine's currency ("NATS/1.0\r\n...\r\n\r\n"), or nil
	Payload []byte

	As []byte // nil, or the subject that subscribers see: Subject only says who they are

	Raw   []byte // the topic in the publisher's own alphabet, or nil
	Namer Namer  // turns Raw into Subject, once per memo miss; set together with Raw

	Tail     []byte // the publisher's own bytes that TailForm can pass on verbatim, or nil
	TailForm Form   // whose bytes Tail is in

	Groups [][]byte // nil: choose in every queue group; otherwise only in these (set by relays)
	Stored *Barrier // nil, or told when the sinks that store the message have stored it
	Mark   uint8    // what a frontend tells its own sinks about the message; others leave it 0 and ignore it

	from *Endpoint
	kept *Message // what Keep has made, for this publication
}

// From is the publisher, in Deliver; nil elsewhere.
func (m *Message) From() *Endpoint { return m.from }

// Keep returns a clone that all sinks of one publication share: made at the first call in Deliver, read-only for
// everybody. It is for sinks that must keep a message longer than Deliver.
func (m *Message) Keep() *Message {
	if m.kept == nil {
		m.kept = m.Clone()
	}
	return m.kept
}

// Size is what statistics count for a message, in bytes: header and payload.
func (m *Message) Size() int { return len(m.Header) + len(m.Payload) }

// Clone returns a copy that owns its bytes, for the few who must keep a message: retained, offline queue. Tail, Groups
// and Stored belong to the moment of publishing and are left out.
func (m *Message) Clone() *Message {
	n := len(m.Subject) + len(m.Reply) + len(m.Header) + len(m.Payload) + len(m.Raw)
	c, buf := &Message{Namer: m.Namer, Mark: m.Mark}, make([]byte, 0, n)
	keep := func(b []byte) []byte {
		if b == nil {
			return nil
		}
		at := len(buf)
		buf = append(buf, b...)
		return buf[at:len(buf):len(buf)]
	}
	c.Subject, c.Reply, c.Header, c.Payload = keep(m.Subject), keep(m.Reply), keep(m.Header), keep(m.Payload)
	c.Raw = keep(m.Raw)
	return c
}

// A Namer translates a topic of another alphabet into a subject. It must be pure: the engine remembers what it said,
// errors included, for as long as the topic stays in the account's memo.
type Namer interface {
	// AppendSubject appends the subject for raw to dst. raw is borrowed.
	AppendSubject(dst, raw []byte) ([]byte, error)
}

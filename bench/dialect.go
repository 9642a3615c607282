package main

import "net/netip"

// A dialect is one protocol as the generator speaks it: it encodes what a client says and reads what a server answers.
// Subjects are written as NATS writes them, with dots and "*", whatever the protocol makes of them. Every method appends
// to dst or borrows its input; none keeps state, so that one dialect serves all connections.
type dialect interface {
	// Connect is all that a client says before anything else. Ping follows it; the answer means the client is in.
	Connect(dst []byte, name string) []byte
	// Disconnect takes leave, where the protocol has words for it.
	Disconnect(dst []byte) []byte
	// Subscribe and Unsubscribe name a subscription by sid, more than 0; queue "" is no queue group.
	Subscribe(dst, subject []byte, queue string, sid int) []byte
	Unsubscribe(dst, subject []byte, sid int) []byte
	// Publish encodes message m: its subject, reply, payload, id and retain, as far as the protocol has them.
	Publish(dst []byte, m *unit) []byte
	// Ping asks for a pong that arrives when the server has handled all this client has said.
	Ping(dst []byte) []byte
	// Answer is what the protocol wants to be said in return to u: a pong, an acknowledgement; often nothing.
	Answer(dst []byte, u *unit) []byte
	// QoS is the quality of service, 0 to 2, of all messages; above 0 they are acknowledged by whoever receives them.
	QoS() byte
	// Delivered is the size on the wire, in bytes, of a message without reply as subscription sid receives it.
	Delivered(subject []byte, sid, payload int) int
	// Next takes one unit off b into u, whose slices alias b, and says how many bytes it had; 0: not whole yet.
	Next(b []byte, u *unit) (n int, err error)
}

// A kind says what a unit means to the generator.
type kind int

const (
	other    kind = iota // greetings and acknowledgements of no interest: read over
	message              // a delivered message
	ping                 // wants a pong
	pong                 // answers our ping
	refusal              // an error from the server, its text is the payload
	received             // the server has our message of QoS 2, and wants to be told to let it go
	released             // the server will not send its message of QoS 2 again
	settled              // our message is the server's now: its id is free
)

// A unit is one whole piece of what client and server say.
type unit struct {
	kind                    kind
	subject, reply, payload []byte
	id                      uint16 // of messages with QoS 1 and 2, and what belongs to them
	qos                     byte
	size                    int  // of the whole unit on the wire
	again, retain           bool // a message sent before; one that is kept
}

// An entrance is where clients of one protocol get in, and how they speak there.
type entrance struct {
	addr netip.AddrPort
	d    dialect
}

// dial connects a client; subs are sent along.
func (e entrance) dial(name string, subs []byte) (*conn, error) {
	return dialClient(e.addr, e.d, name, subs)
}

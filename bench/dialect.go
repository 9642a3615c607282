package main

// A dialect is one protocol as the generator speaks it: it encodes what a client says and reads what a server answers.
// Every method appends to dst or borrows its input; none keeps state, so that one dialect serves all connections.
type dialect interface {
	// Connect is all that a client says before anything else. Ping follows it; the answer means the client is in.
	Connect(dst []byte, name string) []byte
	// Subscribe and Unsubscribe name a subscription by sid; queue "" is no queue group.
	Subscribe(dst, subject []byte, queue string, sid int) []byte
	Unsubscribe(dst []byte, sid int) []byte
	// Publish encodes one message; reply nil asks for no answer.
	Publish(dst, subject, reply, payload []byte) []byte
	// Ping asks for a pong that arrives behind everything the server had queued for this client.
	Ping(dst []byte) []byte
	// Pong answers a server's ping.
	Pong(dst []byte) []byte
	// Delivered is the size on the wire, in bytes, of a message without reply as subscription sid receives it.
	Delivered(subject []byte, sid, payload int) int
	// Next takes one unit off b into u, whose slices alias b, and says how many bytes it had; 0: not whole yet.
	Next(b []byte, u *unit) (n int, err error)
}

// A kind says what a unit from a server means to the generator.
type kind int

const (
	other   kind = iota // greetings and acknowledgements: read over
	message             // a delivered message
	ping                // wants a pong
	pong                // answers our ping
	refusal             // an error from the server, its text is the payload
)

// A unit is one whole piece of what a server says.
type unit struct {
	kind                    kind
	subject, reply, payload []byte
}

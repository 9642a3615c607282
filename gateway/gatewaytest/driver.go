package gatewaytest

import (
	"errors"
	"net"
	"time"
)

// ErrDenied is what a driver returns, wrapped or not, where the gateway has said no.
var ErrDenied = errors.New("denied")

// A Driver is one frontend as the conformance suite sees it: how to configure it, what a client of it can do, and what
// the frontend promises where protocols differ. Subjects and patterns are the engine's, dotted; a driver whose protocol
// writes them differently translates. The suite has no pattern that ends in ".>" and a subject that is the rest of it.
type Driver struct {
	Module string // whose address clients dial, by its name in the gateway's table

	// Config returns configuration text with the frontend's listener on a free port of the loopback interface, and l.
	// It leaves authorization to the suite.
	Config func(l Limits) string

	// Open makes a client of a connection that the suite has dialled: TLS or an upgrade to begin with, then all that
	// comes before the first subscription. An empty user gives no credentials. Where the gateway refuses, the error
	// wraps ErrDenied. The suite closes conn, and has set a deadline for everything on it.
	Open func(conn net.Conn, user, password string) (Client, error)

	OneCopy    bool // overlapping subscriptions of a client get one copy of a message, not one each
	NoQueues   bool // there are no queue groups
	DeniedEnds bool // a publication without permission ends the connection, not only the message
	SlowDrops  bool // a client that does not read loses messages, not its connection

	// IdleBytes is what an idle connection with one subscription may cost at most: heap and stack, kernel not counted,
	// with the half kilobyte that the client's bare socket takes in the same process.
	IdleBytes int

	// BurstAllocs is how often the layers below the protocol may allocate for each connection and burst of a hundred
	// messages, both ends together: crypto/tls does so when it reads. The frontend itself never may.
	BurstAllocs int
}

// Limits are what the suite wants set; zero leaves the default.
type Limits struct {
	Payload int           // bytes of a message: half as much passes, twice as much ends the publisher's connection
	Pending int           // bytes that may wait for one client
	Stall   time.Duration // how long a client may take no bytes at all, while some wait for it
}

// A Client is one connection of the frontend's own protocol. It does nothing between calls, which come from one
// goroutine at a time, and owns no goroutine. Its Conn is what the protocol's bytes go through: inside TLS, outside
// WebSocket frames.
type Client interface {
	net.Conn

	// Subscribe returns when the gateway has confirmed, or refused: then the error wraps ErrDenied. No client
	// subscribes to a pattern twice. queue is empty, or the queue group to join.
	Subscribe(pattern, queue string) error

	// Unsubscribe returns when the gateway has confirmed.
	Unsubscribe(pattern string) error

	// Encode returns the bytes that publish a message, for Write. Those of one call may be written again.
	Encode(subject string, payload []byte) []byte

	// Sync returns when the gateway has answered something sent behind everything so far. The error wraps ErrDenied
	// if a publication was refused and the protocol says so. Messages that come meanwhile are kept for Next.
	Sync() error

	// Next returns the next message, which is the caller's. It skips what the gateway says besides. Without a message
	// kept or buffered, it blocks until one comes, or the connection ends.
	Next() (subject string, payload []byte, err error)
}

package mqtt

import (
	"leafgate/core"
)

// A Key names a session: the client id counts within one user of one account, so that nobody takes over what is another's.
// [MQTT-3.1.3-2]
type Key struct {
	Account  string
	User     string // as configured, or empty for who has not authenticated
	ClientID string
}

// A Store keeps what has to outlive connections, and, if it can, the process: sessions with their queues, and retained
// messages. Its methods may be called from any goroutine.
//
// What is written here is not read back while the gateway runs, but for Queue.Get: the session holds the rest.
type Store interface {
	// Load visits what was stored before the gateway started, sessions first.
	Load(session func(*Record, Queue), retained func(account string, m *Retained)) error

	// Open makes the queue of a new session that outlives its connections. [MQTT-4.1.0-1]
	Open(key Key) (Queue, error)

	// Save notes what a session is now, in place of what it was, but for its subscriptions.
	Save(r *Record) error

	// Subscribe notes a subscription, in place of one with the same filter; Unsubscribe forgets it.
	Subscribe(key Key, s SubscriptionRecord) error
	Unsubscribe(key Key, filter string) error

	// Drop forgets the session and its queue.
	Drop(key Key) error

	// Retain notes a retained message in place of the one with its topic; one without payload only removes that. Where
	// it takes time, stored has one more hold until it is done.
	Retain(account string, m *Retained, stored *core.Barrier) error

	// Close writes what is still to be written.
	Close() error
}

// A Record is what a Store knows of a session, beside its queue.
type Record struct {
	Key           Key
	Expiry        uint32               // session expiry interval in seconds; [Forever]: never
	Away          int64                // since when nobody is connected, Unix nanoseconds; 0: somebody is
	Subscriptions []SubscriptionRecord // as loaded; Save does not look at them
	Will          *Will                // still to be published, or nil
	WillAt        int64                // when, Unix nanoseconds, once nobody is connected
}

// Forever is the session expiry interval of a session that does not expire. [MQTT-3.1.2-23]
const Forever = 1<<32 - 1

// A SubscriptionRecord is one subscription as its client made it.
type SubscriptionRecord struct {
	Filter  string // as sent, $share and all
	Options byte   // of SUBSCRIBE, QoS as granted
	ID      uint32 // subscription identifier; 0: none
}

// A Queue holds what was promised to one session, in order, until it is done. The session calls it under its own lock.
type Queue interface {
	// Put adds d behind the others and names its place. Where it takes time, stored, if there is one, has one more hold
	// until it is done. An error means that d was not taken.
	Put(d Delivery, stored *core.Barrier) (pos uint64, err error)

	// Get reads the delivery at pos; false: it is done, or was lost.
	Get(pos uint64) (Delivery, bool)

	// Mark notes how far the delivery at pos has come.
	Mark(pos uint64, id uint16, state FlightState)

	// Done forgets the delivery at pos.
	Done(pos uint64)

	// Received notes that the client has, or no longer has, a QoS 2 publication under id on its way in. [MQTT-4.3.3-2]
	Received(id uint16, open bool)

	// Pending visits what a loaded queue holds, in order: places, and for those in flight their packet id and state.
	Pending(visit func(pos uint64, d *Delivery, id uint16, state FlightState))
	// Open QoS 2 publications of a loaded queue.
	Incoming(visit func(id uint16))
}

// A FlightState is how far a delivery has come.
type FlightState uint8

const (
	Waiting  FlightState = iota // not sent
	Sent                        // PUBLISH is on its way: PUBACK or PUBREC is awaited
	Released                    // PUBREC came, PUBREL is on its way: PUBCOMP is awaited
)

// A Delivery is a message on its way to one session.
type Delivery struct {
	Message *core.Message // shared between sessions, read-only
	IDs     []uint32      // subscription identifiers, read-only
	Until   int64         // when it expires, Unix nanoseconds; 0: never. [MQTT-3.3.2-5]
	QoS     byte          // to deliver with
	Retain  bool          // the RETAIN flag to send
	Replay  bool          // a retained message for a new subscription
}

// Retained is a retained message.
type Retained struct {
	Message *core.Message // owned, read-only; Raw is the topic, Subject its subject
	QoS     byte          // as published. [MQTT-3.3.1-5]
	Until   int64         // when it expires, Unix nanoseconds; 0: never
}

// A Will is what a client wants to have published when it goes without a word.
type Will struct {
	Topic   []byte
	Payload []byte
	Header  []byte // what its properties are in the engine's currency, or nil
	Reply   []byte // response topic as a subject, or nil
	QoS     byte
	Retain  bool
	Delay   uint32 // seconds
}

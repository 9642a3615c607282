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
// messages. Its methods may be called from any goroutine, and do not wait for a disk, but for Load, Close and Queue.Get.
//
// What is written here is not read back while the gateway runs, but for Queue.Get: the session holds the rest.
type Store interface {
	// Load visits what was stored before the gateway started, retained messages first. retained answers what m replaces,
	// or m itself where nobody wants it.
	Load(session func(*Record, Shelf), retained func(account string, m *Retained) (replaced *Retained)) error

	// Open makes the place of a new session that outlives its connections. [MQTT-4.1.0-1]
	Open(r *Record) (Shelf, error)

	// Seal says that everybody has been offered what was published with stored on it: it can be written down, in one
	// piece with the QoS 2 exchange from's client has opened under id, if from is not nil. An error means that none of it
	// was taken.
	Seal(stored *core.Barrier, from Shelf, id uint16) error

	// Flush is Seal for what others published, and writes down what sessions have noted since the last time.
	Flush()

	// Retain notes a retained message in place of the one with its topic; one without payload only removes that. apply
	// does so in memory, in the same order among all calls, and answers what was replaced. Where it takes time, stored, if
	// there is one, has one more hold until it is done. An error means that nothing was changed.
	Retain(account string, m *Retained, stored *core.Barrier, apply func() (replaced *Retained)) error

	// Expired says that m is retained no more, as anybody can see who has it.
	Expired(m *Retained)

	// Close writes what is still to be written.
	Close() error
}

// A Shelf is one session's place in a Store.
type Shelf interface {
	Queue

	// Save notes what the session is now, in place of what it was, but for its subscriptions.
	Save(r *Record)

	// Subscribe notes a subscription, in place of one with the same filter; Unsubscribe forgets it. Where it takes time,
	// stored has one more hold until it is done.
	Subscribe(s SubscriptionRecord, stored *core.Barrier) error
	Unsubscribe(filter string, stored *core.Barrier) error

	// Received notes that the client has a QoS 2 publication under id on its way in, Released that it has none under ids.
	// [MQTT-4.3.3-2] stored, if there is one, has one more hold until that is done.
	Received(id uint16, stored *core.Barrier) error
	Released(ids []uint16, stored *core.Barrier) error

	// Told sets whom to tell, from no lock's inside, when a step at QoS 2 is on disk that could not be taken before, or
	// with an error, that the delivery at pos is not kept after all. It is set before the first Put.
	Told(tell func(pos uint64, err error))

	// Drop forgets the session and its queue.
	Drop()

	// Pending visits what a loaded queue holds, in order: places, bytes that count against the bounds, and how far each is.
	Pending(visit func(pos uint64, size int, f Flight))
	// Incoming visits open QoS 2 publications of a loaded session.
	Incoming(visit func(id uint16))
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
	// Lasting says whether what is kept here outlives the process. If it does, no step at QoS 2 is taken before the queue
	// has told that it is on disk: nobody could tell later whether it was taken.
	Lasting() bool

	// Put adds d behind the others and names its place; f says how far it is. Where it takes time, stored, if there is
	// one, has one more hold until it is done. An error means that d was not taken.
	Put(d Delivery, f Flight, stored *core.Barrier) (pos uint64, err error)

	// Get reads the delivery at pos; false: it is done, or was lost.
	Get(pos uint64) (Delivery, bool)

	// Mark notes how far the delivery at pos has come.
	Mark(pos uint64, f Flight)

	// Done forgets the delivery at pos.
	Done(pos uint64)
}

// A FlightState is how far a delivery has come.
type FlightState uint8

const (
	Waiting  FlightState = iota // not sent
	Sent                        // PUBLISH is on its way: PUBACK or PUBREC is awaited
	Released                    // PUBREC came, PUBREL is on its way: PUBCOMP is awaited
)

// A Flight says how far a delivery has come.
type Flight struct {
	Seq   uint64 // grows with each that is sent; the packet id follows from it
	Order uint32 // of its PUBREC among all of the session
	State FlightState
	QoS   byte
}

// A Delivery is a message on its way to one session.
type Delivery struct {
	Message *core.Message // shared between sessions, read-only
	IDs     []uint32      // subscription identifiers, read-only
	Until   int64         // when it expires, Unix nanoseconds; 0: never. [MQTT-3.3.2-5]
	QoS     byte          // to deliver with
	Retain  bool          // the RETAIN flag to send
	Replay  bool          // a retained message for a new subscription
	Passing bool          // need not outlive the process: there will be another. Message is owned already
}

// Retained is a retained message.
type Retained struct {
	Message *core.Message // owned, read-only; Raw is the topic, Subject its subject
	QoS     byte          // as published. [MQTT-3.3.1-5]
	Until   int64         // when it expires, Unix nanoseconds; 0: never
	place   uint64        // the store's own
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

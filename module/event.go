package module

import (
	"net/netip"
	"time"

	"leafgate/internal/reason"
)

// What has happened to a client.
type What uint8

// The kinds of events.
const (
	Closed  What = iota // its connection ended
	Refused             // something it asked for was not done
	Dropped             // a message to it was
)

func (w What) String() string { return [...]string{"closed", "refused", "dropped"}[w] }

// An Event is something that an operator may be asked about later.
type Event struct {
	Time    time.Time // when it was noted last
	What    What
	Reason  reason.Reason
	Count   int    // how often it was noted
	ID      uint64 // of the connection
	Type    string // its protocol
	Name    string // what the client calls itself, its client identifier where it has one
	User    string // never a secret
	Account string
	Remote  netip.AddrPort
	Detail  string // of the last time, for people; never a secret
}

// About makes an event about c.
func About(c *Conn, what What, why reason.Reason, detail string) Event {
	name := c.Name
	if c.MQTTClient != "" {
		name = c.MQTTClient
	}
	return Event{What: what, Reason: why, ID: c.ID, Type: c.Type, Name: name, User: c.User, Account: c.Account,
		Remote: c.Remote, Detail: detail}
}

// An eventKey is what events have in common that are kept as one.
type eventKey struct {
	id   uint64
	what What
	why  reason.Reason
}

func (e *Event) key() eventKey { return eventKey{e.ID, e.What, e.Reason} }

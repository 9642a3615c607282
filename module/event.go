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
	Time    time.Time // when it happened last
	What    What
	Reason  reason.Reason
	Count   int    // how often in a row
	ID      uint64 // of the connection
	Type    string // its protocol
	Name    string // what the client calls itself, its client identifier where it has one
	User    string // never a secret
	Account string
	Remote  netip.AddrPort
	Detail  string // for people; never a secret
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

// same says whether e repeats what o says.
func (e *Event) same(o *Event) bool {
	return e.ID == o.ID && e.What == o.What && e.Reason == o.Reason && e.Detail == o.Detail
}

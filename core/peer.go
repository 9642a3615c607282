package core

import (
	"net/netip"
	"time"
)

// A Peer describes who is attached; monitoring shows it.
type Peer struct {
	Protocol string // the module's name for itself
	ID       uint64 // connection id, unique in one gateway; 0: none, the peer is the gateway's own
	Name     string // what the peer calls itself
	NoEcho   bool   // its own messages are not delivered to its own subscriptions
	Relay    bool   // stands for a server, not a client: queue groups prefer others, and nothing goes back to it
	Upstream bool   // a Relay to a larger whole: what comes from one such, interest or messages, goes to no other
	Cluster  string // of a Relay: those with the same one have ways of their own to each other, so that nothing goes from one to another; empty: alone
	Isolated bool   // a Relay that hears of clients' subscriptions only
	Once     bool   // a message that several of its subscriptions match comes once, through Sink.Deliver
}

// A role is what many peers have in common: a Peer without ID and Name.
type role struct {
	Peer
	side sideOf // relays that have ways of their own to each other; zero: alone
}

func roleOf(p Peer) role {
	p.ID, p.Name, p.Isolated = 0, "", p.Relay && p.Isolated
	return role{p, p.side()}
}

// An Addresser is a Sink that knows where its peer is, as the gateway's own do not. RemoteAddr is called from any goroutine.
type Addresser interface{ RemoteAddr() netip.AddrPort }

// Details are what a frontend knows of a peer besides.
type Details struct {
	Start         time.Time     // of the connection
	Lang, Version string        // of the peer's software
	RTT           time.Duration // to the peer and back; 0: not known yet
}

// A Describer is a Sink that tells them. Details is called only by whoever publishes for the peer.
type Describer interface{ Details() Details }

// An Identity is what authentication decided about a peer.
type Identity struct {
	Account *Account
	User    string       // as monitoring and logs show it; never a secret
	Perms   *Permissions // nil: everything is allowed
	Expires time.Time    // zero: never
	Base    *Identity    // which one this is a peer's own variant of, with rights made for it alone; nil: of none
}

// SubOptions say how a subscription wants its messages.
type SubOptions struct {
	Queue  string // queue group, or empty
	Weight int    // members that this subscription stands for; 0 means 1 (relays set it)
	Max    int    // unsubscribe after that many deliveries; 0: never
	Form   Form   // nil: messages come through Sink.Deliver
	Tag    any    // the frontend's own pointer (its id for the subscription, options, ...); Form.Prefix gets it
	Accept Filter // nil, or asked which of the subjects that match are wanted
	Beacon bool   // of a relay: those Upstream and Isolated hear of it all the same
}

// manner is what o says, but for what is different in each.
func (o *SubOptions) manner() manner {
	return manner{Queue: o.Queue, form: o.Form, accept: o.Accept, weight: int16(min(max(o.Weight, 1), 1<<15-1)), beacon: o.Beacon}
}

// A Filter narrows a pattern by what patterns cannot say. It must be pure: what it says about a subject is remembered. And it
// must be comparable (use a pointer or a struct): subscriptions share it.
type Filter interface {
	// Accepts is asked once for each match result. subject is borrowed.
	Accepts(subject []byte) bool
}

package module

import (
	"time"

	"leafgate/auth"
	"leafgate/internal/netio"
	"leafgate/internal/tlsconf"
)

// A Carrier serves its protocol on connections of listeners that other modules own.
type Carrier interface {
	// Carry begins with one such listener. Called at Start, before the first connection. nil: the protocol is not served now.
	Carry() Carried
}

// Carried is a protocol on one such listener. Its sessions are like the protocol's own in every other respect: they are
// counted, shown, limited, reloaded and sent away with them. Its methods may be called from any goroutine.
type Carried interface {
	// Update says what the listener is, before the first connection and after each reload: whom the new rules do not let in
	// has to go.
	Update(l *Carriage)
	// NewSession is [netio.SessionServer]'s; given is what the client has already shown, nil: nothing.
	NewSession(c *netio.Conn, given *Given) netio.Session
	// Dismiss ends the sessions as their protocol does when it stops.
	Dismiss()
}

// A Carriage is what a protocol has to know of a listener that carries it.
type Carriage struct {
	Host         string
	Port         int
	Advertise    []string        // host:port each, for clients; empty: they are told of nothing else
	TLS          *tlsconf.Server // nil: plain
	Rules        *auth.Rules
	PingInterval time.Duration // 0: the protocol's own
}

// Given is what a client shows before its protocol begins. It counts where the client says nothing else.
type Given struct{ User, Pass, Token string }

// Complete adds what c lacks.
func (g *Given) Complete(c *auth.Credentials) {
	if g == nil {
		return
	}
	for _, f := range []struct{ has, lacks *string }{{&g.User, &c.User}, {&g.Pass, &c.Pass}, {&g.Token, &c.Token}} {
		if *f.lacks == "" {
			*f.lacks = *f.has
		}
	}
}

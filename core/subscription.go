package core

import "sync/atomic"

// A Subscription is one interest of one endpoint. The exported fields do not change after Subscribe.
type Subscription struct {
	Subject string // the pattern
	Queue   string // queue group, or empty
	Tag     any    // as given in SubOptions

	form           Form
	accept         Filter
	shadow         *shadow // what it is a shadow of, in another account; nil: of none
	ep             *Endpoint
	next, prev     *Subscription // others with the same pattern, under the index lock
	epNext, epPrev *Subscription // others of the endpoint, under Endpoint.mu
	delivered      atomic.Int64
	max            atomic.Int32 // unsubscribe at that count of deliveries; 0: never
	weight         int16
	relay          bool        // ep is a relay
	hushed         bool        // relays on the side of its own do not hear of it
	beacon         bool        // relays that are isolated hear of it
	away           atomic.Bool // see SetAway
	counted        bool        // under interest.mu
	closed         atomic.Bool // removed from the index, or about to be
}

// Delivered is the number of messages delivered so far. A run that is still open is not counted.
func (s *Subscription) Delivered() int64 { return s.delivered.Load() }

// Closed says whether the subscription has ended: unsubscribed, at its maximum, or its endpoint closed. Frontends that
// keep tables of their own forget it then.
func (s *Subscription) Closed() bool { return s.closed.Load() }

// Max is the number of deliveries at which the subscription ends; 0: never.
func (s *Subscription) Max() int { return int(s.max.Load()) }

// SetAway says whether the subscription's queue group should choose others while there are any that are not away: its
// peer stores messages, but nobody takes them now.
func (s *Subscription) SetAway(away bool) { s.away.Store(away) }

// alone says whether messages may share bytes with other sinks: nothing about them depends on this one delivery.
func (s *Subscription) alone() bool {
	return s.Queue == "" && s.target().max.Load() == 0 && s.form != nil
}

// Weight is how many members of its queue group the subscription stands for.
func (s *Subscription) Weight() int { return int(s.weight) }

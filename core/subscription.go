package core

import "sync/atomic"

// A Subscription is one interest of one endpoint. The exported fields, Queue among them, do not change after Subscribe.
// There may be millions: what most have in common stands elsewhere.
type Subscription struct {
	Subject string // the pattern
	Tag     any    // as given in SubOptions
	*manner

	ep             *Endpoint
	next, prev     *Subscription // others with the same pattern, under the index lock
	epNext, epPrev *Subscription // others of the endpoint, under Endpoint.mu
	delivered      atomic.Int64
	max            atomic.Int32 // unsubscribe at that count of deliveries; 0: never
	marks          atomic.Uint32
}

// A manner is how a subscription wants its messages. It never changes, and subscriptions share it.
type manner struct {
	Queue  string // queue group, or empty
	form   Form
	accept Filter
	shadow *shadow // what it is a shadow of, in another account; nil: of none
	weight int16
	beacon bool // relays that are isolated hear of it
}

// What becomes of a subscription, in marks.
const (
	markEnded   = 1 << iota // removed from the index, or about to be
	markAway                // see SetAway
	markCounted             // under interest.mu
)

func (s *Subscription) marked(mark uint32) bool { return s.marks.Load()&mark != 0 }

// mark sets a mark, or takes it away, and says whether that is a change.
func (s *Subscription) mark(mark uint32, on bool) (changed bool) {
	if on {
		return s.marks.Or(mark)&mark == 0
	}
	return s.marks.And(^mark)&mark != 0
}

// hushed: relays on the side of its own do not hear of s.
func (s *Subscription) hushed() bool { return s.ep.hushes(s.beacon) }

// Delivered is the number of messages delivered so far. A run that is still open is not counted.
func (s *Subscription) Delivered() int64 { return s.delivered.Load() }

// Closed says whether the subscription has ended: unsubscribed, at its maximum, or its endpoint closed. Frontends that
// keep tables of their own forget it then.
func (s *Subscription) Closed() bool { return s.marked(markEnded) }

// Max is the number of deliveries at which the subscription ends; 0: never.
func (s *Subscription) Max() int { return int(s.max.Load()) }

// SetAway says whether the subscription's queue group should choose others while there are any that are not away: its
// peer stores messages, but nobody takes them now.
func (s *Subscription) SetAway(on bool) { s.mark(markAway, on) }

// alone says whether messages may share bytes with other sinks: nothing about them depends on this one delivery.
func (s *Subscription) alone() bool {
	return s.Queue == "" && s.target().max.Load() == 0 && s.form != nil
}

// Weight is how many members of its queue group the subscription stands for.
func (s *Subscription) Weight() int { return int(s.weight) }

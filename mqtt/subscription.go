package mqtt

import (
	"errors"
	"slices"

	"leafgate/core"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// A subscription is one filter of a client. It does not change: a new SUBSCRIBE makes a new one.
type subscription struct {
	filter      string // as sent
	parsed      mapping.Filter
	queue       string    // queue group of a shared one
	id          [1]uint32 // subscription identifier; 0: none
	qos         byte      // granted
	shared      bool
	noLocal     bool
	asPublished bool
	core        [2]*core.Subscription // for the filter and its parent; nil: none
}

func (sub *subscription) record() SubscriptionRecord {
	o := packet.NewOptions(sub.qos, sub.noLocal, sub.asPublished, 0)
	return SubscriptionRecord{sub.filter, byte(o), sub.id[0]}
}

// add says that d is also for sub. [MQTT-3.3.4-3] [MQTT-3.3.4-4]
func (d *Delivery) add(sub *subscription) {
	switch {
	case sub.id[0] == 0 || slices.Contains(d.IDs, sub.id[0]):
	case d.IDs == nil: // mostly the only one, which needs no memory of its own
		d.IDs = sub.id[:]
	default:
		d.IDs = append(d.IDs, sub.id[0])
	}
}

// wire is what a client's connection makes of the form of messages.
type wire struct {
	version packet.Version
	limited bool // it takes no packet beyond some size
}

func (s *session) wire() wire { return wire{s.version, s.limited} }

// form is how messages for sub are rendered for many at once; nil: each for itself.
func (sub *subscription) form(w wire, mends bool) core.Form {
	if mends && w.version == packet.V5 { // says beside the topic what it is mended from
		return nil
	}
	if sub.qos > 0 || sub.id[0] != 0 || sub.noLocal || sub.asPublished || w.limited {
		return nil
	}
	return formOf(w.version)
}

// register makes the engine's subscriptions for sub. The parent, such as "a" of "a/#", comes along as far as it is allowed.
func (s *session) register(sub *subscription) error {
	mends := s.module.opts.Load().substitute
	o := core.SubOptions{
		Queue:  sub.queue,
		Form:   sub.form(s.wire(), mends),
		Tag:    sub,
		Accept: wanted{sub.parsed.NoDollar, mends},
	}
	var err error
	if sub.core[0], err = s.ep.Subscribe(sub.parsed.Subject, o); err != nil {
		return err
	}
	if sub.parsed.Parent == "" {
		return nil
	}
	if sub.core[1], err = s.ep.Subscribe(sub.parsed.Parent, o); err != nil && !errors.Is(err, core.ErrNotAllowed) {
		s.unregister(sub)
		return err
	}
	return nil
}

func (s *session) unregister(sub *subscription) {
	for _, x := range sub.core {
		if x != nil {
			s.ep.Unsubscribe(x, 0)
		}
	}
}

// reform makes the subscriptions anew, for a connection that wants another form.
func (s *session) reform(c *conn) error {
	for filter, old := range s.subs {
		next := *old
		next.core = [2]*core.Subscription{}
		if err := s.register(&next); err != nil {
			return err
		}
		s.unregister(old)
		s.subs[filter] = &next
	}
	return nil
}

// forget removes the subscription that x belonged to, which the client has no right to any more.
func (s *session) forget(x *core.Subscription) {
	sub := x.Tag.(*subscription)
	if s.subs[sub.filter] == sub && sub.core[0] == x {
		delete(s.subs, sub.filter)
		s.unregister(sub)
		s.unnoted(sub, nil)
	}
}

// setAway says whether shared subscriptions should pass on what others can take.
func (s *session) setAway(away bool) {
	for _, sub := range s.subs {
		if !sub.shared {
			continue
		}
		for _, x := range sub.core {
			if x != nil {
				x.SetAway(away)
			}
		}
	}
}

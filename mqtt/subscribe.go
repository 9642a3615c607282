package mqtt

import (
	"errors"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// onSubscribe makes or replaces subscriptions, answers, and sends what is retained: in this order, and before anything live
// that the new subscriptions bring. [MQTT-3.8.4-1]
func (c *conn) onSubscribe(batch *core.Batch, body []byte) error {
	var p packet.Subscribe
	if err := p.Parse(body, c.version); err != nil {
		return err
	}
	if err := c.noted(func(shelf Shelf, b *core.Barrier) error { return c.noteFilters(&p, shelf, b) }); err != nil {
		return err
	}
	batch.Settle()
	c.net.Renew() // what follows needs a deeper stack than an idle client should keep
	s := c.session
	var tree sysMessages
	if mentionsSys(&p) {
		tree = s.module.sys.current(s.module, time.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding.Store(true)
	defer s.holding.Store(false)
	var codes [8]packet.Reason
	var fresh [8]replay
	answer, retained := codes[:0], fresh[:0]
	for filter, o := range p.Filters() {
		code, r, err := s.subscribe(c, filter, o, p.SubscriptionID)
		if err != nil {
			return err
		}
		answer = append(answer, code)
		if r.sub != nil || r.sys {
			retained = append(retained, r)
		}
	}
	if err := c.answer(packet.AppendSuback(nil, c.version, p.ID, answer...)); err != nil { // [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.9.3-1]
		return err
	}
	for _, r := range retained {
		s.replay(c, r, tree)
	}
	return nil
}

// noteFilters writes down the subscriptions that p makes. Those that are refused after all are taken back later.
func (c *conn) noteFilters(p *packet.Subscribe, shelf Shelf, b *core.Barrier) error {
	for filter, o := range p.Filters() {
		sub, code, err := c.session.parse(c, filter, o, p.SubscriptionID)
		if err != nil || code.Failed() {
			continue
		}
		if err = shelf.Subscribe(sub.record(), b); err != nil {
			return err
		}
	}
	return nil
}

// A replay is retained messages that a subscription asks for.
type replay struct {
	sub    *subscription
	sys    bool // from the gateway's own tree
	filter mapping.Filter
	qos    byte
}

// subscribe takes one filter. An error ends the connection.
func (s *session) subscribe(c *conn, filter []byte, o packet.Options, id uint32) (packet.Reason, replay, error) {
	sub, code, err := s.parse(c, filter, o, id)
	if err != nil || code.Failed() {
		return code, replay{}, err
	}
	if isSys(filter) {
		old := s.sys[sub.filter]
		code, r := s.subscribeSys(sub, o)
		if code.Failed() {
			s.unnoted(sub, old)
		}
		return code, r, nil
	}
	old := s.subs[sub.filter]
	if old == nil && s.full() {
		s.unnoted(sub, old)
		c.refused(reason.MaxSubscriptions, core.ErrTooManySubs)
		return packet.QuotaExceeded, replay{}, nil
	}
	if err = s.register(sub); err != nil {
		s.unnoted(sub, old)
		c.refused(subscribeReason(err), err)
		return subscribeCode(err), replay{}, nil
	}
	if old != nil { // replaced, with both there for a moment: nothing is lost [MQTT-3.8.4-3] [MQTT-3.8.4-4]
		s.unregister(old)
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription)
	}
	s.subs[sub.filter] = sub
	r := replay{filter: sub.parsed, qos: sub.qos}
	if !sub.shared && wantsRetained(o, old == nil) {
		r.sub = sub
	}
	return packet.Reason(sub.qos), r, nil
}

// full: the session may have no more subscriptions.
func (s *session) full() bool { return len(s.subs)+len(s.sys) >= s.module.opts.Load().maxSubscriptions }

// wantsRetained reads the retain handling of a subscription. [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
func wantsRetained(o packet.Options, isNew bool) bool {
	return o.RetainHandling() == 0 || o.RetainHandling() == 1 && isNew
}

// parse reads a filter and its options. An error ends the connection; a code that failed answers the filter alone.
func (s *session) parse(c *conn, filter []byte, o packet.Options, id uint32) (*subscription, packet.Reason, error) {
	opts := s.module.opts.Load()
	share, shared, err := mapping.ParseShare(filter)
	inner := filter
	if shared && err == nil {
		inner = share.Filter
	}
	sub := &subscription{filter: string(filter), id: [1]uint32{id}, qos: o.QoS(), shared: shared,
		noLocal: o.NoLocal() || c.flags.has(bridge), asPublished: o.RetainAsPublished() || c.flags.has(bridge)}
	switch {
	case err != nil && c.version == packet.V5: // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
		return nil, 0, err
	case err != nil:
		return nil, packet.Unspecified, nil
	case shared && o.NoLocal(): // [MQTT-3.8.3-4]
		return nil, 0, errNoLocalShared
	}
	if sub.parsed, err = mapping.ParseFilter(inner); err != nil {
		return nil, packet.TopicFilterInvalid, fatalFilter(err)
	}
	if err = opts.namer.checkFilter(inner, &sub.parsed); err != nil {
		if errors.Is(err, mapping.ErrStrict) {
			return nil, 0, err
		}
		return nil, packet.TopicFilterInvalid, nil
	}
	if opts.downgradeQoS2 {
		sub.qos = min(sub.qos, 1)
	}
	if shared {
		sub.queue = string(mapping.AppendQueue(nil, share))
	}
	return sub, s.guard(inner, shared), nil
}

// fatalFilter: what is no string ends the connection, a wildcard in the wrong place only the subscription.
func fatalFilter(err error) error {
	if errors.Is(err, mapping.ErrFilter) {
		return nil
	}
	return err
}

// guard keeps clients from what servers and NATS clients say to each other, unless a permission names it.
func (s *session) guard(filter []byte, shared bool) packet.Reason {
	if isSys(filter) && !shared || !mapping.ReservedTopic(filter) {
		return packet.Success
	}
	if mapping.NeverOpens(filter) || !s.opened(filter) {
		return packet.NotAuthorized
	}
	return packet.Success
}

// opened says whether a permission of the client names what is reserved: one that begins with the same token.
func (s *session) opened(filter []byte) bool {
	first := filter
	for i, b := range filter {
		if b == '/' {
			first = filter[:i]
			break
		}
	}
	return s.ep.Identity().Perms.Names(string(first))
}

func subscribeCode(err error) packet.Reason {
	switch {
	case errors.Is(err, core.ErrNotAllowed):
		return packet.NotAuthorized
	case errors.Is(err, core.ErrTooManySubs):
		return packet.QuotaExceeded
	case errors.Is(err, core.ErrBadSubject):
		return packet.TopicFilterInvalid
	}
	return packet.Unspecified
}

// replay sends the retained messages that a new subscription matches. s.mu is held. [MQTT-3.3.1-6] [MQTT-3.3.1-8]
func (s *session) replay(c *conn, r replay, tree sysMessages) {
	if r.sys {
		s.sendSys(c, tree, &r.filter, r.qos)
		return
	}
	var lend [16]*Retained
	perms := s.ep.Identity().Perms
	for _, kept := range s.module.retained.match(lend[:0], s.ep.Account(), &r.filter, s.module.now()) {
		m := kept.Message
		if !perms.CanReceive(m.Subject, "") {
			continue
		}
		d := Delivery{Message: m, QoS: min(kept.QoS, r.qos), Retain: true, Replay: true, Until: kept.Until}
		d.add(r.sub)
		s.send(c, &d)
	}
}

// send is promise for what bounds do not count: retained messages, each of which is kept anyway.
func (s *session) send(c *conn, d *Delivery) {
	direct := s.waiting.len() == 0 && s.mayTakeOff(c)
	switch {
	case d.QoS == 0 && direct:
		s.transmit(c, d, 0, false)
		return
	case direct && s.expiry == 0:
		s.takeOff(c, d, 0)
		return
	}
	if !direct && s.askedTooMuch() {
		s.module.counters.refused.Add(1)
		s.lost(reason.QueueFull)
		return
	}
	var pos uint64
	var err error
	if direct {
		_, err = s.takeOffKept(c, d)
	} else if pos, err = s.put(*d, Flight{QoS: d.QoS}, nil); err == nil {
		s.wait(waitingEntry{pos: pos})
	}
	if err != nil {
		s.module.counters.refused.Add(1)
		s.lost(reason.StorageFailure)
	}
}

// askedTooMuch: as much waits as there can be, retained messages and others. Who asks for them again and again without
// taking any gets no more.
func (s *session) askedTooMuch() bool {
	o := s.module.opts.Load()
	return s.waiting.len() >= o.maxQueued+o.maxRetained
}

// onUnsubscribe ends subscriptions, found letter by letter. [MQTT-3.10.4-1]
func (c *conn) onUnsubscribe(batch *core.Batch, body []byte) error {
	var p packet.Unsubscribe
	if err := p.Parse(body, c.version); err != nil {
		return err
	}
	if err := c.noted(func(shelf Shelf, b *core.Barrier) error { return c.noteEnds(&p, shelf, b) }); err != nil {
		return err
	}
	batch.Settle()
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	var codes [8]packet.Reason
	answer := codes[:0]
	for filter := range p.Filters() {
		code := packet.Success
		sub := s.subs[string(filter)]
		switch {
		case sub != nil:
			s.unregister(sub)
			delete(s.subs, sub.filter)
		case !s.unwatchSys(filter):
			code = packet.NoSubscriptionExisted // [MQTT-3.11.3-1]
		}
		answer = append(answer, code)
	}
	return c.answer(packet.AppendUnsuback(nil, c.version, p.ID, answer...)) // [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6]
}

// noteEnds writes down the subscriptions that p ends.
func (c *conn) noteEnds(p *packet.Unsubscribe, shelf Shelf, b *core.Barrier) error {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for filter := range p.Filters() {
		sub := s.subs[string(filter)]
		if sub == nil {
			sub = s.sys[string(filter)]
		}
		if sub != nil {
			if err := shelf.Unsubscribe(sub.filter, b); err != nil {
				return err
			}
		}
	}
	return nil
}

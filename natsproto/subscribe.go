package natsproto

import (
	"errors"
	"strings"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

// systemQueue is the queue group of servers' own services.
const systemQueue = "_sys_"

func (s *session) onSub(batch *core.Batch, args []byte) error {
	s.conn.Renew()
	a, err := wire.ParseSub(args)
	if err != nil {
		return fromWire(err)
	}
	if err = s.checkSub(a); err != nil {
		return err
	}
	if s.subs.get(a.SID) == nil { // a second one is taken for the first
		if err = s.subscribe(string(a.Subject), string(a.Queue), string(a.SID), 0); err != nil {
			return err
		}
	}
	s.ok(batch)
	return nil
}

// checkSub checks what the engine does not know of.
func (s *session) checkSub(a wire.Sub) error {
	o := s.lis.module.opts.Load()
	switch {
	case !wire.Clean(a.Subject) || !wire.Clean(a.Queue) || !wire.Clean(a.SID):
		return errBadSubject
	case string(a.Queue) == systemQueue:
		return subError(string(a.Subject), string(a.Queue), core.ErrNotAllowed)
	case o.maxSubTokens > 0 && strings.Count(string(a.Subject), ".") >= o.maxSubTokens:
		return refused("Subscription to %q, too many tokens", a.Subject)
	}
	if o.maxSubscriptions > 0 && s.subs.len() >= o.maxSubscriptions {
		if s.subs.sweep(); s.subs.len() >= o.maxSubscriptions {
			return errMaxSubscriptions
		}
	}
	return nil
}

// subscribe makes a subscription that ends after most deliveries; 0: never.
func (s *session) subscribe(subject, queue, sid string, most int) (err error) {
	n := &sub{sid: sid}
	o := core.SubOptions{Queue: queue, Max: most, Form: plainForm{}, Tag: n}
	if s.flags.has(headers) {
		o.Form = headerForm{}
	}
	n.core, err = s.ep.Subscribe(subject, o)
	if errors.Is(err, core.ErrBadSubject) && !s.ep.Identity().Perms.CanSubscribe(">", "") {
		err = core.ErrNotAllowed // who has some rights only has none to what no subject matches; clients take that better
	}
	if err != nil {
		return subError(subject, queue, err)
	}
	s.subs.put(n)
	return nil
}

func subError(subject, queue string, err error) error {
	switch {
	case errors.Is(err, core.ErrNotAllowed) && queue != "":
		return refused("Subscription to %q using queue %q", subject, queue)
	case errors.Is(err, core.ErrNotAllowed):
		return refused("Subscription to %q", subject)
	case errors.Is(err, core.ErrBadSubject):
		return errBadSubject
	case errors.Is(err, core.ErrTooManySubs):
		return errMaxSubscriptions
	}
	return err
}

func (s *session) onUnsub(batch *core.Batch, args []byte) error {
	a, err := wire.ParseUnsub(args)
	if err != nil {
		return fromWire(err)
	}
	if n := s.subs.get(a.SID); n != nil {
		if a.Max > 0 {
			batch.Settle() // what was published so far counts
		}
		s.ep.Unsubscribe(n.core, a.Max)
		switch {
		case n.core.Closed():
			s.subs.remove(n.sid)
		case a.Max > 0:
			s.subs.limit()
		}
	}
	s.ok(batch)
	return nil
}

package leafnode

import (
	"errors"
	"reflect"
	"strings"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// What the other side wants becomes subscriptions of the link's endpoint.

// onSub takes LS+: a new subscription, or another weight.
func (l *link) onSub(ep *core.Endpoint) error {
	u := &l.unit
	if strings.HasPrefix(string(u.Subject), beaconPrefix) && string(u.Subject) == l.module.beacon(l.opts.account) {
		return loopError(l.opts.account)
	}
	k := interest{string(u.Subject), string(u.Queue)}
	if err := l.guard.subscribe(k.subject, k.queue); err != nil {
		return err
	}
	was := l.subs[k]
	if was == nil && len(l.subs) >= mostSubs {
		l.refuse("maximum subscriptions exceeded", reason.MaxSubscriptions)
		return nil
	}
	if was != nil && (u.Queue == nil || was.Weight() == u.Weight) {
		return nil
	}
	s, err := ep.Subscribe(k.subject, core.SubOptions{Queue: k.queue, Weight: u.Weight, Accept: l.filter(k.queue),
		Beacon: strings.HasPrefix(k.subject, beaconPrefix)})
	switch {
	case errors.Is(err, core.ErrBadSubject):
		l.refuse("Invalid Subscription", reason.InvalidSubject)
		return nil
	case err != nil:
		return errProtocol.with(err)
	}
	l.subs[k] = s
	if was != nil {
		ep.Unsubscribe(was, 0)
	}
	return nil
}

// refuse says no to what the other side asks for; the link goes on.
func (l *link) refuse(text string, why reason.Reason) {
	if l.drops[why].Add(1) == 1 {
		l.conn.Append(wire.AppendErr(nil, text))
	}
}

// onUnsub takes LS-. What is not there is no matter.
func (l *link) onUnsub(ep *core.Endpoint) {
	k := interest{string(l.unit.Subject), string(l.unit.Queue)}
	if s := l.subs[k]; s != nil {
		delete(l.subs, k)
		ep.Unsubscribe(s, 0)
	}
}

// sameRights says whether two INFOs grant the same.
func sameRights(a, b *wire.Info) bool {
	return reflect.DeepEqual(a.Import, b.Import) && reflect.DeepEqual(a.Export, b.Export)
}

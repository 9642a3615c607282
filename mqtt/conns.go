package mqtt

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

var (
	_ module.Connector = (*frontend)(nil)
	_ module.Dropper   = (*frontend)(nil)
)

// Protocol implements module.Connector.
func (f *frontend) Protocol() string { return Protocol }

// Conns implements module.Connector: network connections. Sessions of clients that are away are not among them.
func (f *frontend) Conns() iter.Seq[module.Conn] {
	return func(yield func(module.Conn) bool) {
		for _, c := range f.connections() {
			if !yield(c.describe()) {
				return
			}
		}
	}
}

// Traffic implements module.Connector.
func (f *frontend) Traffic() core.Stats { return f.facts().traffic }

// Drops implements module.Dropper.
func (f *frontend) Drops() iter.Seq2[reason.Reason, int64] {
	n := &f.counters
	return func(yield func(reason.Reason, int64) bool) {
		for why, count := range map[reason.Reason]*atomic.Int64{
			reason.OutboxFull: &n.dropped, reason.QueueFull: &n.refused, reason.MessageExpired: &n.expired,
			reason.MaxPacketSize: &n.oversize, reason.NoTopic: &n.foreign, reason.RetainedFull: &n.unkept,
		} {
			if !yield(why, count.Load()) {
				return
			}
		}
	}
}

// describe is what monitoring shows of c. It may be called from any goroutine: what CONNECT has set does not change once
// it was accepted.
func (c *conn) describe() module.Conn {
	d := module.Conn{
		ID: c.net.ID(), Kind: module.KindClient, Type: Protocol, Remote: c.net.RemoteAddr(), Start: c.net.Start(),
		LastActivity: c.net.LastRead(), Pending: c.net.Pending(), TLS: c.net.TLS(),
	}
	if !c.accepted.Load() {
		return d
	}
	s := c.session
	d.Name, d.MQTTClient, d.User, d.Account = s.key.ClientID, s.key.ClientID, s.key.User, s.key.Account
	d.Lang, d.Version = Protocol, c.version.String()
	d.Stats, d.Endpoint = s.ep.Stats(), s.ep
	return d
}

// SID is the client's name for the subscription.
func (sub *subscription) SID() string { return sub.filter }

// denied notes that the client has no right to what it asked for.
func (c *conn) denied(err error) {
	c.lis.module.counters.denied.Add(1)
	c.refused(reason.PermissionsViolation, err)
}

// refused notes what the client asked for in vain.
func (c *conn) refused(why reason.Reason, err error) {
	about := c.describe()
	c.lis.module.env.History.Tell(module.About(&about, module.Refused, why, err.Error()))
}

// subscribeReason is subscribeCode for operators.
func subscribeReason(err error) reason.Reason {
	switch subscribeCode(err) {
	case packet.NotAuthorized:
		return reason.PermissionsViolation
	case packet.QuotaExceeded:
		return reason.MaxSubscriptions
	}
	return reason.InvalidSubject
}

// lost notes that the client does not get a message. Counters know how many: this is told once a second at most.
func (s *session) lost(why reason.Reason) {
	now, last := time.Now().UnixNano(), s.lostAt.Load()
	if now-last < int64(time.Second) || !s.lostAt.CompareAndSwap(last, now) {
		return
	}
	e := module.Event{What: module.Dropped, Reason: why, ID: s.ep.Peer().ID, Type: Protocol,
		Name: s.key.ClientID, User: s.key.User, Account: s.key.Account}
	if c := s.conn.Load(); c != nil {
		e.Remote = c.net.RemoteAddr()
	}
	s.module.env.History.Tell(e)
}

// claim adds who a client that was not let in said it was.
func (j *joining) claim(detail error) error {
	if detail == nil {
		return fmt.Errorf("client id %q", j.ClientID)
	}
	return fmt.Errorf("client id %q: %w", j.ClientID, detail)
}

// detailOf says more of a cause than its reason does; empty: there is nothing more.
func detailOf(cause error) string {
	if cause == nil || errors.Is(cause, io.EOF) || errors.Is(cause, errGone) {
		return ""
	}
	return cause.Error()
}

package natsproto

import (
	"errors"
	"io"
	"iter"
	"unique"

	"leafgate/core"
	"leafgate/module"
)

var (
	_ module.Connector = (*frontend)(nil)
	_ module.Readier   = (*frontend)(nil)
)

// Protocol implements module.Connector.
func (f *frontend) Protocol() string { return Protocol }

// Conns implements module.Connector.
func (f *frontend) Conns() iter.Seq[module.Conn] {
	return func(yield func(module.Conn) bool) {
		for _, s := range f.sessions() {
			if !yield(s.about()) {
				return
			}
		}
	}
}

// Traffic implements module.Connector.
func (f *frontend) Traffic() core.Stats {
	f.mu.Lock()
	total := f.past
	f.mu.Unlock()
	for _, s := range f.sessions() {
		s.mu.Lock()
		ep := s.ep
		s.mu.Unlock()
		if ep != nil {
			total = module.Sum(total, ep.Stats())
		}
	}
	total.Subscriptions = 0
	return total
}

// Ready implements module.Readier: whoever balances load should send nobody here any more.
func (f *frontend) Ready() error {
	if f.draining.Load() {
		return errors.New("lame duck mode: clients are being sent elsewhere")
	}
	return nil
}

func (s *session) about() module.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.describe()
}

// describe is what monitoring shows of s. s.mu is held.
func (s *session) describe() module.Conn {
	c := module.Conn{
		ID: s.conn.ID(), Kind: module.KindClient, Type: s.lis.kind(), Remote: s.conn.RemoteAddr(), Start: s.conn.Start(),
		LastActivity: s.conn.LastRead(), RTT: s.rtt, Pending: s.conn.Pending(), TLS: s.conn.TLS(), Endpoint: s.ep,
	}
	if s.software != (unique.Handle[software]{}) {
		made := s.software.Value()
		c.Lang, c.Version = made.lang, made.version
	}
	if s.ep != nil {
		c.Name, c.User, c.Account = s.ep.Peer().Name, s.ep.Identity().User, s.ep.Account().Name()
		c.Stats = s.ep.Stats()
	}
	return c
}

// refused notes what the client asked for in vain. s.mu is held.
func (s *session) refused(e *clientError) {
	about := s.describe()
	s.lis.module.env.History.Tell(module.About(&about, module.Refused, e.refusal, e.Error()))
}

// SID is the client's name for the subscription.
func (s *sub) SID() string { return s.sid }

// detailOf says more of a cause than its reason does; empty: there is nothing more.
func detailOf(cause error) string {
	if cause == nil || errors.Is(cause, io.EOF) {
		return ""
	}
	return cause.Error()
}

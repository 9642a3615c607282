package mqtt

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/mqtt/packet"
)

// load takes in what was stored before the gateway started.
func (f *frontend) load() error {
	if f.env.Storage == nil {
		f.log.Info("MQTT sessions and retained messages live in memory: they end with the process")
	}
	if err := f.store.Load(f.restore, f.retained.load); err != nil {
		return err
	}
	f.retained.sweep(f.now())
	if n, bytes := f.retained.totals(); n > 0 || len(f.sessions) > 0 {
		f.log.Info("MQTT sessions are back", "sessions", len(f.sessions), "queued", f.counters.waiting.Load(), "retained", n,
			"retained_bytes", bytes)
	}
	return nil
}

// restore makes a session as it was, of a client that is away, if the client would be let in now.
func (f *frontend) restore(r *Record, shelf Shelf) {
	l, id := f.lookup(r.Key)
	if id == nil {
		f.log.Warn("stored session belongs to nobody any more", "client_id", r.Key.ClientID, "user", r.Key.User, "account", r.Key.Account)
		shelf.Drop()
		return
	}
	s := &session{module: f, key: r.Key, lis: l, version: packet.V311, queue: shelf, shelf: shelf, expiry: r.Expiry, will: r.Will}
	s.ep = f.env.Engine.Attach(id, core.Peer{Protocol: Protocol, Name: r.Key.ClientID, Once: true}, s)
	f.mu.Lock()
	f.sessions[s.key] = s
	f.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	shelf.Told(s.told)
	shelf.Incoming(func(id uint16) { s.received.add(id) })
	shelf.Pending(func(pos uint64, size int, fl Flight) {
		if fl.State == Waiting {
			s.wait(waitingEntry{pos, int32(size)})
			return
		}
		s.flights.restore(pos, fl)
	})
	s.flights.restored()
	for i := range r.Subscriptions {
		s.resubscribe(&r.Subscriptions[i])
	}
	s.setAway(true)
	s.wasAway(r)
}

// lookup finds who the client of a session would be now, and by which listener; nil: nobody lets it in.
func (f *frontend) lookup(key Key) (*listener, *core.Identity) {
	for _, l := range f.listeners {
		id, ok := l.opts.Load().rules.Lookup(auth.ProtocolMQTT, key.User, key.ClientID)
		if ok && id.Account.Name() == key.Account {
			return l, id
		}
	}
	return nil, nil
}

// wasAway goes on counting down to the end of the session and to its will. For a client that was connected when the gateway
// died, both begin now.
func (s *session) wasAway(r *Record) {
	since := r.Away
	if s.willAt = r.WillAt; since == 0 {
		since = s.module.now()
		if s.will != nil {
			s.willAt = since + int64(s.will.Delay)*1e9
		}
		s.save()
	}
	if s.will != nil {
		s.module.agenda.add(s, s.willAt)
	}
	s.expires(since)
}

// resubscribe makes a subscription as it was, if the client may have it still.
func (s *session) resubscribe(r *SubscriptionRecord) {
	c := &conn{version: packet.V5} // whatever it was: the filter has been accepted
	sub, code, err := s.parse(c, []byte(r.Filter), packet.Options(r.Options), r.ID)
	sys := isSys([]byte(r.Filter))
	switch {
	case err != nil || code.Failed():
	case sys:
		code, _ = s.subscribeSys(sub, packet.Options(r.Options))
	default:
		err = s.register(sub)
	}
	if err != nil || code.Failed() {
		s.module.log.Warn("stored subscription is refused", "client_id", s.key.ClientID, "filter", r.Filter, "err", err)
		_ = s.shelf.Unsubscribe(r.Filter, nil) // the next start finds it again
		return
	}
	if sys {
		return
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription)
	}
	s.subs[sub.filter] = sub
}

// restore adds one that was under way when the gateway ended.
func (fs *flights) restore(pos uint64, f Flight) {
	fs.list = append(fs.list, flight{Flight: f, pos: pos, dup: true, ready: true})
	fs.recs = max(fs.recs, f.Order)
}

// restored brings them into order. The next packet ids are others than those that were last given: what was under way with
// them may not have been stored, and the client's answer may still come.
func (fs *flights) restored() {
	slices.SortFunc(fs.list, func(a, b flight) int { return cmp.Compare(a.Seq, b.Seq) })
	if n := len(fs.list); n > 0 {
		fs.next = fs.list[n-1].Seq + mostFlights/2
	} else {
		fs.next = rand.Uint64N(mostFlights)
	}
}

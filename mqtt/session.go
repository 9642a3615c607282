package mqtt

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mqtt/packet"
)

// A session is what a client is to the engine: it holds the subscriptions, takes what they match, and keeps it until the
// client has it. It outlives connections where the client asked for that. [MQTT-4.1.0-1]
type session struct {
	module  *frontend
	key     Key
	ep      *core.Endpoint
	conn    atomic.Pointer[conn] // nil: the client is away. Stored under mu
	holding atomic.Bool          // own bytes come first: Run waits for mu
	lostAt  atomic.Int64         // when a loss was last told, Unix nanoseconds

	mu       sync.Mutex // guards the fields below, and the order of what goes to conn
	ended    bool
	version  packet.Version
	limited  bool                     // its connection takes no packet beyond some size
	lis      *listener                // whose rules let it in
	sys      map[string]*subscription // filters of the gateway's own tree
	expiry   uint32                   // seconds after the connection; 0: with it. [MQTT-3.1.2-23]
	expireAt int64                    // when the session ends, Unix nanoseconds, while the client is away; 0: never
	will     *Will
	willAt   int64                    // when to publish it, Unix nanoseconds; 0: not yet known
	subs     map[string]*subscription // by filter as sent
	queue    Queue                    // nil until something has to be kept
	shelf    Shelf                    // its place in the store, which is the queue then; nil: it ends with the connection
	waiting  deque[waitingEntry]
	bytes    int64 // of messages in waiting
	flights  flights
	received idSet // QoS 2 publications of the client that are not released. [MQTT-4.3.3-2]
	grants   []grant
	held     []*core.Barrier // publishers whose acknowledgements wait until waiting is shorter
	holds    atomic.Bool     // whether there are any, for those who do not have mu
}

// A waitingEntry is a delivery that was not sent yet.
type waitingEntry struct {
	pos  uint64
	size int32 // bytes that count against the bounds; 0: exempt
}

// join makes c the connection of its client's session: a new one, or the one there is. [MQTT-3.1.2-4] [MQTT-3.1.2-5]
func (f *frontend) join(batch *core.Batch, c *conn, j *joining) error {
	key := Key{j.identity.Account.Name(), j.identity.User, string(j.ClientID)} // [MQTT-3.1.3-2]
	for {
		s, err := f.find(key, c, j)
		if err != nil {
			return err
		}
		past, joined, err := s.join(c, j)
		past.settle(batch, s) // its will comes before anything of the new connection
		if joined || err != nil {
			return err
		}
	}
}

// find answers the session for key, made if there is none.
func (f *frontend) find(key Key, c *conn, j *joining) (s *session, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s = f.sessions[key]; s != nil {
		return s, nil
	}
	switch {
	case f.stopping:
		return nil, errShutdown
	case j.identity.Account.Full():
		return nil, errAccountFull
	case len(f.sessions) >= f.opts.Load().maxSessions:
		return nil, errTooManySessions
	}
	s = &session{module: f, key: key}
	s.ep = f.env.Engine.Attach(j.identity, c.peer(key), s)
	f.sessions[key] = s
	return s, nil
}

// peer is what monitoring shows of the client.
func (c *conn) peer(key Key) core.Peer {
	return core.Peer{Protocol: Protocol, ID: c.net.ID(), Name: key.ClientID, Once: true}
}

var errAccountFull = &clientError{packet.QuotaExceeded, reason.MaxAccountConnections, "maximum account active connections exceeded", nil}
var errTooManySessions = &clientError{packet.QuotaExceeded, reason.MaxSessions, "maximum sessions exceeded", nil}

// former is what has to be done about what was before a connection, once no lock is held.
type former struct {
	conn *conn // to be told that it is taken over
	will *Will // to be published
	end  bool  // the session is over
}

// settle lets the former connection complete the packet that it is at work on, publishes its will, in its session's name,
// and tells it to go. [MQTT-3.1.4-2] [MQTT-3.1.4-3] [MQTT-4.6.0-5]
func (w former) settle(batch *core.Batch, s *session) {
	if w.conn != nil {
		w.conn.busy.Lock()
		w.conn.busy.Unlock() //lint:ignore SA2001 waits for who holds it
	}
	if w.will != nil {
		s.publishWill(batch, w.will)
		s.mu.Lock()
		s.save() // it is gone, now that it has been published
		s.mu.Unlock()
	}
	if w.end {
		s.finish()
	}
	if w.conn != nil {
		s.module.counters.takeovers.Add(1)
		w.conn.dismiss(errTakenOver)
	}
}

// join attaches c, unless something of the past has to be settled first.
func (s *session) join(c *conn, j *joining) (past former, joined bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return past, false, nil
	}
	if past = s.supersede(j); past != (former{}) {
		return past, false, nil
	}
	present := s.joinedBefore()
	if err = s.prepare(c, j); err != nil {
		if past.end, s.ended = !present, !present; present {
			s.leave()
		}
		return past, false, err
	}
	s.holding.Store(true)
	c.session = s
	c.unacked.Store(int64(len(s.received)))
	c.net.Append(c.connack(j, present, s.expiry)) // before anything else [MQTT-3.2.0-1]
	c.accepted.Store(true)
	s.conn.Store(c)
	s.module.env.History.Open(c.describe)
	s.resume(c)
	s.holding.Store(false)
	s.save()
	return past, true, nil
}

// supersede takes away what a new connection ends: a live connection, a will, with clean start the session. [MQTT-3.1.2-4]
func (s *session) supersede(j *joining) (past former) {
	if old := s.conn.Load(); old != nil {
		past.conn = old
		s.conn.Store(nil)
	}
	// A session without expiry is over with its connection, which is the one that is taken over. [MQTT-3.1.2-23]
	clean := s.joinedBefore() && (j.CleanStart || past.conn != nil && s.expiry == 0)
	if w := s.will; w != nil && past.conn != nil || w != nil && clean {
		// With a delay, a new connection in time keeps the will back, unless it ends the session. [MQTT-3.1.3-9]
		if w.Delay == 0 || clean {
			past.will = w
		}
		s.will = nil
	}
	if clean {
		past.end, s.ended = true, true
	}
	return past
}

// joinedBefore says whether a connection has had the session already.
func (s *session) joinedBefore() bool { return s.version != 0 }

// prepare makes the session what c wants it to be.
func (s *session) prepare(c *conn, j *joining) error {
	expiry := sessionExpiry(j, c.options().maxExpiry)
	if s.queue == nil {
		if err := s.openQueue(expiry); err != nil {
			return errStorage.with(err)
		}
	}
	for _, ended := range s.ep.Rebind(j.identity) {
		s.forget(ended)
	}
	if s.joinedBefore() {
		s.ep.Describe(c.net.ID())
	}
	reform := s.version != 0 && s.wire() != (wire{c.version, c.maxPacket > 0})
	s.version, s.limited, s.lis, s.expiry, s.expireAt = c.version, c.maxPacket > 0, c.lis, expiry, 0
	s.will, s.willAt = j.will, 0
	s.setAway(false)
	if reform {
		return s.reform(c)
	}
	return nil
}

func sessionExpiry(j *joining, most uint32) uint32 {
	switch {
	case j.Version == packet.V5:
		return min(j.SessionExpiry, most)
	case j.CleanStart:
		return 0
	}
	return most
}

// openQueue makes the queue: in the store where the session outlives the connection, else in memory.
func (s *session) openQueue(expiry uint32) error {
	if expiry == 0 {
		return nil // made when it is needed
	}
	shelf, err := s.module.store.Open(&Record{Key: s.key, Expiry: expiry})
	if err != nil {
		return err
	}
	shelf.Told(s.told)
	s.queue, s.shelf = shelf, shelf
	return nil
}

// detach is the end of connection c. [MQTT-3.1.2-8] [MQTT-3.1.2-10]
func (s *session) detach(batch *core.Batch, c *conn, cause error) {
	past, ok := s.part(c, cause)
	if !ok {
		return
	}
	past.settle(batch, s)
	batch.Flush()
	s.module.store.Flush()
}

func (s *session) part(c *conn, cause error) (past former, ok bool) {
	s.mu.Lock()
	defer s.unlock(s.releaseHeld())
	if s.conn.Load() != c {
		return past, false // has been taken over: settled already
	}
	s.conn.Store(nil)
	if errors.Is(cause, errGone) && !errors.Is(cause, errGoneWithWill) { // [MQTT-3.14.4-3]
		s.will = nil
	}
	if s.expiry == 0 {
		past.will, s.will = s.will, nil
		past.end, s.ended = true, true
		return past, true
	}
	s.leave()
	s.save() // with the will, so that it is published whatever happens
	if w := s.will; w != nil && w.Delay == 0 {
		past.will, s.will = w, nil
	}
	return past, true
}

// leave notes when a session whose client is away has something to do.
func (s *session) leave() {
	now := s.module.now()
	s.setAway(true)
	s.expires(now)
	if s.will != nil {
		s.willAt = now + int64(s.will.Delay)*int64(time.Second)
		s.module.agenda.add(s, s.willAt)
	}
}

// expires notes when the session of a client that is away since then ends.
func (s *session) expires(since int64) {
	if s.expiry != Forever {
		s.expireAt = since + int64(s.expiry)*int64(time.Second)
		s.module.agenda.add(s, s.expireAt)
	}
}

// due does what the agenda says: publish the will, end the session. [MQTT-3.1.2-8]
func (s *session) due(batch *core.Batch, now int64) {
	var past former
	s.mu.Lock()
	if s.conn.Load() == nil && !s.ended {
		over := s.expireAt != 0 && now >= s.expireAt
		if s.will != nil && (over || s.willAt != 0 && now >= s.willAt) {
			past.will, s.will = s.will, nil
		}
		if over {
			past.end, s.ended = true, true
			s.module.counters.ended.Add(1)
		}
	}
	s.mu.Unlock()
	past.settle(batch, s)
}

// finish ends the session for good: s.ended is set, by the caller.
func (s *session) finish() {
	f := s.module
	f.mu.Lock()
	if f.sessions[s.key] == s {
		delete(f.sessions, s.key)
	}
	f.counters.past = addTraffic(f.counters.past, s.ep.Stats())
	f.mu.Unlock()
	s.ep.Close()
	s.mu.Lock()
	s.dropWaiting()
	shelf := s.shelf
	s.queue, s.shelf = nil, nil
	s.unlock(s.releaseHeld())
	if shelf != nil {
		shelf.Drop()
	}
}

// save tells the store what the session is, where it outlives the connection. s.mu is held.
func (s *session) save() {
	if s.shelf == nil || s.ended {
		return
	}
	r := &Record{Key: s.key, Expiry: s.expiry, Will: s.will, WillAt: s.willAt}
	if s.conn.Load() == nil {
		r.Away = s.module.now()
	}
	s.shelf.Save(r)
}

// unlock lets go of s.mu, then of the barriers: who waits for them may write to other connections.
func (s *session) unlock(free []*core.Barrier) {
	s.mu.Unlock()
	for _, b := range free {
		b.Done(nil)
	}
}

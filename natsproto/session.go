package natsproto

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"
	"unique"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
	"leafgate/natsproto/wire"
)

// A session is one client's protocol state. It owns no buffer: what it reads is lent, what it writes the connection keeps.
// Idle clients cost its size, so what matters only while connecting stands elsewhere.
type session struct {
	lis        *listener
	conn       *netio.Conn
	given      *module.Given // what the client showed before it spoke, nil: nothing
	next, prev *session      // module.mu

	mu       sync.Mutex // guards the fields below; the driver's calls hold it against reload and lame duck
	ep       *core.Endpoint
	subs     subTable
	joining  *joining // a CONNECT that is being worked on
	software unique.Handle[software]
	authBy   int64 // by when the client must have authenticated, in Unix nanoseconds; 0: no matter
	pingAt   int64 // when the next PING is due
	pingSent int64 // when the last was sent; 0: never
	rtt      time.Duration
	pingsOut uint8 // not answered yet
	flags    flags
}

// flags are what a client asked for, and how far it has come.
type flags uint16

const (
	verbose flags = 1 << iota
	pedantic
	noEcho
	headers
	noResponders
	asyncInfo // takes INFO at any time: protocol 1
	connected // CONNECT was accepted
	ponged    // the first PING was answered
	active    // sent something but PONG since the last ping tick
)

func (f flags) has(g flags) bool { return f&g != 0 }

// software is what a client says it is made of. Few values serve many sessions.
type software struct{ lang, version string }

// Feed implements netio.Session.
func (s *session) Feed(batch *core.Batch, b []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joining != nil {
		if err = s.funnel(batch, s.joined(batch)); err != nil {
			return 0, err
		}
	}
	lim := s.limits()
	for n < len(b) {
		took, err := s.unit(batch, b[n:], lim)
		n += took
		if err = s.funnel(batch, err); err != nil {
			return n, err
		}
		if took == 0 {
			break
		}
	}
	return n, nil
}

// limits are the gateway's, and those of the client's account, as they stand now.
func (s *session) limits() wire.Limits {
	l := s.lis.module.opts.Load().limits
	if s.ep != nil {
		if most := s.ep.Account().Limits().Payload; most > 0 && most < l.Payload {
			l.Payload = most
		}
	}
	return l
}

// unit takes one unit off b, or a run of publications with the same line. n is 0 when it is not whole.
func (s *session) unit(batch *core.Batch, b []byte, lim wire.Limits) (n int, err error) {
	if s.ep == nil && b[0]|0x20 != 'c' { // before CONNECT nothing is read of what needs rights
		if err = s.enter(); err != nil {
			return 0, err
		}
	}
	var u wire.Unit
	if n, err = wire.Next(b, lim, &u); err != nil {
		return 0, fromWire(err)
	}
	if n == 0 {
		if u.Verb == wire.HPUB && u.Len > 0 && !s.flags.has(headers) {
			return 0, errArguments
		}
		if u.Len > 0 {
			s.conn.Expect(u.Len)
		}
		return 0, nil
	}
	if u.Verb != wire.PONG {
		s.flags |= active
	}
	switch u.Verb {
	case wire.PUB, wire.HPUB:
		return s.onPub(batch, b, &u)
	case wire.SUB:
		return n, s.onSub(batch, u.Args)
	case wire.UNSUB:
		return n, s.onUnsub(batch, u.Args)
	case wire.PING:
		s.onPing(batch)
	case wire.PONG:
		s.onPong()
	case wire.CONNECT:
		return n, s.onConnect(u.Args)
	case wire.ERR:
		return n, errClientErr.with(errQuoted(u.Args))
	}
	return n, nil
}

// say queues own bytes behind the messages that came before them.
func (s *session) say(batch *core.Batch, line []byte) {
	if s.ep != nil {
		batch.SettleFor(s.ep)
	}
	s.conn.Append(line)
}

// ok answers a verbose client.
func (s *session) ok(batch *core.Batch) {
	if s.flags.has(verbose) {
		s.say(batch, okLine)
	}
}

// Never written to.
var (
	okLine   = []byte(wire.OKLine)
	pingLine = []byte(wire.Ping)
	pongLine = []byte(wire.Pong)
)

// Closed implements netio.Session.
func (s *session) Closed(batch *core.Batch, cause error) {
	s.mu.Lock()
	ep, about := s.ep, s.describe()
	s.ep = nil // a reload finds nothing any more
	s.mu.Unlock()
	if ep != nil {
		batch.Settle()
		about.Stats = ep.Stats()
		ep.Close()
	}
	s.lis.module.leave(s, about, cause)
}

func (s *session) debug(msg string, err error) {
	log := s.lis.module.log
	if log.Enabled(context.Background(), slog.LevelDebug) {
		log.Debug(msg, "client", s.conn.ID(), "err", err)
	}
}

// errQuoted is what a client sent, fit for a log.
type errQuoted []byte

func (e errQuoted) Error() string {
	const most = 64
	return string(bytes.ToValidUTF8(e[:min(len(e), most)], []byte("?")))
}

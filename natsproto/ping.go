package natsproto

import (
	"math/rand/v2"
	"time"

	"leafgate/core"
)

const (
	firstPing = 2 * time.Second // after CONNECT, at the latest
	rttEvery  = time.Hour       // an active client is pinged that often all the same
)

func (s *session) onPing(batch *core.Batch) {
	s.say(batch, pongLine)
	if s.flags.has(connected) && !s.flags.has(ponged) {
		s.flags |= ponged
		if s.flags.has(asyncInfo) { // not before the PONG: clients insist on it as the first answer
			s.conn.Append(s.connectInfo())
		}
	}
}

func (s *session) onPong() {
	s.pingsOut = 0
	if s.pingSent != 0 {
		s.rtt = max(1, time.Since(time.Unix(0, s.pingSent)))
	}
}

// Tick implements netio.Session.
func (s *session) Tick(batch *core.Batch, now time.Time) (next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := now.UnixNano()
	switch {
	case s.authBy != 0 && at >= s.authBy:
		err = errAuthTimeout
	case s.expires() != 0 && at >= s.expires():
		err = errAuthExpired
	case s.joining == nil && at >= s.pingAt:
		err = s.ping(batch, now)
	}
	if err = s.funnel(batch, err); err != nil {
		return time.Time{}, err
	}
	return s.nextTick(), nil
}

// ping sends a PING, unless the client has shown since the last that it lives.
func (s *session) ping(batch *core.Batch, now time.Time) error {
	o := s.lis.module.opts.Load()
	due := !s.flags.has(active) || now.Sub(time.Unix(0, s.pingSent)) > rttEvery
	s.flags &^= active
	s.pingAt = now.Add(s.lis.pingInterval()).UnixNano()
	if !due {
		return nil
	}
	if int(s.pingsOut)+1 > o.pingMax {
		return errStale
	}
	s.pingsOut++
	s.pingSent = now.UnixNano()
	s.say(batch, pingLine)
	return nil
}

// firstPingAt is when a client that has just connected is pinged, spread so that many do not come at once.
func (s *session) firstPingAt(now time.Time) int64 {
	d := min(firstPing, s.lis.pingInterval())
	return now.Add(d + rand.N(d/5+1)).UnixNano()
}

// expires is when the client's rights end, in Unix nanoseconds; 0: never.
func (s *session) expires() int64 {
	if s.ep == nil || s.ep.Identity().Expires.IsZero() {
		return 0
	}
	return s.ep.Identity().Expires.UnixNano()
}

// nextTick is the earliest of the session's deadlines.
func (s *session) nextTick() time.Time {
	at := s.pingAt
	for _, other := range [...]int64{s.authBy, s.expires()} {
		if other != 0 && other < at {
			at = other
		}
	}
	return time.Unix(0, at)
}

package natsproto

import (
	"bytes"
	"errors"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

// onPub takes the PUB or HPUB that b begins with, and all that follow with the very same line: their subject and sizes
// are known then, and whatever was to be checked about them has been.
func (s *session) onPub(batch *core.Batch, b []byte, u *wire.Unit) (n int, err error) {
	if err = s.checkPub(u); err != nil {
		return u.Len, err
	}
	if s.flags.has(verbose | pedantic) {
		return u.Len, s.publishSlowly(batch, b[:u.Len], u)
	}
	m := batch.Message()
	m.Subject, m.Reply, m.Header, m.Tail, m.TailForm = u.Subject, u.Reply, nil, nil, nil
	m.Raw, m.Namer, m.Groups, m.Stored = nil, nil, nil, nil
	if u.Tail > 0 {
		m.TailForm = headerForm{}
	}
	line := b[:u.Line]
	for {
		unit := b[n : n+u.Len]
		n += u.Len
		if err = s.publish(batch, m, unit, u); err != nil || !repeats(b[n:], line, u) {
			return n, err
		}
	}
}

// repeats says whether b goes on with a whole message behind the same line.
func repeats(b, line []byte, u *wire.Unit) bool {
	return len(b) >= u.Len && string(b[:len(line)]) == string(line) && b[u.Len-2] == '\r' && b[u.Len-1] == '\n'
}

// publish offers one message; m says already what its line says.
func (s *session) publish(batch *core.Batch, m *core.Message, unit []byte, u *wire.Unit) error {
	body := unit[u.Line : len(unit)-len("\r\n")]
	if u.HeaderSize > 0 {
		m.Header = body[:u.HeaderSize]
	}
	m.Payload = body[u.HeaderSize:]
	if u.Tail > 0 {
		m.Tail = unit[u.Tail:]
	}
	matched, err := batch.Publish(s.ep, m)
	if err != nil {
		return pubError(u, err)
	}
	if matched == 0 && len(u.Reply) > 0 && s.flags.has(noResponders) {
		s.answerNoResponders(batch, u)
	}
	return nil
}

// publishSlowly is publish for clients that want to hear of every message.
func (s *session) publishSlowly(batch *core.Batch, unit []byte, u *wire.Unit) error {
	if s.flags.has(pedantic) && !(core.ValidSubject(u.Subject) && core.IsLiteral(u.Subject)) {
		s.say(batch, errBadPublish.line())
	}
	m := batch.Message()
	*m = core.Message{Subject: u.Subject, Reply: u.Reply}
	if err := batch.Resolve(s.ep, m); errors.Is(err, core.ErrNotAllowed) {
		return pubError(u, err)
	}
	s.ok(batch) // comes before the message's own echo
	if u.Tail > 0 {
		m.TailForm = headerForm{}
	}
	return s.publish(batch, m, unit, u)
}

// checkPub checks what a PUB or HPUB line says, but for the permission.
func (s *session) checkPub(u *wire.Unit) error {
	switch {
	case u.Verb == wire.HPUB && !s.flags.has(headers):
		return errArguments
	case u.Unclean: // would break the lines it stands in further on
		return errBadPublish
	case reservedSubject(u.Subject):
		return pubError(u, core.ErrNotAllowed)
	case reservedReply(u.Reply):
		return refused("Publish with Reply of %q", u.Reply)
	}
	if u.Verb == wire.HPUB && u.HeaderSize == 0 {
		u.Tail = 0 // goes on as MSG, which has one size
	}
	return nil
}

func pubError(u *wire.Unit, err error) error {
	switch {
	case errors.Is(err, core.ErrNotAllowed):
		return refused("Publish to %q", u.Subject)
	case errors.Is(err, core.ErrBadSubject):
		return errBadPublish
	}
	return err
}

// reservedSubject: what servers of a cluster use between themselves, no client may publish to, whatever its rights.
func reservedSubject(s []byte) bool {
	if len(s) == 0 || s[0] != '_' && s[0] != '$' {
		return false
	}
	return beyond(s, "_GR_.") || beyond(s, "$GR.") || bytes.HasPrefix(s, []byte("$NRG."))
}

// reservedReply: answers to these would reach services in the client's name.
func reservedReply(r []byte) bool {
	if len(r) == 0 || r[0] != '_' && r[0] != '$' {
		return false
	}
	return beyond(r, "_R_.") || beyond(r, "$JS.ACK.") || beyond(r, "_GR_.") || beyond(r, "$GR.")
}

// beyond: s begins with prefix and goes on.
func beyond(s []byte, prefix string) bool {
	return len(s) > len(prefix) && string(s[:len(prefix)]) == prefix
}

// answerNoResponders tells a requester that nobody was there.
func (s *session) answerNoResponders(batch *core.Batch, u *wire.Unit) {
	if to := s.ep.Lookup(u.Reply); to != nil {
		s.say(batch, wire.AppendNoResponders(nil, u.Reply, to.Tag.(*sub).sid, batch.Subject()))
	}
}

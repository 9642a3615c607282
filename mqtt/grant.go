package mqtt

import (
	"bytes"
	"time"

	"leafgate/mapping"
)

// A grant lets a client answer a request: publish once to a topic that it may not publish to otherwise. Of what is reserved
// only inboxes are granted: nobody has a device talk to servers by a request that names one of their subjects.
type grant struct {
	topic string
	until int64 // Unix nanoseconds
}

const (
	grantTime  = 2 * time.Minute
	mostGrants = 64 // of a session; the oldest give way
)

var inbox = []byte("_INBOX")

// grant notes that the client has been shown topic, whose subject is reply, as the one to answer on. s.mu is held.
func (s *session) grant(reply, topic []byte) {
	switch reserved := mapping.ReservedTopic(topic); {
	case reserved && !bytes.HasPrefix(reply, inbox):
		return
	case !reserved && s.ep.Identity().Perms.CanPublish(reply):
		return // may do so anyway
	}
	if len(s.grants) >= mostGrants {
		s.grants = s.grants[:copy(s.grants, s.grants[1:])]
	}
	s.grants = append(s.grants, grant{string(topic), time.Now().Add(grantTime).UnixNano()})
}

// takeGrant uses up the client's right to answer on topic, if it has one.
func (s *session) takeGrant(topic []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, g := range s.grants {
		if g.topic == string(topic) {
			s.grants = append(s.grants[:i], s.grants[i+1:]...)
			return time.Now().UnixNano() < g.until
		}
	}
	return false
}

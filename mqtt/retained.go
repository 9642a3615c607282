package mqtt

import (
	"sync"

	"leafgate/mapping"
)

// A retainedTree holds the retained messages of one account, at most one for each subject. [MQTT-3.3.1-5]
//
// The zero tree is empty. Its methods may be called from any goroutine; it keeps what it is given, which is read-only from
// then on. Subjects are literal and have no empty tokens, as the engine has made sure. How many there may be, and how
// large, is for the caller to say.
type retainedTree struct {
	mu     sync.RWMutex // protects the fields below
	open   retainedNode // root of what filters that begin with a wildcard match
	hidden retainedNode // root of what they do not: $ and what is reserved. [MQTT-4.7.2-1]
	held   int          // messages
	size   int          // their bytes
	expiry int64        // none expires before that, Unix nanoseconds; 0: none does
}

// root is where a subject belongs.
func (t *retainedTree) root(subject []byte) *retainedNode {
	if len(subject) > 0 && subject[0] == '$' || mapping.ReservedSubject(subject) {
		return &t.hidden
	}
	return &t.open
}

// set puts r in place of the message with its subject, which it returns, or nil.
func (t *retainedTree) set(r *Retained) (replaced *Retained) {
	subject := r.Message.Subject
	t.mu.Lock()
	defer t.mu.Unlock()
	replaced = t.root(subject).set(subject, r)
	t.tally(r, 1)
	t.tally(replaced, -1)
	if r.Until != 0 && (t.expiry == 0 || r.Until < t.expiry) {
		t.expiry = r.Until
	}
	return replaced
}

// remove takes the message with that subject out and returns it, or nil.
func (t *retainedTree) remove(subject []byte) (removed *Retained) {
	t.mu.Lock()
	defer t.mu.Unlock()
	removed = t.root(subject).remove(subject)
	t.tally(removed, -1)
	return removed
}

// get returns the message with that subject, expired or not, or nil. It does not allocate.
func (t *retainedTree) get(subject []byte) *Retained {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.root(subject).get(subject)
}

// match appends to dst, which the caller lends, what f matches and has not expired at now, in Unix nanoseconds. It
// allocates only what dst lacks. Messages come roughly in the order in which their subjects were first seen.
func (t *retainedTree) match(dst []*Retained, f *mapping.Filter, now int64) []*Retained {
	t.mu.RLock()
	defer t.mu.RUnlock()
	dst = t.open.match(dst, f, now)
	if !f.NoDollar {
		dst = t.hidden.match(dst, f, now)
	}
	return dst
}

// sweep takes out what has expired at now, in Unix nanoseconds, and returns it. [MQTT-3.3.2-5] It looks at all messages,
// but only where one may have expired.
func (t *retainedTree) sweep(now int64) []*Retained {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expiry == 0 || now < t.expiry {
		return nil
	}
	s := retainedSweep{now: now}
	s.sweep(&t.open)
	s.sweep(&t.hidden)
	for _, r := range s.expired {
		t.tally(r, -1)
	}
	t.expiry = s.next
	return s.expired
}

// count is how many messages there are, expired ones until they are swept.
func (t *retainedTree) count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.held
}

// bytes is the size of these messages.
func (t *retainedTree) bytes() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size
}

// tally notes that r, if there is one, came or, with n -1, went. The caller holds mu.
func (t *retainedTree) tally(r *Retained, n int) {
	if r != nil {
		t.held += n
		t.size += n * r.size()
	}
}

// size is what r counts, in bytes: subject, topic, reply, header and payload.
func (r *Retained) size() int {
	m := r.Message
	return len(m.Subject) + len(m.Raw) + len(m.Reply) + len(m.Header) + len(m.Payload)
}

// expired says whether r is over at now, in Unix nanoseconds.
func (r *Retained) expired(now int64) bool { return r.Until != 0 && r.Until <= now }

package core

import (
	"errors"
	"math"
	"sync"
	"time"
)

const (
	defaultAnswers    = 1
	defaultAnswerTime = 2 * time.Minute
)

func (r *Responses) withDefaults() *Responses {
	if r == nil {
		return nil
	}
	c := *r
	if c.Max == 0 {
		c.Max = defaultAnswers
	} else if c.Max < 0 {
		c.Max = math.MaxInt
	}
	if c.Expires == 0 {
		c.Expires = defaultAnswerTime
	} else if c.Expires < 0 {
		c.Expires = math.MaxInt64
	}
	return &c
}

// answers says whether p lets a peer answer where it may not publish.
func (p *Permissions) answers() bool { return p != nil && p.responses != nil }

// replies are the subjects that a peer may answer on.
type replies struct {
	mu    sync.Mutex
	to    map[string]*reply
	sweep int
}

type reply struct {
	left  int
	until int64 // Unix nanoseconds
}

// expectAnswer lets ep publish to the subject, which it has been given as the one to answer on.
func (ep *Endpoint) expectAnswer(subject []byte) {
	p := ep.Identity().Perms
	if !p.answers() || p.CanPublish(subject) {
		return
	}
	r := ep.replies.Load()
	if r == nil {
		r = &replies{to: make(map[string]*reply), sweep: firstSweep}
		if !ep.replies.CompareAndSwap(nil, r) {
			r = ep.replies.Load()
		}
	}
	now := time.Now().UnixNano()
	until := int64(math.MaxInt64)
	if d := int64(p.responses.Expires); d < math.MaxInt64-now {
		until = now + d
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.to) >= r.sweep {
		r.forgetLate(now)
	}
	r.to[string(subject)] = &reply{p.responses.Max, until}
}

func (r *replies) forgetLate(now int64) {
	for subject, a := range r.to {
		if a.until < now {
			delete(r.to, subject)
		}
	}
	r.sweep = max(firstSweep, 2*len(r.to))
}

// mayAnswer says whether a publication to key that was not allowed is an answer that is, and counts it.
func (ep *Endpoint) mayAnswer(key []byte, namer Namer, err error) bool {
	r := ep.replies.Load()
	if r == nil || !errors.Is(err, ErrNotAllowed) || !ep.Identity().Perms.answers() {
		return false
	}
	subject := key
	if namer != nil {
		if subject, err = namer.AppendSubject(nil, key); err != nil {
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.to[string(subject)]
	if a == nil {
		return false
	}
	if a.until < time.Now().UnixNano() {
		delete(r.to, string(subject))
		return false
	}
	if a.left--; a.left == 0 {
		delete(r.to, string(subject))
	}
	return true
}

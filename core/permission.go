package core

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// PermissionDef is what a configuration says about one peer's rights.
type PermissionDef struct {
	Publish, Subscribe Rule
	Responses          *Responses // nil: the peer answers only where it may publish
}

// Responses let a peer answer what it gets, where it may not publish otherwise.
type Responses struct {
	Max     int           // answers to one message; 0: 1, negative: any number
	Expires time.Duration // how long; 0: 2 minutes, negative: for ever
}

// A Rule allows and denies subjects by pattern. A nil Allow allows everything, an empty one nothing; deny wins. Entries of
// a Subscribe rule may be "pattern queue", where the queue may be a pattern too.
type Rule struct{ Allow, Deny []string }

// Permissions are compiled rights. They never change, so that the engine may remember verdicts under their pointer; new
// rights are new Permissions. A nil *Permissions allows everything.
type Permissions struct {
	id                 uint64 // random, for the memo
	publish, subscribe rule
	responses          *Responses
}

type rule struct {
	restricted  bool // an allow list exists
	allow, deny []grant
}

// A grant is one entry: a pattern, and the queues it is about, or none.
type grant struct{ pattern, queue string }

// NewPermissions compiles def. Errors name the entry.
func NewPermissions(def PermissionDef) (*Permissions, error) {
	p := &Permissions{id: rand.Uint64(), responses: def.Responses.withDefaults()}
	if def.Responses != nil && def.Publish.Allow == nil {
		def.Publish.Allow = []string{} // answers only
	}
	var err error
	if p.publish, err = compileRule(def.Publish, false); err != nil {
		return nil, fmt.Errorf("compile publish permissions: %w", err)
	}
	if p.subscribe, err = compileRule(def.Subscribe, true); err != nil {
		return nil, fmt.Errorf("compile subscribe permissions: %w", err)
	}
	return p, nil
}

func compileRule(r Rule, queues bool) (c rule, err error) {
	c.restricted = r.Allow != nil
	if c.allow, err = compileGrants(r.Allow, queues); err != nil {
		return c, err
	}
	c.deny, err = compileGrants(r.Deny, queues)
	return c, err
}

func compileGrants(entries []string, queues bool) ([]grant, error) {
	grants := make([]grant, 0, len(entries))
	for _, e := range entries {
		f := strings.FieldsFunc(e, breaks)
		if len(f) == 0 || len(f) > 2 || (len(f) == 2 && !queues) || !ValidPattern(f[0]) {
			return nil, fmt.Errorf("%w %q", ErrBadSubject, e)
		}
		g := grant{pattern: f[0]}
		if len(f) == 2 {
			g.queue = f[1]
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// breaks says what ends a pattern: what ValidPattern forbids in one. Other white space of Unicode is text like any other,
// so that no name in a pattern turns its tail into a queue.
func breaks(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// CanPublish says whether p allows publishing to the literal subject.
func (p *Permissions) CanPublish(subject []byte) bool {
	if p == nil {
		return true
	}
	r := &p.publish
	return (!r.restricted || matchesAny(r.allow, subject)) && !matchesAny(r.deny, subject)
}

func matchesAny(grants []grant, subject []byte) bool {
	for i := range grants {
		if Covers(grants[i].pattern, subject) {
			return true
		}
	}
	return false
}

// CanSubscribe says whether p allows a subscription to pattern, in queue unless that is empty. An allow entry must cover
// the whole pattern. A deny entry that is narrower than the pattern does not refuse it: messages are filtered by
// CanReceive then.
func (p *Permissions) CanSubscribe(pattern, queue string) bool {
	if p == nil {
		return true
	}
	r := &p.subscribe
	return (!r.restricted || allows(r.allow, pattern, queue)) && !denies(r.deny, pattern, queue)
}

// allows: an entry without queue allows any; where entries with queues cover the pattern too, a queue must be one of
// theirs.
func allows(grants []grant, pattern, queue string) bool {
	plain, named, member := false, false, false
	for _, g := range grants {
		if !Covers(g.pattern, pattern) {
			continue
		}
		if g.queue == "" {
			plain = true
		} else if queue != "" {
			named = true
			member = member || Covers(g.queue, queue)
		}
	}
	return member || (plain && !named)
}

func denies[S ~string | ~[]byte](grants []grant, pattern S, queue string) bool {
	for _, g := range grants {
		if (g.queue == "" || (queue != "" && Covers(g.queue, queue))) && Covers(g.pattern, pattern) {
			return true
		}
	}
	return false
}

// CanReceive says whether a message to the literal subject may be delivered to a subscription that CanSubscribe has let
// through. It is the one check of every path to a subscriber.
func (p *Permissions) CanReceive(subject []byte, queue string) bool {
	return p == nil || len(p.subscribe.deny) == 0 || !denies(p.subscribe.deny, subject, queue)
}

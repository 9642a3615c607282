package leafnode

import (
	"strings"

	"leafgate/core"
	"leafgate/leafnode/wire"
)

// rights say which subjects may cross a link in one direction. They never change.
type rights struct {
	restricted bool
	allow      []grant
	deny       []grant
}

// A grant is a pattern, and the queue it is about, or none.
type grant struct{ pattern, queue string }

// never are subjects that belong to the server on either side.
var never = []string{"$SYS.>", "$JS.API.>", "$KV.>", "$OBJ.>", "$NRG.>", "$JSC.>", "$LEAFGATE.>"}

const beaconPrefix = "$LDS."

// exempt are subjects by which servers reach each other: no rights are about them.
var exempt = []string{beaconPrefix, "_R_.", "$JS.ACK.", "_GR_.", "$GR."}

func isExempt[S ~string | ~[]byte](subject S) bool {
	if len(subject) == 0 || subject[0] != '$' && subject[0] != '_' {
		return false
	}
	for _, p := range exempt {
		if len(subject) > len(p) && string(subject[:len(p)]) == p {
			return true
		}
	}
	return false
}

// newRights joins what the other side says with what is denied here.
func newRights(told *wire.Rights, denied []string) *rights {
	r := &rights{}
	for _, list := range [][]string{never, denied} {
		for _, p := range list {
			r.deny = append(r.deny, grant{pattern: p})
		}
	}
	r.grant(told)
	return r
}

// grant adds what the other side says.
func (r *rights) grant(told *wire.Rights) {
	if told != nil {
		r.restricted = told.Allow != nil
		r.allow = appendGrants(r.allow, told.Allow)
		r.deny = appendGrants(r.deny, told.Deny)
	}
}

// appendGrants reads "pattern" or "pattern queue"; what is neither means nothing.
func appendGrants(to []grant, entries []string) []grant {
	for _, e := range entries {
		pattern, queue, _ := strings.Cut(e, " ")
		if core.ValidPattern(pattern) && (queue == "" || core.ValidPattern(queue)) {
			to = append(to, grant{pattern, queue})
		}
	}
	return to
}

// Accepts implements core.Filter: whether a message to the subject may cross.
func (r *rights) Accepts(subject []byte) bool {
	return isExempt(subject) || r.passes(string(subject), "")
}

// passes is about a literal subject.
func (r *rights) passes(subject, queue string) bool {
	return (!r.restricted || covered(r.allow, subject, queue)) && !covered(r.deny, subject, queue)
}

// about says whether g is about members of queue: with a queue of its own it is about those of that one only.
func (g *grant) about(queue string) bool {
	return g.queue == "" || queue != "" && core.Covers(g.queue, queue)
}

func covered(grants []grant, pattern, queue string) bool {
	for _, g := range grants {
		if g.about(queue) && core.Covers(g.pattern, pattern) {
			return true
		}
	}
	return false
}

// subscribes says whether to ask the other side for a pattern. It would close the link for a literal that it may not send;
// of a wildcard it sends what it may.
func (r *rights) subscribes(pattern, queue string) bool {
	if isExempt(pattern) {
		return true
	}
	if core.IsLiteral(pattern) {
		return r.passes(pattern, queue)
	}
	if covered(r.deny, pattern, queue) {
		return false
	}
	for _, g := range r.allow {
		if g.about(queue) && core.Overlap(g.pattern, pattern) {
			return true
		}
	}
	return !r.restricted
}

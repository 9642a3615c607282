package mqtt

import (
	"strings"

	"leafgate/mapping"
)

// match appends what f matches.
func (n *retainedNode) match(dst []*Retained, f *mapping.Filter, now int64) []*Retained {
	dst = n.matchBelow(dst, f.Subject, now)
	if f.Parent != "" {
		dst = n.matchBelow(dst, f.Parent, now)
	}
	return dst
}

// matchBelow appends what pattern matches from here on. Only a token that is nothing but * or > is a wildcard, and only
// in the pattern.
func (n *retainedNode) matchBelow(dst []*Retained, pattern string, now int64) []*Retained {
	switch token := firstToken(pattern); token {
	case "*", ">":
		for _, c := range n.below {
			dst = c.matchPath(dst, pattern, now)
		}
	default:
		if c := child(n, token); c != nil {
			dst = c.matchPath(dst, pattern, now)
		}
	}
	return dst
}

// matchPath goes along n's own tokens.
func (n *retainedNode) matchPath(dst []*Retained, pattern string, now int64) []*Retained {
	path, more := n.path, true
	for more {
		want, wanted, wantMore := strings.Cut(pattern, ".")
		if want == ">" {
			return n.all(dst, now)
		}
		var token string
		token, path, more = strings.Cut(path, ".")
		switch {
		case want != "*" && want != token:
			return dst
		case !wantMore && more:
			return dst
		case !wantMore:
			return n.take(dst, now)
		}
		pattern = wanted
	}
	return n.matchBelow(dst, pattern, now)
}

// all appends what is held here and below.
func (n *retainedNode) all(dst []*Retained, now int64) []*Retained {
	dst = n.take(dst, now)
	for _, c := range n.below {
		dst = c.all(dst, now)
	}
	return dst
}

// take appends what is held here.
func (n *retainedNode) take(dst []*Retained, now int64) []*Retained {
	if n.held != nil && !n.held.expired(now) {
		dst = append(dst, n.held)
	}
	return dst
}

// A retainedSweep takes expired messages out of nodes.
type retainedSweep struct {
	now     int64
	next    int64 // when the first of those that stay expires; 0: none does
	expired []*Retained
}

// sweep goes through what is below n, backwards, because drop moves the last one.
func (s *retainedSweep) sweep(n *retainedNode) {
	for i := len(n.below) - 1; i >= 0; i-- {
		c := n.below[i]
		s.sweep(c)
		switch r := c.held; {
		case r == nil || r.Until == 0:
		case r.expired(s.now):
			s.expired = append(s.expired, r)
			c.held = nil
		case s.next == 0 || r.Until < s.next:
			s.next = r.Until
		}
		n.prune(c)
	}
}

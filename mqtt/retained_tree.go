package mqtt

import (
	"bytes"
	"slices"
	"strings"
)

// A retainedNode stands for the subjects that begin alike. Where nothing branches off and nothing is held, tokens share
// one node, so that there are never more than two nodes for each message, however deep its subject:
//
//	fab.7.temp, fab.7.state, fab.9.temp      fab ─┬─ 7 ─┬─ temp
//	                                              │     └─ state
//	                                              └─ 9.temp
//
// It is the retainedTree's lock that protects nodes. A root has neither path nor message.
type retainedNode struct {
	path  string // one or more tokens, joined, that lead here from above
	held  *Retained
	below []*retainedNode          // no two begin with the same token
	index map[string]*retainedNode // below by first token, once they are more than fewNodes
	at    int                      // where above has it in below
}

// fewNodes is how many are found by looking at each.
const fewNodes = 8

// get returns what is held at subject.
func (n *retainedNode) get(subject []byte) *Retained {
	for {
		c := child(n, firstToken(subject))
		switch {
		case c == nil || len(subject) < len(c.path) || string(subject[:len(c.path)]) != c.path:
			return nil
		case len(subject) == len(c.path):
			return c.held
		case subject[len(c.path)] != '.':
			return nil
		}
		n, subject = c, subject[len(c.path)+1:]
	}
}

// set holds r at subject and returns what it replaces.
func (n *retainedNode) set(subject []byte, r *Retained) (replaced *Retained) {
	for {
		c := child(n, firstToken(subject))
		if c == nil {
			n.add(&retainedNode{path: string(subject), held: r})
			return nil
		}
		common := commonTokens(c.path, subject)
		if common < len(c.path) {
			c.split(common)
		}
		if common == len(subject) {
			replaced, c.held = c.held, r
			return replaced
		}
		n, subject = c, subject[common+1:]
	}
}

// remove takes out what is held at subject and prunes what is empty behind it.
func (n *retainedNode) remove(subject []byte) (removed *Retained) {
	c := child(n, firstToken(subject))
	if c == nil {
		return nil
	}
	switch common := commonTokens(c.path, subject); {
	case common < len(c.path):
		return nil
	case common == len(subject):
		removed, c.held = c.held, nil
	default:
		removed = c.remove(subject[common+1:])
	}
	if removed != nil {
		n.prune(c)
	}
	return removed
}

// split leaves the first tokens of the path, common bytes of them, to n and the rest to a node below.
func (n *retainedNode) split(common int) {
	lower := &retainedNode{path: n.path[common+1:], held: n.held, below: n.below, index: n.index}
	n.path = strings.Clone(n.path[:common]) // it may outlive the rest
	n.held, n.below, n.index = nil, nil, nil
	n.add(lower)
}

// prune takes c, one of those below, out if it is empty, and joins it with the one below it if it holds nothing itself.
func (n *retainedNode) prune(c *retainedNode) {
	switch {
	case c.held != nil:
	case len(c.below) == 0:
		n.drop(c)
	case len(c.below) == 1:
		lower := c.below[0]
		c.path += "." + lower.path
		c.held, c.below, c.index = lower.held, lower.below, lower.index
	}
}

func (n *retainedNode) add(c *retainedNode) {
	c.at = len(n.below)
	n.below = append(n.below, c)
	switch {
	case n.index != nil:
		n.enter(c)
	case len(n.below) > fewNodes:
		n.reindex()
	}
}

// drop takes c out of those below. The last one takes its place.
func (n *retainedNode) drop(c *retainedNode) {
	last := len(n.below) - 1
	moved := n.below[last]
	n.below[c.at], moved.at = moved, c.at
	n.below[last] = nil
	n.below = n.below[:last]
	delete(n.index, firstToken(c.path))
	switch {
	case last == 0:
		n.below = nil
	case cap(n.below) > fewNodes && last <= cap(n.below)/4: // maps and slices do not shrink by themselves
		n.below = slices.Clone(n.below)
		n.reindex()
	}
}

// reindex builds the index anew, if there are enough for one.
func (n *retainedNode) reindex() {
	n.index = nil
	if len(n.below) <= fewNodes {
		return
	}
	n.index = make(map[string]*retainedNode, len(n.below))
	for _, c := range n.below {
		n.enter(c)
	}
}

// enter puts c into the index under a token of its own: c's path may go, and would be kept by it.
func (n *retainedNode) enter(c *retainedNode) { n.index[strings.Clone(firstToken(c.path))] = c }

// child returns the one below n that begins with token, or nil.
func child[T string | []byte](n *retainedNode, token T) *retainedNode {
	if n.index != nil {
		return n.index[string(token)]
	}
	for _, c := range n.below {
		if firstToken(c.path) == string(token) {
			return c
		}
	}
	return nil
}

// firstToken is what stands before the first dot.
func firstToken[T string | []byte](s T) T {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i]
		}
	}
	return s
}

// commonTokens is how many bytes of path and subject, which begin with the same token, are the same tokens.
func commonTokens(path string, subject []byte) int {
	n := min(len(path), len(subject))
	same := 0
	for same < n && path[same] == subject[same] {
		same++
	}
	endsPath, endsSubject := same == len(path), same == len(subject)
	if (endsPath || path[same] == '.') && (endsSubject || subject[same] == '.') {
		return same
	}
	return bytes.LastIndexByte(subject[:same], '.')
}

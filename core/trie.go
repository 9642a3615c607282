package core

// A node of the tree of patterns with wildcards. Subscriptions with the same pattern form a list. All access is under
// index.wild.mu.
type node struct {
	next map[string]*node // by literal token
	star *node            // by "*"
	subs *Subscription    // patterns that end here
	tail *Subscription    // patterns that end in ">" here
}

// match appends the subscriptions that match subject. It takes no empty token.
func (n *node) match(subject []byte, out []*Subscription) []*Subscription {
	out = n.tail.list(out)
	token, rest, more := cutToken(subject)
	for _, child := range [2]*node{n.next[string(token)], n.star} {
		switch {
		case child == nil:
		case more:
			out = child.match(rest, out)
		default:
			out = child.subs.list(out)
		}
	}
	return out
}

// list appends s and those behind it.
func (s *Subscription) list(out []*Subscription) []*Subscription {
	for ; s != nil; s = s.next {
		out = append(out, s)
	}
	return out
}

// insert puts s where pattern, the rest of its own, leads.
func (n *node) insert(s *Subscription, pattern string) {
	token, rest, more := cutToken(pattern)
	if token == ">" {
		push(&n.tail, s)
		return
	}
	child := n.child(token)
	if child == nil {
		child = &node{}
		n.setChild(token, child)
	}
	if more {
		child.insert(s, rest)
	} else {
		push(&child.subs, s)
	}
}

// remove takes s out and prunes what is empty behind it.
func (n *node) remove(s *Subscription, pattern string) {
	token, rest, more := cutToken(pattern)
	if token == ">" {
		unlink(&n.tail, s)
		return
	}
	child := n.child(token)
	if more {
		child.remove(s, rest)
	} else {
		unlink(&child.subs, s)
	}
	if child.empty() {
		n.setChild(token, nil)
	}
}

func (n *node) child(token string) *node {
	if token == "*" {
		return n.star
	}
	return n.next[token]
}

func (n *node) setChild(token string, child *node) {
	switch {
	case token == "*":
		n.star = child
	case child == nil:
		delete(n.next, token)
	default:
		if n.next == nil {
			n.next = make(map[string]*node)
		}
		n.next[token] = child
	}
}

func (n *node) empty() bool {
	return n.star == nil && n.subs == nil && n.tail == nil && len(n.next) == 0
}

// walk visits every subscription below n.
func (n *node) walk(visit func(*Subscription)) {
	each(n.subs, visit)
	each(n.tail, visit)
	if n.star != nil {
		n.star.walk(visit)
	}
	for _, child := range n.next {
		child.walk(visit)
	}
}

func each(s *Subscription, visit func(*Subscription)) {
	for ; s != nil; s = s.next {
		visit(s)
	}
}

// push puts s at the head of a list.
func push(head **Subscription, s *Subscription) {
	s.prev, s.next = nil, *head
	if *head != nil {
		(*head).prev = s
	}
	*head = s
}

// unlink takes s out of the list that starts at head.
func unlink(head **Subscription, s *Subscription) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		*head = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.next, s.prev = nil, nil
}

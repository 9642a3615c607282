package core

// What leaves its account, or its subject, is published again by a child of the batch: the open run of the parent stays as
// it is. Children are lent from the engine for as long as the parent is in use.

// mostDepth is how often a message may be published again, by imports of imports.
const mostDepth = 8

// descend answers the child; nil: deep enough.
func (b *Batch) descend() *Batch {
	if b.child == nil {
		if b.depth >= mostDepth {
			return nil
		}
		b.child = b.e.Get()
		b.child.depth = b.depth + 1
	}
	return b.child
}

// publishAgain publishes m by ep in the child, in the name of who published it first.
func (b *Batch) publishAgain(ep *Endpoint, m *Message) int {
	c := b.descend()
	if c == nil {
		return 0
	}
	author := b.author
	if author == nil {
		author = b.pub
	}
	if author != c.author {
		c.Settle()
		c.res, c.author = nil, author // the open run left out what was not for somebody else
	}
	n, err := c.Publish(ep, m)
	if err != nil {
		return 0
	}
	return n
}

// remap publishes m under the subject that a mapping chooses this time. The publisher's rights are to that one.
func (b *Batch) remap(r *result, m *Message) (int, error) {
	c := b.descend()
	if c == nil {
		return 0, nil
	}
	var ok bool
	if c.name, ok = r.remap.apply(c.name[:0], r.subject, b.random); !ok {
		return 0, nil
	}
	if !r.remap.fixed && !r.perms.CanPublish(c.name) { // else decided with r
		return 0, notAllowed(c.name)
	}
	again := c.Message()
	*again = *m
	again.Subject, again.Raw, again.Namer, again.Tail, again.TailForm = c.name, nil, nil, b.keepTail(m), m.TailForm
	c.first = b.first
	if r.perms == asServed {
		return b.publishAgain(r.account.wires.further, again), nil
	}
	return b.publishAgain(r.account.wires.moved, again), nil
}

// keepTail is the tail of a message under another subject: only one that does not hold it.
func (b *Batch) keepTail(m *Message) []byte {
	if _, ok := m.TailForm.(SubjectTail); ok {
		return nil
	}
	return m.Tail
}

// A SubjectTail is a Form whose tails hold the subject, so that they cannot be passed on under another.
type SubjectTail interface{ TailHasSubject() }

// request sends m to the account that a service was imported from. The answer comes back through an address of that
// account's own.
func (b *Batch) request(r *result, s *service, m *Message) int {
	c := b.descend()
	if c == nil {
		return 0
	}
	var ok bool
	if c.name, ok = s.move.Append(c.name[:0], r.subject); !ok {
		return 0
	}
	again := c.Message()
	*again = Message{Subject: c.name, Header: m.Header, Payload: m.Payload, Mark: m.Mark}
	if b.e.introduce != nil {
		c.intro = b.e.introduce(c.intro[:0], m.Header, b.asker(r, s))
		again.Header = c.intro
	}
	if c.first = b.first; c.first == nil {
		c.first = s
	}
	if len(m.Reply) == 0 {
		return b.publishAgain(s.from.wires.inner, again)
	}
	if passes(m.Reply) {
		again.Reply = m.Reply
		return b.publishAgain(s.from.wires.inner, again)
	}
	a := &s.from.wires.answers
	again.Reply = a.open(c.reply[:0], r.account, m.Reply, s)
	c.reply = again.Reply
	n := b.publishAgain(s.from.wires.inner, again)
	if n == 0 {
		a.close(again.Reply)
	}
	return n
}

// asker is who sends a request by s. In a chain of imports the first says what is shared.
func (b *Batch) asker(r *result, s *service) Asking {
	a := Asking{From: b.author, Share: s.share, ShareServer: s.share}
	if a.From == nil {
		a.From = b.pub
	}
	if b.first != nil {
		a.Share, a.Through = b.first.share, r.account.name
	}
	return a
}

// answer publishes what was sent to an address of answers, where its request came from.
func (b *Batch) answer(r *result, m *Message) int {
	c := b.descend()
	if c == nil {
		return 0
	}
	to, account, ok := r.account.wires.answers.route(c.name[:0], r.subject, m.Size() == 0)
	c.name = to
	if !ok {
		return 0
	}
	again := c.Message()
	*again = *m
	again.Subject, again.Raw, again.Namer, again.Tail = to, nil, nil, b.keepTail(m)
	c.first = nil
	return b.publishAgain(account.wires.inner, again)
}

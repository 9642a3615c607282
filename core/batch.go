package core

// A Batch belongs to whoever is publishing now: it holds the open run and the sinks it has touched.
//
// A run is a sequence of messages with the same result. What they add to each slot is rendered once, however many the
// destinations, which are touched once per run, not once per message. A run ends when the result changes, when much is
// staged, and with the batch.
type Batch struct {
	e   *Engine
	msg Message

	res    *result   // of the open run; nil: none yet
	skip   *Endpoint // the publisher, where its own messages are not for it
	skips  int       // destinations of shared slots that are skip
	run    tally     // messages of the open run
	stages []stage   // what each slot of res has so far
	staged int       // bytes in all stages
	lend   []byte    // for one message at a time

	pub *Endpoint // who published last
	in  tally     // from pub, not yet in its statistics
	out tally     // in pub's account, not yet in its statistics

	touched   []*Endpoint     // queued something without writing
	congested []*Endpoint     // answered so
	picked    []*Subscription // of one Deliver
	chosen    []*member       // of one message

	child              *Batch    // publishes again what leaves its account or its subject; nil: nothing did so far
	depth              int       // how many parents there are
	author             *Endpoint // who published first; nil: pub
	first              *service  // by which a request came in first; nil: none
	granted            grantee   // whether the open run is allowed for one message only
	name, intro, reply []byte    // a child's, for one message

	scratch result // what is not worth remembering
	builder builder
	seed    uint64
}

// A grantee says whether a message goes out by the right to answer, which counts messages.
type grantee uint8

const (
	asAllowed grantee = iota // it does not
	asAnswer                 // it does
	answered                 // it has: the next one has to ask again
)

// A stage is what a slot has got in the open run. Owned slots count by themselves.
type stage struct {
	buf []byte
	tally
}

// A tally counts messages and their bytes.
type tally struct{ msgs, bytes int64 }

func (t *tally) add(bytes int) { t.msgs++; t.bytes += int64(bytes) }

const (
	stageLimit = 128 << 10 // bytes staged before a run is written through
	keepLimit  = 1 << 20   // bytes of stages that a batch keeps while nobody uses it
)

// Message lends the batch's message. It is the caller's until the next call of Publish on this batch returns; fields
// keep their values between calls.
func (b *Batch) Message() *Message { return &b.msg }

// Publish offers m to every interested peer of ep's account and says how many took part: subscriptions that render are
// counted as interested, not as reached. The error is ErrBadSubject, ErrNotAllowed or a Namer's, wrapped; it is the same
// value while the refusal is remembered.
func (b *Batch) Publish(ep *Endpoint, m *Message) (matched int, err error) {
	if err = b.Resolve(ep, m); err != nil {
		return 0, err
	}
	r := b.res
	if b.granted == asAnswer {
		b.granted = answered
	}
	b.in.add(m.Size())
	if len(m.Header) > 0 && r.remap == nil { // else when it has its subject
		b.tap(ep, m)
	}
	if !r.simple || len(m.Payload) >= SplitSize || r.asks && len(m.Reply) > 0 {
		return b.publishMixed(r, m)
	}
	for i := range r.ops {
		o := &r.ops[i]
		st := &b.stages[o.slot]
		at := len(st.buf)
		st.buf = o.form.Append(st.buf, r.prefixes[o.from:o.to], m)
		b.staged += len(st.buf) - at
	}
	b.run.add(m.Size())
	if b.staged >= stageLimit {
		b.closeRun(false)
	}
	return r.shared - b.skips, nil
}

// Subject is where the last message that was not refused went in its publisher's account: what it was published to, or
// what a mapping made of that. It is lent until the next call of Publish.
func (b *Batch) Subject() []byte {
	switch {
	case b.res == nil:
		return nil
	case b.res.remap != nil && b.child != nil:
		return b.child.name
	}
	return b.res.subject
}

// Resolve does what Publish does before it offers m to anybody: it checks ep's right to publish m, and sets m.Subject
// from m.Raw. It is for publishers that have to act on a message before others see it; Publish with the same message
// follows.
func (b *Batch) Resolve(ep *Endpoint, m *Message) (err error) {
	r := b.res
	if r == nil || ep != b.pub || b.granted == answered || !r.names(m) || !r.stamp.valid() {
		if r, err = b.resolve(ep, m); err != nil {
			return err
		}
	}
	if m.Namer != nil {
		m.Subject = r.subject
	}
	return nil
}

// Destination is the subject under which Publish will offer the message that Resolve was called with last: what a mapping
// makes of it, appended to dst, if that is the same for every message.
func (b *Batch) Destination(dst []byte) []byte {
	r := b.res
	if r.remap == nil || !r.remap.fixed {
		return r.subject
	}
	if to, ok := r.remap.apply(dst, r.subject, b.random); ok {
		return to[len(dst):]
	}
	return r.subject
}

// names says whether r is about m's subject. The publisher's permissions and account are the same then, as it is the
// same publisher.
func (r *result) names(m *Message) bool {
	if r.renamed || len(m.As) > 0 {
		return false
	}
	if m.Namer == nil {
		return r.namer == nil && string(r.key) == string(m.Subject)
	}
	return r.namer == m.Namer && string(r.key) == string(m.Raw)
}

// resolve finds or builds the result for m and makes it the open run's.
func (b *Batch) resolve(ep *Endpoint, m *Message) (*result, error) {
	key := m.Subject
	if m.Namer != nil {
		key = m.Raw
	}
	acc, perms := ep.account, ep.Identity().Perms
	r, err := b.lookup(acc, key, perms, m)
	granted := asAllowed
	if err != nil && ep.mayAnswer(key, m.Namer, err) {
		r, err = b.lookup(acc, key, nil, m)
		granted = asAnswer
	}
	if err != nil {
		return nil, err // the open run, whose it is and by what right stay as they are
	}
	b.granted = granted
	b.open(r, ep)
	if ep != b.pub { // after open: what it settled was the former publisher's
		b.countPublisher()
		b.pub = ep
	}
	return r, nil
}

// lookup finds or builds the result for key. One that is about a single message's other name is not remembered.
func (b *Batch) lookup(acc *Account, key []byte, perms *Permissions, m *Message) (r *result, err error) {
	hash, namer, once := acc.memo.hash(key, perms), m.Namer, len(m.As) > 0
	if !once {
		r = acc.memo.find(hash, key, perms, namer)
	}
	switch {
	case r != nil && r.stamp.valid():
	case !once && (r != nil || acc.memo.seen.again(hash)):
		r = &result{}
		b.builder.build(acc, r, key, hash, perms, namer)
		acc.memo.put(r)
	default:
		b.Settle() // the open run may stand on the scratch result
		b.res, r = nil, &b.scratch
		b.builder.as = m.As
		b.builder.build(acc, r, key, hash, perms, namer)
		b.builder.as, r.renamed = nil, once
	}
	return r, r.err
}

// open starts a run with r, unless the open one goes on.
func (b *Batch) open(r *result, ep *Endpoint) {
	var skip *Endpoint
	if b.author != nil {
		ep = b.author
	}
	if ep.role.NoEcho || ep.role.Relay {
		skip = ep
	}
	if b.res == r && b.skip == skip {
		return
	}
	b.Settle()
	b.res, b.skip, b.skips = r, skip, 0
	if skip != nil {
		for i := range r.dests {
			if r.dests[i].sub != nil && b.skipped(r.dests[i].ep) {
				b.skips++
			}
		}
	}
	if n := min(len(r.slots), maxSlots); len(b.stages) < n && !r.direct {
		b.stages = append(b.stages, make([]stage, n-len(b.stages))...)
	}
}

// skipped says whether the open run's messages are not for ep: it is their publisher, or on the publisher's side.
func (b *Batch) skipped(ep *Endpoint) bool {
	return ep == b.skip || b.skip != nil && b.skip.role.side == ep.role.side && ep.role.side != alone
}

// Settle closes the open run into the queues of its destinations. It is for moments that later bytes or decisions must
// stand behind: before Unsubscribe with a maximum, before Closed.
func (b *Batch) Settle() {
	b.closeRun(true)
	if b.child != nil {
		b.child.Settle()
	}
}

// SettleFor does so only if ep is among the destinations: before own bytes that must come behind its messages (PONG).
func (b *Batch) SettleFor(ep *Endpoint) {
	if b.child != nil {
		b.child.SettleFor(ep)
	}
	if b.staged == 0 {
		return
	}
	for i := range b.res.dests {
		if b.res.dests[i].ep == ep {
			b.Settle()
			return
		}
	}
}

// Flush ends a read burst or a loop turn: every message published so far is offered and written through.
func (b *Batch) Flush() {
	b.countPublished() // before anybody hears of it: who has its PONG finds what it published counted
	b.closeRun(false)
	for i := 0; i < len(b.touched); i++ { // by index: a sink may publish from Flush, into a batch of its own
		ep := b.touched[i]
		b.touched[i] = nil
		ep.touched.Store(false) // before Flush: what comes after it touches again
		if s := ep.sink.Load(); s != nil {
			(*s).Flush()
		}
	}
	b.touched = b.touched[:0]
	if b.child != nil {
		b.child.Flush()
	}
	b.countPublisher()
	if b.res == &b.scratch {
		b.res = nil
	}
}

// Congested says whether a sink has asked for a pause since the last Throttle.
func (b *Batch) Congested() bool {
	return len(b.congested) > 0 || b.child != nil && b.child.Congested()
}

// Throttle waits for the sinks that answered Congested, until limit is closed. It is called after Flush.
func (b *Batch) Throttle(limit <-chan struct{}) {
	for i, ep := range b.congested {
		if s := ep.sink.Load(); s != nil {
			if t, ok := (*s).(Throttler); ok {
				t.Throttle(limit)
			}
		}
		b.congested[i] = nil
	}
	b.congested = b.congested[:0]
	if b.child != nil {
		b.child.Throttle(limit)
	}
}

// countPublisher writes the tallies where they belong.
func (b *Batch) countPublisher() {
	b.countPublished()
	if b.pub == nil || b.out.msgs == 0 {
		return
	}
	b.pub.account.stats.out.add(b.out)
	b.out = tally{}
}

// countPublished does so for what was published, not for what was delivered of it.
func (b *Batch) countPublished() {
	if b.pub == nil || b.in.msgs == 0 {
		return
	}
	b.pub.stats.in.add(b.in)
	b.pub.account.stats.in.add(b.in)
	b.in = tally{}
}

// rest makes b fit for waiting in the pool: nothing of publishers stays.
func (b *Batch) rest() {
	b.msg, b.res, b.pub, b.skip = Message{}, nil, nil, nil
	b.congested = b.congested[:0]
	b.depth, b.author, b.first, b.granted = 0, nil, nil, asAllowed
	if c := b.child; c != nil {
		b.child = nil
		b.e.Put(c)
	}
	b.scratch.reset()
	kept := cap(b.lend)
	for i := range b.stages {
		if kept += cap(b.stages[i].buf); kept > keepLimit {
			b.stages[i].buf = nil
		}
	}
}

package core

// A result says everything that was decided once about a publisher's rights and a subject: whether publishing is allowed,
// and who gets the message through which door. Results in the memo never change.
//
// Slots are byte streams with their destinations, operations say what a message adds to which stream. A sink with exactly
// one plain, unlimited subscription shares the slot of its (Form, prefix); every other sink that renders owns one slot,
// to which its operations append in message order, so that overlapping subscriptions, queue members and maxima need no
// slow path. A sink with any subscription without Form takes all through Deliver.
type result struct {
	key   []byte // subject or raw topic, as published
	hash  uint64
	perms *Permissions
	namer Namer // nil: key is the subject
	stamp stamp
	err   error // ErrBadSubject, ErrNotAllowed, a Namer's

	subject  []byte
	account  *Account
	remap    *mapping   // the subject changes: published again under what it becomes
	services []*service // imported: requests go to other accounts as well
	answers  bool       // an address of answers: it goes back to another account
	moved    []byte     // subjects under which shadows deliver
	renamed  bool       // for one message only, which has another name
	simple   bool       // only shared slots, staged: the fast path
	direct   bool       // too many slots to stage: operations go to their destinations one by one
	asks     bool       // a slot's form is an Asker
	shared   int        // destinations of shared slots
	slots    []slot
	dests    []dest
	ops      []op
	groups   []group
	members  []member
	delivers []deliver
	plain    []*Subscription // of delivers, in a row
	prefixes []byte
}

// A slot is one byte stream.
type slot struct {
	form        Form
	first, last int32 // destinations, linked through dest.next; -1: none
	owned       bool  // one destination, counted message by message
	asks        bool  // form is an Asker
	tracks      bool  // owned: its peer may answer what it gets
}

type dest struct {
	ep   *Endpoint
	sub  *Subscription // shared slots: counted at the end of a run
	next int32
}

// An op adds each message, rendered behind prefix, to a slot.
type op struct {
	slot     int32
	from, to int32 // prefix, in result.prefixes
	form     Form
	hide     bool          // the tail of a message is not its
	sub      *Subscription // owned slots: counted message by message
}

// A group is a queue group; every message goes to one of its members. Those that are not relays come first.
type group struct {
	queue        string
	from, to     int32 // in members
	clients      int32 // members that are not relays
	relayWeights int32
}

// A member takes its message through an op, or through deliver if that is not negative.
type member struct {
	op
	deliver int32
}

// A deliver plan is a sink that takes messages as they are.
type deliver struct {
	ep       *Endpoint
	from, to int32 // its plain subscriptions, in result.plain

	name, nameEnd int32 // the subject it gets messages under, in result.moved; equal: the one published
	tracks        bool  // its peer may answer what it gets
}

// maxSlots is how many byte streams a run stages; with more, the runs would be closed by their size after each message.
const maxSlots = 64

func (r *result) prefix(o *op) []byte { return r.prefixes[o.from:o.to] }

// reset empties r and keeps its memory.
func (r *result) reset() {
	clear(r.dests)
	clear(r.ops)
	clear(r.members)
	clear(r.delivers)
	clear(r.plain)
	clear(r.services)
	*r = result{
		key: r.key[:0], subject: r.subject[:0], slots: r.slots[:0], dests: r.dests[:0], ops: r.ops[:0],
		groups: r.groups[:0], members: r.members[:0], delivers: r.delivers[:0], plain: r.plain[:0], prefixes: r.prefixes[:0],
		services: r.services[:0], moved: r.moved[:0],
	}
}

// cost is r's size in bytes, about.
func (r *result) cost() int {
	return 384 + len(r.key) + len(r.subject) + 32*len(r.slots) + 24*len(r.dests) + 48*len(r.ops) + 32*len(r.groups) +
		56*len(r.members) + 16*len(r.delivers) + 8*len(r.plain) + len(r.prefixes) + len(r.moved) + 8*len(r.services)
}

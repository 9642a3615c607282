package core

// A Form renders messages for subscribers that want the same bytes. A frontend has one per wire variant. Its methods
// are pure, may be called from any goroutine, and must be comparable (use a pointer or an empty struct).
type Form interface {
	// Prefix appends what depends only on subject and subscription. It runs once per match result; subscriptions of
	// one Form with equal prefixes share their bytes from then on.
	Prefix(dst, subject []byte, tag any) []byte

	// Append appends m behind its prefix. Where m.TailForm is this Form it may append m.Tail verbatim.
	Append(dst, prefix []byte, m *Message) []byte

	// Split is Append for messages of [SplitSize] and more: what it renders goes to dst, rest is borrowed from m, so
	// that nothing large is copied in user space. head is dst extended; the message is head's new bytes, then rest.
	Split(dst, prefix []byte, m *Message) (head, rest []byte)
}

// An Asker is a Form that cannot render messages with a Reply: those come through Sink.Deliver, for the subscription alone.
type Asker interface{ Asks() }

// SplitSize is the payload size in bytes from which on a message is rendered by Form.Split.
const SplitSize = 16 << 10

// Verdict is a sink's answer to what it is offered.
type Verdict uint8

const (
	Refused   Verdict = iota // not taken: closed, evicted, or not wanted after all
	Dropped                  // wanted, but lost by the sink's policy: the publisher has a subscriber all the same
	Taken                    // taken
	Congested                // taken, but the sink fills up: the publisher should slow down, see [Throttler]
)

// A Sink is the outward half of a peer.
//
// Calls come from publishers' goroutines, concurrently. They must not block and must not call the engine, but for
// Flush, which may publish with a batch of its own ([Engine.Get], [Engine.Put]). Run, Deliver and Flush may come after
// the peer has closed; they answer Refused then.
type Sink interface {
	// Deliver is the door for sinks with a matching subscription that has no Form: the sink takes m once, for all of
	// its matching subscriptions (plain ones, and queue groups that chose it), and copies what it needs. m and subs
	// are borrowed.
	Deliver(m *Message, subs []*Subscription) Verdict

	// Run is the door for subscriptions with a Form: head followed by rest hold n whole rendered messages, shared with
	// other sinks and borrowed until Run returns. more: this batch has more for you, only queue it, Flush will come;
	// !more: write through now and copy only what the socket refused.
	Run(head, rest []byte, n int, more bool) Verdict

	// Flush comes after Deliver or Run(more), once per batch.
	Flush()

	// Evict ends the peer from outside: slow consumer, expiry, account removed, kick, shutdown. It returns at once;
	// the peer closes its endpoint by itself.
	Evict(cause error)
}

// An InterestSink hears of other peers' subscriptions: the first and the last for each (subject, queue), and for queues
// every change of weight. It is called in order, under the account's interest lock: queue the news and return.
type InterestSink interface {
	Sink
	// Interest says that (subject, queue) has weight members now; queue is empty for plain subscriptions, whose weight
	// is 1; weight 0 means gone.
	Interest(subject, queue string, weight int)
}

// A Throttler is a Sink that answers Congested and can tell when a publisher may go on.
type Throttler interface {
	// Throttle waits on behalf of a publisher until the sink has room again, has closed, takes no bytes, or until
	// limit is closed. It is called between batches, never while a lock is held.
	Throttle(limit <-chan struct{})
}

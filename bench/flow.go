package main

import (
	"errors"
	"fmt"
)

// errLost says that messages did not arrive.
var errLost = errors.New("lost")

// A flow is publishers and the subscribers that receive all they publish. Its window keeps the publishers from running
// away from the slowest subscriber: then no server has a reason to cut one that reads.
type flow struct {
	pubs   []*publisher
	subs   []*subscriber
	queue  bool  // subs share the messages instead of receiving all of them
	window int64 // messages that may be under way
	low    int64 // what progress was when last asked
	sent   int64 // messages that publishers have handed to the kernel whole

	share  int64   // how many messages there are for those of flows beside this one; 0: it goes alone
	beside []*flow // all that keep step, this one too
}

// stride is how far a flow may be ahead of those beside it, in shares.
const stride = 256

// inStep reports whether f is not ahead of those beside it.
func (f *flow) inStep() bool {
	for _, o := range f.beside {
		if f.sent/f.share > o.sent/o.share+stride {
			return false
		}
	}
	return true
}

// progress counts the messages that have arrived everywhere, or are written off.
func (f *flow) progress() int64 {
	if len(f.subs) == 0 {
		return f.sent
	}
	low, sum := f.subs[0].messages()+f.subs[0].lost, int64(0)
	for _, s := range f.subs {
		n := s.messages() + s.lost
		low, sum = min(low, n), sum+n
	}
	if f.queue {
		return sum
	}
	return low
}

// delivered counts the messages that have arrived, each as often as it did. Without subscribers, publishing counts.
func (f *flow) delivered() int64 {
	if len(f.subs) == 0 {
		return f.sent
	}
	sum := int64(0)
	for _, s := range f.subs {
		sum += s.messages()
	}
	return sum
}

// open reports whether publishers may go on.
func (f *flow) open() bool {
	if !f.inStep() {
		return false
	}
	if len(f.subs) == 0 {
		return true
	}
	if f.sent-f.low < f.window {
		return true
	}
	f.low = f.progress()
	return f.sent-f.low < f.window
}

// surplus counts the messages that have arrived more often than they were sent.
func (f *flow) surplus() (n int64) {
	if f.queue {
		return max(f.progress()-f.sent, 0)
	}
	for _, s := range f.subs {
		n += max(s.messages()-f.sent, 0)
	}
	return n
}

// drained reports whether all that was sent has arrived and is acknowledged on both sides.
func (f *flow) drained() bool { return f.progress() >= f.sent && f.acknowledged() }

// acknowledged reports whether no message of QoS 1 or 2 is under way.
func (f *flow) acknowledged() bool {
	for _, p := range f.pubs {
		if p.ids > 0 && p.acked < p.messages() {
			return false
		}
	}
	for _, s := range f.subs {
		if s.d.QoS() == 2 && s.released < s.messages() {
			return false
		}
	}
	return true
}

// missing says what has not arrived.
func (f *flow) missing() error {
	if n := f.sent - f.progress(); n > 0 {
		return fmt.Errorf("%d of %d messages %w", n, f.sent, errLost)
	}
	return fmt.Errorf("acknowledgements %w", errLost)
}

// writeOff gives up on all that has been sent and has not arrived.
func (f *flow) writeOff() {
	for _, s := range f.subs {
		s.lost = max(f.sent-s.messages(), s.lost)
	}
}

// rewind starts a new count. The flow must be drained.
func (f *flow) rewind() {
	f.low, f.sent = 0, 0
	for _, p := range f.pubs {
		p.rewind()
	}
	for _, s := range f.subs {
		s.rewind()
	}
}

// watch puts the flow into verified mode and returns what its subscribers' messages are entered in. The publishers are
// numbered from first.
func (f *flow) watch(first, size int) []*ledger {
	ledgers := []*ledger{newLedger(len(f.pubs))}
	for i, s := range f.subs {
		if i > 0 && !f.queue {
			ledgers = append(ledgers, newLedger(len(f.pubs)))
		}
		s.in.grow(256 << 10)
		s.check = newChecker(ledgers[len(ledgers)-1], first, size)
	}
	return ledgers
}

// verdict waits for what may still come, a duplicate of the last message for one, and compares. mayLose is for servers that
// say they drop messages.
func (f *flow) verdict(ledgers []*ledger, mayLose bool) error {
	for _, s := range f.subs {
		if err := s.fence(s.take); err != nil {
			return err
		}
	}
	if len(f.subs) == 0 {
		return nil
	}
	var sent []int64
	for _, p := range f.pubs {
		sent = append(sent, p.messages())
	}
	for _, l := range ledgers {
		if err := l.verdict(sent, mayLose); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"fmt"
	"time"
)

// run publishes for l, then waits until everything has arrived.
func (st *stream) run(l length) error {
	if err := st.flow(l); err != nil {
		return err
	}
	if err := st.settle(); err != nil {
		return err
	}
	if len(st.subs) > 0 {
		return nil
	}
	for _, p := range st.pubs { // nobody else can say that all was handled
		if err := p.fence(nil); err != nil {
			return err
		}
	}
	return nil
}

// writeOffs is how often a server that may drop messages is given up waiting for, while another one is waited for.
const writeOffs = 20

// flow keeps publishers writing as far as windows and kernel let them.
func (st *stream) flow(l length) error {
	begin := time.Now()
	before, since := int64(-1), begin
	for {
		busy, err := st.publish()
		if err != nil {
			return err
		}
		if err = st.serve(busy); err != nil {
			return err
		}
		now := time.Now()
		if st.churn != nil {
			if err = st.churn.turn(now); err != nil {
				return err
			}
		}
		if st.mayLose {
			if n := st.moved(); n != before {
				before, since = n, now
			} else if now.Sub(since) > st.opt.patience/writeOffs {
				st.writeOff()
			}
		}
		if l.bytes > 0 && st.carried() >= l.bytes || l.bytes == 0 && now.Sub(begin) >= l.time {
			return nil
		}
		if l.bytes > 0 && now.Sub(begin) > 6*patience {
			return fmt.Errorf("%d of %d bytes in %s: too slow to end", st.carried(), l.bytes, 6*patience)
		}
	}
}

// carried is how many bytes one subscriber was sent so far.
func (st *stream) carried() int64 { return st.flows[0].sent * st.subs[0].wire }

// publish lets every publisher write once and reports whether one could write again.
func (st *stream) publish() (busy bool, err error) {
	for _, half := range [...][]*publisher{st.pubs[st.first:], st.pubs[:st.first]} {
		for _, p := range half {
			if !p.ready() {
				continue
			}
			if err = p.step(); err != nil {
				return false, err
			}
			busy = busy || !p.blocked
		}
	}
	if st.row.legs != nil {
		st.first = (st.first + 1) % len(st.pubs)
	}
	return busy, nil
}

// settle writes torn messages to their end and receives until nothing is under way.
func (st *stream) settle() error {
	before, since := int64(-1), time.Now()
	for {
		whole := true
		for _, p := range st.pubs {
			if p.torn() && !p.blocked {
				if err := p.mend(); err != nil {
					return err
				}
			}
			whole = whole && !p.torn()
		}
		if whole && st.drained() {
			return nil
		}
		if err := st.serve(false); err != nil {
			return err
		}
		if n := st.moved(); n != before {
			before, since = n, time.Now()
		} else if time.Since(since) > st.opt.patience {
			return st.missing()
		} else if st.mayLose && time.Since(since) > st.opt.patience/writeOffs {
			st.writeOff()
		}
	}
}

func (st *stream) drained() bool {
	for _, f := range st.flows {
		if !f.drained() {
			return false
		}
	}
	return true
}

func (st *stream) missing() error {
	for _, f := range st.flows {
		if !f.drained() {
			return f.missing()
		}
	}
	return fmt.Errorf("server takes no more of a message")
}

// serve receives what has come and notes who may write again. Unless busy it waits for either.
func (st *stream) serve(busy bool) error {
	ms := 0
	if !busy {
		ms = 50
		if st.churn != nil {
			ms = 1
		}
	}
	n, err := st.poller.wait(ms)
	if err != nil {
		return fmt.Errorf("wait for sockets: %w", err)
	}
	if err = st.expired(); err != nil {
		return err
	}
	for i := range n {
		slot := st.poller.slot(i)
		if slot >= len(st.subs) {
			err = st.pubs[slot-len(st.subs)].wake()
		} else {
			err = st.subs[slot].drain()
		}
		if err != nil {
			return err
		}
	}
	if n == 0 && !busy {
		return st.answer()
	}
	return nil
}

// answer makes up for acknowledgements that a full socket did not take: nobody waits for it to have room again.
func (st *stream) answer() error {
	for _, s := range st.subs {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeOff gives up on what a server that may drop messages has not delivered by now.
func (st *stream) writeOff() {
	for _, f := range st.flows {
		f.writeOff()
	}
}

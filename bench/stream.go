package main

import (
	"errors"
	"fmt"
	"time"
)

// A stream is the connections of a stream row and the one loop that serves them all: a generator of one thread leaves
// the rest of the machine to the server and needs no locks.
type stream struct {
	*trial
	flows   []*flow
	pubs    []*publisher
	subs    []*subscriber
	poller  *poller
	churn   *churn // nil: none, or not yet
	stalled []*conn
	first   int // of pubs, who may write first: by turns where flows wait for each other
}

// A length ends a run by time, or by bytes to one subscriber if there are any.
type length struct {
	time  time.Duration
	bytes int64
}

// runStream is the driver of all stream rows.
func runStream(t *trial) (s sample, err error) {
	st, err := openStream(t)
	defer st.close()
	if err == nil {
		err = st.verify(length{time: t.opt.verifyTime()})
	}
	if err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	whole := length{time: t.opt.length(), bytes: t.row.volume}
	if t.row.churners+t.row.slow == 0 {
		return st.measure(whole)
	}
	return st.compare(whole)
}

// compare measures the row without its disturbance and then with it.
func (st *stream) compare(l length) (s sample, err error) {
	without, err := st.measure(l)
	if err == nil {
		err = st.disturb()
	}
	if err != nil {
		return s, fmt.Errorf("without: %w", err)
	}
	if s, err = st.measure(l); err != nil {
		return s, err
	}
	s.Without, s.Note = &without, st.remark(s)
	return s, nil
}

// measure runs the stream for l on the server's clocks, from empty to empty.
func (st *stream) measure(l length) (sample, error) {
	st.rewind()
	for _, s := range st.subs {
		s.settle()
	}
	for _, p := range st.pubs {
		p.stamp = nil
	}
	m, err := startMeter(st.server.pid())
	if err == nil {
		err = st.run(l)
	}
	if err != nil {
		return sample{}, err
	}
	s, err := m.stop(st.delivered())
	if n := st.surplus(); n > 0 && err == nil {
		return s, fmt.Errorf("messages: %d more than were sent", n)
	}
	if s.Lost = st.lost(); s.Lost > 0 {
		s.Note = fmt.Sprintf("LOST %.3g%%", 100*ratio(float64(s.Lost), float64(s.Lost+s.Messages)))
	}
	return s, err
}

// verify runs the stream with every message checked.
func (st *stream) verify(l length) error {
	first := 0
	ledgers := make([][]*ledger, len(st.flows))
	for i, f := range st.flows {
		ledgers[i] = f.watch(first, st.size)
		first += len(f.pubs)
	}
	ran := st.run(l)
	if ran != nil && !errors.Is(ran, errLost) {
		return ran
	}
	for i, f := range st.flows {
		if err := f.verdict(ledgers[i], st.mayLose); err != nil {
			return err
		}
	}
	return ran
}

// moved changes as long as anything arrives, acknowledgements too.
func (st *stream) moved() int64 {
	n := st.delivered()
	for _, p := range st.pubs {
		n += p.acked
	}
	for _, s := range st.subs {
		n += s.released
	}
	return n
}

// lost is how many messages have not arrived, of a stream that has settled.
func (st *stream) lost() (n int64) {
	for _, f := range st.flows {
		for _, s := range f.subs {
			if !f.queue {
				n += f.sent - s.messages()
			}
		}
	}
	return n
}

// surplus is how many messages have come too often.
func (st *stream) surplus() (n int64) {
	for _, f := range st.flows {
		n += f.surplus()
	}
	return n
}

func (st *stream) rewind() {
	for _, f := range st.flows {
		f.rewind()
	}
}

func (st *stream) delivered() int64 {
	n := int64(0)
	for _, f := range st.flows {
		n += f.delivered()
	}
	return n
}

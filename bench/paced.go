package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// pace is the connections of a paced row. A sender and a receiver have a thread each, so that neither waits for the
// other. Message n is due at a fixed time whatever became of those before it: its latency counts from then, and a held-up
// sender or server cannot hide behind the messages it did not get (coordinated omission).
type pace struct {
	*trial
	pubs     []*publisher   // by turns
	acked    []atomic.Int64 // per publisher, messages that the server has acknowledged, with QoS 1
	answers  int64          // all acknowledgements
	flows    []*flow        // of which each publisher and subscriber is in one
	subs     []*subscriber  // in the order of flows
	sub      *subscriber    // who has just read
	wg       sync.WaitGroup
	begin    time.Duration // when message 0 is due
	interval time.Duration
	times    *recorder // arrival after due time
	late     *recorder // departure after due time
	realTime bool
}

// runPaced is the driver of paced rows. Order and loss are checked in both modes: they cost nothing at this rate.
func runPaced(t *trial) (s sample, err error) {
	p := &pace{trial: t, interval: time.Second / time.Duration(t.rate()), times: newRecorder(), late: newRecorder()}
	defer p.close()
	if err = p.open(); err == nil {
		err = p.run(t.opt.verifyTime())
	}
	if err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	p.times.reset()
	p.late.reset()
	m, err := startMeter(t.server.pid())
	if err == nil {
		err = p.run(t.opt.length())
	}
	if err != nil {
		return s, err
	}
	s, err = m.stop(p.received())
	s.Latency = p.times.latency()
	s.Note = fmt.Sprintf("sender late p99 %s", short(p.late.quantile(0.99)))
	if !p.realTime {
		s.Note += ", normal priority"
	}
	return s, err
}

// rate is messages per second of all publishers of a paced row together.
func (t *trial) rate() int {
	if t.row.rate > 0 {
		return t.row.rate
	}
	return t.opt.Rate
}

func (p *pace) open() error {
	flows := 1
	if p.row.pairs {
		flows = p.row.pubs
	}
	for i := range flows {
		c, err := p.trial.sub.dial(fmt.Sprintf("sub-%d", i), p.trial.sub.d.Subscribe(nil, p.row.subscribeTo(i), "", 1))
		if err != nil {
			return err
		}
		s := &subscriber{conn: c, wire: int64(c.d.Delivered(p.row.publishTo(i, 0)[0], 1, p.size))}
		p.subs = append(p.subs, s)
		p.flows = append(p.flows, &flow{subs: []*subscriber{s}})
	}
	for i := range p.row.pubs {
		c, err := p.pub.dial(fmt.Sprintf("pub-%d", i), nil)
		if err != nil {
			return err
		}
		f := i % flows
		k := newPublisher(c, i, p.row.publishTo(f, i), p.size, true)
		p.pubs, p.flows[f].pubs = append(p.pubs, k), append(p.flows[f].pubs, k)
	}
	p.acked = make([]atomic.Int64, len(p.pubs))
	return nil
}

func (p *pace) close() {
	for _, s := range p.subs {
		s.close()
	}
	for _, k := range p.pubs {
		k.close()
	}
}

// run sends for d, in one attempt or with errors from both sides.
func (p *pace) run(d time.Duration) error {
	ledgers, first := make([][]*ledger, len(p.flows)), 0
	for i, f := range p.flows {
		f.rewind()
		ledgers[i] = f.watch(first, p.size)
		first += len(f.pubs)
	}
	clear(p.acked)
	p.answers = 0
	count := max(int64(d/p.interval), 1)
	p.begin = clock() + 2*time.Millisecond
	var sent, received error
	p.wg.Go(func() { sent = p.send(count) })
	p.wg.Go(func() { received = p.receive(count) })
	p.wg.Wait()
	if err := errors.Join(sent, received); err != nil {
		return err
	}
	for i, f := range p.flows {
		if err := f.verdict(ledgers[i], false); err != nil {
			return err
		}
	}
	return nil
}

// send writes each message when it is due, those that are overdue at once.
func (p *pace) send(count int64) error {
	realTime, restore := prompt()
	defer restore()
	p.realTime = realTime
	for n := range count {
		due := p.begin + time.Duration(n)*p.interval
		sleepUntil(due)
		p.late.add(clock() - due)
		turn := n % int64(len(p.pubs))
		if k := p.pubs[turn]; k.ids > 0 && k.messages()-p.acked[turn].Load() >= k.ids {
			return fmt.Errorf("publisher %s has %d messages unacknowledged", k.name, k.ids)
		}
		if err := p.pubs[turn].sayNext(); err != nil {
			return err
		}
		if n%1024 == 0 && p.expired() != nil {
			return p.expired()
		}
	}
	return nil
}

// sayNext writes one message, waiting where it must.
func (p *publisher) sayNext() error {
	at := int(p.bytes % int64(len(p.buf)))
	if at == 0 {
		p.stamp.applied = false
		p.stamp.apply(p.buf)
	}
	p.bytes += int64(p.wire)
	return p.say(p.buf[at : at+p.wire])
}

// received counts the messages that have arrived.
func (p *pace) received() (n int64) {
	for _, s := range p.subs {
		n += s.messages()
	}
	return n
}

// settled reports whether count messages have arrived, and been acknowledged where that is wanted.
func (p *pace) settled(count int64) bool {
	if p.received() < count {
		return false
	}
	if p.row.qos == 0 {
		return true
	}
	return p.answers >= count
}

// receive reads until all have come, or nothing for too long.
func (p *pace) receive(count int64) error {
	_, restore := prompt()
	defer restore()
	poller, err := p.watch()
	if err != nil {
		return err
	}
	defer poller.close()
	last := clock()
	for !p.settled(count) {
		n, err := poller.wait(50)
		if n > 0 {
			last = clock()
		}
		for i := 0; i < n && err == nil; i++ {
			err = p.take(poller.slot(i))
		}
		if err == nil && clock()-last > p.opt.patience {
			if err = fmt.Errorf("acknowledgements %w", errLost); p.received() < count {
				err = fmt.Errorf("%d of %d messages %w", count-p.received(), count, errLost)
			}
		}
		if err = errors.Join(err, p.expired()); err != nil {
			return err
		}
	}
	return nil
}

// watch makes a poller of subscribers, and behind them of publishers that are sent acknowledgements.
func (p *pace) watch() (*poller, error) {
	poller, err := newPoller()
	if err != nil {
		return nil, err
	}
	for i, s := range p.subs {
		err = errors.Join(err, poller.watchRead(s.fd, i))
	}
	for i, k := range p.pubs {
		if k.ids > 0 {
			err = errors.Join(err, poller.watchRead(k.fd, len(p.subs)+i))
		}
	}
	if err != nil {
		poller.close()
	}
	return poller, err
}

// take reads what has come for who is in that slot.
func (p *pace) take(slot int) error {
	if slot < len(p.subs) {
		p.sub = p.subs[slot]
		return p.sub.receive(p.arrived)
	}
	i := slot - len(p.subs)
	k := p.pubs[i]
	_, err := k.read(func(u *unit) error {
		if want := uint16(p.acked[i].Load()%k.ids) + 1; u.kind != settled || u.id != want {
			return fmt.Errorf("publisher %s is sent something else than acknowledgement %d", k.name, want)
		}
		p.acked[i].Add(1)
		p.answers++
		return nil
	})
	return err
}

// arrived checks a message and takes its time.
func (p *pace) arrived(u *unit) error {
	err := p.sub.take(u)
	if k, n, bad := readStamp(u.payload); bad == nil {
		turn := int64(n)*int64(len(p.pubs)) + int64(k)
		p.times.add(clock() - p.begin - time.Duration(turn)*p.interval)
	}
	return err
}

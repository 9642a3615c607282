package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// pace is the connections of a paced row. A sender and a receiver have a thread each, so that neither waits for the
// other. Message n is due at a fixed time whatever became of those before it: its latency counts from then, and a held-up
// sender or server cannot hide behind the messages it did not get (coordinated omission).
type pace struct {
	*trial
	pubs     []*publisher // by turns
	sub      *subscriber
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
	s, err = m.stop(p.sub.messages())
	s.Latency = p.times.latency()
	s.Note = fmt.Sprintf("sender late p99 %s", short(p.late.quantile(0.99)))
	if !p.realTime {
		s.Note += ", normal priority"
	}
	return s, err
}

// rate is messages per second of all publishers of a paced row together.
func (t *trial) rate() int {
	if t.row.perSecond > 0 {
		return t.row.perSecond * t.row.pubs
	}
	return t.opt.Rate
}

func (p *pace) open() error {
	c, err := p.trial.sub.dial("sub", p.trial.sub.d.Subscribe(nil, p.row.subscribeTo(0), "", 1))
	if err != nil {
		return err
	}
	p.sub = &subscriber{conn: c, wire: int64(c.d.Delivered(p.row.publishTo(0, 0)[0], 1, p.size))}
	for i := range p.row.pubs {
		if c, err = p.pub.dial(fmt.Sprintf("pub-%d", i), nil); err != nil {
			return err
		}
		p.pubs = append(p.pubs, newPublisher(c, i, p.row.publishTo(0, i), p.size, true))
	}
	return nil
}

func (p *pace) close() {
	if p.sub != nil {
		p.sub.close()
	}
	for _, k := range p.pubs {
		k.close()
	}
}

// run sends for d, in one attempt or with errors from both sides.
func (p *pace) run(d time.Duration) error {
	f := &flow{pubs: p.pubs, subs: []*subscriber{p.sub}}
	f.rewind()
	ledgers := f.watch(0, p.size)
	count := max(int64(d/p.interval), 1)
	p.begin = clock() + 2*time.Millisecond
	var sent, received error
	p.wg.Go(func() { sent = p.send(count) })
	p.wg.Go(func() { received = p.receive(count) })
	p.wg.Wait()
	if err := errors.Join(sent, received); err != nil {
		return err
	}
	return f.verdict(ledgers, false)
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
		k := p.pubs[n%int64(len(p.pubs))]
		k.stamp.apply(k.buf)
		if err := k.say(k.buf); err != nil {
			return err
		}
		k.stamp.applied = false
		k.bytes += int64(k.wire)
		if n%1024 == 0 && p.expired() != nil {
			return p.expired()
		}
	}
	return nil
}

// receive reads until all have come, or none for too long.
func (p *pace) receive(count int64) error {
	_, restore := prompt()
	defer restore()
	poller, err := newPoller()
	if err != nil {
		return err
	}
	defer poller.close()
	if err = poller.watchRead(p.sub.fd, 0); err != nil {
		return err
	}
	last := clock()
	for p.sub.messages() < count {
		n, err := poller.wait(50)
		if err == nil && n > 0 {
			last = clock()
			err = p.sub.receive(p.arrived)
		}
		if err == nil && clock()-last > p.opt.patience {
			err = fmt.Errorf("%d of %d messages %w", count-p.sub.messages(), count, errLost)
		}
		if err = errors.Join(err, p.expired()); err != nil {
			return err
		}
	}
	return nil
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

package main

import (
	"errors"
	"fmt"
	"slices"
)

// openStream connects all clients of a stream row. The stream must be closed even after an error.
func openStream(t *trial) (*stream, error) {
	st := &stream{trial: t}
	var err error
	if st.poller, err = newPoller(); err != nil {
		return st, err
	}
	trash := make([]byte, 1<<20)
	for i, l := range t.row.flows() {
		if err = st.openFlow(i, t.leg(l), l.share, trash); err != nil {
			return st, err
		}
	}
	if t.row.legs != nil {
		for _, f := range st.flows {
			f.beside = st.flows
		}
	}
	if st.row.above != none {
		if err = st.meet(); err != nil {
			return st, fmt.Errorf("leaf and hub: %w", err)
		}
	}
	return st, st.watchAll()
}

// flows are the row's flows, one for each leg.
func (r row) flows() []leg {
	if r.legs != nil {
		return r.legs
	}
	n := 1
	if r.pairs {
		n = r.subs
	}
	return slices.Repeat([]leg{{from: r.from, to: r.to, pubs: r.pubs / n, subs: r.subs / n, devices: r.devices}}, n)
}

// leg is the trial of one of the row's flows.
func (t *trial) leg(l leg) *trial {
	if t.row.legs == nil {
		l.from, l.to = t.row.from, t.row.to
		one := *t
		one.row = t.row.only(l)
		return &one
	}
	return newTrial(t.ctx, t.opt, job{row: t.row.only(l), size: t.size}, t.server, t.mayLose)
}

// openFlow connects one flow, subscribers first.
func (st *stream) openFlow(i int, t *trial, share int64, trash []byte) error {
	f := &flow{queue: t.row.queue, share: share}
	st.flows = append(st.flows, f)
	queue := ""
	if f.queue {
		queue = "workers"
	}
	wire := int64(t.sub.d.Delivered(t.row.publishTo(i, 0)[0], 1, t.size))
	f.window = t.window(wire)
	conns, err := t.gather(t.sub, t.row.subs, func(k int) (string, []byte) {
		return fmt.Sprintf("sub-%d-%d", i, k), t.sub.d.Subscribe(nil, t.row.subscribeTo(i), queue, 1)
	})
	if err != nil {
		return err
	}
	for _, c := range conns {
		if c.d.QoS() > 0 {
			c.in.grow(64 << 10)
		}
		f.subs = append(f.subs, &subscriber{conn: c, wire: wire, trash: trash})
	}
	st.subs = append(st.subs, f.subs...)
	conns, err = t.gather(t.pub, t.row.pubs, func(k int) (string, []byte) { return fmt.Sprintf("pub-%d-%d", i, k), nil })
	for k, c := range conns {
		p := newWindowed(c, len(st.pubs), t.row.publishTo(i, k), t.size, t.row.single, t.row.outstanding)
		p.flow = f
		f.pubs, st.pubs = append(f.pubs, p), append(st.pubs, p)
	}
	return err
}

// watchAll gives the poller the subscribers, then the publishers.
func (st *stream) watchAll() (err error) {
	for i, s := range st.subs {
		err = errors.Join(err, st.poller.watchRead(s.fd, i))
	}
	for i, p := range st.pubs {
		if p.ids > 0 {
			err = errors.Join(err, st.poller.watchBoth(p.fd, len(st.subs)+i))
			continue
		}
		err = errors.Join(err, st.poller.watchWrite(p.fd, len(st.subs)+i))
	}
	return err
}

func (st *stream) close() {
	for _, s := range st.subs {
		s.close()
	}
	for _, p := range st.pubs {
		p.close()
	}
	for _, c := range st.stalled {
		c.close()
	}
	if st.churn != nil {
		st.churn.close()
	}
	if st.poller != nil {
		st.poller.close()
	}
}

// disturb adds what the row is compared with itself for.
func (st *stream) disturb() (err error) {
	for i := range st.row.slow {
		c, err := st.sub.dial(fmt.Sprintf("slow-%d", i), st.sub.d.Subscribe(nil, st.row.subscribeTo(0), "", 1))
		if err != nil {
			return err
		}
		st.stalled = append(st.stalled, c)
	}
	if st.row.churners > 0 {
		st.churn, err = openChurn(st.trial, st.row.churners)
	}
	return err
}

// remark says what the disturbance came to.
func (st *stream) remark(s sample) string {
	if st.churn != nil {
		return fmt.Sprintf("%.0f sub+unsub/s", ratio(float64(st.churn.done), s.Elapsed.Seconds()))
	}
	cut := 0
	for _, c := range st.stalled {
		if wasCut(c) {
			cut++
		}
	}
	return fmt.Sprintf("%d of %d slow cut", cut, len(st.stalled))
}

// wasCut reads what the kernel kept for a slow subscriber, to see whether the stream ends behind it.
func wasCut(c *conn) bool {
	trash := make([]byte, 1<<20)
	for {
		n, err := discard(c.fd, trash)
		if err == errAgain {
			return false
		}
		if err != nil || n == 0 {
			return true
		}
	}
}

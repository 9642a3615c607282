package main

import (
	"errors"
	"fmt"
)

// openStream connects all clients of a stream row. The stream must be closed even after an error.
func openStream(t *trial) (*stream, error) {
	st := &stream{trial: t}
	var err error
	if st.poller, err = newPoller(); err != nil {
		return st, err
	}
	flows := 1
	if t.row.pairs {
		flows = t.row.subs
	}
	trash := make([]byte, 1<<20)
	for i := range flows {
		if err = st.openFlow(i, t.row.pubs/flows, t.row.subs/flows, trash); err != nil {
			return st, err
		}
	}
	if st.row.above != none {
		if err = st.meet(); err != nil {
			return st, fmt.Errorf("leaf and hub: %w", err)
		}
	}
	return st, st.watchAll()
}

// openFlow connects one flow, subscribers first.
func (st *stream) openFlow(i, pubs, subs int, trash []byte) error {
	subscribe := st.row.subscribeTo(i)
	f := &flow{queue: st.row.queue}
	st.flows = append(st.flows, f)
	queue := ""
	if f.queue {
		queue = "workers"
	}
	wire := int64(st.sub.d.Delivered(st.row.publishTo(i, 0)[0], 1, st.size))
	f.window = st.window(wire)
	for k := range subs {
		c, err := st.sub.dial(fmt.Sprintf("sub-%d-%d", i, k), st.sub.d.Subscribe(nil, subscribe, queue, 1))
		if err != nil {
			return err
		}
		if c.d.QoS() > 0 {
			c.in.grow(64 << 10)
		}
		f.subs = append(f.subs, &subscriber{conn: c, wire: wire, trash: trash})
	}
	st.subs = append(st.subs, f.subs...)
	for k := range pubs {
		c, err := st.pub.dial(fmt.Sprintf("pub-%d-%d", i, k), nil)
		if err != nil {
			return err
		}
		p := newWindowed(c, len(st.pubs), st.row.publishTo(i, k), st.size, st.row.single, st.row.outstanding)
		p.flow = f
		f.pubs, st.pubs = append(f.pubs, p), append(st.pubs, p)
	}
	return nil
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

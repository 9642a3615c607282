package core

import "sync/atomic"

// Stats count messages, and bytes of header and payload. In is from peers, Out is to them.
type Stats struct {
	InMsgs, InBytes, OutMsgs, OutBytes int64
	Subscriptions                      int
}

// counters are written by publishers, once per run.
type counters struct{ in, out counter }

type counter struct{ msgs, bytes atomic.Int64 }

func (c *counter) add(t tally) {
	if t.msgs > 0 {
		c.msgs.Add(t.msgs)
		c.bytes.Add(t.bytes)
	}
}

func (c *counters) read(subscriptions int) Stats {
	return Stats{c.in.msgs.Load(), c.in.bytes.Load(), c.out.msgs.Load(), c.out.bytes.Load(), subscriptions}
}

func (s Stats) plus(o Stats) Stats {
	return Stats{s.InMsgs + o.InMsgs, s.InBytes + o.InBytes, s.OutMsgs + o.OutMsgs, s.OutBytes + o.OutBytes,
		s.Subscriptions + o.Subscriptions}
}

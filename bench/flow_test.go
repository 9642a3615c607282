package main

import "testing"

func TestFlowWindow(t *testing.T) {
	p := &publisher{wire: 10}
	k := &conn{d: natsDialect{}}
	a, b := &subscriber{conn: k, wire: 20}, &subscriber{conn: k, wire: 20}
	f := &flow{pubs: []*publisher{p}, subs: []*subscriber{a, b}, window: 5}
	for _, c := range []struct {
		sent, a, b int64
		queue      bool
		open, done bool
	}{
		{sent: 4, open: true},
		{sent: 5},
		{sent: 5, a: 5, open: false},      // the slowest counts
		{sent: 5, a: 5, b: 1, open: true}, // one has arrived everywhere
		{sent: 5, a: 5, b: 5, open: true, done: true},
		{sent: 5, a: 3, b: 2, queue: true, open: true, done: true}, // members share
		{sent: 9, a: 3, b: 1, queue: true},
	} {
		f.low, f.queue = 0, c.queue
		f.sent, a.bytes, b.bytes = c.sent, c.a*20, c.b*20
		if open, done := f.open(), f.drained(); open != c.open || done != c.done {
			t.Errorf("%+v: open %v, drained %v", c, open, done)
		}
	}
	if free := (&flow{pubs: f.pubs, sent: 9}); !free.open() || !free.drained() || free.delivered() != 9 {
		t.Error("a flow without subscribers does not run freely")
	}
}

// TestBatch: a batch is whole messages, about a chunk, with every subject equally often.
func TestBatch(t *testing.T) {
	for _, r := range rows {
		if r.pubs == 0 {
			continue
		}
		c := &conn{d: r.from.speak(r.qos)}
		for _, size := range []int{16, 128, 1024, 65536} {
			subjects := r.publishTo(0, 3)
			p := newPublisher(c, 3, subjects, size, r.single)
			count := len(p.stamp.at)
			if (p.ids > 0) != (r.qos > 0) || p.ids > ackWindow || p.ids > 1 && len(p.buf) > ackWindowBytes && !r.apart {
				t.Errorf("%s %d: %d ids for QoS %d", r.name, size, p.ids, r.qos)
			}
			if len(p.buf) != count*p.wire || count%len(subjects) != 0 || r.single && count != 1 || p.write < min(chunk, p.wire) {
				t.Errorf("%s %d: %d messages of %d in %d bytes", r.name, size, count, p.wire, len(p.buf))
			}
			p.stamp.apply(p.buf)
			p.stamp.apply(p.buf) // once per round only
			for i, at := range p.stamp.at {
				if id, n, err := readStamp(p.buf[at:]); id != 3 || n != uint64(i) || err != nil {
					t.Fatalf("%s %d: message %d is stamped %d %d, %v", r.name, size, i, id, n, err)
				}
			}
		}
	}
}

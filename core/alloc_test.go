package core_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"leafgate/core"
)

// fanOut attaches n subscribers to each of the subjects and answers a publisher.
func fanOut(s space, n int, o core.SubOptions, distinct bool, subjects ...string) *core.Endpoint {
	for _, subject := range subjects {
		for i := range n {
			if o.Form != nil {
				o.Tag = "1"
				if distinct {
					o.Tag = fmt.Sprint(i)
				}
			}
			s.subscribe(s.attach(core.Peer{}, null{}), subject, o)
		}
	}
	return s.attach(core.Peer{}, null{})
}

var allocCases = []struct {
	name     string
	n        int
	o        core.SubOptions
	distinct bool
	noEcho   bool
}{
	{name: "1", n: 1, o: core.SubOptions{Form: lineForm{}}},
	{name: "10", n: 10, o: core.SubOptions{Form: lineForm{}}},
	{name: "100", n: 100, o: core.SubOptions{Form: lineForm{}}},
	{name: "50 distinct", n: 50, o: core.SubOptions{Form: lineForm{}}, distinct: true},
	{name: "200 distinct", n: 200, o: core.SubOptions{Form: lineForm{}}, distinct: true},
	{name: "queue of 8", n: 8, o: core.SubOptions{Form: lineForm{}, Queue: "q"}},
	{name: "deliver", n: 10},
	{name: "deliver queue", n: 10, o: core.SubOptions{Queue: "q"}},
}

// Publishing allocates nothing, whichever door, with subjects remembered or seen for the first time.
func TestPublishAllocs(t *testing.T) {
	for _, c := range allocCases {
		t.Run(c.name, func(t *testing.T) {
			s := newSpace(t)
			pub := fanOut(s, c.n, c.o, c.distinct, "a.b")
			b := s.NewBatch()
			m := b.Message()
			m.Subject, m.Payload = []byte("a.b"), make([]byte, 128)
			run := func() {
				for range 1000 {
					b.Publish(pub, m)
				}
				b.Flush()
			}
			run()
			if n := testing.AllocsPerRun(10, run); n != 0 {
				t.Errorf("%v allocations in 1,000 messages", n)
			}
		})
	}
}

func TestPublishAllocsManySubjects(t *testing.T) {
	s := newSpace(t)
	subjects := make([][]byte, 1000)
	sub := s.attach(core.Peer{}, null{})
	for i := range subjects {
		subjects[i] = fmt.Appendf(nil, "dev.%d.temp", i)
		s.lines(sub, string(subjects[i]), "1")
	}
	pub := s.attach(core.Peer{}, null{})
	b := s.NewBatch()
	m := b.Message()
	run := func() {
		for _, m.Subject = range subjects {
			b.Publish(pub, m)
		}
		b.Flush()
	}
	for range 300 { // the table grows to what is used
		run()
	}
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations in 1,000 messages of 1,000 subjects", n)
	}
}

func TestPublishAllocsFirstSight(t *testing.T) {
	s := newSpace(t)
	pub := fanOut(s, 3, core.SubOptions{Form: lineForm{}}, true, ">")
	s.subscribe(s.attach(core.Peer{}, null{}), "x.*", core.SubOptions{Queue: "q", Form: lineForm{}, Tag: "1"})
	b := s.NewBatch()
	m, next := b.Message(), 0
	subject := make([]byte, 0, 32)
	run := func() {
		for range 1000 {
			next++
			m.Subject = strconv.AppendInt(append(subject[:0], "x."...), int64(next+1_000_000), 10)
			b.Publish(pub, m)
		}
		b.Flush()
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations in 1,000 messages of unknown subjects", n)
	}
}

// A million subscriptions cost what the README says, their objects included.
func TestIndexBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in -short: needs 180 MB")
	}
	const n, limit = 1_000_000, 180
	s := newSpace(t)
	var eps []*core.Endpoint
	for range 100 {
		eps = append(eps, s.attach(core.Peer{}, null{}))
	}
	before := heap()
	for i := range n {
		pattern := fmt.Sprintf("dev.%d.cmd", i)
		switch {
		case i%100 == 99:
			pattern = fmt.Sprintf("site.%d.>", i)
		case i%10 == 9:
			pattern = fmt.Sprintf("dev.%d.*", i)
		}
		s.subscribe(eps[i%len(eps)], pattern, core.SubOptions{Form: lineForm{}, Tag: "1"})
	}
	each := (heap() - before) / n
	t.Logf("%d bytes for each of %d subscriptions", each, n)
	if each > limit {
		t.Errorf("%d bytes for each subscription, at most %d", each, limit)
	}
	runtime.KeepAlive(s)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkPublish(b *testing.B) {
	for _, c := range allocCases {
		b.Run(c.name, func(b *testing.B) {
			s := newSpace(b)
			pub := fanOut(s, c.n, c.o, c.distinct, "a.b")
			batch := s.NewBatch()
			m := batch.Message()
			m.Subject, m.Payload = []byte("a.b"), make([]byte, 128)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				batch.Publish(pub, m)
				if i%512 == 0 {
					batch.Flush()
				}
			}
		})
	}
}

func BenchmarkPublishSubjects(b *testing.B) {
	for _, n := range []int{100, 1000, 4096, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newSpace(b)
			sub := s.attach(core.Peer{}, null{})
			subjects := make([][]byte, n)
			for i := range subjects {
				subjects[i] = fmt.Appendf(nil, "dev.%d.temp", i)
				s.lines(sub, string(subjects[i]), "1")
			}
			pub := s.attach(core.Peer{}, null{})
			batch := s.NewBatch()
			m := batch.Message()
			m.Payload = make([]byte, 128)
			for i := 0; b.Loop(); i++ {
				m.Subject = subjects[i*7919%n]
				batch.Publish(pub, m)
				if i%512 == 0 {
					batch.Flush()
				}
			}
		})
	}
}

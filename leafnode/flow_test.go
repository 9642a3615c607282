package leafnode

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// TestBacklog: it is a queue, whatever its messages' sizes and however many are taken at once, and keeps no memory when it is
// empty.
func TestBacklog(t *testing.T) {
	b := backlog{pool: new(sync.Pool)}
	next, sum := 0, int64(0)
	body := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*i%(3*blockSize)) }
	wire := func(i int) string { return "line\r\n" + "header" + string(body(i)) + "\r\n" }
	for i := range 600 {
		b.push([]byte("line\r\n"), []byte("header"), body(i), int64(i+1))
		sum += int64(len(wire(i)))
		for range i % 3 { // now and then it runs empty
			at := b.since()
			r := b.run(int64(i*blockSize/100), i%2)
			if r.msgs > 1 && len(r.bytes) > i*blockSize/100 || r.msgs < i%2 && b.msgs > 0 {
				t.Fatalf("%d messages at once, of %d bytes", r.msgs, len(r.bytes))
			}
			if b.msgs > 0 && at != int64(next+1) {
				t.Fatalf("message %d waits since %d", next, at)
			}
			want, size := "", 0
			for range r.msgs {
				want += wire(next)
				size += len("header") + len(body(next))
				next++
			}
			if string(r.bytes) != want || r.size != int64(size) {
				t.Fatalf("up to message %d: %d bytes, %d of them messages, want %d, %d", next, len(r.bytes), r.size, len(want), size)
			}
			sum -= int64(len(want))
			b.skip(r)
		}
		if b.msgs != i+1-next || b.bytes != sum {
			t.Fatalf("%d messages, %d bytes, want %d and %d", b.msgs, b.bytes, i+1-next, sum)
		}
	}
	for b.msgs > 0 {
		b.skip(b.run(0, 1))
	}
	if r := b.run(1<<20, 1); r.msgs != 0 || b.since() != 0 || b.bytes != 0 || b.first != nil || b.last != nil {
		t.Errorf("emptied: %+v", b)
	}
}

// A pipe is a link as physics has it: bytes of a second, and a delay both ways.
type pipe struct {
	rate  float64
	delay time.Duration
	now   time.Duration
	busy  time.Duration // until when it carries what it has
	pongs []time.Duration
}

// run lets w send as much as it may for d, and answers the bytes, and the longest time that a PING needed in the second half.
func (p *pipe) run(w *window, d time.Duration) (carried int64, worst time.Duration) {
	const message = 500
	from, end := w.sent, p.now+d
	for p.now < end {
		for len(p.pongs) > 0 && p.pongs[0] <= p.now {
			w.pong(int64(p.now))
			p.pongs = p.pongs[1:]
			if p.now > end-d/2 {
				worst = max(worst, w.rtt)
			}
		}
		for room(w, message) {
			p.carry(w, message)
			if w.due(false) {
				p.ping(w)
			}
		}
		if w.due(true) {
			p.ping(w)
		}
		p.now += time.Millisecond
	}
	return w.sent - from, worst
}

// room says whether a message of n bytes may go.
func room(w *window, n int64) bool {
	bytes, least := w.room()
	return n <= bytes || least > 0
}

func (p *pipe) carry(w *window, n int) {
	w.sent += int64(n)
	p.busy = max(p.busy, p.now) + time.Duration(float64(n)/p.rate*float64(time.Second))
}

func (p *pipe) ping(w *window) {
	p.carry(w, len(wire.Ping))
	w.mark(int64(p.now), true)
	p.pongs = append(p.pongs, p.busy+p.delay)
}

// TestWindow: whatever a link can carry is used, and the way to the other side stays short, also after it has changed.
func TestWindow(t *testing.T) {
	var w *window
	var p *pipe
	for _, tc := range []struct {
		name   string
		change bool // instead of a new window
		rate   float64
		delay  time.Duration
		worst  time.Duration // of a PING
	}{
		{name: "50 kbit/s, 600 ms", rate: 6250, delay: 600 * time.Millisecond, worst: 2 * time.Second},
		{name: "1 Mbit/s, 1.5 s", rate: 125_000, delay: 1500 * time.Millisecond, worst: 4 * time.Second},
		{name: "10 Mbit/s, 40 ms", rate: 1_250_000, delay: 40 * time.Millisecond, worst: time.Second},
		{name: "it becomes slow", change: true, rate: 62_500, delay: 600 * time.Millisecond, worst: 3 * time.Second},
		{name: "it becomes slower", change: true, rate: 12_500, delay: 600 * time.Millisecond, worst: 3 * time.Second},
		{name: "it becomes fast", change: true, rate: 1_250_000, delay: 30 * time.Millisecond, worst: time.Second},
	} {
		if !tc.change {
			w, p = &window{}, &pipe{now: time.Second}
		}
		p.rate, p.delay = tc.rate, tc.delay
		p.run(w, 90*time.Second) // to get used to it
		carried, worst := p.run(w, 5*time.Minute)
		used := float64(carried) / (tc.rate * 300)
		t.Logf("%s: %.0f%% used, a PING took up to %v, window %d", tc.name, 100*used, worst, w.size)
		if used < 0.8 || worst > tc.worst {
			t.Errorf("%s: %.0f%% of the link used, a PING took up to %v", tc.name, 100*used, worst)
		}
	}
}

// TestBatch: what a batch publishes goes in one piece, unless that is large.
func TestBatch(t *testing.T) {
	b := newBench(t, greeting)
	if err := b.feed(joined+"LS+ a\r\n", 100); err != nil {
		t.Fatal(err)
	}
	b.link.tell()
	b.conn.text()
	b.link.opts.mostQueued, b.link.opts.mostMsgs = 1<<20, 1<<20
	b.link.window.size = mostWindow
	batch := b.engine.Get()
	publish := func(payload string) {
		*batch.Message() = core.Message{Subject: []byte("a"), Payload: []byte(payload)}
		if n, err := batch.Publish(b.client, batch.Message()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	publish("1")
	publish("2")
	if got := b.conn.text(); got != "" {
		t.Errorf("says %q while the batch goes on", got)
	}
	if q := b.link.waiting(); q.msgs != 2 {
		t.Errorf("%+v waits", q)
	}
	line := "LMSG a 1\r\n1\r\n"
	for range blockSize/len(line) - 1 {
		publish("3")
	}
	if got, want := b.conn.text(), line+"LMSG a 1\r\n2\r\nLMSG a 1\r\n3\r\n"; !strings.HasPrefix(got, want) || len(got) < blockSize {
		t.Errorf("of much it says %.40q, of %d bytes", got, len(got))
	}
	publish("4")
	if got := b.conn.text(); got != "" {
		t.Errorf("then it says %q while the batch goes on", got)
	}
	b.engine.Put(batch)
	if got := b.conn.text(); got != "LMSG a 1\r\n4\r\n" {
		t.Errorf("at the end of the batch it says %q", got)
	}
	if tr, want := b.link.traffic(), int64(blockSize/len(line)+2); tr.OutMsgs != want || tr.OutBytes != want {
		t.Errorf("counts %d messages, %d bytes, want %d", tr.OutMsgs, tr.OutBytes, want)
	}
	b.close(nil)
}

// TestDropOldest: when too much waits the oldest messages go, counted and logged; news, PING and PONG do not wait behind.
func TestDropOldest(t *testing.T) {
	for _, tc := range []struct {
		name  string
		bytes int64
		msgs  int
		left  []string
	}{
		{"by messages", 1 << 20, 3, []string{"7", "8", "9"}},
		{"by bytes", 2 * int64(len("LMSG a 1\r\n7\r\n")), 1 << 20, []string{"8", "9"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, greeting)
			b.link.opts.mostQueued, b.link.opts.mostMsgs = tc.bytes, tc.msgs
			if err := b.feed(joined+"LS+ a\r\n", 100); err != nil {
				t.Fatal(err)
			}
			b.link.tell()
			b.conn.text()
			b.link.window.sent += firstWindow // on its way
			for i := range 10 {
				b.publish(core.Message{Subject: []byte("a"), Payload: fmt.Append(nil, i)})
			}
			if _, err := b.client.Subscribe("news", core.SubOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := b.feed(wire.Ping, 100); err != nil {
				t.Fatal(err)
			}
			if got := b.conn.text(); got != wire.Ping+wire.Pong {
				t.Errorf("says %q without room", got)
			}
			if q := b.link.waiting(); q.msgs != len(tc.left) || q.since.IsZero() {
				t.Errorf("%+v waits", q)
			}
			if err := b.feed(wire.Pong, 100); err != nil {
				t.Fatal(err)
			}
			want := "LS+ news\r\n"
			for _, text := range tc.left {
				want += "LMSG a 1\r\n" + text + "\r\n"
			}
			if got := b.conn.text(); got != want {
				t.Errorf("says %q, want %q", got, want)
			}
			if tr := b.link.traffic(); tr.drops[reason.OutboxFull] != int64(10-len(tc.left)) || tr.OutMsgs != int64(len(tc.left)) {
				t.Errorf("%d dropped, %d out", tr.drops[reason.OutboxFull], tr.OutMsgs)
			}
			var log bytes.Buffer
			b.link.module.log = slog.New(slog.NewTextHandler(&log, nil))
			b.link.logDrops()
			if !strings.Contains(log.String(), fmt.Sprintf("reason=outbox_full count=%d", 10-len(tc.left))) {
				t.Errorf("logged: %s", log.String())
			}
			b.link.window.sent += mostWindow
			b.publish(core.Message{Subject: []byte("a"), Payload: []byte("x")})
			b.close(nil)
			if tr := b.link.traffic(); tr.drops[reason.LinkClosed] != 1 {
				t.Errorf("%v dropped at the end", tr.drops)
			}
		})
	}
}

// TestLargeNews: news of any number go out as there is room, none twice, none forgotten.
func TestLargeNews(t *testing.T) {
	b := newBench(t, greeting)
	if err := b.feed(joined, 100); err != nil {
		t.Fatal(err)
	}
	const subjects = 5000
	for i := range subjects {
		if _, err := b.client.Subscribe(fmt.Sprintf("subject.with.a.name.%d", i), core.SubOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	b.link.tell()
	seen := make(map[string]int)
	for range subjects {
		text := b.conn.text()
		if len(text) > mostWindow/2 {
			t.Fatalf("%d bytes at once", len(text))
		}
		for line := range strings.Lines(text) {
			seen[line]++
		}
		if !b.link.news.late() {
			break
		}
		if b.link.window.count == 0 {
			t.Fatal("nobody will say when there is room")
		}
		if err := b.feed(wire.Pong, 100); err != nil {
			t.Fatal(err)
		}
	}
	for i := range subjects {
		if n := seen[fmt.Sprintf("LS+ subject.with.a.name.%d\r\n", i)]; n != 1 {
			t.Fatalf("subject %d was told %d times", i, n)
		}
	}
	b.close(nil)
}

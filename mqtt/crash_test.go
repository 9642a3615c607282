package mqtt_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/journal/journaltest"
	"leafgate/mqtt/packet"
)

// A witness remembers what a store has promised, across a crash.
type witness struct {
	subscribed bool
	acked      []int // messages that were acknowledged
	open       int   // the one that was not, 0: none
	released   bool  // its PUBREL was sent
}

const crashMessages = 10

// qosOf is 1 and 2 by turns; every fifth message is retained.
func qosOf(n int) byte { return byte(1 + n%2) }

func crashMessage(n int, again bool) string {
	p := pub3(fmt.Sprintf("c/%d", n), fmt.Sprint(n), qosOf(n), uint16(n), func(p *packet.Publish) { p.Retain, p.Dup = n%5 == 0, again })
	return p
}

var errUnexpected = errors.New("unexpected answer")

// asks says something and wants exactly this answer.
func (c *client) asks(say, want string) error {
	if err := c.say(say); err != nil {
		return err
	}
	for len(want) > 0 {
		got, err := c.read()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(want, got) {
			return fmt.Errorf("%w: %s, want %s", errUnexpected, show(got, v311), show(want, v311))
		}
		want = want[len(got):]
	}
	return nil
}

func reach(t *testing.T, g *gateway.Gateway) *client {
	conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return wrap(t, conn)
}

// begin makes a session that is away, and publishes to it until the disk is gone.
func (w *witness) begin(t *testing.T, g *gateway.Gateway) {
	s := reach(t, g)
	if s.asks(hello3("s", resume), ok3) != nil {
		return
	}
	if w.subscribed = s.asks(sub3(1, "c/#", 2), granted3(1, 2)) == nil; !w.subscribed {
		return
	}
	s.Close()
	p := reach(t, g)
	if p.asks(hello3("p", resume), ok3) != nil {
		return
	}
	for n := 1; n <= crashMessages; n++ {
		w.open, w.released = n, false
		if w.publish(p, n, false) != nil {
			return
		}
	}
}

func (w *witness) publish(p *client, n int, again bool) error {
	id := uint16(n)
	if qosOf(n) == 1 {
		if err := p.asks(crashMessage(n, again), puback(id)); err != nil {
			return err
		}
		w.acked, w.open = append(w.acked, n), 0
		return nil
	}
	if !w.released {
		if err := p.asks(crashMessage(n, again), pubrec(id)); err != nil {
			return err
		}
		w.acked, w.released = append(w.acked, n), true
	}
	if err := p.asks(pubrel(id), pubcomp(id)); err != nil {
		return err
	}
	w.open = 0
	return nil
}

// check goes on where begin had to stop, and says what is missing or doubled.
func (w *witness) check(t *testing.T, g *gateway.Gateway, wait time.Duration) error {
	p := reach(t, g)
	switch err := p.asks(hello3("p", resume), back3); {
	case err != nil && len(w.acked) > 0:
		return fmt.Errorf("publisher: %w", err)
	case err != nil: // its session was never there
		p = reach(t, g)
		p.send(hello3("p", resume))
		p.next()
		w.open = 0
	case w.open != 0:
		if err := w.publish(p, w.open, true); err != nil {
			return fmt.Errorf("message %d again: %w", w.open, err)
		}
	}
	if !w.subscribed {
		return nil
	}
	p.send(pub3("c/end", "end", 1, 999))
	p.expect(puback(999))
	s := reach(t, g)
	if err := s.asks(hello3("s", resume), back3); err != nil {
		return fmt.Errorf("subscriber: %w", err)
	}
	_ = s.SetReadDeadline(time.Now().Add(wait))
	counts := make(map[string]int)
	for counts["end"] == 0 {
		got, err := s.read()
		if err != nil {
			return fmt.Errorf("subscriber, after %v: %w", counts, err)
		}
		switch packet.Type(got[0] >> 4) {
		case packet.PUBLISH:
			x, err := parsePublish(got, v311)
			if err != nil {
				return err
			}
			counts[string(x.Payload)]++
			s.send(ack([]packet.Type{packet.PUBACK, packet.PUBACK, packet.PUBREC}[x.QoS], v311, x.ID, 0))
		case packet.PUBREL:
			s.send(pubcomp(uint16(got[2])<<8 | uint16(got[3])))
		}
	}
	for n := 1; n <= crashMessages; n++ {
		if got := counts[fmt.Sprint(n)]; got > 1 && qosOf(n) == 2 {
			return fmt.Errorf("message %d came %d times", n, got)
		}
	}
	r := reach(t, g)
	r.send(hello3("r"))
	r.expect(ok3)
	for _, n := range w.acked {
		if counts[fmt.Sprint(n)] == 0 {
			return fmt.Errorf("message %d is missing: %v", n, counts)
		}
		if n%5 == 0 {
			if err := r.asks(sub3(1, fmt.Sprintf("c/%d", n), 0), granted3(1, 0)+pub3(fmt.Sprintf("c/%d", n), fmt.Sprint(n), 0, 0, retained)); err != nil {
				return fmt.Errorf("retained message %d: %w", n, err)
			}
		}
	}
	return nil
}

// A syncLog is a log that can be read meanwhile.
type syncLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (d *disks) startLogged(tb testing.TB, log *syncLog) *gateway.Gateway {
	tb.Helper()
	text := conf("") + "store { dir: \"" + d.dir + "\", min_free: 0 }\n"
	return gatewaytest.StartWith(tb, gateway.Options{Text: text, Disk: d.open, Log: slog.New(slog.NewTextHandler(log, nil))})
}

// The power goes at any moment: what was acknowledged is there afterwards, and at QoS 2 once. Where the disk has lied, what
// is missing is reported.
func TestCrashPoints(t *testing.T) {
	ops := func() int {
		d := newDisks(t)
		g := d.start(t, "", "")
		new(witness).begin(t, g)
		shutdown(t, g)
		return d.mqtt().Ops()
	}()
	for _, lie := range []bool{false, true} {
		for _, loss := range []journaltest.Loss{journaltest.Nothing, journaltest.All, journaltest.Prefix, journaltest.Reordered} {
			t.Run(fmt.Sprintf("lost: %v, lies: %v", loss, lie), func(t *testing.T) {
				t.Parallel()
				for at := 1; at <= ops; at += 1 + ops/8 {
					crashAt(t, at, loss, lie)
				}
			})
		}
	}
}

func crashAt(t *testing.T, at int, loss journaltest.Loss, lie bool) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(uint64(at), uint64(loss)))
	d := newDisks(t)
	fs := d.mqtt()
	fs.CrashAt(at)
	fs.SetFaults(journaltest.Faults{Lie: lie})
	g := d.startLogged(t, &syncLog{})
	var w witness
	w.begin(t, g)
	d.each(func(fs *journaltest.FS) *journaltest.FS { return fs.Crash(loss, rnd) })
	killed(t, d, g)
	var log syncLog
	g = d.startLogged(t, &log)
	wait := patience
	if lie { // and the subscription may be gone
		wait = patience / 10
	}
	err := w.check(t, g, wait)
	switch {
	case err != nil && !lie:
		t.Errorf("operation %d: %v", at, err)
	case err != nil && !strings.Contains(log.String(), "damaged") && !strings.Contains(log.String(), "clean=false") && !strings.Contains(log.String(), "records=0"):
		t.Errorf("operation %d: %v, and nobody says so:\n%s", at, err, log.String())
	}
	shutdown(t, g)
}

// A full disk is told to publishers, nothing that was acknowledged is lost, and when there is room again all goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	g := d.start(t, "", monitored)
	s := dial(t, g)
	s.send(hello5("s", stays(3600)) + sub5(1, "t/#", 2))
	s.expect(ok5 + granted5(1, 2))
	s.Close()
	five, three := dial(t, g), dial(t, g)
	five.send(hello5("five", stays(3600)))
	five.expect(ok5)
	three.send(hello3("three", resume))
	three.expect(ok3)
	payload := strings.Repeat("x", 1000)
	fs := d.mqtt()
	fs.SetFaults(journaltest.Faults{Capacity: 20_000})
	taken := 0
	for told := false; !told && taken < 1000; {
		five.send(pub5("t/5", payload, byte(1+taken%2), uint16(taken+1)))
		switch got := five.next(); got {
		case puback(uint16(taken + 1)):
			taken++
		case pubrec(uint16(taken + 1)):
			five.send(pubrel(uint16(taken + 1)))
			if got, err := five.read(); err != nil || got != pubcomp(uint16(taken+1)) { // the disk was full meanwhile
				five = dial(t, g)
				five.send(hello5("five", stays(3600)))
				five.expect(back5)
			}
			taken++
		case ack(packet.PUBACK, v5, uint16(taken+1), packet.QuotaExceeded), ack(packet.PUBREC, v5, uint16(taken+1), packet.QuotaExceeded):
			told = true
		default:
			t.Fatalf("got %s", show(got, v5))
		}
	}
	if taken == 0 || taken == 1000 {
		t.Fatalf("%d messages were taken", taken)
	}
	_ = three.say(pub3("t/3", payload, 1, 1)) // and does not hear that it was
	three.closed()
	live := dial(t, g)
	live.send(hello3("live") + sub3(1, "u", 0) + pub3("u", "goes on", 0, 0))
	live.expect(ok3 + granted3(1, 0) + pub3("u", "goes on", 0, 0))
	fs.SetFaults(journaltest.Faults{})
	var again *client
	waitFor(t, func() bool {
		again = dial(t, g)
		again.send(hello3("three", resume))
		again.next()
		return again.asks(pub3("t/3", "resumed", 1, 1, dup), puback(1)) == nil
	})
	s = dial(t, g)
	s.send(hello5("s", stays(3600)))
	s.expect(back5)
	for got := 0; ; {
		b := s.next()
		switch packet.Type(b[0] >> 4) {
		case packet.PUBLISH:
			p, err := parsePublish(b, v5)
			if err != nil {
				t.Fatal(err)
			}
			if string(p.Payload) == "resumed" {
				if got < taken {
					t.Errorf("%d of %d acknowledged messages are there", got, taken)
				}
				return
			}
			got++
			s.send(ack([]packet.Type{0, packet.PUBACK, packet.PUBREC}[p.QoS], v5, p.ID, 0))
		case packet.PUBREL:
			s.send(pubcomp(uint16(b[2])<<8 | uint16(b[3])))
		}
	}
}

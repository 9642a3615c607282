package mqtt_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"leafgate/journal/journaltest"
)

// Whatever byte of a store is wrong: the gateway starts, and what is missing is in the log.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	g := d.start(t, "", "")
	s := dial(t, g)
	s.send(hello3("s", resume) + sub3(1, "t/#", 1) + bye3)
	s.expect(ok3 + granted3(1, 1))
	s.closed()
	p := dial(t, g)
	p.send(hello3("p"))
	p.expect(ok3)
	const messages = 8
	for n := 1; n <= messages; n++ {
		p.send(pub3(fmt.Sprintf("t/%d", n), strings.Repeat("x", 50), 1, uint16(n), retained))
		p.expect(puback(uint16(n)))
	}
	shutdown(t, g)
	names, err := d.mqtt().List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".seg") {
			continue
		}
		for at := 70; at < len(d.mqtt().Bytes(name)); at += 97 {
			copied := &disks{dir: d.dir, all: make(map[string]*journaltest.FS)}
			for dir, fs := range d.all {
				copied.all[dir] = fs.Clone()
			}
			copied.mqtt().Damage(name, func(b []byte) []byte { b[at] ^= 0x10; return b })
			damaged(t, copied, at, messages)
		}
	}
}

// damaged starts a gateway on d and counts what is left.
func damaged(t *testing.T, d *disks, at, messages int) {
	t.Helper()
	var log syncLog
	g := d.startLogged(t, &log)
	defer shutdown(t, g)
	s := dial(t, g)
	s.send(hello3("s", resume) + sub3(1, "t/#", 1) + pingreq)
	got := map[string]int{}
	for {
		b := s.next()
		if b == pingresp {
			break
		}
		if b[0]>>4 == 3 {
			p, err := parsePublish(b, v311)
			if err != nil {
				t.Fatal(err)
			}
			got[fmt.Sprintf("%s %v", p.Topic, p.Retain)]++
		}
	}
	if len(got) == 2*messages { // the damage is to what nobody needs any more
		return
	}
	if text := log.String(); !strings.Contains(text, "journal is damaged") {
		t.Errorf("byte %d: %d of %d are left, and nobody says so:\n%s", at, len(got), 2*messages, text)
	}
	if len(got) < messages-1 {
		t.Errorf("byte %d: only %v are left", at, got)
	}
}

// A store that cannot be written refuses what it would have to keep, and nothing else.
func TestReadOnlyStore(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	d.mqtt().SetFaults(journaltest.Faults{ReadOnly: true})
	g := d.start(t, "", "")
	a := dial(t, g)
	a.send(hello3("a") + sub3(1, "t", 1) + pub3("t", "zero", 0, 0) + pub3("t", "one", 1, 1))
	a.expect(ok3 + granted3(1, 1) + pub3("t", "zero", 0, 0) + pub3("t", "one", 1, 1) + puback(1))
	b := dial(t, g)
	b.send(hello3("b", resume))
	b.expect("\x20\x02\x00\x03")
	b.closed()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Shutdown(ctx); err == nil {
		t.Error("nobody says that the store could not be closed")
	}
}

// What NATS clients publish waits for sessions, too.
func TestRestartNATS(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	g := d.start(t, "", "")
	s := dial(t, g)
	s.send(hello3("s", resume) + sub3(1, "t/#", 1) + bye3)
	s.expect(ok3 + granted3(1, 1))
	s.closed()
	nats := natsClient(t, g, "")
	var all strings.Builder
	const messages = 500
	for n := range messages {
		fmt.Fprintf(&all, "PUB t.%d 2\r\nhi\r\n", n)
	}
	nats.send(all.String() + "PING\r\n")
	nats.expect("PONG\r\n")
	shutdown(t, g)
	g = d.start(t, "", "")
	s = dial(t, g)
	s.send(hello3("s", resume))
	s.expect(back3)
	for n := range messages {
		if p := s.publish(); string(p.Topic) != fmt.Sprintf("t/%d", n) || string(p.Payload) != "hi" {
			t.Fatalf("message %d: got %s %q", n, p.Topic, p.Payload)
		}
	}
}

package main

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pairOf is a socket pair as a conn and its other end.
func pairOf(t *testing.T, d dialect) (*conn, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return &conn{fd: fds[0], d: d, name: "pair"}, fds[1]
}

// TestLoopAllocs: what the loop does per write and per read does not allocate, in either mode.
func TestLoopAllocs(t *testing.T) {
	pc, far := pairOf(t, natsDialect{})
	p := newPublisher(pc, 0, [][]byte{[]byte("a.b")}, 128, false)
	p.flow = &flow{pubs: []*publisher{p}}
	trash := make([]byte, 1<<20)
	if n := testing.AllocsPerRun(1000, func() {
		if err := p.step(); err != nil || p.blocked {
			t.Fatalf("step: %v, blocked %v", err, p.blocked)
		}
		for n, _ := receive(far, trash); n > 0; n, _ = receive(far, trash) {
		}
	}); n != 0 {
		t.Errorf("publishing allocates %v times", n)
	}
	sc, far := pairOf(t, natsDialect{})
	s := &subscriber{conn: sc, wire: int64(natsDialect{}.Delivered([]byte("a.b"), 1, 128))}
	s.in.grow(256 << 10)
	l := newLedger(1)
	s.check = newChecker(l, 0, 128)
	l.mark(0, 1<<20) // the ledger has grown before
	payload := filler(128)
	sequence := uint64(0)
	msg := append([]byte("MSG a.b 1 128\r\n"), append(payload, "\r\n"...)...)
	at := len(msg) - 130
	if n := testing.AllocsPerRun(1000, func() {
		putStamp(msg[at:], 0, sequence)
		sequence++
		if _, err := send(far, msg); err != nil {
			t.Fatal(err)
		}
		if err := s.drain(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("verified receiving allocates %v times", n)
	}
	if s.messages() != int64(sequence) || l.reordered+l.duplicates != 0 {
		t.Errorf("received %d of %d messages: %+v", s.messages(), sequence, l)
	}
	r := newRecorder()
	if n := testing.AllocsPerRun(1000, func() { r.add(time.Microsecond) }); n != 0 {
		t.Errorf("recording allocates %v times", n)
	}
}

// TestAcknowledgingAllocs: with QoS 1 and 2 neither side allocates, in either mode.
func TestAcknowledgingAllocs(t *testing.T) {
	for qos := byte(1); qos < 3; qos++ {
		d := mqttDialect{qos: qos}
		pc, far := pairOf(t, d)
		p := newPublisher(pc, 0, [][]byte{[]byte("a.b")}, 128, false)
		p.flow = &flow{pubs: []*publisher{p}}
		answers, trash := make([]byte, 0, 1<<10), make([]byte, 1<<20)
		if n := testing.AllocsPerRun(1000, func() {
			if err := p.step(); err != nil || p.room() != 0 {
				t.Fatalf("step: %v, room for %d bytes", err, p.room())
			}
			answers = answers[:0]
			for i := range p.ids {
				if qos == 2 {
					answers = append(answers, mqttPubrec, 2, 0, byte(i+1))
				}
				answers = append(answers, []byte{mqttPuback, mqttPubcomp}[qos-1], 2, 0, byte(i+1))
			}
			if _, err := send(far, answers); err != nil {
				t.Fatal(err)
			}
			if err := p.wake(); err != nil || p.room() == 0 {
				t.Fatalf("wake: %v, room for %d bytes", err, p.room())
			}
			for n, _ := receive(far, trash); n > 0; n, _ = receive(far, trash) {
			}
		}); n != 0 {
			t.Errorf("QoS %d: publishing allocates %v times", qos, n)
		}
		sc, far := pairOf(t, d)
		s := &subscriber{conn: sc, wire: int64(d.Delivered([]byte("a.b"), 1, 128))}
		s.in.grow(256 << 10)
		s.out = make([]byte, 0, 64)
		packets := append(d.Publish(nil, &unit{subject: []byte("a.b"), payload: filler(128), id: 5}), "\x62\x02\x00\x05"...)
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := send(far, packets); err != nil {
				t.Fatal(err)
			}
			if err := s.drain(); err != nil {
				t.Fatal(err)
			}
			receive(far, trash)
		}); n != 0 || s.messages() == 0 || s.released != s.messages() {
			t.Errorf("QoS %d: receiving allocates %v times; %d messages, %d released", qos, n, s.messages(), s.released)
		}
	}
}

// TestChurnAllocs: the others do not disturb either.
func TestChurnAllocs(t *testing.T) {
	k, far := pairOf(t, natsDialect{})
	c := &churn{conns: []*conn{k}}
	trash := make([]byte, 1<<16)
	sid := 1
	if n := testing.AllocsPerRun(1000, func() {
		if err := c.swap(k, sid); err != nil {
			t.Fatal(err)
		}
		sid++
		receive(far, trash)
	}); n != 0 {
		t.Errorf("churning allocates %v times", n)
	}
	if err := c.swap(k, 77); err != nil {
		t.Fatal(err)
	}
	n, _ := receive(far, trash)
	if got, want := string(trash[:n]), string(appendInbox([]byte("SUB "), k.fd, 77))+" 77\r\nUNSUB 76\r\n"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}

package gatewaytest

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// A message that is too large ends its publisher's connection, and no other; what came before it is delivered.
func testMaxPayload(t *testing.T, d *Driver) {
	const limit = 2000
	s := newStage(t, d, Limits{Payload: limit}, "")
	sub, pub, other := s.client("m", last), s.client("m"), s.client()
	fits := message{"m", strings.Repeat("x", limit/2)}
	pub.publish(fits.subject, fits.payload)
	pub.publish("m", strings.Repeat("y", 2*limit))
	pub.ends()
	sub.expect(fits)
	other.publish("m", "others go on")
	other.publish(last, "")
	sub.expect(message{"m", "others go on"}, message{subject: last})
	s.eventually("the publisher is gone", func() bool { return s.endpoints() == 2 })
}

// What is no protocol costs its sender's connection at most.
func testNonsense(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, "")
	sub, pub := s.client("x", last), s.client()
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 4096)
	for range 20 {
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		conn, other := s.dial(), s.client()
		// The gateway may end either before it has read all.
		_, _ = conn.Write(noise)
		_, _ = other.Write(noise)
		unit := other.Encode("y", noise[:100])
		_, _ = s.client().Write(append(unit[:r.IntN(len(unit)):len(unit)], noise...))
	}
	pub.publish("x", "1")
	pub.publish(last, "")
	sub.expect(message{"x", "1"}, message{subject: last})
}

// Who does not read loses the connection, or messages, and nobody else loses any.
func testSlowConsumer(t *testing.T, d *Driver) {
	const (
		size = 10_000
		most = 64 << 20 / size // more than all buffers of the kernel hold
	)
	s := newStage(t, d, Limits{Payload: 2 * size, Pending: 256 << 10}, "")
	slow, fast, pub := s.client("s", last), s.client("s", last), s.client()
	if err := slow.tcp.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, size) // which compression does not make smaller
	rand.NewChaCha8([32]byte{}).Read(noise)
	nth := func(i int) message {
		n := strconv.Itoa(i) + "x"
		return message{"s", n + string(noise[len(n):])}
	}
	sent := 0
	for ; sent < most && s.endpoints() == 3; sent++ {
		m := nth(sent)
		pub.publish(m.subject, m.payload)
		fast.expect(m)
	}
	if cut := s.endpoints() == 2; cut == d.SlowDrops {
		t.Fatalf("after %d messages, the connection that does not read is cut: %v, want %v", sent, cut, !cut)
	}
	got := 0
	if d.SlowDrops {
		slow.sync()
		pub.publish(last, "")
		got = len(inOrder(t, nth, slow.rest()))
		fast.expect(message{subject: last})
	} else {
		var all []message
		for {
			m, err := slow.next()
			if err != nil {
				break
			}
			all = append(all, m)
		}
		got = len(inOrder(t, nth, all))
	}
	if got >= sent {
		t.Errorf("the slow consumer lost none of %d messages", sent)
	}
}

// inOrder checks that all are among the messages of nth, whole and each later than the one before.
func inOrder(t *testing.T, nth func(int) message, all []message) []message {
	t.Helper()
	at := -1
	for _, m := range all {
		digits, _, _ := strings.Cut(m.payload, "x")
		i, err := strconv.Atoi(digits)
		if err != nil || i <= at || m != nth(i) {
			t.Fatalf("got %v behind the %dth message", m, at)
		}
		at = i
	}
	return all
}

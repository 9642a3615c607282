package mqtt_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// A burst is fifty messages: few enough bytes for every buffer of the kernel, so that nobody has to wait for a reader,
// which is allowed to cost memory. A measured run is twenty of them.
const (
	burstSize  = 50
	burstsEach = 20
	messages   = burstSize * burstsEach
)

var payload = strings.Repeat("x", 100)

// A reader takes what comes and answers it, without allocating.
type reader struct {
	*client
	qos  byte
	in   []byte // a burst as it comes
	acks []byte
}

// newReader is a client with a subscription.
func newReader(t *testing.T, g *gateway.Gateway, v packet.Version, id string, qos byte, with ...func(*packet.Connect)) *reader {
	t.Helper()
	c := dial(t, g)
	c.send(connect(v, id, with...) + subscribe(v, 1, "dev/+/temp", packet.Options(qos)))
	c.expect(connack(v, false) + suback(v, 1, packet.Reason(qos)))
	one := publish(v, "dev/17/temp", payload, qos, 1)
	return &reader{c, qos, make([]byte, burstSize*len(one)), make([]byte, 4*burstSize)}
}

// take reads a burst and finishes its exchanges.
func (r *reader) take() {
	r.fill(r.in)
	if r.qos == 0 {
		return
	}
	one := len(r.in) / burstSize
	first, second := byte(packet.PUBACK)<<4, byte(0)
	if r.qos == 2 {
		first, second = byte(packet.PUBREC)<<4, byte(packet.PUBREL)<<4|2
	}
	for i := range burstSize { // the packet id stands behind the topic
		at := r.in[i*one+2+2+len("dev/17/temp"):]
		r.acks[4*i], r.acks[4*i+1] = first, 2
		copy(r.acks[4*i+2:4*i+4], at[:2])
	}
	r.write(r.acks)
	if r.qos < 2 {
		return
	}
	r.fill(r.acks)
	for i := range burstSize {
		if r.acks[4*i] != second {
			r.Fatalf("got %x, want PUBREL", r.acks[4*i:4*i+4])
		}
		r.acks[4*i] = byte(packet.PUBCOMP) << 4
	}
	r.write(r.acks)
}

func (c *client) fill(b []byte) {
	if _, err := io.ReadFull(c.Conn, b); err != nil {
		c.Fatalf("read: %v", err)
	}
}

func (c *client) write(b []byte) {
	if _, err := c.Conn.Write(b); err != nil {
		c.Fatalf("write: %v", err)
	}
}

// A writer publishes bursts, without allocating.
type writer struct {
	*client
	qos   byte
	burst []byte
	acks  []byte
}

func newWriter(t *testing.T, g *gateway.Gateway, v packet.Version, qos byte) *writer {
	t.Helper()
	c := dial(t, g)
	c.send(connect(v, "writer"))
	c.expect(connack(v, false))
	w := &writer{client: c, qos: qos, acks: make([]byte, 4*burstSize)}
	for i := range burstSize {
		w.burst = append(w.burst, publish(v, "dev/17/temp", payload, qos, uint16(min(i+1, int(qos)*burstSize)))...)
	}
	return w
}

// publish writes a burst.
func (w *writer) publish() { w.write(w.burst) }

// finish reads what is answered, and ends exchanges at QoS 2.
func (w *writer) finish() {
	if w.qos == 0 {
		return
	}
	w.fill(w.acks)
	if w.qos < 2 {
		return
	}
	for i := range burstSize {
		w.acks[4*i] = byte(packet.PUBREL)<<4 | 2
		binary.BigEndian.PutUint16(w.acks[4*i+2:], uint16(i+1))
	}
	w.write(w.acks)
	w.fill(w.acks)
}

// allocs is how many allocations there are in a run of 1,000 messages, both ends and the gateway together.
func allocs(t *testing.T, run func()) float64 {
	t.Helper()
	if raceEnabled {
		t.Skip("pools drop things at random under the race detector")
	}
	all := func() {
		for range burstsEach {
			run()
		}
	}
	for range 5 { // until everything is remembered and buffers have grown
		all()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	return testing.AllocsPerRun(10, all)
}

// A message at QoS 0 costs nothing, from MQTT clients of any version to MQTT clients of any version and to NATS clients.
func TestAllocsQoS0(t *testing.T) {
	for _, v := range []packet.Version{v311, v5} {
		t.Run(v.String(), func(t *testing.T) {
			g := gatewaytest.Start(t, conf(`sys_interval: "1h"`))
			readers := []*reader{newReader(t, g, v311, "3", 0), newReader(t, g, v5, "5", 0), newReader(t, g, v5, "higher", 0)}
			higher := subscribe(v5, 2, "dev/17/#", 2) // through the other door: published at QoS 0 all the same
			readers[2].send(higher)
			readers[2].expect(suback(v5, 2, 2))
			nats := natsClient(t, g, "")
			nats.send("SUB dev.17.temp 1\r\nPING\r\n")
			nats.expect("PONG\r\n")
			lines := make([]byte, burstSize*len(fmt.Sprintf("MSG dev.17.temp 1 %d\r\n%s\r\n", len(payload), payload)))
			w := newWriter(t, g, v, 0)
			n := allocs(t, func() {
				w.publish()
				for _, r := range readers {
					r.take()
				}
				nats.fill(lines)
			})
			if n != 0 {
				t.Errorf("%v allocations for 1,000 messages, want none", n)
			}
		})
	}
}

// At QoS 1 and 2 a message costs one copy, of two allocations, however many sessions keep it, and nothing where all end
// with their connections. What a session keeps besides is in rings.
func TestAllocsQoS1And2(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		for _, sessions := range []struct{ staying, passing int }{{0, 1}, {0, 3}, {1, 0}, {3, 0}, {3, 1}} {
			t.Run(fmt.Sprintf("QoS %d, %d staying, %d passing", qos, sessions.staying, sessions.passing), func(t *testing.T) {
				g := gatewaytest.Start(t, conf(`sys_interval: "1h"`))
				var readers []*reader
				for i := range sessions.staying {
					v, with := v311, resume
					if i%2 == 1 {
						v, with = v5, stays(3600)
					}
					readers = append(readers, newReader(t, g, v, fmt.Sprint("stays", i), qos, with))
				}
				for i := range sessions.passing {
					readers = append(readers, newReader(t, g, []packet.Version{v311, v5}[i%2], fmt.Sprint("passes", i), qos))
				}
				w := newWriter(t, g, v311, qos)
				n := allocs(t, func() {
					w.publish()
					for _, r := range readers {
						r.take()
					}
					w.finish()
				})
				most := 0.0
				if sessions.staying > 0 {
					most = messages * (2 + 0.1*float64(sessions.staying)) // rings grow with a burst and shrink behind it
				}
				if n > most {
					t.Errorf("%v allocations for 1,000 messages, want %v at most", n, most)
				}
			})
		}
	}
}

// With a store, a message costs the same copy, however many sessions keep it; the rest is a few allocations for each burst.
func TestAllocsStored(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		for _, sessions := range []int{1, 3} {
			t.Run(fmt.Sprintf("QoS %d, %d sessions", qos, sessions), func(t *testing.T) {
				g := gatewaytest.Start(t, conf(`sys_interval: "1h"`)+fmt.Sprintf("store { dir: %q, min_free: 0 }\n", t.TempDir()))
				var readers []*reader
				for i := range sessions {
					readers = append(readers, newReader(t, g, v311, fmt.Sprint("stays", i), qos, resume))
				}
				w := newWriter(t, g, v311, qos)
				n := allocs(t, func() {
					w.publish()
					for _, r := range readers {
						r.take()
					}
					w.finish()
				})
				if most := messages * (2 + 0.6*float64(int(qos)*sessions)); n > most {
					t.Errorf("%v allocations for 1,000 messages, want %v at most", n, most)
				}
			})
		}
	}
}

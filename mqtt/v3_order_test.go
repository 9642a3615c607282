package mqtt_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Far more messages than fit into the window, so that they are sent at once, wait, and are sent again.
func TestV3Order(t *testing.T) {
	const n = 1000
	for qos := range byte(3) {
		t.Run(fmt.Sprintf("[MQTT-4.6.0-5] [MQTT-4.6.0-6] QoS %d", qos), func(t *testing.T) {
			t.Parallel()
			_, s, p := orderly(t)
			var sent, answers strings.Builder
			for i := 1; i <= n; i++ {
				id := uint16(i) * uint16(min(qos, 1))
				sent.WriteString(pub3("t", fmt.Sprint(i), qos, id))
				answers.WriteString([]string{"", puback(id), pubrec(id)}[qos])
			}
			p.send(sent.String())
			p.expect(answers.String())
			for i := 1; i <= n; {
				b := s.next()
				if packet.Type(b[0]>>4) == packet.PUBREL {
					s.send(framed(0x70, b[2:]))
					continue
				}
				if want := pub3("t", fmt.Sprint(i), qos, uint16(i)*uint16(min(qos, 1))); b != want {
					t.Fatalf("got %s, want %s", show(b, v311), show(want, v311))
				}
				s.send([]string{"", puback(uint16(i)), pubrec(uint16(i))}[qos])
				i++
			}
		})
	}
	t.Run("[MQTT-4.6.0-1] sent again in the first order, before what waited", func(t *testing.T) {
		t.Parallel()
		g, s, p := orderly(t)
		for i := range uint16(30) {
			p.send(pub3("t", fmt.Sprint(i), 1, i+1))
			p.expect(puback(i + 1))
		}
		for i := range uint16(10) {
			s.expect(pub3("t", fmt.Sprint(i), 1, i+1))
		}
		s.send(bye3)
		s.closed()
		s = dial(t, g)
		s.send(hello3("s", resume))
		s.expect(back3)
		for i := range uint16(30) {
			s.expect(pub3("t", fmt.Sprint(i), 1, i+1, func(p *packet.Publish) { p.Dup = i < 10 }))
			s.send(puback(i + 1))
		}
		s.alive()
	})
}

// orderly is a subscriber and a publisher, with a small window.
func orderly(t *testing.T) (g *gateway.Gateway, s, p *client) {
	g = gatewaytest.Start(t, conf("max_ack_pending: 10"))
	s, p = dial(t, g), dial(t, g)
	s.send(hello3("s", resume) + sub3(1, "t", 2))
	s.expect(ok3 + granted3(1, 2))
	p.send(hello3("p"))
	p.expect(ok3)
	return g, s, p
}

// A subscription that is made again and again loses nothing, and doubles nothing.
func TestV3Resubscribe(t *testing.T) {
	const n = 2000
	for _, x := range []struct {
		name string
		qos  byte
	}{{"[MQTT-3.8.4-3] QoS 0", 0}, {"[MQTT-3.8.4-3] QoS 1", 1}} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, conf(""))
			s, p := dial(t, g), dial(t, g)
			s.send(hello3("s") + sub3(1, "t", packet.Options(x.qos)))
			s.expect(ok3 + granted3(1, packet.Reason(x.qos)))
			p.send(hello3("p"))
			p.expect(ok3)
			var sent sync.WaitGroup
			sent.Go(func() {
				for i := range n {
					if p.say(pub3("t", fmt.Sprint(i), x.qos, uint16(min(x.qos, 1)))) != nil {
						return
					}
				}
			})
			t.Cleanup(sent.Wait)
			for i := 0; i < n; {
				b := s.next()
				if packet.Type(b[0]>>4) != packet.PUBLISH {
					continue // SUBACK
				}
				if want := fmt.Sprint(i); !strings.HasSuffix(b, want) {
					t.Fatalf("got %s, want message %d", show(b, v311), i)
				}
				if i++; x.qos == 1 {
					s.send(puback(uint16(i)))
				}
				if i%3 == 0 {
					s.send(sub3(2, "t", packet.Options(x.qos)))
				}
			}
		})
	}
}

package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

// The gateway's own tree reaches sessions that are stored, at any QoS, and is not stored itself; who listens
// to it is.
func TestSysStored(t *testing.T) {
	t.Parallel()
	for _, qos := range []packet.Options{1, 2} {
		d := newDisks(t)
		g := d.start(t, `sys_interval: "20ms"`, "")
		s := dial(t, g)
		s.send(hello3("s", resume) + sub3(1, "$SYS/broker/uptime", qos))
		s.expect(ok3 + granted3(1, packet.Reason(qos)))
		for got := 0; got < 5; {
			b := s.next()
			switch packet.Type(b[0] >> 4) {
			case packet.PUBLISH:
				p, err := parsePublish(b, v311)
				if err != nil || string(p.Topic) != "$SYS/broker/uptime" || p.QoS != byte(qos) {
					t.Fatalf("got %s, %v", show(b, v311), err)
				}
				s.send(ack([]packet.Type{0, packet.PUBACK, packet.PUBREC}[p.QoS], v311, p.ID, 0))
				if qos == 1 {
					got++
				}
			case packet.PUBREL:
				s.send(pubcomp(uint16(b[2])<<8 | uint16(b[3])))
				got++
			}
		}
		names, err := d.mqtt().List()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.Contains(string(d.mqtt().Bytes(name)), "broker.uptime") {
				t.Errorf("the tree is in %s", name)
			}
		}
		s.send(bye3)
		shutdown(t, g)
		g = d.start(t, `sys_interval: "20ms"`, "")
		s = dial(t, g)
		s.send(hello3("s", resume))
		s.expect(back3)
		for b := s.next(); packet.Type(b[0]>>4) != packet.PUBLISH; b = s.next() { // of what was under way nothing is left
			if packet.Type(b[0]>>4) != packet.PUBREL {
				t.Fatalf("got %s", show(b, v311))
			}
		}
	}
}

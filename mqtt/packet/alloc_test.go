package packet_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

const perRun = 1000 // AllocsPerRun rounds down

// What every message pays for allocates nothing, and neither does refusing one.
func TestAllocs(t *testing.T) {
	dst := make([]byte, 0, 4096)
	publish, ack := new(packet.Publish), new(packet.Ack)
	properties := props("\x01\x01", "\x02\x00\x00\x00\x3c", "\x08"+str("r"), "\x09"+str("d"), user("k", "1"), user("k", "2"))
	plain, full := []byte(whole(0x32, str("a/b"), "\x00\x07", "hi")), []byte(whole(0x32, str("a/b"), "\x00\x07", properties, "hi"))
	bad, reason := []byte(whole(0x32, str("a/b"), "\x00\x07", props("\x7f"), "hi")), []byte(whole(0x40, "\x00\x07\x87", props("\x1f"+str("no"))))
	subscribe := []byte(whole(0x82, "\x00\x07", props("\x0b\x01"), str("a/b"), "\x01", str("c"), "\x02"))
	connect, connack := []byte(connect("MQTT", 5, "\x02\x00\x00", props("\x21\x00\x01", user("k", "v")), str("c"))), new(packet.Connack)
	text, long := []byte("not you"), []byte(strings.Repeat("x", 500))

	read := func(in []byte, v packet.Version) packet.Raw {
		p, n, _, err := packet.Next(in, v, limit)
		if n != len(in) || err != nil {
			t.Fatalf("%q: %d, %v", in, n, err)
		}
		return p
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"publish of 3.1.1", func() { must(publish.Parse(2, read(plain, v311).Body, v311)) }},
		{"publish of 5", func() { must(publish.Parse(2, read(full, v5).Body, v5)) }},
		{"publish refused", func() {
			if publish.Parse(2, read(bad, v5).Body, v5) == nil {
				t.Fatal("not refused")
			}
		}},
		{"append publish", func() {
			must(publish.Parse(2, read(full, v5).Body, v5))
			dst = packet.AppendPublish(dst[:0], v5, publish)
			dst = packet.AppendPublish(dst, v311, publish)
		}},
		{"forward", func() {
			must(publish.Parse(2, read(full, v5).Body, v5))
			dst = packet.AppendPublishHeader(dst[:0], 2, 100)
			dst = packet.AppendString(dst, publish.Topic)
			dst = packet.AppendForward(dst, publish.Properties.Raw, 59, true)
			dst = packet.AppendTopicAlias(packet.AppendSubscriptionID(dst, 9), 1)
		}},
		{"user properties", func() {
			must(publish.Parse(2, read(full, v5).Body, v5))
			n := 0
			for k, v := range publish.Properties.Users() {
				n += len(k) + len(v)
			}
			for range publish.Properties.SubscriptionIDs() {
				n++
			}
			if n != 4 {
				t.Fatal(n)
			}
		}},
		{"ack", func() { must(ack.Parse(packet.PUBACK, plain[2:4], v311)) }},
		{"ack with a reason string", func() { must(ack.Parse(packet.PUBACK, read(reason, v5).Body, v5)) }},
		{"append ack", func() {
			dst = packet.AppendAck(dst[:0], packet.PUBREC, v5, 1, packet.Success)
			dst = packet.AppendAck(dst, packet.PUBREC, v5, 1, packet.NotAuthorized)
			dst = packet.AppendAckReason(dst, packet.PUBREC, 1, packet.NotAuthorized, text)
		}},
		{"subscribe", func() {
			var s packet.Subscribe
			must(s.Parse(read(subscribe, v5).Body, v5))
			for filter, o := range s.Filters() {
				if len(filter) == 0 || o.QoS() == 0 {
					t.Fatal(filter, o)
				}
			}
			dst = packet.AppendSuback(dst[:0], v5, s.ID, packet.GrantedQoS1, packet.GrantedQoS2)
		}},
		{"connect", func() {
			var c packet.Connect
			must(c.Parse(read(connect, v5).Body))
			for name := range c.Users() {
				if string(name) != "k" {
					t.Fatal(name)
				}
			}
			dst = connack.Append(dst[:0], c.Version)
		}},
		{"disconnect", func() { dst = packet.AppendDisconnect(dst[:0], packet.QuotaExceeded, long, nil) }},
	} {
		allocs := testing.AllocsPerRun(1, func() {
			for range perRun {
				c.run()
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations in %d runs, want 0", c.name, allocs, perRun)
		}
	}
}

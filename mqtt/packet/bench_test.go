package packet_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

// Measurements of what every message pays for.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name string
		v    packet.Version
		p    packet.Publish
	}{
		{"3.1.1 QoS 0", packet.V311, packet.Publish{Topic: []byte("factory/line/7/temp1"), Payload: make([]byte, 128)}},
		{"3.1.1 QoS 1", packet.V311, packet.Publish{Topic: []byte("factory/line/7/temp1"), Payload: make([]byte, 128), QoS: 1, ID: 9}},
		{"5.0 QoS 0", packet.V5, packet.Publish{Topic: []byte("factory/line/7/temp1"), Payload: make([]byte, 128)}},
		{"5.0 properties", packet.V5, packet.Publish{Topic: []byte("factory/line/7/temp1"), Payload: make([]byte, 128),
			Properties: packet.PublishProperties{PayloadFormat: 1, HasExpiry: true, Expiry: 60, Raw: packet.AppendUser(nil, "key", "value")}}},
	} {
		in := packet.AppendPublish(nil, c.v, &c.p)
		b.Run("next "+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, n, _, err := packet.Next(in, c.v, 1<<20); n != len(in) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
		b.Run("parse "+c.name, func(b *testing.B) {
			b.ReportAllocs()
			p := new(packet.Publish)
			for b.Loop() {
				raw, _, _, _ := packet.Next(in, c.v, 1<<20)
				if err := p.Parse(raw.Flags, raw.Body, c.v); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("append "+c.name, func(b *testing.B) {
			b.ReportAllocs()
			dst := make([]byte, 0, 512)
			for b.Loop() {
				dst = packet.AppendPublish(dst[:0], c.v, &c.p)
			}
		})
	}
}

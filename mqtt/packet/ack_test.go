package packet_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

func TestAck(t *testing.T) {
	run(t, []row{
		{name: "PUBACK", v: v311, in: "\x40\x02\x12\x34", want: "ID=4660"},
		{name: "PUBREC", v: v31, in: "\x50\x02\x00\x01", want: "ID=1"},
		{name: "PUBREL", v: v311, in: "\x62\x02\x00\x01", want: "ID=1"},
		{name: "PUBCOMP", v: v311, in: "\x70\x02\x00\x01", want: "ID=1"},
		{name: "MQTT-2.2.2-2 too short", v: v311, in: "\x40\x01\x00", err: "malformed packet: packet ends too early"},
		{name: "MQTT-2.2.2-2 empty", v: v5, in: "\x40\x00", err: "malformed packet: packet ends too early"},
		{name: "MQTT-2.2.2-2 too long", v: v311, in: "\x40\x03\x00\x01\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "v5 short form", v: v5, in: "\x40\x02\x00\x01", want: "ID=1"},
		{name: "v5 reason", v: v5, in: "\x50\x03\x00\x01\x97", want: "ID=1 Reason=quota exceeded"},
		{name: "v5 success spelled out", v: v5, in: "\x40\x03\x00\x01\x00", want: "ID=1", lossy: true},
		{name: "v5 no properties", v: v5, in: "\x62\x04\x00\x01\x92\x00", want: "ID=1 Reason=packet identifier not found", lossy: true},
		{name: "v5 reason string", v: v5, in: whole(0x70, "\x00\x01\x92", props("\x1f"+str("gone"))),
			want: "ID=1 Reason=packet identifier not found ReasonString=gone"},
		{name: "v5 user properties", v: v5, in: whole(0x40, "\x00\x01\x10", props(user("k", "v"), "\x1f"+str(""))),
			want: "ID=1 Reason=no matching subscribers ReasonString=", lossy: true},
		{name: "v5 left over", v: v5, in: "\x40\x05\x00\x01\x00\x00\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "v5 properties cut", v: v5, in: "\x40\x04\x00\x01\x00\x05", err: "malformed packet: packet ends too early"},
	})
}

// codes holds each code to one kind of packet: all that are listed are read, all others are errors.
func codes(t *testing.T, name string, fromServer bool, make func(code byte) string, legal ...packet.Reason) {
	t.Helper()
	want := map[packet.Reason]bool{}
	for _, code := range legal {
		want[code] = true
	}
	for code := range 256 {
		p, err := next(t, make(byte(code)), v5)
		if err == nil {
			_, err = decode(p, v5, fromServer)
		}
		if ok := err == nil; ok != want[packet.Reason(code)] {
			t.Errorf("%s with %02x: error %v", name, code, err)
		} else if !ok {
			checkError(t, err, "protocol error: reason code not allowed in this packet")
		}
	}
}

func TestReasonCodes(t *testing.T) {
	for _, first := range []byte{0x40, 0x50} {
		codes(t, "MQTT-3.4.2-1 MQTT-3.5.2-1", false, func(c byte) string { return whole(first, "\x00\x01", string([]byte{c})) },
			0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99)
	}
	for _, first := range []byte{0x62, 0x70} {
		codes(t, "MQTT-3.6.2-1 MQTT-3.7.2-1", false, func(c byte) string { return whole(first, "\x00\x01", string([]byte{c})) }, 0, 0x92)
	}
	codes(t, "MQTT-3.2.2-8", true, func(c byte) string { return whole(0x20, "\x00", string([]byte{c}), props()) },
		0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F)
	codes(t, "MQTT-3.9.3-2", true, func(c byte) string { return whole(0x90, "\x00\x01", props(), string([]byte{0, c})) },
		0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2)
	codes(t, "MQTT-3.11.3-2", true, func(c byte) string { return whole(0xb0, "\x00\x01", props(), string([]byte{0, c})) },
		0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91)
	codes(t, "MQTT-3.14.2-1 client", false, func(c byte) string { return whole(0xe0, string([]byte{c})) },
		0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99)
	codes(t, "MQTT-3.14.2-1 server", true, func(c byte) string { return whole(0xe0, string([]byte{c})) },
		0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
		0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2)
	method := props("\x15" + str("m"))
	codes(t, "MQTT-3.15.2-1 client", false, func(c byte) string { return whole(0xf0, string([]byte{c}), method) }, 0x18, 0x19)
	codes(t, "MQTT-3.15.2-1 server", true, func(c byte) string { return whole(0xf0, string([]byte{c}), method) }, 0, 0x18)
}

func TestAppendAck(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"success", string(packet.AppendAck(nil, packet.PUBACK, v5, 1, packet.Success)), "\x40\x02\x00\x01"},
		{"failure", string(packet.AppendAck(nil, packet.PUBREC, v5, 1, packet.NotAuthorized)), "\x50\x03\x00\x01\x87"},
		{"failure in 3.1.1", string(packet.AppendAck(nil, packet.PUBREL, v311, 0xfffe, packet.PacketIDNotFound)), "\x62\x02\xff\xfe"},
		{"reason string", string(packet.AppendAckReason(nil, packet.PUBACK, 1, packet.NotAuthorized, []byte("no"))),
			"\x40\x09\x00\x01\x87\x05\x1f\x00\x02no"},
		{"success with a reason string", string(packet.AppendAckReason(nil, packet.PUBCOMP, 1, packet.Success, []byte("x"))),
			"\x70\x08\x00\x01\x00\x04\x1f\x00\x01x"},
		{"no reason string", string(packet.AppendAckReason(nil, packet.PUBACK, 1, packet.NotAuthorized, nil)), "\x40\x03\x00\x01\x87"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

package packet_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestDisconnect(t *testing.T) {
	run(t, []row{
		{name: "3.1.1", v: v311, in: "\xe0\x00"},
		{name: "MQTT-3.14.1-1 body", v: v311, in: "\xe0\x01\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "5", v: v5, in: "\xe0\x00"},
		{name: "MQTT-3.14.4-3 with will", v: v5, in: "\xe0\x01\x04", want: "Reason=disconnect with will message", lossy: false},
		{name: "normal spelled out", v: v5, in: "\xe0\x02\x00\x00", lossy: true},
		{name: "session expiry", v: v5, in: whole(0xe0, "\x00", props("\x11\x00\x00\x00\x00")), want: "HasSessionExpiry"},
		{name: "everything", v: v5, in: whole(0xe0, "\x81", props("\x11\x00\x00\x00\x01", "\x1f"+str("x"), user("k", "v"))),
			want: "Reason=malformed packet HasSessionExpiry SessionExpiry=1 ReasonString=x k:v"},
		{name: "left over", v: v5, in: "\xe0\x03\x00\x00\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "from a server", v: v5, fromServer: true, in: whole(0xe0, "\x9c", props("\x1f"+str("x"), "\x1c"+str("h:1883"))),
			want: "Reason=use another server ReasonString=x ServerReference=h:1883"},
		{name: "MQTT-3.14.2-2 session expiry of a server", v: v5, fromServer: true, in: whole(0xe0, "\x00", props("\x11\x00\x00\x00\x00")),
			err: "protocol error: property not allowed in this packet"},
	})
}

func TestAppendDisconnect(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"normal", string(packet.AppendDisconnect(nil, packet.NormalDisconnection, nil, nil)), "\xe0\x00"},
		{"reason", string(packet.AppendDisconnect(nil, packet.SessionTakenOver, nil, nil)), "\xe0\x01\x8e"},
		{"reason string", string(packet.AppendDisconnect(nil, packet.ProtocolError, []byte("no"), nil)), "\xe0\x07\x82\x05\x1f\x00\x02no"},
		{"server reference", string(packet.AppendDisconnect(nil, packet.ServerMoved, nil, []byte("h"))), "\xe0\x06\x9d\x04\x1c\x00\x01h"},
		{"long", string(packet.AppendDisconnect(nil, packet.Banned, []byte(strings.Repeat("x", 300)), nil)),
			"\xe0\xb2\x02\x8a\xaf\x02\x1f\x01\x2c" + strings.Repeat("x", 300)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestAuth(t *testing.T) {
	method := "\x15" + str("SCRAM-SHA-256")
	run(t, []row{
		{name: "continue", v: v5, in: whole(0xf0, "\x18", props(method, "\x16"+str("\x00\x01"))),
			want: "Reason=continue authentication Method=SCRAM-SHA-256 Data=\x00\x01"},
		{name: "MQTT-4.12.1-1 again", v: v5, in: whole(0xf0, "\x19", props(method, "\x1f"+str("x"), user("k", "v"))),
			want: "Reason=re-authenticate Method=SCRAM-SHA-256 ReasonString=x k:v"},
		{name: "success of a server", v: v5, fromServer: true, in: "\xf0\x00"},
		{name: "success of a server with data", v: v5, fromServer: true, in: whole(0xf0, "\x00", props(method)), want: "Method=SCRAM-SHA-256"},
		{name: "MQTT-3.15.2-1 success of a client", v: v5, in: "\xf0\x00", err: "protocol error: reason code not allowed in this packet"},
		{name: "no method", v: v5, in: whole(0xf0, "\x18", props("\x16"+str("d"))), err: "protocol error: no authentication method"},
		{name: "no properties", v: v5, in: "\xf0\x01\x18", err: "malformed packet: packet ends too early"},
		{name: "left over", v: v5, in: whole(0xf0, "\x18", props(method), "x"), err: "malformed packet: bytes left over behind the last field"},
	})
}

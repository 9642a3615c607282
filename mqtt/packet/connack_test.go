package packet_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestConnack(t *testing.T) {
	run(t, []row{
		{name: "3.1.1", v: v311, in: "\x20\x02\x00\x00", want: ""},
		{name: "MQTT-3.2.2-2 session present", v: v311, in: "\x20\x02\x01\x00", want: "SessionPresent"},
		{name: "3.1 has no session present", v: v31, in: "\x20\x02\x01\x00", lossy: true},
		{name: "return code 1", v: v31, in: "\x20\x02\x00\x01", want: "Reason=unsupported protocol version"},
		{name: "return code 2", v: v311, in: "\x20\x02\x00\x02", want: "Reason=client identifier not valid"},
		{name: "return code 3", v: v311, in: "\x20\x02\x00\x03", want: "Reason=server unavailable"},
		{name: "return code 4", v: v311, in: "\x20\x02\x00\x04", want: "Reason=bad user name or password"},
		{name: "return code 5", v: v311, in: "\x20\x02\x00\x05", want: "Reason=not authorized"},
		{name: "return code 6", v: v311, in: "\x20\x02\x00\x06", err: "protocol error: reserved return code"},
		{name: "MQTT-3.2.2-4 session present with a failure", v: v311, in: "\x20\x02\x01\x05", err: "protocol error: session present with a failure"},
		{name: "MQTT-3.2.2-6 session present with a failure", v: v5, in: "\x20\x03\x01\x87\x00", err: "protocol error: session present with a failure"},
		{name: "MQTT-3.2.2-1 reserved flags", v: v5, in: "\x20\x03\x02\x00\x00", err: "malformed packet: reserved connect acknowledge flags"},
		{name: "too short", v: v311, in: "\x20\x01\x00", err: "malformed packet: packet ends too early"},
		{name: "too long", v: v311, in: "\x20\x03\x00\x00\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "5 without properties", v: v5, in: "\x20\x02\x00\x00", err: "malformed packet: packet ends too early"},
		{name: "5", v: v5, in: "\x20\x03\x01\x00\x00", want: "SessionPresent"},
		{name: "5 with everything", v: v5, in: whole(0x20, "\x00\x00", props("\x11\x00\x00\x00\x0a", "\x21\x00\x14", "\x24\x01", "\x25\x00",
			"\x27\x00\x10\x00\x00", "\x12"+str("id"), "\x22\x00\x0a", "\x1f"+str("why"), "\x28\x00", "\x29\x00", "\x2a\x00", "\x13\x00\x00",
			"\x1a"+str("r"), "\x1c"+str("h"), "\x15"+str("m"), "\x16"+str("d"), user("k", "v"))),
			want: "HasSessionExpiry SessionExpiry=10 ReceiveMaximum=20 HasMaximumQoS MaximumQoS=1 MaximumPacketSize=1048576 AssignedClientID=id " +
				"TopicAliasMaximum=10 ReasonString=why HasServerKeepAlive ResponseInformation=r ServerReference=h AuthMethod=m AuthData=d " +
				"RetainUnavailable WildcardsUnavailable SubscriptionIDsUnavailable SharedUnavailable k:v"},
		{name: "5 with defaults spelled out", v: v5, in: whole(0x20, "\x00\x00", props("\x25\x01", "\x28\x01", "\x29\x01", "\x2a\x01", "\x22\x00\x00")),
			lossy: true},
	})
}

func TestConnackV3(t *testing.T) {
	for _, c := range []struct {
		name string
		c    packet.Connack
		v    packet.Version
		want string
	}{
		{"session present", packet.Connack{SessionPresent: true}, v311, "\x20\x02\x01\x00"},
		{"3.1 has no session present", packet.Connack{SessionPresent: true}, v31, "\x20\x02\x00\x00"},
		{"MQTT-3.2.2-4", packet.Connack{SessionPresent: true, Reason: packet.NotAuthorized}, v311, "\x20\x02\x00\x05"},
		{"MQTT-3.2.2-6", packet.Connack{SessionPresent: true, Reason: packet.NotAuthorized}, v5, "\x20\x03\x00\x87\x00"},
		{"properties are left out", packet.Connack{ReceiveMaximum: 1, ReasonString: []byte("x")}, v311, "\x20\x02\x00\x00"},
		{"MQTT-3.2.2-6 no code fits", packet.Connack{Reason: packet.Malformed}, v311, ""},
	} {
		if got := string(c.c.Append(nil, c.v)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Every reason before MQTT 5, and no code that there was not.
func TestV3Code(t *testing.T) {
	var got []string
	for r := range 256 {
		if code, ok := packet.V3Code(packet.Reason(r)); ok {
			got = append(got, fmt.Sprintf("%02x:%d", r, code))
		}
	}
	if want := "00:0 84:1 85:2 86:4 87:5 88:3 89:3 8a:5 8b:3 8c:5 97:3 9c:3 9d:3 9f:3"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

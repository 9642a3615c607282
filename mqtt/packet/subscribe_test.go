package packet_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestSubscribe(t *testing.T) {
	const early = "malformed packet: packet ends too early"
	run(t, []row{
		{name: "one", v: v311, in: "\x82\x06\x00\x01\x00\x01a\x02", want: "ID=1 a:2"},
		{name: "MQTT-3.8.4-4 several", v: v31, in: whole(0x82, "\xff\xff", str("a/+"), "\x00", str("#"), "\x01", str("a/+"), "\x02"),
			want: "ID=65535 a/+:0 #:1 a/+:2"},
		{name: "filters are not looked at", v: v311, in: whole(0x82, "\x00\x01", str("a+/#/"), "\x00", str(""), "\x00"), want: "ID=1 a+/#/:0 :0"},
		{name: "MQTT-2.3.1-1 id 0", v: v311, in: "\x82\x06\x00\x00\x00\x01a\x00", err: "protocol error: packet identifier 0"},
		{name: "MQTT-2.2.1-3 id 0", v: v5, in: "\x82\x07\x00\x00\x00\x00\x01a\x00", err: "protocol error: packet identifier 0"},
		{name: "MQTT-3.8.3-3 no filter", v: v311, in: "\x82\x02\x00\x01", err: "protocol error: no topic filter"},
		{name: "MQTT-3.8.3-2 no filter", v: v5, in: "\x82\x03\x00\x01\x00", err: "protocol error: no topic filter"},
		{name: "MQTT-3.8.3-1 filter not UTF-8", v: v311, in: whole(0x82, "\x00\x01", str("a\xff"), "\x00"),
			err: "malformed packet: string is not UTF-8 or holds U+0000"},
		{name: "MQTT-4.7.3-2 NUL", v: v5, in: whole(0x82, "\x00\x01\x00", str("a\x00"), "\x00"),
			err: "malformed packet: string is not UTF-8 or holds U+0000"},
		{name: "no options byte", v: v311, in: "\x82\x05\x00\x01\x00\x01a", err: early},
		{name: "filter cut", v: v311, in: "\x82\x05\x00\x01\x00\x02a", err: early},
		{name: "half an id", v: v311, in: "\x82\x01\x00", err: early},
		{name: "second filter bad", v: v311, in: whole(0x82, "\x00\x01", str("a"), "\x00", str("b"), "\x03"),
			err: "malformed packet: requested QoS above 2 or reserved bits"},
		{name: "v5", v: v5, in: whole(0x82, "\x00\x01", props("\x0b\x80\x01", user("k", "v")), str("a"), "\x2d", str("b"), "\x00"),
			want: "ID=1 SubscriptionID=128 k:v SubscriptionID=128 a:1/true/true/2 b:0"},
		{name: "MQTT-3.3.1-10 retain handling 1", v: v5, in: whole(0x82, "\x00\x01", props(), str("a"), "\x10"), want: "ID=1 a:0/false/false/1"},
		{name: "subscription id 0", v: v5, in: whole(0x82, "\x00\x01", props("\x0b\x00"), str("a"), "\x00"),
			err: "protocol error: property out of its range"},
		{name: "two subscription ids", v: v5, in: whole(0x82, "\x00\x01", props("\x0b\x01\x0b\x02"), str("a"), "\x00"),
			err: "protocol error: property given twice"},
		{name: "no properties", v: v5, in: "\x82\x02\x00\x01", err: early},
	})
}

// Every options byte in every version.
func TestOptions(t *testing.T) {
	for o := range 256 {
		for _, v := range []packet.Version{v311, v5} {
			want := ""
			switch {
			case v == v311 && o > 2: // MQTT-3.8.3-4 of 3.1.1
				want = "malformed packet: requested QoS above 2 or reserved bits"
			case o >= 0x40: // MQTT-3.8.3-5
				want = "malformed packet: reserved bits of subscription options"
			case o&3 == 3:
				want = "protocol error: subscription options with QoS 3"
			case o>>4 == 3:
				want = "protocol error: subscription options with retain handling 3"
			}
			none := ""
			if v == v5 {
				none = props()
			}
			var s packet.Subscribe
			err := s.Parse([]byte("\x00\x01"+none+str("a")+string([]byte{byte(o)})), v)
			if want != "" {
				checkError(t, err, want)
				continue
			}
			for _, got := range s.Filters() {
				again := packet.NewOptions(got.QoS(), got.NoLocal(), got.RetainAsPublished(), got.RetainHandling())
				if err != nil || int(again) != o {
					t.Errorf("%s, options %02x: %02x, %v", v, o, again, err)
				}
			}
		}
	}
}

func TestUnsubscribe(t *testing.T) {
	run(t, []row{
		{name: "one", v: v311, in: "\xa2\x05\x00\x01\x00\x01a", want: "ID=1 a"},
		{name: "MQTT-3.10.4-6 several", v: v5, in: whole(0xa2, "\x00\x01", props(user("k", "v")), str("a/#"), str("$share/g/b")),
			want: "ID=1 k:v a/# $share/g/b"},
		{name: "MQTT-2.3.1-1 id 0", v: v311, in: "\xa2\x05\x00\x00\x00\x01a", err: "protocol error: packet identifier 0"},
		{name: "MQTT-3.10.3-2 no filter", v: v311, in: "\xa2\x02\x00\x01", err: "protocol error: no topic filter"},
		{name: "MQTT-3.10.3-2 no filter in 5", v: v5, in: "\xa2\x03\x00\x01\x00", err: "protocol error: no topic filter"},
		{name: "MQTT-3.10.3-1 not UTF-8", v: v311, in: whole(0xa2, "\x00\x01", str("a"), str("\xfe")),
			err: "malformed packet: string is not UTF-8 or holds U+0000"},
		{name: "cut", v: v311, in: "\xa2\x06\x00\x01\x00\x01a\x00", err: "malformed packet: packet ends too early"},
		{name: "properties cut", v: v5, in: "\xa2\x04\x00\x01\x01\x26", err: "malformed packet: packet ends too early"},
	})
}

func TestSuback(t *testing.T) {
	run(t, []row{
		{name: "3.1.1", v: v311, in: "\x90\x06\x00\x01\x00\x01\x02\x80", want: "ID=1 Codes=[success granted QoS 1 granted QoS 2 unspecified error]"},
		{name: "MQTT-3.9.3-2", v: v311, in: "\x90\x03\x00\x01\x87", err: "protocol error: reason code not allowed in this packet"},
		{name: "no code", v: v311, in: "\x90\x02\x00\x01", err: "malformed packet: packet ends too early"},
		{name: "5", v: v5, in: "\x90\x05\x00\x01\x00\x01\x8f", want: "ID=1 Codes=[granted QoS 1 topic filter invalid]"},
		{name: "5 reason string", v: v5, in: whole(0x90, "\x00\x01", props("\x1f"+str("x"), user("k", "v")), "\x00"), lossy: true,
			want: "ID=1 Codes=[success] ReasonString=x k:v"},
		{name: "5 no properties", v: v5, in: "\x90\x02\x00\x01", err: "malformed packet: packet ends too early"},
		{name: "unsuback", v: v311, in: "\xb0\x02\x00\x01", want: "ID=1"},
		{name: "unsuback with codes in 3.1.1", v: v311, in: "\xb0\x03\x00\x01\x00", err: "malformed packet: bytes left over behind the last field"},
		{name: "unsuback 5", v: v5, in: "\xb0\x05\x00\x01\x00\x11\x00", want: "ID=1 Codes=[no subscription existed success]"},
		{name: "unsuback 5 no code", v: v5, in: "\xb0\x03\x00\x01\x00", err: "malformed packet: packet ends too early"},
	})
}

func TestAppendSuback(t *testing.T) {
	codes := []packet.Reason{packet.GrantedQoS2, packet.NotAuthorized, packet.GrantedQoS0}
	for _, c := range []struct{ name, got, want string }{
		{"MQTT-3.9.3-2 of 3.1.1", string(packet.AppendSuback(nil, v311, 9, codes...)), "\x90\x05\x00\x09\x02\x80\x00"},
		{"5", string(packet.AppendSuback(nil, v5, 9, codes...)), "\x90\x06\x00\x09\x00\x02\x87\x00"},
		{"unsuback 3.1.1", string(packet.AppendUnsuback(nil, v311, 9, packet.NoSubscriptionExisted)), "\xb0\x02\x00\x09"},
		{"unsuback 5", string(packet.AppendUnsuback(nil, v5, 9, packet.NoSubscriptionExisted)), "\xb0\x04\x00\x09\x00\x11"},
		{"200 filters", string(packet.AppendSuback(nil, v311, 1, make([]packet.Reason, 200)...)), "\x90\xca\x01\x00\x01" + strings.Repeat("\x00", 200)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestAddFilters(t *testing.T) {
	s := packet.Subscribe{ID: 1}
	s.Add("a", 1)
	s.Add("b/#", packet.NewOptions(2, true, false, 1))
	u := packet.Unsubscribe{ID: 2}
	u.Add("a")
	for _, c := range []struct{ name, got, want string }{
		{"subscribe", string(packet.AppendSubscribe(nil, v5, &s)), whole(0x82, "\x00\x01\x00", str("a"), "\x01", str("b/#"), "\x16")},
		{"unsubscribe", string(packet.AppendUnsubscribe(nil, v311, &u)), whole(0xa2, "\x00\x02", str("a"))},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

// Who has seen enough filters stops.
func TestFiltersStop(t *testing.T) {
	var s packet.Subscribe
	var u packet.Unsubscribe
	s.Add("a", 0)
	s.Add("b", 0)
	u.Add("a")
	u.Add("b")
	n := 0
	for range s.Filters() {
		n++
		break
	}
	for range u.Filters() {
		n++
		break
	}
	if n != 2 {
		t.Errorf("%d rounds", n)
	}
}

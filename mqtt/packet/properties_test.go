package packet_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

// places are all packets that have properties, by the letter that stands for each below.
var places = []struct {
	letter     string
	fromServer bool
	make       func(block string) string
}{
	{"C", false, func(b string) string { return whole(0x10, str("MQTT"), "\x05\x02\x00\x00", props(b), str("")) }},
	{"W", false, func(b string) string {
		return whole(0x10, str("MQTT"), "\x05\x06\x00\x00", props(), str(""), props(b), str("w"), str(""))
	}},
	{"A", true, func(b string) string { return whole(0x20, "\x00\x00", props(b)) }},
	{"p", false, func(b string) string { return whole(0x30, str("a"), props(b)) }},
	{"P", true, func(b string) string { return whole(0x30, str("a"), props(b)) }},
	{"k", false, func(b string) string { return whole(0x40, "\x00\x01\x00", props(b)) }},
	{"k", false, func(b string) string { return whole(0x50, "\x00\x01\x00", props(b)) }},
	{"k", true, func(b string) string { return whole(0x62, "\x00\x01\x00", props(b)) }},
	{"k", true, func(b string) string { return whole(0x70, "\x00\x01\x00", props(b)) }},
	{"S", false, func(b string) string { return whole(0x82, "\x00\x01", props(b), str("a"), "\x00") }},
	{"k", true, func(b string) string { return whole(0x90, "\x00\x01", props(b), "\x00") }},
	{"U", false, func(b string) string { return whole(0xa2, "\x00\x01", props(b), str("a")) }},
	{"k", true, func(b string) string { return whole(0xb0, "\x00\x01", props(b), "\x00") }},
	{"d", false, func(b string) string { return whole(0xe0, "\x00", props(b)) }},
	{"D", true, func(b string) string { return whole(0xe0, "\x00", props(b)) }},
	{"h", false, func(b string) string { return whole(0xf0, "\x18", props(b)) }},
	{"H", true, func(b string) string { return whole(0xf0, "\x18", props(b)) }},
}

// properties are all there are, section 2.2.2.2, with where they may stand, a legal value, and values out of range.
var properties = map[byte]struct {
	places, legal string
	out           []string
}{
	0x01: {"WpP", "\x01", []string{"\x02", "\xff"}},
	0x02: {"WpP", "\xff\xff\xff\xff", nil},
	0x03: {"WpP", str("text"), nil},
	0x08: {"WpP", str("a/b"), nil},
	0x09: {"WpP", str("\x00\xff"), nil},
	0x0B: {"PS", "\xff\xff\xff\x7f", []string{"\x00"}},
	0x11: {"CAd", "\xff\xff\xff\xff", nil}, // [MQTT-3.14.2-2]
	0x12: {"A", str("id"), nil},
	0x13: {"A", "\x00\x00", nil},
	0x15: {"CAhH", str("m"), nil},
	0x16: {"CAhH", str("\x00\xff"), nil},
	0x17: {"C", "\x00", []string{"\x02"}},
	0x18: {"W", "\x00\x00\x00\x01", nil},
	0x19: {"C", "\x01", []string{"\x02"}},
	0x1A: {"A", str("r"), nil},
	0x1C: {"AdD", str("h:1883"), nil},
	0x1F: {"AkdDhH", str("because"), nil},
	0x21: {"CA", "\x00\x01", []string{"\x00\x00"}},
	0x22: {"CA", "\x00\x00", nil},
	0x23: {"pP", "\x00\x01", []string{"\x00\x00"}},
	0x24: {"A", "\x01", []string{"\x02"}},
	0x25: {"A", "\x00", []string{"\x02"}},
	0x26: {"CWApPkSUdDhH", str("k") + str("v"), nil},
	0x27: {"CA", "\x00\x00\x00\x01", []string{"\x00\x00\x00\x00"}},
	0x28: {"A", "\x00", []string{"\x02"}},
	0x29: {"A", "\x00", []string{"\x02"}},
	0x2A: {"A", "\x00", []string{"\x02"}},
}

// Every identifier in every packet: legal, in the wrong packet, unknown, given twice, out of range, cut short.
func TestPropertyMatrix(t *testing.T) {
	for _, place := range places {
		read := func(block string) error {
			p, err := next(t, place.make(block), v5)
			if err == nil {
				_, err = decode(p, v5, place.fromServer)
			}
			return err
		}
		expect := func(what string, id byte, block string, want packet.Reason) {
			t.Helper()
			err := read(block)
			if want == packet.Success && err != nil || want != packet.Success && !errors.Is(err, want) {
				t.Errorf("%s in %s %q: error %v, want %v", what, place.letter, block, err, want)
			}
		}
		for id := range 256 {
			id := byte(id)
			p, known := properties[id]
			if !known {
				expect("unknown", id, string([]byte{id, 0, 0}), packet.Malformed)
				continue
			}
			property := string([]byte{id}) + p.legal
			if !strings.Contains(p.places, place.letter) {
				expect("wrong packet", id, property, packet.ProtocolError)
				continue
			}
			need := needed(place.letter, id)
			expect("legal", id, need+property, packet.Success)
			twice := packet.ProtocolError
			if id == 0x26 || id == 0x0B && place.letter == "P" { // [MQTT-3.3.4-4]
				twice = packet.Success
			}
			expect("twice", id, need+property+property, twice)
			for cut := 1; cut < len(property); cut++ {
				expect("cut short", id, need+property[:cut], packet.Malformed)
			}
			for _, out := range p.out {
				want := packet.ProtocolError
				if id == 0x23 { // [MQTT-3.3.2-8]
					want = packet.TopicAliasInvalid
				}
				expect("out of range", id, need+string([]byte{id})+out, want)
			}
		}
	}
}

// needed is what must stand beside a property for a packet to be legal: AUTH has a method, and data belongs to one.
func needed(letter string, id byte) string {
	if id != 0x15 && (letter == "h" || letter == "H") || id == 0x16 {
		return "\x15" + str("m")
	}
	return ""
}

func TestPropertyStrings(t *testing.T) {
	for _, c := range []struct {
		name, value string
		bad         bool
	}{
		{name: "MQTT-1.5.4-1 not UTF-8", value: "\xff", bad: true},
		{name: "MQTT-1.5.4-1 cut", value: "a\xc3", bad: true},
		{name: "MQTT-1.5.4-1 overlong", value: "\xc0\x80", bad: true},
		{name: "MQTT-1.5.4-1 surrogate", value: "\xed\xa0\x80", bad: true},
		{name: "MQTT-1.5.4-1 above U+10FFFF", value: "\xf4\x90\x80\x80", bad: true},
		{name: "MQTT-1.5.4-2 NUL", value: "a\x00b", bad: true},
		{name: "MQTT-1.5.4-3 byte order mark", value: "\xef\xbb\xbfa"},
		{name: "control characters", value: "\x01\t\x7f\u0085\ufffe"},
		{name: "empty", value: ""},
		{name: "four bytes", value: "😀"},
	} {
		for _, block := range []string{
			"\x03" + str(c.value), user(c.value, "v"), user("k", c.value), // [MQTT-1.5.7-1]
		} {
			p, err := next(t, whole(0x30, str("a"), props(block)), v5)
			if err == nil {
				_, err = decode(p, v5, false)
			}
			if c.bad {
				checkError(t, err, "malformed packet: string is not UTF-8 or holds U+0000")
			} else if err != nil {
				t.Errorf("%s in %q: %v", c.name, block, err)
			}
		}
	}
}

func TestPropertyLength(t *testing.T) {
	run(t, []row{
		{name: "longer than the packet", v: v5, in: whole(0x30, str("a"), "\x01"), err: "malformed packet: packet ends too early"},
		{name: "not whole", v: v5, in: whole(0x30, str("a"), "\x80"), err: "malformed packet: packet ends too early"},
		{name: "MQTT-1.5.5-1 long form", v: v5, in: whole(0x30, str("a"), "\x80\x00"),
			err: "malformed packet: variable byte integer not in its shortest form"},
		{name: "five bytes", v: v5, in: whole(0x30, str("a"), "\xff\xff\xff\xff\x01"),
			err: "malformed packet: variable byte integer of more than 4 bytes"},
		{name: "ends in a property", v: v5, in: whole(0x30, str("a"), "\x03\x02\x00\x00xx"), err: "malformed packet: packet ends too early"},
		{name: "MQTT-1.5.5-1 subscription id", v: v5, in: whole(0x82, "\x00\x01", props("\x0b\x81\x00"), str("a"), "\x00"),
			err: "malformed packet: variable byte integer not in its shortest form"},
		{name: "two bytes", v: v5, in: whole(0x30, str("a"), props(user("k", strings.Repeat("v", 200))), "x"),
			want: "Topic=a k:" + strings.Repeat("v", 200) + " User=1 Payload=x"},
	})
}

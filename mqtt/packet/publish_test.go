package packet_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestPublish(t *testing.T) {
	long := strings.Repeat("x", 200)
	run(t, []row{
		{name: "QoS 0", v: v311, in: "\x30\x07\x00\x03a/bhi", want: "Topic=a/b Payload=hi"},
		{name: "QoS 0 of 3.1", v: v31, in: "\x30\x07\x00\x03a/bhi", want: "Topic=a/b Payload=hi"},
		{name: "MQTT-2.3.1-5 no id at QoS 0", v: v311, in: "\x30\x05\x00\x01a\x00\x00", want: "Topic=a Payload=\x00\x00"},
		{name: "QoS 1", v: v311, in: "\x32\x06\x00\x01a\x01\x02x", want: "QoS=1 ID=258 Topic=a Payload=x"},
		{name: "QoS 2 with DUP and RETAIN", v: v311, in: "\x3d\x05\x00\x01a\xff\xff", want: "Dup Retain QoS=2 ID=65535 Topic=a Payload="},
		{name: "MQTT-3.3.1-10 empty payload", v: v311, in: "\x31\x03\x00\x01a", want: "Retain Topic=a Payload="},
		{name: "NUL in the payload", v: v311, in: "\x30\x04\x00\x01a\x00", want: "Topic=a Payload=\x00"},
		{name: "two bytes of length", v: v311, in: whole(0x30, str("a"), long), want: "Topic=a Payload=" + long},
		{name: "topic is not looked at", v: v311, in: whole(0x30, str("a/+/\x00\xff")), want: "Topic=a/+/\x00\xff Payload="},
		{name: "MQTT-4.7.3-1 empty topic", v: v311, in: whole(0x30, str(""), "x"), err: "malformed packet: empty topic name"},
		{name: "MQTT-2.3.1-1 id 0", v: v311, in: whole(0x32, str("a"), "\x00\x00"), err: "protocol error: packet identifier 0"},
		{name: "MQTT-2.2.1-3 id 0", v: v5, in: whole(0x34, str("a"), "\x00\x00\x00"), err: "protocol error: packet identifier 0"},
		{name: "no topic", v: v311, in: "\x30\x00", err: "malformed packet: packet ends too early"},
		{name: "half a length of the topic", v: v311, in: "\x30\x01\x00", err: "malformed packet: packet ends too early"},
		{name: "topic cut", v: v311, in: "\x30\x04\x00\x03ab", err: "malformed packet: packet ends too early"},
		{name: "QoS 1 without id", v: v311, in: "\x32\x03\x00\x01a", err: "malformed packet: packet ends too early"},
		{name: "QoS 2 with half an id", v: v5, in: "\x34\x04\x00\x01a\x01", err: "malformed packet: packet ends too early"},

		{name: "v5", v: v5, in: "\x30\x06\x00\x01a\x00hi", want: "Topic=a Payload=hi"},
		{name: "v5 QoS 1", v: v5, in: "\x32\x08\x00\x01a\x00\x07\x00hi", want: "QoS=1 ID=7 Topic=a Payload=hi"},
		{name: "MQTT-2.2.2-1 no property length", v: v5, in: "\x30\x03\x00\x01a", err: "malformed packet: packet ends too early"},
		{name: "all properties", v: v5, in: whole(0x30, str("a"), props("\x01\x01", "\x02\x00\x00\x00\x3c", "\x23\x00\x05",
			"\x03"+str("text/plain"), "\x08"+str("r/t"), "\x09"+str("\x00id"), user("k", "1"), user("k", "2")), "hi"),
			want: "Topic=a k:1 k:2 HasFormat PayloadFormat=1 HasExpiry Expiry=60 TopicAlias=5 ContentType=text/plain ResponseTopic=r/t " +
				"CorrelationData=\x00id User=2 Payload=hi"},
		{name: "empty strings are there", v: v5, in: whole(0x30, str("a"), props("\x03"+str(""), "\x09"+str("")), "hi"),
			want: "Topic=a ContentType= CorrelationData= Payload=hi"},
		{name: "expiry 0 is there", v: v5, in: whole(0x30, str("a"), props("\x02\x00\x00\x00\x00")), want: "Topic=a HasExpiry Payload="},
		{name: "MQTT-3.3.2-12 alias alone", v: v5, in: whole(0x30, str(""), props("\x23\x00\x01"), "x"), want: "Topic= TopicAlias=1 Payload=x"},
		{name: "neither topic nor alias", v: v5, in: whole(0x30, str(""), props(), "x"),
			err: "protocol error: neither topic name nor topic alias"},
		{name: "MQTT-3.3.2-8 alias 0", v: v5, in: whole(0x30, str("a"), props("\x23\x00\x00")), err: "topic alias invalid: topic alias 0"},
		{name: "MQTT-3.3.2-13 response topic", v: v5, in: whole(0x30, str("a"), props("\x08"+str("r\xff"))),
			err: "malformed packet: string is not UTF-8 or holds U+0000"},
		{name: "MQTT-3.3.2-14 plus", v: v5, in: whole(0x30, str("a"), props("\x08"+str("r/+"))),
			err: "protocol error: response topic with wildcards"},
		{name: "MQTT-3.3.2-14 hash", v: v5, in: whole(0x30, str("a"), props("\x08"+str("#"))),
			err: "protocol error: response topic with wildcards"},
		{name: "MQTT-4.7.3-1 response topic", v: v5, in: whole(0x30, str("a"), props("\x08"+str(""))), err: "protocol error: empty response topic"},
		{name: "MQTT-3.3.2-19 content type", v: v5, in: whole(0x30, str("a"), props("\x03"+str("a\x00"))),
			err: "malformed packet: string is not UTF-8 or holds U+0000"},
		{name: "MQTT-3.3.4-6 subscription id of a client", v: v5, in: whole(0x30, str("a"), props("\x0b\x01")),
			err: "protocol error: property not allowed in this packet"},
		{name: "MQTT-3.3.4-4 subscription ids of a server", v: v5, fromServer: true,
			in:   whole(0x30, str("a"), props("\x0b\x01", "\x0b\xff\xff\xff\x7f"), "x"),
			want: "Topic=a SubscriptionID=1 SubscriptionID=268435455 Payload=x"},
		{name: "subscription id 0 of a server", v: v5, fromServer: true, in: whole(0x30, str("a"), props("\x0b\x00"), "x"),
			err: "protocol error: property out of its range"},
	})
}

// Flags come from the caller, so Parse looks at them too.
func TestPublishFlags(t *testing.T) {
	for flags, want := range map[byte]string{
		0b0110: "malformed packet: PUBLISH with QoS 3", 0b1111: "malformed packet: PUBLISH with QoS 3",
		0b1000: "malformed packet: PUBLISH with DUP at QoS 0", 0b1001: "malformed packet: PUBLISH with DUP at QoS 0",
	} {
		var p packet.Publish
		checkError(t, p.Parse(flags, []byte("\x00\x01a\x00\x01\x00"), v5), want)
	}
}

// What one packet had, the next into the same value does not.
func TestPublishAgain(t *testing.T) {
	var p packet.Publish
	full := whole(0x3d, str("a"), "\x00\x01", props("\x01\x01", "\x02\x00\x00\x00\x01", "\x23\x00\x01", "\x03"+str("t"), user("k", "v")), "x")
	for _, c := range []struct {
		v  packet.Version
		in string
	}{{v5, full}, {v311, "\x30\x03\x00\x01b"}, {v5, full}, {v5, "\x30\x04\x00\x01b\x00"}} {
		raw, err := next(t, c.in, c.v)
		if err == nil {
			err = p.Parse(raw.Flags, raw.Body, c.v)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := (form{value: &p}).String(); c.in != full && got != "Topic=b Payload=" {
			t.Errorf("%s: %s", c.v, got)
		}
	}
}

// The parts that a server puts a packet together from make the same one as AppendPublish.
func TestPublishParts(t *testing.T) {
	raw := []byte(user("k", "1"))
	raw = packet.AppendTopicAlias(packet.AppendSubscriptionID(raw, 300), 7)
	want := packet.AppendPublish(nil, v5, &packet.Publish{QoS: 1, ID: 9, Topic: []byte("a/b"), Payload: []byte("hi"),
		Properties: packet.PublishProperties{Raw: raw, TopicAlias: 7}})

	block := packet.AppendSubscriptionID(packet.AppendTopicAlias(nil, 7), 300)
	block = packet.AppendForward(block, raw, 0, false)
	got := packet.AppendPublishHeader(nil, 0b0010, 2+3+2+packet.VarintLen(len(block))+len(block)+2)
	got = append(packet.AppendString(got, "a/b"), 0, 9)
	got = append(packet.AppendVarint(got, len(block)), block...)
	got = append(got, "hi"...)
	if string(got) != string(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	dup := packet.AppendPublish(nil, v311, &packet.Publish{Dup: true, Topic: []byte("a")})
	if string(dup) != "\x30\x03\x00\x01a" { // [MQTT-3.3.1-2]
		t.Errorf("DUP at QoS 0 is written: %q", dup)
	}
}

func TestForward(t *testing.T) {
	format, expiry, alias, id := "\x01\x01", "\x02\x00\x00\x00\x3c", "\x23\x00\x05", "\x0b\x07"
	one, two, kind := user("k", "2"), user("k", "1"), "\x03"+str("json")
	for _, c := range []struct {
		name, raw string
		expiry    uint32
		has       bool
		want      string
	}{
		{name: "nothing"},
		{name: "MQTT-3.3.2-6 expiry is counted down", raw: expiry, expiry: 59, has: true, want: "\x02\x00\x00\x00\x3b"},
		{name: "expiry is left out", raw: expiry + format, want: format},
		{name: "expiry is added", raw: format, expiry: 1, has: true, want: format + "\x02\x00\x00\x00\x01"},
		{name: "MQTT-3.3.2-18 order and repeats", raw: one + alias + kind + two + one + id, want: one + kind + two + one},
		{name: "will delay is left out", raw: "\x18\x00\x00\x00\x01" + one, want: one},
		{name: "MQTT-3.3.2-16 unchanged", raw: "\x09" + str("\x00\xff") + "\x08" + str("r"), want: "\x09" + str("\x00\xff") + "\x08" + str("r")},
		{name: "cut", raw: one + "\x26\x00\x09x", want: one},
	} {
		if got := packet.AppendForward([]byte("#"), []byte(c.raw), c.expiry, c.has); string(got) != "#"+c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, "#"+c.want)
		}
	}
}

// A string that is too long is cut, so that what follows it is still read as what it is.
func TestAppendStringCuts(t *testing.T) {
	for _, n := range []int{0, 65535, 65536, 100000} {
		want := min(n, 65535)
		b := packet.AppendString(nil, strings.Repeat("x", n))
		if len(b) != 2+want || int(b[0])<<8|int(b[1]) != want {
			t.Errorf("%d bytes: %d are written, length %x", n, len(b)-2, b[:2])
		}
	}
}

// An empty property block is none, however the packet is read.
func TestEmptyBlock(t *testing.T) {
	var p packet.Publish
	var c packet.Connect
	var s packet.Subscribe
	err := errors.Join(p.Parse(0, []byte("\x00\x01a\x00"), v5), s.Parse([]byte("\x00\x01\x00\x00\x01a\x00"), v5),
		c.Parse([]byte(str("MQTT")+"\x05\x06\x00\x00\x00\x00\x01c\x00\x00\x01w\x00\x00")))
	if err != nil || p.Properties.Raw != nil || s.Raw != nil || c.Raw != nil || c.Will.Properties.Raw != nil {
		t.Errorf("blocks %v %v %v %v, %v", p.Properties.Raw, s.Raw, c.Raw, c.Will.Properties.Raw, err)
	}
}

// Whoever has seen enough stops.
func TestBlockStops(t *testing.T) {
	raw := packet.Block(user("a", "1") + "\x0b\x01" + "\x0b\x02" + user("b", "2"))
	var seen []string
	for name := range raw.Users() {
		seen = append(seen, string(name))
		break
	}
	for id := range raw.SubscriptionIDs() {
		seen = append(seen, string(rune('0'+id)))
		break
	}
	if !slices.Equal(seen, []string{"a", "1"}) {
		t.Errorf("seen %q", seen)
	}
}

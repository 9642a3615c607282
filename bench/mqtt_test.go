package main

import (
	"strings"
	"testing"
)

// mqttTalk is one of each packet that a server sends.
const mqttTalk = "\x20\x02\x00\x00" + "\x90\x03\x00\x07\x01" + "\x30\x08\x00\x03a/bxyz" + "\x33\x0a\x00\x03a/b\x01\x02xyz" +
	"\x3d\x07\x00\x03a/b\xff\xfe" + "\x40\x02\x00\x05" + "\x50\x02\x00\x06" + "\x70\x02\x00\x06" + "\x62\x02\x01\x02" +
	"\xb0\x02\x00\x07" + "\xd0\x00" + "\x90\x03\x00\x08\x80" + "\x20\x02\x00\x05"

func TestMQTTNext(t *testing.T) {
	want := "other||| other||| message|a/b||xyz message|a/b||xyz message|a/b|| settled||| received||| settled||| released||| " +
		"other||| pong||| refusal|||SUBACK 0x80 refusal|||CONNACK 5"
	for n := 1; n <= len(mqttTalk); n++ {
		units, err := readAll(mqttDialect{}, []byte(mqttTalk), n)
		if got := strings.Join(units, " "); err != nil || got != want {
			t.Fatalf("in steps of %d: %v\n got %s\nwant %s", n, err, got, want)
		}
	}
}

// TestMQTTMessage: flags and ids, and what each unit is answered with.
func TestMQTTMessage(t *testing.T) {
	for _, c := range []struct {
		packet        string
		id            uint16
		qos           byte
		again, retain bool
		answer        string
	}{
		{packet: "\x30\x05\x00\x03a/b"},
		{packet: "\x31\x05\x00\x03a/b", retain: true},
		{packet: "\x32\x07\x00\x03a/b\x01\x02", id: 0x102, qos: 1, answer: "\x40\x02\x01\x02"},
		{packet: "\x3a\x07\x00\x03a/b\x01\x02", id: 0x102, qos: 1, again: true, answer: "\x40\x02\x01\x02"},
		{packet: "\x34\x07\x00\x03a/b\xff\xff", id: 0xffff, qos: 2, answer: "\x50\x02\xff\xff"},
		{packet: "\x50\x02\x00\x09", id: 9, answer: "\x62\x02\x00\x09"},
		{packet: "\x62\x02\x00\x09", id: 9, answer: "\x70\x02\x00\x09"},
		{packet: "\x40\x02\x00\x09", id: 9},
		{packet: "\x70\x02\x00\x09", id: 9},
	} {
		var u unit
		n, err := mqttDialect{}.Next([]byte(c.packet+"\xd0"), &u)
		if err != nil || n != len(c.packet) || u.id != c.id || u.qos != c.qos || u.again != c.again || u.retain != c.retain {
			t.Errorf("%q: %d bytes, %+v, %v", c.packet, n, u, err)
		}
		if got := string(mqttDialect{}.Answer(nil, &u)); got != c.answer {
			t.Errorf("%q is answered with %q, want %q", c.packet, got, c.answer)
		}
	}
}

func TestMQTTNextRefuses(t *testing.T) {
	for _, packet := range []string{
		"\x10\x00", "\x00\x00", "\xc0\x00", "\x41\x02\x00\x01", "\x40\x01\x00", "\x20\x03\x00\x00\x00", "\xd0\x01\x00",
		"\x30\x01\x00", "\x30\x04\x00\x03ab", "\x32\x05\x00\x03a/b", "\x36\x07\x00\x03a/b\x00\x01",
		"\x30\x80\x80\x80\x80\x01", "\x30\xff\xff\xff\xff\xff",
	} {
		if units, err := readAll(mqttDialect{}, []byte(packet), len(packet)); err == nil {
			t.Errorf("%q gave %q, want an error", packet, units)
		}
	}
}

func TestMQTTSays(t *testing.T) {
	d := mqttDialect{qos: 1}
	long := strings.Repeat("x", 200)
	m := unit{subject: []byte("a.b"), payload: []byte("xyz"), id: 258}
	kept := m
	kept.retain = true
	for _, c := range []struct{ got, want string }{
		{string(d.Connect(nil, "me")), "\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02me"},
		{string(d.Disconnect(d.Ping(nil))), "\xc0\x00\xe0\x00"},
		{string(d.Subscribe(nil, []byte("a.*.b"), "", 7)), "\x82\x0a\x00\x07\x00\x05a/+/b\x01"},
		{string(d.Subscribe(nil, []byte("a"), "q", 7)), "\x82\x0f\x00\x07\x00\x0a$share/q/a\x01"},
		{string(d.Unsubscribe(nil, []byte("a.*"), 7)), "\xa2\x07\x00\x07\x00\x03a/+"},
		{string(d.Publish(nil, &m)), "\x32\x0a\x00\x03a/b\x01\x02xyz"},
		{string(mqttDialect{qos: 2}.Publish(nil, &kept)), "\x35\x0a\x00\x03a/b\x01\x02xyz"},
		{string(mqttDialect{}.Publish(nil, &m)), "\x30\x08\x00\x03a/bxyz"},
		{string(mqttDialect{}.Publish(nil, &unit{subject: []byte("a"), payload: []byte(long)})), "\x30\xcb\x01\x00\x01a" + long},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestMQTTDelivered: the size that measured mode divides by is the size that the wire has.
func TestMQTTDelivered(t *testing.T) {
	for _, size := range []int{0, 16, 128, 16384} {
		for qos := byte(0); qos < 3; qos++ {
			d := mqttDialect{qos: qos}
			got, want := d.Delivered([]byte("a.b"), 1, size), len(d.Publish(nil, &unit{subject: []byte("a.b"), payload: filler(size)}))
			if got != want {
				t.Errorf("QoS %d, payload of %d: %d bytes, want %d", qos, size, got, want)
			}
		}
	}
}

// FuzzMQTTNext: no input breaks the reader, and how it is cut does not change what it reads.
func FuzzMQTTNext(f *testing.F) {
	f.Add([]byte(mqttTalk), 3)
	f.Add([]byte("\x32\x05\x00\x03a/b"), 1)
	f.Add([]byte("\x30\x80\x80\x80\x80\x01"), 2)
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		if step < 1 || step > 1<<10 || len(b) > 1<<10 {
			return
		}
		whole, err1 := readAll(mqttDialect{}, b, 1<<10)
		parts, err2 := readAll(mqttDialect{}, b, step)
		if (err1 == nil) != (err2 == nil) || strings.Join(whole, "\n") != strings.Join(parts, "\n") {
			t.Errorf("whole: %q %v; in steps of %d: %q %v", whole, err1, step, parts, err2)
		}
	})
}

// TestWindowOfTrials: no server has a reason to drop what a subscriber has not read.
func TestWindowOfTrials(t *testing.T) {
	for _, r := range rows {
		if r.subs == 0 {
			continue
		}
		tr := &trial{opt: &options{Window: 1 << 30}, row: r}
		n := tr.window(20)
		most := int64(1 << 30)
		switch {
		case r.qos > 0:
			most = 10_000
		case r.speaks(mqtt), r.speaks(webMQTT):
			most = 65_535
		}
		if n < 2 || n > most || !r.speaks(mqtt) && !r.speaks(webMQTT) && n != 1<<30/20 {
			t.Errorf("%s: window of %d messages", r.name, n)
		}
		if tr.window(1<<40) != 2 {
			t.Errorf("%s: a window of less than two messages stops the row", r.name)
		}
	}
}

package packet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

const (
	v31, v311, v5 = packet.V31, packet.V311, packet.V5
	before        = packet.Version(0) // the CONNECT
)

// Every first byte there is, in every version.
func TestFirstByte(t *testing.T) {
	publish := "30 31 32 33 34 35 3a 3b 3c 3d"
	for _, c := range []struct {
		v    packet.Version
		want string // legal first bytes [MQTT-2.1.3-1] [MQTT-2.2.2-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1]
	}{
		{before, "10 20 " + publish + " 40 50 62 70 82 90 a2 b0 c0 d0 e0"},
		{v31, "10 20 " + publish + " 40 50 62 70 82 90 a2 b0 c0 d0 e0"},
		{v311, "10 20 " + publish + " 40 50 62 70 82 90 a2 b0 c0 d0 e0"},
		{v5, "10 20 " + publish + " 40 50 62 70 82 90 a2 b0 c0 d0 e0 f0"}, // [MQTT-3.15.1-1]
	} {
		var legal []string
		for b := range 256 {
			_, n, need, err := packet.Next([]byte{byte(b)}, c.v, limit)
			if n != 0 || need != 0 {
				t.Errorf("%s, first byte %02x alone: length %d, need %d", c.v, b, n, need)
			}
			if err == nil {
				legal = append(legal, fmt.Sprintf("%02x", b))
			} else if !errors.Is(err, packet.Malformed) {
				t.Errorf("%s, first byte %02x: error %v", c.v, b, err)
			}
		}
		if got := strings.Join(legal, " "); got != c.want {
			t.Errorf("%s: legal first bytes %s\nwant %s", c.v, got, c.want)
		}
	}
}

func TestFixedHeader(t *testing.T) {
	run(t, []row{
		{name: "MQTT-2.2.2-2 type 0", v: v311, in: "\x00\x00", err: "malformed packet: reserved packet type"},
		{name: "MQTT-2.2.2-2 type 15", v: v311, in: "\xf0\x00", err: "malformed packet: reserved packet type"},
		{name: "type 15 before CONNECT", v: before, in: "\xf0\x00", err: "malformed packet: reserved packet type"},
		{name: "MQTT-2.2.2-1 flags", v: v311, in: "\xc1\x00", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-2.1.3-1 flags", v: v5, in: "\x80\x00", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-3.6.1-1 flags", v: v5, in: "\x60\x02\x00\x01", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-3.8.1-1 flags", v: v311, in: "\x83", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-3.10.1-1 flags", v: v311, in: "\xa0", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-3.15.1-1 flags", v: v5, in: "\xf2", err: "malformed packet: reserved flags of the fixed header"},
		{name: "CONNECT flags", v: before, in: "\x11", err: "malformed packet: reserved flags of the fixed header"},
		{name: "MQTT-3.3.1-4 QoS 3", v: v311, in: "\x36", err: "malformed packet: PUBLISH with QoS 3"},
		{name: "MQTT-3.3.1-4 QoS 3 with DUP", v: v5, in: "\x3e", err: "malformed packet: PUBLISH with QoS 3"},
		{name: "MQTT-3.3.1-2 DUP at QoS 0", v: v311, in: "\x38", err: "malformed packet: PUBLISH with DUP at QoS 0"},
		{name: "ping", v: v311, in: packet.PingRequest},
		{name: "pong", v: v5, in: packet.PingResponse},
		{name: "ping with a body", v: v5, in: "\xc0\x01", err: "malformed packet: ping with a body"},
		{name: "pong with a body", v: v311, in: "\xd0\x7f", err: "malformed packet: ping with a body"},
		{name: "MQTT-1.5.5-1 long form in 3.1.1", v: v311, in: "\xc0\x80\x80\x00", lossy: true},
		{name: "MQTT-1.5.5-1 long form before CONNECT", v: before, in: "\xc0\x80\x00", lossy: true},
		{name: "MQTT-1.5.5-1 long form", v: v5, in: "\xc0\x80\x00",
			err: "malformed packet: variable byte integer not in its shortest form"},
		{name: "MQTT-1.5.5-1 long form of 4 bytes", v: v5, in: "\x30\xff\x80\x80\x00",
			err: "malformed packet: variable byte integer not in its shortest form"},
		{name: "MQTT-3.2.2-15 too large", v: v5, in: "\x30\x81\x80\x40", err: "packet too large: remaining length above the maximum"},
		{name: "too large before CONNECT", v: before, in: "\x10\xff\xff\xff\x7f",
			err: "packet too large: remaining length above the maximum"},
	})
}

// A length of five bytes is refused at its fourth, before a body is waited for.
func TestVarintFive(t *testing.T) {
	for _, v := range []packet.Version{before, v31, v311, v5} {
		for _, in := range []string{"\x10\xff\xff\xff\xff\x01", "\x30\x80\x80\x80\x80\x00", "\x82\xff\xff\xff\xff\xff\xff"} {
			_, err := next(t, in, v)
			checkError(t, err, "malformed packet: variable byte integer of more than 4 bytes")
			if _, _, _, err := packet.Next([]byte(in[:4]), v, limit); err != nil {
				t.Errorf("%q: refused too early: %v", in[:4], err)
			}
			if _, _, _, err := packet.Next([]byte(in[:5]), v, limit); err == nil {
				t.Errorf("%q: not refused", in[:5])
			}
		}
	}
}

// The maximum itself is legal, and what is needed is known from the fixed header.
func TestNextNeed(t *testing.T) {
	for _, c := range []struct {
		size int
		max  int
		need int
		ok   bool
	}{
		{1, 1, 3, true}, {1, 0, 0, false}, {127, 127, 129, true}, {128, 127, 0, false}, {128, 128, 131, true},
		{16383, limit, 16386, true}, {16384, limit, 16388, true}, {2097151, 1 << 28, 2097155, true},
		{2097152, 1 << 28, 2097157, true}, {packet.MaxVarint, 1 << 28, packet.MaxVarint + 5, true},
		{packet.MaxVarint, limit, 0, false},
	} {
		header := packet.AppendPublishHeader(nil, 0, c.size)
		_, n, need, err := packet.Next(header, v5, c.max)
		if n != 0 || need != c.need || (err == nil) != c.ok {
			t.Errorf("remaining length %d, at most %d: length %d, need %d, %v", c.size, c.max, n, need, err)
		}
		if len(header) != 1+packet.VarintLen(c.size) {
			t.Errorf("VarintLen(%d) = %d, header %x", c.size, packet.VarintLen(c.size), header)
		}
	}
}

// Packets behind one another are taken one by one.
func TestNextPipeline(t *testing.T) {
	b := []byte(packet.PingRequest + "\x40\x02\x00\x07" + packet.PingRequest + "\xe0")
	var got []string
	for {
		p, n, _, err := packet.Next(b, v311, limit)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		got = append(got, fmt.Sprintf("%s %x", p.Type, p.Body))
		b = b[n:]
	}
	if want := "PINGREQ ,PUBACK 0007,PINGREQ "; strings.Join(got, ",") != want || string(b) != "\xe0" {
		t.Errorf("got %q, rest %x", got, b)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{packet.CONNECT.String(), "CONNECT"}, {packet.AUTH.String(), "AUTH"}, {packet.Type(0).String(), "RESERVED"},
		{v31.String(), "3.1"}, {v311.String(), "3.1.1"}, {v5.String(), "5.0"}, {before.String(), "unknown"},
		{packet.Success.String(), "success"}, {packet.WildcardsNotSupported.Error(), "wildcard subscriptions not supported"},
		{packet.Reason(0xfe).String(), "reason 0xFE"}, {packet.SessionTakenOver.String(), "session taken over"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

package mqtt_test

import (
	"fmt"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// What the gateway says about strings that are none, in fields and in topics.
const (
	badString = "string is not UTF-8 or holds U+0000"
	malformed = "malformed packet"
)

func TestV5Strings(t *testing.T) {
	const surrogate, overlong, half = "\xed\xa0\x80", "\xc1\xbf", "a\xe2\x82"
	converse(t, []conversation{
		turnedAway5("[MQTT-1.5.4-1] [MQTT-3.1.3-4] a surrogate in a client identifier", hello5(surrogate), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.4-1] [MQTT-3.1.3-11] half a character in a will topic", hello5("a", will(half, "x", 0, false)), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.4-1] [MQTT-3.1.3-12] an overlong form in a user name", hello5("a", login(overlong, "p")), packet.Malformed, badString),
		cut5("[MQTT-1.5.4-1] [MQTT-3.3.2-1] a surrogate in a topic", pub5(surrogate, "x", 0, 0), packet.Malformed, malformed),
		cut5("[MQTT-1.5.4-1] [MQTT-3.3.2-1] half a character in a topic at QoS 1, which is not acknowledged", pub5(half, "x", 1, 1), packet.Malformed, malformed),
		cut5("[MQTT-1.5.4-1] [MQTT-3.3.2-1] half a character in a topic at QoS 2, which is not acknowledged", pub5(half, "x", 2, 1), packet.Malformed, malformed),
		cut5("[MQTT-1.5.4-1] [MQTT-3.3.2-13] a surrogate in a response topic", pub5("t", "x", 0, 0, responseTopic(surrogate)), packet.Malformed, badString),
		cut5("[MQTT-1.5.4-1] [MQTT-3.3.2-19] half a character in a content type", pub5("t", "x", 0, 0, contentType(half)), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.4-2] NUL in a client identifier", hello5("a\x00"), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.4-2] NUL in a will topic", hello5("a", will("\x00", "x", 0, false)), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.4-2] NUL in a user name", hello5("a", login("a\x00b", "p")), packet.Malformed, badString),
		cut5("[MQTT-1.5.4-2] NUL in a topic", pub5("a\x00", "x", 1, 1), packet.Malformed, malformed),
		cut5("[MQTT-1.5.4-2] NUL in a content type", pub5("t", "x", 0, 0, contentType("\x00")), packet.Malformed, badString),
		cut5("[MQTT-1.5.4-2] NUL in a response topic", pub5("t", "x", 0, 0, responseTopic("r\x00")), packet.Malformed, badString),
		cut5("[MQTT-1.5.7-1] [MQTT-1.5.4-1] a surrogate in the name of a user property", pub5("t", "x", 0, 0, user(surrogate, "v")), packet.Malformed, badString),
		cut5("[MQTT-1.5.7-1] [MQTT-1.5.4-2] NUL in its value", pub5("t", "x", 0, 0, user("n", "\x00")), packet.Malformed, badString),
		turnedAway5("[MQTT-1.5.7-1] half a character in a user property of CONNECT", hello5("a", func(c *packet.Connect) {
			c.Raw = packet.AppendUser(nil, "n", half)
		}), packet.Malformed, badString),
		{name: "[MQTT-1.5.4-3] a byte order mark stays in topics and properties", steps: play(
			watches5("s", "\ufefft", 0), enters5("a"),
			steps(send("a", pub5("t", "without", 0, 0), pub5("\ufefft", "with", 0, 0, user("\ufeffn", "\ufeff"))),
				expect("s", pub5("\ufefft", "with", 0, 0, user("\ufeffn", "\ufeff"))), ping("s")),
		)},
		{name: "[MQTT-1.5.4-3] a byte order mark stays in client identifiers", steps: steps(
			send("a", hello5("x")), expect("a", ok5), send("b", hello5("\ufeffx")), expect("b", ok5), ping("a"), ping("b"),
		)},
		{name: "passwords, wills, correlation data and payloads are no strings", steps: play(
			watches5("s", "w", 0),
			steps(send("a", hello5("a", login("u", "\x00\xff"), will("w", "\x00\xfe", 0, false)), pub5("w", "\xff\x00", 0, 0, correlation("\x00\xff"))), expect("a", ok5),
				expect("s", pub5("w", "\xff\x00", 0, 0, correlation("\x00\xff"))), drop("a"), expect("s", pub5("w", "\x00\xfe", 0, 0))),
		)},
	})
}

func TestV5Lengths(t *testing.T) {
	const longForm = "variable byte integer not in its shortest form"
	const tooLong = "variable byte integer of more than 4 bytes"
	const short, leftOver = "packet ends too early", "bytes left over behind the last field"
	converse(t, []conversation{
		cut5("[MQTT-1.5.5-1] a remaining length in a longer form", "\xc0\x80\x00", packet.Malformed, longForm),
		cut5("[MQTT-1.5.5-1] a length of properties in a longer form", "\x30\x06\x00\x01t\x80\x00x", packet.Malformed, longForm),
		cut5("[MQTT-1.5.5-1] a subscription identifier in a longer form", "\x82\x0a\x00\x01\x03\x0b\x81\x00\x00\x01t\x00", packet.Malformed, longForm),
		cut5("a remaining length of five bytes", "\x30\xff\xff\xff\xff\x01", packet.Malformed, tooLong),
		turnedAway5("[MQTT-1.5.5-1] a CONNECT with a length of properties in a longer form", framed(0x10, text("MQTT")+"\x05\x02\x00\x00\x80\x00"+text("a")), packet.Malformed, longForm),
		cut5("a PUBLISH without the length of its properties", "\x30\x03\x00\x01t", packet.Malformed, short),
		cut5("properties beyond the packet", "\x30\x05\x00\x01t\x05x", packet.Malformed, short),
		cut5("a PUBREL with more than it holds", "\x62\x05\x00\x01\x00\x00\x00", packet.Malformed, leftOver),
		{name: "[MQTT-2.2.2-1] a length of properties stands where there are none", steps: steps(
			send("a", hello5("a"), "\x82\x07\x00\x01\x00\x00\x01t\x02"), expect("a", ok5, "\x90\x04\x00\x01\x00\x02"),
			send("a", "\x32\x07\x00\x01t\x00\x07\x00x"), expect("a", "\x32\x07\x00\x01t\x00\x01\x00x", "\x40\x02\x00\x07"),
			send("a", "\xa2\x06\x00\x02\x00\x00\x01t"), expect("a", "\xb0\x04\x00\x02\x00\x00"), ping("a"),
		)},
		{name: "[MQTT-2.2.2-1] what the gateway makes itself has it too", steps: play(
			watches5("s", "t", 0), steps(send("a", hello3("a"), pub3("t", "x", 0, 0)), expect("a", ok3), expect("s", "\x30\x05\x00\x01t\x00x")),
		)},
	})
}

// Each packet with the body that it needs, but flags that it does not have.
func TestV5Flags(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	bodies := map[packet.Type]string{
		packet.CONNECT: hello5("b")[2:], packet.PUBACK: "\x00\x01", packet.PUBREC: "\x00\x01", packet.PUBREL: "\x00\x01",
		packet.PUBCOMP: "\x00\x01", packet.SUBSCRIBE: sub5(1, "t", 0)[2:], packet.UNSUBSCRIBE: unsubscribe(v5, 1, "t")[2:],
		packet.PINGREQ: "", packet.DISCONNECT: "", packet.AUTH: "",
	}
	for kind, body := range bodies {
		for flags := range byte(16) {
			legal := kind == packet.PUBREL || kind == packet.SUBSCRIBE || kind == packet.UNSUBSCRIBE
			if legal == (flags == 2) && (legal || flags == 0) {
				continue
			}
			statements := "[MQTT-2.1.3-1]"
			if kind == packet.PUBREL {
				statements += " [MQTT-3.6.1-1]"
			}
			t.Run(fmt.Sprintf("%s %s with flags %04b", statements, kind, flags), func(t *testing.T) {
				c := dial(t, g)
				c.send(hello5("a" + kind.String()))
				c.expect(ok5)
				_ = c.say(framed(byte(kind)<<4|flags, body))
				c.expect(dismissal(packet.Malformed, "reserved flags of the fixed header"))
				c.closed()
			})
		}
	}
	converse(t, []conversation{
		cut5("[MQTT-2.1.3-1] type 0", "\x00\x00", packet.Malformed, "reserved packet type"),
		cut5("[MQTT-3.3.1-4] QoS 3", "\x36\x07\x00\x01t\x00\x01\x00x", packet.Malformed, "PUBLISH with QoS 3"),
		cut5("[MQTT-3.3.1-4] QoS 3 with DUP", "\x3e\x07\x00\x01t\x00\x01\x00x", packet.Malformed, "PUBLISH with QoS 3"),
		cut5("[MQTT-3.3.1-2] DUP at QoS 0", "\x38\x05\x00\x01t\x00x", packet.Malformed, "PUBLISH with DUP at QoS 0"),
		cut5("[MQTT-3.3.1-2] DUP and RETAIN at QoS 0", "\x39\x05\x00\x01t\x00x", packet.Malformed, "PUBLISH with DUP at QoS 0"),
	})
}

func TestV5PacketIdentifiers(t *testing.T) {
	const zero = "packet identifier 0"
	converse(t, []conversation{
		cut5("[MQTT-2.2.1-3] SUBSCRIBE with identifier 0", sub5(0, "t", 0), packet.ProtocolError, zero),
		cut5("[MQTT-2.2.1-3] UNSUBSCRIBE with identifier 0", unsubscribe(v5, 0, "t"), packet.ProtocolError, zero),
		cut5("[MQTT-2.2.1-3] PUBLISH at QoS 1 with identifier 0", pub5("t", "x", 1, 0), packet.ProtocolError, zero),
		cut5("[MQTT-2.2.1-3] PUBLISH at QoS 2 with identifier 0", pub5("t", "x", 2, 0), packet.ProtocolError, zero),
		{name: "[MQTT-2.2.1-2] at QoS 0 there is none: these bytes are properties and payload", steps: play(
			watches5("s", "t", 1), enters5("a"), steps(send("a", "\x30\x06\x00\x01t\x00\x07x"), expect("s", "\x30\x06\x00\x01t\x00\x07x")),
		)},
		{name: "[MQTT-2.2.1-5] acknowledgements have the identifier of what they answer", steps: play(
			watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 0xffff)), expect("a", puback(0xffff)), expect("s", pub5("t", "x", 1, 1)), send("s", puback(1)),
				send("a", pub5("t", "y", 2, 0x1234)), expect("a", pubrec(0x1234)), expect("s", pub5("t", "y", 2, 2)),
				send("a", pubrel(0x1234)), expect("a", pubcomp(0x1234)), send("s", pubrec(2)), expect("s", pubrel(2)), send("s", pubcomp(2)), ping("s")),
		)},
		{name: "[MQTT-2.2.1-6] SUBACK and UNSUBACK have the identifier of their request", steps: play(enters5("a"),
			steps(send("a", sub5(0xfffe, "t", 1)), expect("a", granted5(0xfffe, 1)),
				send("a", unsubscribe(v5, 0xff, "t")), expect("a", unsuback(v5, 0xff, 0)), ping("a")),
		)},
		{name: "[MQTT-2.2.1-4] the directions have identifiers of their own", steps: play(enters5("a"),
			steps(send("a", sub5(1, "t", 1)), expect("a", granted5(1, 1)), send("a", pub5("t", "x", 1, 1)), expect("a", pub5("t", "x", 1, 1), puback(1)),
				send("a", pub5("t", "y", 1, 1)), expect("a", pub5("t", "y", 1, 2), puback(1)), send("a", puback(1), puback(2)), ping("a")),
		)},
	})
}

// One identifier is never given back: when all others have had their turn, it is left out.
func TestV5IdentifierInUse(t *testing.T) {
	t.Run("[MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] an identifier that is in use is not given again", func(t *testing.T) {
		const all, chunk = 65_535, 500
		g := gatewaytest.Start(t, conf(""))
		s, p := dial(t, g), dial(t, g)
		s.send(hello5("s") + sub5(1, "t", 2))
		s.expect(ok5 + granted5(1, 2))
		p.send(hello5("p") + pub5("t", "kept", 2, 1))
		p.expect(ok5 + pubrec(1))
		s.expect(pub5("t", "kept", 2, 1))
		for first := 2; first <= all+1; first += chunk {
			var sent, received, acked string
			n := min(chunk, all+2-first)
			for i := range n {
				id := uint16(first + i)
				if first+i > all {
					id = 2 // behind 65,535 comes 1, which is in use
				}
				sent += pub5("t", "x", 1, uint16(i+2))
				received += pub5("t", "x", 1, id)
				acked += puback(id)
			}
			p.send(sent)
			s.expect(received)
			s.send(acked)
			for range n {
				p.next()
			}
		}
		s.alive()
	})
}

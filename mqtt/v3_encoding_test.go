package mqtt_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

func TestV3Strings(t *testing.T) {
	const surrogate, overlong, half = "\xed\xa0\x80", "\xc1\xbf", "a\xe2\x82"
	converse(t, []conversation{
		turnedAway("[MQTT-1.5.3-1] [MQTT-3.1.3-4] a surrogate in a client identifier", hello3(surrogate)),
		turnedAway("[MQTT-1.5.3-1] [MQTT-3.1.3-10] half a character in a will topic", hello3("a", will(half, "x", 0, false))),
		turnedAway("[MQTT-1.5.3-1] [MQTT-3.1.3-11] an overlong form in a user name", hello3("a", login(overlong, "p"))),
		cut("[MQTT-1.5.3-1] [MQTT-3.3.2-1] a surrogate in a topic", pub3(surrogate, "x", 0, 0)),
		cut("[MQTT-1.5.3-1] [MQTT-3.3.2-1] half a character in a topic at QoS 2", pub3("a/"+half, "x", 2, 1)),
		cut("[MQTT-1.5.3-1] [MQTT-3.8.3-1] an overlong form in a filter", sub3(1, "b", 0, also(overlong, 0))),
		cut("[MQTT-1.5.3-1] [MQTT-3.10.3-1] a surrogate in a filter", unsubscribe(v311, 1, "a", surrogate)),
		turnedAway("[MQTT-1.5.3-2] NUL in a client identifier", hello3("a\x00")),
		turnedAway("[MQTT-1.5.3-2] NUL in a will topic", hello3("a", will("a\x00b", "x", 0, false))),
		turnedAway("[MQTT-1.5.3-2] NUL in a user name", hello3("a", login("\x00", "p"))),
		cut("[MQTT-1.5.3-2] [MQTT-4.7.3-2] NUL in a topic", pub3("a\x00", "x", 1, 1)),
		cut("[MQTT-1.5.3-2] [MQTT-4.7.3-2] NUL in a filter", sub3(1, "a/\x00/#", 0)),
		cut("[MQTT-1.5.3-2] [MQTT-4.7.3-2] NUL in a filter to unsubscribe", unsubscribe(v311, 1, "\x00")),
		{name: "[MQTT-1.5.3-2] passwords, wills and payloads are no strings", steps: play(
			watches("s", "w", 1),
			steps(send("a", hello3("a", login("u", "\x00\xff"), will("w", "\x00\xfe", 0, false)), pub3("w", "\xff\x00", 0, 0)), expect("a", ok3),
				expect("s", pub3("w", "\xff\x00", 0, 0)), drop("a"), expect("s", pub3("w", "\x00\xfe", 0, 0))),
		)},
		{name: "[MQTT-1.5.3-3] a byte order mark stays in topics", steps: play(
			watches("s", "\ufefft", 0),
			steps(send("a", hello3("a"), pub3("t", "without", 0, 0), pub3("\ufefft", "with", 0, 0)), expect("a", ok3),
				expect("s", pub3("\ufefft", "with", 0, 0)), ping("s")),
		)},
		{name: "[MQTT-1.5.3-3] a byte order mark stays in client identifiers", steps: steps(
			send("a", hello3("x")), expect("a", ok3), send("b", hello3("\ufeffx")), expect("b", ok3), ping("a"), ping("b"),
		)},
	})
}

// Each packet with the body that it needs, but flags that it does not have.
func TestV3Flags(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	bodies := map[packet.Type]string{
		packet.CONNECT: hello3("b")[2:], packet.PUBLISH: text("t"), packet.PUBACK: "\x00\x01", packet.PUBREC: "\x00\x01",
		packet.PUBREL: "\x00\x01", packet.PUBCOMP: "\x00\x01", packet.SUBSCRIBE: sub3(1, "t", 0)[2:],
		packet.UNSUBSCRIBE: unsubscribe(v311, 1, "t")[2:], packet.PINGREQ: "", packet.DISCONNECT: "",
	}
	legal := map[packet.Type]byte{packet.PUBREL: 2, packet.SUBSCRIBE: 2, packet.UNSUBSCRIBE: 2}
	statement := map[packet.Type]string{packet.PUBREL: "[MQTT-3.6.1-1] ", packet.SUBSCRIBE: "[MQTT-3.8.1-1] ",
		packet.UNSUBSCRIBE: "[MQTT-3.10.1-1] ", packet.DISCONNECT: "[MQTT-3.14.1-1] "}
	for kind, body := range bodies {
		t.Run(fmt.Sprintf("%s[MQTT-2.2.2-1] [MQTT-2.2.2-2] %s", statement[kind], kind), func(t *testing.T) {
			for flags := range byte(16) {
				if flags == legal[kind] || kind == packet.PUBLISH && flags&6 != 6 && flags != 8 && flags != 9 {
					continue
				}
				c := dial(t, g)
				c.send(hello3("a"))
				c.expect(ok3)
				_ = c.say(framed(byte(kind)<<4|flags, body))
				c.closed()
			}
		})
	}
	for _, kind := range []byte{0, 15, 2, 9, 11, 13} {
		t.Run(fmt.Sprintf("[MQTT-2.2.2-2] [MQTT-4.8.0-1] type %d", kind), func(t *testing.T) {
			c := dial(t, g)
			c.send(hello3("a"))
			c.expect(ok3)
			_ = c.say(framed(kind<<4, "\x00\x01\x00"))
			c.closed()
		})
	}
}

func TestV3Lengths(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-2.2.2-2] a length of five bytes", "\x30\x80\x80\x80\x80\x01"),
		cut("[MQTT-2.2.2-2] PUBACK too short", "\x40\x01\x00"),
		cut("[MQTT-2.2.2-2] PUBACK too long", "\x40\x03\x00\x01\x00"),
		cut("[MQTT-2.2.2-2] PUBLISH without its topic", "\x30\x02\x00\x01"),
		cut("[MQTT-2.2.2-2] PUBLISH without its identifier", "\x32\x04\x00\x01t\x00"),
		cut("[MQTT-2.2.2-2] SUBSCRIBE without its QoS", framed(0x82, "\x00\x01"+text("t"))),
		cut("[MQTT-2.2.2-2] UNSUBSCRIBE with a byte too many", framed(0xa2, "\x00\x01"+text("t")+"\x00")),
		cut("[MQTT-2.2.2-2] PINGREQ with a body", "\xc0\x01\x00"),
		{name: "[MQTT-2.2.2-2] [MQTT-4.8.0-1] what follows a violation is not looked at", steps: play(
			watches("s", "t", 0), enters("a"),
			steps(send("a", pub3("t", "before", 0, 0), "\xf0\x00", pub3("t", "behind", 0, 0)), closed("a"),
				send("b", hello3("b"), pub3("t", "later", 0, 0)), expect("b", ok3),
				expect("s", pub3("t", "before", 0, 0), pub3("t", "later", 0, 0))),
		)},
		{name: "a length may be longer than it needs to be, and is not passed on like that", steps: play(
			watches("s", "t", 0), enters("a"),
			steps(send("a", "\x30\x84\x00\x00\x01tx"), ping("a"), expect("s", pub3("t", "x", 0, 0)), ping("s")),
		)},
	})
}

func TestV3PacketIdentifiers(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-2.3.1-1] SUBSCRIBE with identifier 0", sub3(0, "t", 0)),
		cut("[MQTT-2.3.1-1] UNSUBSCRIBE with identifier 0", unsubscribe(v311, 0, "t")),
		cut("[MQTT-2.3.1-1] PUBLISH at QoS 1 with identifier 0", pub3("t", "x", 1, 0)),
		cut("[MQTT-2.3.1-1] PUBLISH at QoS 2 with identifier 0", pub3("t", "x", 2, 0)),
		{name: "[MQTT-2.3.1-5] at QoS 0 there is none: these bytes are payload", steps: play(
			watches("s", "t", 1), enters("a"), steps(send("a", "\x30\x06\x00\x01t\x00\x07x"), expect("s", "\x30\x06\x00\x01t\x00\x07x")),
		)},
		{name: "[MQTT-2.3.1-6] acknowledgements have the identifier of what they answer", steps: play(
			watches("s", "t", 2), enters("a"),
			steps(send("a", pub3("t", "x", 1, 0xffff)), expect("a", puback(0xffff)), expect("s", pub3("t", "x", 1, 1)), send("s", puback(1)),
				send("a", pub3("t", "y", 2, 0x1234)), expect("a", pubrec(0x1234)), expect("s", pub3("t", "y", 2, 2)),
				send("a", pubrel(0x1234)), expect("a", pubcomp(0x1234)), send("s", pubrec(2)), expect("s", pubrel(2)), send("s", pubcomp(2)), ping("s")),
		)},
		{name: "[MQTT-2.3.1-7] SUBACK and UNSUBACK have the identifier of their request", steps: play(enters("a"),
			steps(send("a", sub3(0xfffe, "t", 1)), expect("a", granted3(0xfffe, 1)),
				send("a", unsubscribe(v311, 0xff, "t")), expect("a", unsuback(v311, 0xff)), ping("a")),
		)},
		{name: "[MQTT-2.3.1-2] [MQTT-2.3.1-4] the directions have identifiers of their own", steps: play(enters("a"),
			steps(send("a", sub3(1, "t", 1)), expect("a", granted3(1, 1)), send("a", pub3("t", "x", 1, 1)), expect("a", pub3("t", "x", 1, 1), puback(1)),
				send("a", pub3("t", "y", 1, 1)), expect("a", pub3("t", "y", 1, 2), puback(1)), send("a", puback(1), puback(2)), ping("a")),
		)},
		{name: "acknowledgements of nothing are passed over", steps: play(enters("a"),
			steps(send("a", puback(9)), ping("a"), send("a", pubcomp(9)), ping("a"), send("a", pubrec(9)), expect("a", pubrel(9)),
				send("a", pubrel(9)), expect("a", pubcomp(9)), ping("a")),
		)},
	})
}

// All identifiers are in use: the next message waits until one comes back, and gets that one.
func TestV3AllPacketIdentifiers(t *testing.T) {
	t.Run("[MQTT-2.3.1-2] [MQTT-2.3.1-3] [MQTT-2.3.1-4] until its acknowledgement an identifier is not used again", func(t *testing.T) {
		const all = 65_535
		g := gatewaytest.Start(t, conf("max_ack_pending: 65535"))
		s, p := dial(t, g), dial(t, g)
		s.send(hello3("s", resume) + sub3(1, "t", 1))
		s.expect(ok3 + granted3(1, 1))
		p.send(hello3("p"))
		p.expect(ok3)
		const chunk = 500
		for first := 1; first <= all; first += chunk {
			var sent, acked, received strings.Builder
			for i := first; i < min(first+chunk, all+1); i++ {
				sent.WriteString(pub3("t", "x", 1, uint16(i)))
				acked.WriteString(puback(uint16(i)))
				received.WriteString(pub3("t", "x", 1, uint16(i)))
			}
			p.send(sent.String())
			p.expect(acked.String())
			s.expect(received.String())
		}
		p.send(pub3("t", "waits", 1, 1) + pub3("t", "too", 1, 2))
		p.expect(puback(1) + puback(2))
		s.alive()
		s.send(puback(777))
		s.expect(pub3("t", "waits", 1, 777))
		s.send(puback(65_535))
		s.expect(pub3("t", "too", 1, 65_535))
		s.alive()
	})
}

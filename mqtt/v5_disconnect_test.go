package mqtt_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

func TestV5Disconnect(t *testing.T) {
	const reserved = "reserved flags of the fixed header"
	mourns := func(parting string, steps ...step) []step { // w hears what becomes of a's will
		return play(listens5("w", "will", 0), enters5("a", will("will", "gone", 0, false)),
			[]step{send("a", parting)}, steps)
	}
	converse(t, []conversation{
		{name: "[MQTT-3.14.0-1] no DISCONNECT before a CONNECT", steps: steps(send("a", pingreq), closed("a"), send("b", bye5), closed("b"))},
		{name: "[MQTT-3.14.0-1] none after a CONNACK that refuses", steps: steps(
			send("a", hello5("a", will("t/#", "", 0, false)), bye5), expect("a", refusal(v5, packet.TopicNameInvalid, "invalid will topic")), closed("a"))},
		cut5("[MQTT-3.14.1-1] DISCONNECT with flags", "\xe1\x00", packet.Malformed, reserved),
		cut5("[MQTT-3.14.2-1] a reason code that only servers have", "\xe0\x01\x8b", packet.ProtocolError, "reason code not allowed in this packet"),
		cut5("[MQTT-3.14.2-1] an unknown reason code", "\xe0\x01\x55", packet.ProtocolError, "reason code not allowed in this packet"),
		cut5("bytes left over", "\xe0\x03\x00\x00x", packet.Malformed, "bytes left over behind the last field"),
		cut5("a property of CONNECT", framed(0xe0, "\x00\x03\x21\x00\x01"), packet.ProtocolError, "property not allowed in this packet"),
		cut5("[MQTT-3.14.2-2] a session expiry after a CONNECT without", leavesWith(60), packet.ProtocolError, "session expiry after a CONNECT without"),
		{name: "[MQTT-3.14.2-2] such a DISCONNECT is none: the will is published", steps: mourns(leavesWith(60),
			expect("a", dismissal(packet.ProtocolError, "session expiry after a CONNECT without")), closed("a"), expect("w", pub5("will", "gone", 0, 0)))},
		{name: "[MQTT-3.14.2-2] [MQTT-3.14.2-4] [MQTT-3.14.4-1] [MQTT-3.14.4-2] the gateway's: no session expiry, no user property, and then nothing", steps: play(
			watches5("a", "t", 0, stays(60)), enters5("p"), steps(send("a", hello5("a")[:3]), drop("a"), // half a packet
				send("b", hello5("x", stays(60))), expect("b", ok5), send("c", hello5("x", stays(60))), expect("c", back5),
				expect("b", dismissal(packet.SessionTakenOver, "another connection has taken the session over")), closed("b"), ping("c")),
		)},
		{name: "[MQTT-3.14.2-3] a reason string only where it fits", steps: play(enters5("a", packetMaximum(30)), steps(
			send("a", pub5("#", "", 0, 0)), expect("a", "\xe0\x01\x90"), closed("a"),
		))},
		{name: "[MQTT-3.14.4-1] what comes behind a DISCONNECT is not looked at", steps: play(
			listens5("w", "t", 0), enters5("a"), steps(send("a", pub5("t", "1", 0, 0)+bye5+pub5("t", "2", 0, 0)+pingreq+"\xff\xff"),
				closed("a"), expect("w", pub5("t", "1", 0, 0)), ping("w")),
		)},
		{name: "[MQTT-3.14.4-2] the connection ends", steps: play(enters5("a"), steps(send("a", bye5), closed("a")))},
		{name: "[MQTT-3.14.4-3] 00 takes the will back", steps: mourns(bye5, closed("a"), ping("w"))},
		{name: "[MQTT-3.14.4-3] 00 written out does too", steps: mourns("\xe0\x02\x00\x00", closed("a"), ping("w"))},
		{name: "[MQTT-3.14.4-3] 04 does not", steps: mourns(goneWithWill, closed("a"), expect("w", pub5("will", "gone", 0, 0)), ping("w"))},
		{name: "[MQTT-3.14.4-3] a failure does not", steps: mourns("\xe0\x01\x80", closed("a"), expect("w", pub5("will", "gone", 0, 0)), ping("w"))},
		{name: "a session expiry of 0 ends the session", steps: play(watches5("a", "t", 1, stays(60)), steps(
			send("a", leavesWith(0)), closed("a"), send("a", hello5("a", stays(60))), expect("a", ok5), ping("a"),
		))},
	})
}

func TestV5Auth(t *testing.T) {
	const unasked = "AUTH without an authentication method"
	auth := func(r packet.Reason, method string) string {
		return string(packet.AppendAuth(nil, &packet.Auth{Reason: r, Method: []byte(method)}))
	}
	asks := func(c *packet.Connect) { c.AuthMethod, c.AuthData = []byte("SCRAM-SHA-1"), []byte("data") }
	alone := func(c *packet.Connect) { c.AuthData = []byte("data") }
	converse(t, []conversation{
		cut5("[MQTT-3.15.1-1] AUTH with flags", "\xf1"+auth(packet.ReAuthenticate, "x")[1:], packet.Malformed, "reserved flags of the fixed header"),
		cut5("[MQTT-3.15.2-1] the reason code of servers, left out", "\xf0\x00", packet.ProtocolError, "reason code not allowed in this packet"),
		cut5("[MQTT-3.15.2-1] an unknown reason code", auth(0x55, "x"), packet.ProtocolError, "reason code not allowed in this packet"),
		cut5("AUTH without a method in it", "\xf0\x02\x18\x00", packet.ProtocolError, "no authentication method"),
		{name: "[MQTT-4.12.0-1] [MQTT-4.13.2-1] a method that is not served", steps: steps(send("a", hello5("a", asks)),
			expect("a", refusal(v5, packet.BadAuthenticationMethod, "authentication method is not served")), closed("a"))},
		{name: "data without a method", steps: steps(send("a", hello5("a", alone)),
			expect("a", refusal(v5, packet.ProtocolError, "authentication data without a method")), closed("a"))},
		{name: "[MQTT-4.12.0-6] without a method, no AUTH and no method in CONNACK", steps: play(enters5("a"), steps(ping("a")))},
		cut5("[MQTT-4.12.0-7] AUTH from a client without a method", auth(packet.ContinueAuthentication, "x"), packet.ProtocolError, unasked),
		cut5("[MQTT-4.12.0-7] re-authentication of one", auth(packet.ReAuthenticate, "x"), packet.ProtocolError, unasked),
		{name: "AUTH before CONNECT", steps: steps(send("a", auth(packet.ContinueAuthentication, "x")), closed("a"))},
	})
}

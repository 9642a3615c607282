package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestV5Connack(t *testing.T) {
	noQoS2 := connack(v5, false, func(a *packet.Connack) { a.HasMaximumQoS, a.MaximumQoS = true, 1 })
	noRetain := connack(v5, false, func(a *packet.Connack) { a.RetainUnavailable = true })
	const big = 2000
	converse(t, []conversation{
		{name: "[MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1] [MQTT-3.2.2-2] first, once, with the defaults", steps: steps(
			send("a", hello5("a"), pingreq), expect("a", "\x20\x0e\x00\x00\x0b\x21\x04\x00\x27\x00\x12\x00\x00\x22\x00\x0a", pingresp), ping("a"))},
		{name: "[MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.2.2-1] session present, once there is one", steps: steps(
			send("a", hello5("a", stays(60))), expect("a", ok5), send("a", bye5), closed("a"),
			send("a", hello5("a", stays(60))), expect("a", "\x20\x0e\x01\x00\x0b\x21\x04\x00\x27\x00\x12\x00\x00\x22\x00\x0a"))},
		{name: "[MQTT-3.2.2-2] not with clean start", steps: steps(
			send("a", hello5("a", stays(60))), expect("a", ok5), send("a", bye5), closed("a"),
			send("a", hello5("a")), expect("a", ok5))},
		{name: "[MQTT-3.2.2-9] [MQTT-3.2.2-10] QoS 2 that is not served is said, and may be subscribed to", conf: "reject_qos2_publish: true", steps: steps(
			send("a", hello5("a"), sub5(1, "t", 2)), expect("a", noQoS2, granted5(1, 2)), send("a", pub5("t", "x", 1, 1)), expect("a", pub5("t", "x", 1, 1), puback(1)), ping("a"))},
		{name: "[MQTT-3.2.2-11] published at it is not", conf: "reject_qos2_publish: true", steps: steps(
			send("a", hello5("a"), sub5(1, "t", 2), pub5("t", "x", 2, 1)), expect("a", noQoS2, granted5(1, 2), dismissal(packet.QoSNotSupported, "QoS 2 is not served")), closed("a"))},
		{name: "[MQTT-3.2.2-12] nor a will", conf: "reject_qos2_publish: true", steps: steps(
			send("a", hello5("a", will("w", "x", 2, false))), expect("a", refusal(v5, packet.QoSNotSupported, "QoS 2 is not served")), closed("a"))},
		{name: "[MQTT-3.2.2-13] retained messages that are not served are said, and a will cannot be one", conf: "max_retained: 0", steps: steps(
			send("a", hello5("a"), pingreq), expect("a", noRetain, pingresp),
			send("b", hello5("b", will("w", "x", 0, true))), expect("b", refusal(v5, packet.RetainNotSupported, "retained messages are not served")), closed("b"))},
		{name: "[MQTT-3.2.2-14] nor a message", conf: "max_retained: 0", steps: steps(
			send("a", hello5("a"), pub5("t", "x", 1, 1, retained)), expect("a", noRetain, dismissal(packet.RetainNotSupported, "retained messages are not served")), closed("a"))},
		{name: "[MQTT-3.2.2-15] a packet beyond the maximum packet size ends the connection before it is there", conf: "max_packet_size: 2000", steps: steps(
			send("a", hello5("a")), expect("a", connack(v5, false, func(a *packet.Connack) { a.MaximumPacketSize = big })),
			send("a", pub5("t", strings.Repeat("x", big-10), 1, 1)), expect("a", unheard(packet.PUBACK, 1)),
			send("a", "\x32\xd1\x0f"), expect("a", dismissal(packet.PacketTooLarge, "remaining length above the maximum")), closed("a"))},
		{name: "[MQTT-3.2.2-15] a payload beyond max_payload too", more: "max_payload: 1024", steps: steps(
			send("a", hello5("a")), expect("a", connack(v5, false, func(a *packet.Connack) { a.MaximumPacketSize = 1024 + 128<<10 })),
			send("a", pub5("t", strings.Repeat("x", 1025), 1, 1)), expect("a", dismissal(packet.PacketTooLarge, "payload larger than max_payload")), closed("a"))},
		{name: "[MQTT-3.2.2-19] [MQTT-3.2.2-20] a reason string is left out where the client does not take it", conf: "max_connections: 1", steps: play(enters5("a"),
			steps(send("b", hello5("b", packetMaximum(36))), expect("b", refusal(v5, packet.ServerBusy, "maximum connections exceeded")), closed("b"),
				send("b", hello5("b", packetMaximum(35))), expect("b", "\x20\x03\x00\x89\x00"), closed("b"),
				send("b", hello5("b", packetMaximum(4))), closed("b"), ping("a")))},
		{name: "[MQTT-3.2.2-21] [MQTT-3.1.2-22] the server's keep alive counts", conf: "max_keep_alive: 1", steps: steps(
			send("a", hello5("a")), expect("a", connack(v5, false, func(a *packet.Connack) { a.HasServerKeepAlive, a.ServerKeepAlive = true, 1 })),
			expect("a", dismissal(packet.KeepAliveTimeout, "nothing came for 1.5 times the keep alive")), closed("a"))},
		{name: "[MQTT-3.2.2-21] also where the client says more", conf: "max_keep_alive: 1", steps: steps(
			send("a", hello5("a", keepAlive(2))), expect("a", connack(v5, false, func(a *packet.Connack) { a.HasServerKeepAlive, a.ServerKeepAlive = true, 1 })),
			send("b", hello5("b", keepAlive(1))), expect("b", ok5))},
		{name: "[MQTT-3.2.2-22] [MQTT-3.1.2-22] or else the client's; the will is published", conf: "max_keep_alive: 60", steps: play(
			steps(send("s", hello5("s", keepAlive(60)), sub5(1, "w", 0)), expect("s", ok5, granted5(1, 0)),
				send("a", hello5("a", keepAlive(1), will("w", "gone", 0, false))), expect("a", ok5),
				expect("a", dismissal(packet.KeepAliveTimeout, "nothing came for 1.5 times the keep alive")), closed("a"), expect("s", pub5("w", "gone", 0, 0))))},
		{name: "[MQTT-3.1.2-23] a session expiry interval that is cut is said", conf: "max_session_expiry: 1h", steps: steps(
			send("a", hello5("a", stays(3601))), expect("a", connack(v5, false, func(a *packet.Connack) { a.HasSessionExpiry, a.SessionExpiry = true, 3600 })),
			send("b", hello5("b", stays(3600))), expect("b", ok5))},
	})
}

// What a client does not take: the packet counts as a whole, byte for byte.
func TestV5MaximumPacketSize(t *testing.T) {
	// 2 bytes of fixed header, 3 of topic, 2 of identifier, 1 of properties: 42 bytes of payload make 50.
	fits, large := strings.Repeat("x", 42), strings.Repeat("y", 43)
	const tooLarge = "answer larger than the maximum packet size"
	converse(t, []conversation{
		{name: "[MQTT-3.1.2-24] [MQTT-3.1.2-25] at QoS 1 and 2 a larger message is dropped as if it were delivered", steps: play(
			watches5("s", "t", 2, packetMaximum(50)), enters5("a"),
			steps(send("a", pub5("t", large, 1, 1), pub5("t", fits, 1, 2), pub5("t", large, 2, 3), pub5("t", fits, 2, 4)), expect("a", puback(1), puback(2), pubrec(3), pubrec(4)),
				expect("s", pub5("t", fits, 1, 1), pub5("t", fits, 2, 2)), send("s", puback(1), pubrec(2)), expect("s", pubrel(2)), ping("s")))},
		{name: "[MQTT-3.1.2-24] [MQTT-3.1.2-25] at QoS 0, which has two bytes more", steps: play(
			watches5("s", "t", 0, packetMaximum(50)), enters5("a"),
			steps(send("a", pub5("t", fits+"123", 0, 0), pub5("t", fits+"12", 0, 0)), expect("s", pub5("t", fits+"12", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.2-25] what waited for a session is dropped too", steps: play(
			steps(send("s", hello5("s", stays(60)), sub5(1, "t", 1)), expect("s", ok5, granted5(1, 1)), send("s", bye5), closed("s")), enters5("a"),
			steps(send("a", pub5("t", large, 1, 1), pub5("t", fits, 1, 2)), expect("a", puback(1), puback(2)),
				send("s", hello5("s", stays(60), packetMaximum(50))), expect("s", back5, pub5("t", fits, 1, 1)), ping("s"),
				send("s", puback(1)), ping("s"), drop("s"), send("s", hello5("s", stays(60))), expect("s", back5), ping("s")))},
		{name: "[MQTT-3.1.2-25] and what was sent before, to a connection that took more", steps: play(
			steps(send("s", hello5("s", stays(60)), sub5(1, "t", 1)), expect("s", ok5, granted5(1, 1))), enters5("a"),
			steps(send("a", pub5("t", large, 1, 1), pub5("t", fits, 1, 2)), expect("a", puback(1), puback(2)), expect("s", pub5("t", large, 1, 1), pub5("t", fits, 1, 2)), drop("s"),
				send("s", hello5("s", stays(60), packetMaximum(50))), expect("s", back5, pub5("t", fits, 1, 2, dup)), ping("s")))},
		{name: "[MQTT-3.1.2-24] a retained message that is too large", steps: play(enters5("a"),
			steps(send("a", pub5("t", large, 1, 1, retained), pub5("u", fits, 1, 2, retained)), expect("a", unheard(packet.PUBACK, 1), unheard(packet.PUBACK, 2)),
				send("s", hello5("s", packetMaximum(50)), sub5(1, "+", 1)), expect("s", ok5, granted5(1, 1), pub5("u", fits, 1, 1, retained)), ping("s")))},
		{name: "[MQTT-3.1.2-24] a CONNACK that is too large", steps: steps(
			send("a", hello5("a", packetMaximum(16))), expect("a", ok5), ping("a"),
			send("b", hello5("b", packetMaximum(15))), expect("b", "\x20\x03\x00\x95\x00"), closed("b"))},
		{name: "[MQTT-3.1.2-24] a CONNACK that is too large takes nothing over", steps: play(enters5("a"),
			steps(send("b", hello5("a", packetMaximum(15))), expect("b", "\x20\x03\x00\x95\x00"), closed("b"), ping("a")))},
		{name: "[MQTT-3.1.2-24] a SUBACK that is too large", steps: steps(
			send("a", hello5("a", packetMaximum(16)), sub5(1, "t", 0, also("b", 0), also("c", 0))), expect("a", ok5, granted5(1, 0, 0, 0)),
			send("a", sub5(1, "t", 0, also("b", 0), also("c", 0), also("d", 0), also("e", 0), also("f", 0), also("g", 0), also("h", 0), also("i", 0), also("j", 0), also("k", 0), also("l", 0))),
			expect("a", "\xe0\x01\x95"), closed("a"))},
		{name: "[MQTT-3.1.2-24] an UNSUBACK that is too large", steps: steps(
			send("a", hello5("a", packetMaximum(70)), unsubscribe(v5, 1, strings.Split(strings.Repeat("t", 66), "")...)), expect("a", ok5),
			expect("a", dismissal(packet.PacketTooLarge, tooLarge)), closed("a"))},
	})
}

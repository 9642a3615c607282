package mqtt_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

func TestV5QoS(t *testing.T) {
	back := func(packets ...string) []step {
		return steps(send("s", hello5("s", stays(60))), expect("s", append([]string{back5}, packets...)...))
	}
	converse(t, []conversation{
		{name: "[MQTT-4.3.1-1] QoS 0: once, without DUP, and not again", steps: play(watches5("s", "t", 0, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1)), expect("a", puback(1)), expect("s", pub5("t", "x", 0, 0)), drop("s")), back(), steps(ping("s")))},
		{name: "[MQTT-4.3.2-1] [MQTT-4.3.2-2] QoS 1: an identifier that is free, DUP 0 at first", steps: play(watches5("s", "t", 1), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 9), pub5("t", "2", 1, 9)), expect("a", puback(9), puback(9)), expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2)),
				send("s", puback(1)), send("a", pub5("t", "3", 1, 9)), expect("a", puback(9)), expect("s", pub5("t", "3", 1, 3))))},
		{name: "[MQTT-4.3.2-3] [MQTT-4.4.0-1] unacknowledged until PUBACK, but sent again only on a new connection", steps: play(watches5("s", "t", 1, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), expect("a", puback(1), puback(2), puback(3)),
				expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), send("s", puback(2)), ping("s"), drop("s")),
			back(pub5("t", "1", 1, 1, dup), pub5("t", "3", 1, 3, dup)), steps(send("s", puback(1)), ping("s"), drop("s")),
			back(pub5("t", "3", 1, 3, dup)), steps(send("s", puback(3)), ping("s"), drop("s")), back(), steps(ping("s")))},
		{name: "[MQTT-4.3.2-4] [MQTT-4.3.2-5] received at QoS 1: acknowledged, and then a new message, with DUP or without", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "1", 1, 1, dup), pub5("t", "2", 1, 1)), expect("a", puback(1), puback(1), puback(1)),
				expect("s", pub5("t", "1", 0, 0), pub5("t", "1", 0, 0), pub5("t", "2", 0, 0))))},
		{name: "[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-4] QoS 2: an identifier that is free, DUP 0 at first, PUBREL for PUBREC", steps: play(watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 9)), expect("a", pubrec(9)), expect("s", pub5("t", "1", 2, 1)), send("s", pubrec(1)), expect("s", pubrel(1)),
				send("a", pubrel(9), pub5("t", "2", 2, 9)), expect("a", pubcomp(9), pubrec(9)), expect("s", pub5("t", "2", 2, 2)), send("s", pubcomp(1)), ping("s")))},
		{name: "[MQTT-4.3.3-3] [MQTT-4.4.0-1] unacknowledged until PUBREC", steps: play(watches5("s", "t", 2, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2)), expect("a", pubrec(1), pubrec(2)), expect("s", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2)), drop("s")),
			back(pub5("t", "1", 2, 1, dup), pub5("t", "2", 2, 2, dup)), steps(send("s", pubrec(1)), expect("s", pubrel(1)), ping("s")))},
		{name: "[MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] released until PUBCOMP: PUBREL is sent again, and PUBLISH is not", steps: play(watches5("s", "t", 2, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2)), expect("a", pubrec(1), pubrec(2)), expect("s", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2)),
				send("s", pubrec(1), pubrec(2)), expect("s", pubrel(1), pubrel(2)), send("s", pubcomp(2)), ping("s"), drop("s")),
			back(pubrel(1)), steps(send("s", pubcomp(1)), ping("s"), drop("s")), back(), steps(ping("s")))},
		{name: "[MQTT-4.3.3-4] PUBREC again gets PUBREL again", steps: play(watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 1)), expect("a", pubrec(1)), expect("s", pub5("t", "1", 2, 1)),
				send("s", pubrec(1), pubrec(1)), expect("s", pubrel(1), pubrel(1)), send("s", pubcomp(1)), ping("s"),
				send("s", pubrec(1)), expect("s", ack(packet.PUBREL, v5, 1, packet.PacketIDNotFound)), ping("s")))},
		{name: "[MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] received at QoS 2: the same again before PUBREL is not delivered again", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 7), pub5("t", "1", 2, 7, dup), pub5("t", "1", 2, 7)), expect("a", pubrec(7), pubrec(7), pubrec(7)), expect("s", pub5("t", "1", 0, 0)), ping("s"),
				send("a", pubrel(7)), expect("a", pubcomp(7)), send("a", pubrel(7)), expect("a", ack(packet.PUBCOMP, v5, 7, packet.PacketIDNotFound)), ping("s")))},
		{name: "[MQTT-4.3.3-12] after PUBREL it is a new message", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 7), pubrel(7), pub5("t", "1", 2, 7, dup)), expect("a", pubrec(7), pubcomp(7), pubrec(7)), expect("s", pub5("t", "1", 0, 0), pub5("t", "1", 0, 0))))},
		{name: "[MQTT-4.3.3-10] [MQTT-4.3.3-8] exactly once over connections of the publisher", steps: play(watches5("s", "t", 2), enters5("a", stays(60)),
			steps(send("a", pub5("t", "1", 2, 7)), expect("a", pubrec(7)), expect("s", pub5("t", "1", 2, 1)), drop("a"),
				send("a", hello5("a", stays(60)), pub5("t", "1", 2, 7, dup)), expect("a", back5, pubrec(7)), send("a", pubrel(7)), expect("a", pubcomp(7)), drop("a"),
				send("a", hello5("a", stays(60)), pubrel(7)), expect("a", back5, ack(packet.PUBCOMP, v5, 7, packet.PacketIDNotFound)), ping("s")))},
		{name: "[MQTT-4.3.3-12] in a new session it is a new message", steps: play(watches5("s", "t", 0), enters5("a", stays(60)),
			steps(send("a", pub5("t", "1", 2, 7)), expect("a", pubrec(7)), expect("s", pub5("t", "1", 0, 0)), drop("a"),
				send("a", hello5("a"), pub5("t", "1", 2, 7, dup)), expect("a", ok5, pubrec(7)), expect("s", pub5("t", "1", 0, 0)), ping("s")))},
		{name: "[MQTT-4.3.3-9] after a PUBREC with a failure the identifier is new", conf: onlyTopicOK, steps: play(
			steps(send("s", hello5("s", login("u", "p")), sub5(1, "#", 0)), expect("s", ok5, granted5(1, 0)), send("a", hello5("a", login("w", "p"))), expect("a", ok5),
				send("a", pub5("no", "1", 2, 7)), expect("a", ack(packet.PUBREC, v5, 7, packet.NotAuthorized)), ping("s"),
				send("a", pub5("ok", "2", 2, 7)), expect("a", pubrec(7)), expect("s", pub5("ok", "2", 0, 0)), send("a", pubrel(7)), expect("a", pubcomp(7))))},
		{name: "[MQTT-4.4.0-2] a failure in PUBACK ends the delivery", steps: play(watches5("s", "t", 1, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2)), expect("a", puback(1), puback(2)), expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2)),
				send("s", ack(packet.PUBACK, v5, 1, packet.Unspecified)), ping("s"), drop("s")), back(pub5("t", "2", 1, 2, dup)), steps(ping("s")))},
		{name: "[MQTT-4.4.0-2] [MQTT-4.3.3-4] a failure in PUBREC too: there is no PUBREL", steps: play(watches5("s", "t", 2, stays(60)), enters5("a"),
			steps(send("a", pub5("t", "1", 2, 1)), expect("a", pubrec(1)), expect("s", pub5("t", "1", 2, 1)),
				send("s", ack(packet.PUBREC, v5, 1, packet.QuotaExceeded)), ping("s"), drop("s")), back(), steps(ping("s")))},
		{name: "[MQTT-4.4.0-1] what waited comes behind what is sent again, without DUP", memory: true, steps: play(watches5("s", "t", 2, stays(60), receiveMaximum(2)), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3), pub5("t", "4", 0, 0)), expect("a", puback(1), pubrec(2), puback(3)),
				expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "4", 0, 0)), ping("s"), drop("s")),
			back(pub5("t", "1", 1, 1, dup), pub5("t", "2", 2, 2, dup), pub5("t", "3", 1, 3)), steps(ping("s")))},
	})
}

// onlyTopicOK is a user u who may do everything, and a user w who may publish to ok.
const onlyTopicOK = `authorization { users: [ {user: u, password: p}, {user: w, password: p, permissions: { publish: "ok" } } ] }`

// Acknowledgements that do not fit, and what the gateway's own look like.
func TestV5Acknowledgements(t *testing.T) {
	const wrong, code = "acknowledgement that does not fit the publication", "reason code not allowed in this packet"
	delivered := func(qos byte, bad, why string) []step {
		return play(watches5("s", "t", packet.Options(qos)), enters5("a"),
			steps(send("a", pub5("t", "x", qos, 1)), does("a", func(c *client) { c.next() }), expect("s", pub5("t", "x", qos, 1)),
				send("s", bad), expect("s", dismissal(packet.ProtocolError, why)), closed("s")))
	}
	converse(t, []conversation{
		{name: "[MQTT-3.4.2-1] success", steps: play(watches5("s", "t", 1), enters5("a"), steps(send("a", pub5("t", "x", 1, 1)), expect("a", "\x40\x02\x00\x01")))},
		{name: "[MQTT-3.4.2-1] [MQTT-3.5.2-1] nobody listens", steps: play(enters5("a"), steps(send("a", pub5("t", "x", 1, 1), pub5("t", "x", 2, 2)), expect("a", "\x40\x03\x00\x01\x10", "\x50\x03\x00\x02\x10"),
			send("a", pubrel(2)), expect("a", "\x70\x02\x00\x02")))},
		{name: "[MQTT-3.4.2-1] [MQTT-3.5.2-1] nobody listens, and that is not said", conf: "tell_no_subscribers: false", steps: play(enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1), pub5("t", "x", 2, 2)), expect("a", "\x40\x02\x00\x01", "\x50\x02\x00\x02")))},
		{name: "[MQTT-3.4.2-1] [MQTT-3.5.2-1] not authorized: the connection stays", conf: onlyTopicOK, steps: steps(send("a", hello5("a", login("w", "p"))), expect("a", ok5),
			send("a", pub5("no", "x", 1, 1), pub5("no", "x", 2, 2), pub5("no", "x", 0, 0)), expect("a", "\x40\x03\x00\x01\x87", "\x50\x03\x00\x02\x87"), ping("a"))},
		{name: "[MQTT-3.4.2-1] a reserved topic", steps: play(enters5("a"), steps(send("a", pub5("$SYS/broker/uptime", "x", 1, 1)), expect("a", "\x40\x03\x00\x01\x87"), ping("a")))},
		{name: "[MQTT-3.4.2-1] beyond the limits", conf: "max_levels: 2", steps: play(enters5("a"), steps(send("a", pub5("a/b/c/d", "x", 1, 1)), expect("a", "\x40\x03\x00\x01\x90"), ping("a")))},
		{name: "[MQTT-3.5.2-1] more retained messages than there may be", conf: "max_retained: 1", steps: play(enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1, retained), pub5("u", "x", 1, 2, retained), pub5("v", "x", 2, 3, retained)), expect("a", "\x40\x03\x00\x01\x10", "\x40\x03\x00\x02\x97", "\x50\x03\x00\x03\x97"), ping("a")))},
		{name: "[MQTT-3.6.2-1] [MQTT-3.7.2-1] success and not found", steps: play(watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "x", 2, 1)), expect("a", pubrec(1)), expect("s", pub5("t", "x", 2, 1)), send("s", pubrec(1)), expect("s", "\x62\x02\x00\x01"),
				send("s", pubcomp(1), pubrec(1)), expect("s", "\x62\x03\x00\x01\x92"),
				send("a", pubrel(1), pubrel(1)), expect("a", "\x70\x02\x00\x01", "\x70\x03\x00\x01\x92")))},
		{name: "[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] they never say more than a client takes", conf: onlyTopicOK, steps: steps(
			send("a", hello5("a", login("w", "p"), packetMaximum(16))), expect("a", ok5),
			send("a", pub5("no", "x", 1, 1), pub5("no", "x", 2, 2), pubrel(3)), expect("a", "\x40\x03\x00\x01\x87", "\x50\x03\x00\x02\x87", "\x70\x03\x00\x03\x92"), ping("a"))},
		{name: "[MQTT-3.6.2-2] [MQTT-3.6.2-3] nor does PUBREL", steps: play(enters5("a", packetMaximum(16)), steps(send("a", pubrec(9)), expect("a", "\x62\x03\x00\x09\x92"), ping("a")))},
		{name: "with reason strings and user properties they are read", steps: play(watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2)), expect("a", puback(1), pubrec(2)), expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2)),
				send("s", "\x40\x0a\x00\x01\x80\x06\x1f\x00\x03why", "\x50\x0b\x00\x02\x00\x07\x26\x00\x01n\x00\x01v"), expect("s", pubrel(2)), send("s", "\x70\x04\x00\x02\x00\x00"), ping("s")))},
		{name: "of nothing they are passed over", steps: play(enters5("a"), steps(send("a", puback(9), pubcomp(9), ack(packet.PUBREC, v5, 9, packet.Unspecified)), ping("a")))},
		{name: "PUBREC for QoS 1", steps: delivered(1, pubrec(1), wrong)},
		{name: "PUBCOMP for QoS 1", steps: delivered(1, pubcomp(1), wrong)},
		{name: "PUBACK for QoS 2", steps: delivered(2, puback(1), wrong)},
		{name: "PUBCOMP before PUBREL", steps: delivered(2, pubcomp(1), wrong)},
		cut5("a reason code that PUBACK does not have", "\x40\x03\x00\x01\x92", packet.ProtocolError, code),
		cut5("a reason code that PUBREC does not have", "\x50\x03\x00\x01\x01", packet.ProtocolError, code),
		cut5("a reason code that PUBREL does not have", "\x62\x03\x00\x01\x10", packet.ProtocolError, code),
		cut5("a reason code that PUBCOMP does not have", "\x70\x03\x00\x01\x80", packet.ProtocolError, code),
	})
}

func TestV5Quota(t *testing.T) {
	const over = "more unacknowledged publications than the receive maximum"
	three := func(a *packet.Connack) { a.ReceiveMaximum = 3 }
	enters3 := steps(send("a", hello5("a")), expect("a", connack(v5, false, three)))
	tooMany := expect("a", dismissal(packet.ReceiveMaximumExceeded, over))
	back := func(max uint16, packets ...string) []step {
		return steps(send("s", hello5("s", stays(60), receiveMaximum(max))), expect("s", append([]string{back5}, packets...)...))
	}
	five := play(enters5("a"), steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3), pub5("t", "4", 2, 4), pub5("t", "5", 1, 5)),
		expect("a", puback(1), pubrec(2), puback(3), pubrec(4), puback(5))))
	converse(t, []conversation{
		{name: "[MQTT-3.3.4-7] a client has as much under way at QoS 2 as CONNACK says", conf: "receive_maximum: 3", steps: play(enters3,
			steps(send("a", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2), pub5("t", "3", 2, 3)), expect("a", unheard(packet.PUBREC, 1), unheard(packet.PUBREC, 2), unheard(packet.PUBREC, 3)),
				send("a", pub5("t", "3", 2, 3, dup), pub5("t", "4", 1, 9)), expect("a", pubrec(3)), tooMany, closed("a")))},
		{name: "[MQTT-3.3.4-7] and not more", conf: "receive_maximum: 3", steps: play(steps(send("s", hello5("s"), sub5(1, "t", 0)),
			expect("s", connack(v5, false, three), granted5(1, 0))), enters3,
			steps(send("a", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2), pub5("t", "3", 2, 3), pub5("t", "4", 2, 4)), expect("a", pubrec(1), pubrec(2), pubrec(3)), tooMany, closed("a"),
				expect("s", pub5("t", "1", 0, 0), pub5("t", "2", 0, 0), pub5("t", "3", 0, 0)), ping("s")))},
		{name: "[MQTT-3.3.4-7] PUBREL, a failure and QoS 0 make room or need none", conf: "receive_maximum: 1", steps: steps(
			send("a", hello5("a")), expect("a", connack(v5, false, func(a *packet.Connack) { a.ReceiveMaximum = 1 })),
			send("a", pub5("t", "1", 2, 1)), expect("a", unheard(packet.PUBREC, 1)), send("a", pub5("t", "0", 0, 0), pub5("t", "0", 0, 0), pubrel(1)), expect("a", pubcomp(1)),
			send("a", pub5("$SYS/x", "2", 2, 2)), expect("a", ack(packet.PUBREC, v5, 2, packet.NotAuthorized)),
			send("a", pub5("t", "3", 1, 3)), expect("a", unheard(packet.PUBACK, 3)), send("a", pub5("t", "4", 2, 4)), expect("a", unheard(packet.PUBREC, 4)), ping("a"))},
		{name: "[MQTT-3.3.4-7] what is under way of a session counts on its next connection", memory: true, conf: "receive_maximum: 1", steps: steps(
			send("a", hello5("a", stays(60))), expect("a", connack(v5, false, func(a *packet.Connack) { a.ReceiveMaximum = 1 })),
			send("a", pub5("t", "1", 2, 1)), expect("a", unheard(packet.PUBREC, 1)), drop("a"),
			send("a", hello5("a", stays(60)), pub5("t", "1", 2, 1, dup), pub5("t", "2", 1, 2)), expect("a", connack(v5, true, func(a *packet.Connack) { a.ReceiveMaximum = 1 }), pubrec(1)), tooMany, closed("a"))},
		{name: "[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] the gateway has no more under way than the client takes", steps: play(watches5("s", "t", 2, receiveMaximum(2)), five,
			steps(expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2)), ping("s"), send("s", puback(1)), expect("s", pub5("t", "3", 1, 3)), ping("s"),
				send("s", pubrec(2)), expect("s", pubrel(2)), ping("s"), send("s", pubcomp(2)), expect("s", pub5("t", "4", 2, 4)), ping("s"),
				send("s", ack(packet.PUBREC, v5, 4, packet.Unspecified)), expect("s", pub5("t", "5", 1, 5)), ping("s")))},
		{name: "[MQTT-4.9.0-2] a failure in PUBACK counts as one", steps: play(watches5("s", "t", 2, receiveMaximum(1)), five,
			steps(expect("s", pub5("t", "1", 1, 1)), ping("s"), send("s", ack(packet.PUBACK, v5, 1, packet.Unspecified)), expect("s", pub5("t", "2", 2, 2)), ping("s")))},
		{name: "[MQTT-4.9.0-2] what is sent again counts", steps: play(watches5("s", "t", 2, stays(60)), five,
			steps(expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3), pub5("t", "4", 2, 4), pub5("t", "5", 1, 5)), send("s", pubrec(4)), expect("s", pubrel(4)), drop("s")),
			back(2, pubrel(4), pub5("t", "1", 1, 1, dup)), steps(ping("s"), send("s", pubcomp(4)), expect("s", pub5("t", "2", 2, 2, dup)), ping("s"),
				send("a", pub5("t", "6", 1, 6)), expect("a", puback(6)), ping("s"), send("s", puback(1)), expect("s", pub5("t", "3", 1, 3, dup)), ping("s"), drop("s")),
			back(1, pub5("t", "2", 2, 2, dup)), steps(ping("s"), send("s", pubrec(2)), expect("s", pubrel(2)), ping("s"), send("s", pubcomp(2)), expect("s", pub5("t", "3", 1, 3, dup)),
				send("s", puback(3)), expect("s", pub5("t", "5", 1, 5, dup)), send("s", puback(5)), expect("s", pub5("t", "6", 1, 6)), send("s", puback(6)), ping("s"), drop("s")), back(1), steps(ping("s")))},
		{name: "[MQTT-4.9.0-1] a new connection begins with the quota it asks for", steps: play(watches5("s", "t", 2, stays(60), receiveMaximum(1)), five,
			steps(expect("s", pub5("t", "1", 1, 1)), ping("s"), drop("s")),
			back(3, pub5("t", "1", 1, 1, dup), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3)), steps(ping("s")))},
		{name: "[MQTT-3.3.4-10] [MQTT-4.9.0-3] everything else goes on", steps: play(watches5("s", "t", 2, receiveMaximum(1)), five,
			steps(expect("s", pub5("t", "1", 1, 1)), send("s", pingreq, sub5(2, "u", 0), pub5("v", "mine", 2, 1), pubrel(1)),
				expect("s", pingresp, granted5(2, 0), unheard(packet.PUBREC, 1), pubcomp(1)),
				send("s", unsubscribe(v5, 3, "v")), expect("s", unsuback(v5, 3, packet.NoSubscriptionExisted)),
				send("a", pub5("t", "live", 0, 0)), expect("s", pub5("t", "live", 0, 0)), ping("s")))},
	})
}

func TestV5MessageExpiry(t *testing.T) {
	left := func(most uint32) step {
		return does("s", func(c *client) {
			if p := c.publish(); !p.Properties.HasExpiry || p.Properties.Expiry > most || p.Properties.Expiry < most/2 {
				c.Fatalf("%d seconds left, want less than %d", p.Properties.Expiry, most)
			}
		})
	}
	leaves := steps(send("s", bye5), closed("s"))
	back := steps(send("s", hello5("s", stays(3600))), expect("s", back5))
	converse(t, []conversation{
		{name: "[MQTT-3.3.2-6] passed on at once it is what was sent", steps: play(watches5("s", "t", 1), watches5("r", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1, expiry(3600))), expect("a", puback(1)), expect("s", pub5("t", "x", 1, 1, expiry(3600))), expect("r", pub5("t", "x", 0, 0, expiry(3600)))))},
		{name: "[MQTT-3.3.2-6] less the time that it has waited", steps: play(watches5("s", "t", 1, stays(3600)), leaves, enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1, expiry(3600))), expect("a", puback(1))), passes(1), back, steps(left(3599)))},
		{name: "[MQTT-3.3.2-6] also retained", steps: play(enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1, retained, expiry(3600))), expect("a", unheard(packet.PUBACK, 1))), passes(1), watches5("s", "t", 1), steps(left(3599)))},
		{name: "[MQTT-3.3.2-5] what has expired is not sent, queued or retained", steps: play(watches5("s", "t", 2, stays(3600)), leaves, enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1, retained, expiry(1)), pub5("t", "2", 2, 2, expiry(1)), pub5("t", "3", 1, 3)), expect("a", puback(1), pubrec(2), puback(3))), passes(1), back,
			steps(expect("s", pub5("t", "3", 1, 1)), ping("s"), send("s", sub5(2, "t", 0)), expect("s", granted5(2, 0)), ping("s")))},
		{name: "[MQTT-3.3.2-5] nor to a client of 3.1.1", steps: play(steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1)), send("s", bye3), closed("s")), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1, expiry(1)), pub5("t", "2", 1, 2)), expect("a", puback(1), puback(2))), passes(1),
			steps(send("s", hello3("s", resume)), expect("s", back3, pub3("t", "2", 1, 1)), ping("s")))},
		{name: "[MQTT-4.3.3-7] at QoS 2 it does not expire any more once it was sent", steps: play(watches5("s", "t", 2, stays(3600)), enters5("a"),
			steps(send("a", pub5("t", "2", 2, 2, expiry(1))), expect("a", pubrec(2)), expect("s", pub5("t", "2", 2, 1, expiry(1))), drop("s")), passes(1), back,
			steps(does("s", func(c *client) {
				if p := c.publish(); p.QoS != 2 || p.ID != 1 || !p.Dup || string(p.Payload) != "2" {
					c.Fatalf("got %+v", p)
				}
			}), send("s", pubrec(1)), expect("s", pubrel(1)), ping("s")))},
		{name: "[MQTT-4.3.3-13] [MQTT-4.3.3-11] the exchange with the publisher goes on though the message has expired", steps: play(enters5("a"),
			steps(send("a", pub5("t", "2", 2, 2, expiry(1))), expect("a", unheard(packet.PUBREC, 2))), passes(1), steps(send("a", pubrel(2)), expect("a", pubcomp(2))))},
	})
}

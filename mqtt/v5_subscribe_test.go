package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

// What conversations of subscriptions in MQTT 5 are made of.

const (
	noLocal = packet.Options(1 << 2)
	keepRAP = packet.Options(1 << 3) // retain as published
	ifNew   = packet.Options(1 << 4) // retain handling 1
	never   = packet.Options(2 << 4) // retain handling 2
)

// listens5 is a client of MQTT 5 with a subscription.
func listens5(who, filter string, o packet.Options, with ...func(*packet.Subscribe)) []step {
	return play(enters5(who), steps(send(who, subscribe(v5, 1, filter, o, with...)),
		expect(who, suback(v5, 1, packet.Reason(o.QoS())))))
}

// sent5 is a QoS 0 message that has arrived at the gateway when the step is over.
func sent5(who, topic, payload string, with ...func(*packet.Publish)) []step {
	return steps(send(who, publish(v5, topic, payload, 0, 0, with...)), ping(who))
}

func TestV5Subscribe(t *testing.T) {
	const (
		malformed = "string is not UTF-8 or holds U+0000"
		early     = "packet ends too early"
	)
	converse(t, []conversation{
		cut5("[MQTT-3.8.1-1] SUBSCRIBE with flags 0000", "\x80"+subscribe(v5, 1, "t", 0)[1:], packet.Malformed, "reserved flags of the fixed header"),
		cut5("[MQTT-3.8.1-1] SUBSCRIBE with flags 0011", "\x83"+subscribe(v5, 1, "t", 0)[1:], packet.Malformed, "reserved flags of the fixed header"),
		cut5("[MQTT-3.8.3-1] a filter that is not UTF-8", subscribe(v5, 1, "t/\xff", 0), packet.Malformed, malformed),
		cut5("[MQTT-3.8.3-1] [MQTT-4.7.3-2] a filter with U+0000", subscribe(v5, 1, "t/\x00", 0), packet.Malformed, malformed),
		cut5("[MQTT-3.8.3-2] no filter", framed(0x82, "\x00\x01\x00"), packet.ProtocolError, "no topic filter"),
		cut5("[MQTT-3.8.3-2] a filter without options", framed(0x82, "\x00\x01\x00"+text("t")), packet.Malformed, early),
		cut5("[MQTT-3.8.3-5] reserved bits of the options", subscribe(v5, 1, "t", 1<<6), packet.Malformed, "reserved bits of subscription options"),
		cut5("[MQTT-3.8.3-5] reserved bits of the second filter's options", subscribe(v5, 1, "t", 0, also("u", 1<<7)), packet.Malformed, "reserved bits of subscription options"),
		cut5("QoS 3", subscribe(v5, 1, "t", 3), packet.ProtocolError, "subscription options with QoS 3"),
		cut5("retain handling 3", subscribe(v5, 1, "t", 3<<4), packet.ProtocolError, "subscription options with retain handling 3"),
		cut5("packet identifier 0", subscribe(v5, 0, "t", 0), packet.ProtocolError, "packet identifier 0"),
		cut5("subscription identifier 0", framed(0x82, "\x00\x01\x02\x0b\x00"+text("t")+"\x00"), packet.ProtocolError, "property out of its range"),
		cut5("two subscription identifiers", framed(0x82, "\x00\x01\x04\x0b\x01\x0b\x02"+text("t")+"\x00"), packet.ProtocolError, "property given twice"),
		cut5("a property of other packets", framed(0x82, "\x00\x01\x03\x21\x00\x01"+text("t")+"\x00"), packet.ProtocolError, "property not allowed in this packet"),
		cut5("[MQTT-3.8.3-4] no local on a shared subscription", subscribe(v5, 1, "$share/g/t", noLocal), packet.ProtocolError, "no local on a shared subscription"),

		{name: "[MQTT-3.8.3-3] no local", steps: play(
			listens5("a", "t/#", noLocal), enters5("p"),
			sent5("a", "t", "own"), sent5("p", "t", "other"), steps(expect("a", publish(v5, "t", "other", 0, 0)), ping("a"),
				send("a", subscribe(v5, 2, "t/#", 0)), expect("a", suback(v5, 2, 0)),
				send("a", publish(v5, "t", "own", 0, 0)), expect("a", publish(v5, "t", "own", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-3.8.3-3] no local beside an overlapping subscription without", steps: play(
			listens5("a", "t", noLocal), steps(send("a", subscribe(v5, 2, "+", 0)), expect("a", suback(v5, 2, 0)),
				send("a", publish(v5, "t", "own", 0, 0)), expect("a", publish(v5, "t", "own", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-3.8.3-3] no local after the client has come back", steps: play(steps(
			send("a", connect(v5, "a", stays(60)), subscribe(v5, 1, "t", noLocal|1)), expect("a", connack(v5, false), suback(v5, 1, 1)),
			drop("a"), send("a", connect(v5, "a", stays(60)), publish(v5, "t", "own", 1, 7)),
			expect("a", connack(v5, true), ack(packet.PUBACK, v5, 7, packet.NoMatchingSubscribers)), ping("a"),
		))},
		{name: "[MQTT-3.8.3-3] no local and the client's own will", steps: play(
			steps(send("a", connect(v5, "a", stays(60), will("t", "gone", 1, false)), subscribe(v5, 1, "t", noLocal|1)),
				expect("a", connack(v5, false), suback(v5, 1, 1))),
			listens5("w", "t", 0), steps(drop("a"), expect("w", publish(v5, "t", "gone", 0, 0)),
				send("a", connect(v5, "a", stays(60))), expect("a", connack(v5, true)), ping("a")),
		)},
		{name: "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.9.3-1] a SUBACK with the same identifier", steps: play(enters5("a"), steps(
			send("a", subscribe(v5, 0xfedc, "t", 0), subscribe(v5, 1, "u", 1)), expect("a", suback(v5, 0xfedc, 0), suback(v5, 1, 1)), ping("a"),
		))},
		{name: "[MQTT-3.8.4-3] the same filter replaces QoS and identifier", steps: play(
			listens5("a", "t/+", 1, subscriptionID(7)), enters5("p"),
			steps(send("p", publish(v5, "t/1", "x", 1, 1)), expect("p", ack(packet.PUBACK, v5, 1, 0)), expect("a", publish(v5, "t/1", "x", 1, 1, matchedBy(7))),
				send("a", ack(packet.PUBACK, v5, 1, 0), subscribe(v5, 2, "t/+", 0, subscriptionID(8))), expect("a", suback(v5, 2, 0)),
				send("p", publish(v5, "t/1", "y", 1, 2)), expect("p", ack(packet.PUBACK, v5, 2, 0)), expect("a", publish(v5, "t/1", "y", 0, 0, matchedBy(8))), ping("a")),
		)},
		{name: "[MQTT-3.8.4-3] a shared subscription to the same filter replaces nothing", steps: play(
			listens5("a", "t", 0), steps(send("a", subscribe(v5, 2, "$share/g/t", 0)), expect("a", suback(v5, 2, 0)),
				send("a", publish(v5, "t", "x", 0, 0)), expect("a", strings.Repeat(publish(v5, "t", "x", 0, 0), 2)), ping("a")),
		)},
		{name: "[MQTT-3.8.4-4] retain handling 0 sends retained messages again", steps: play(
			enters5("p"), sent5("p", "t/1", "x", retained), listens5("a", "t/#", 0), steps(expect("a", publish(v5, "t/1", "x", 0, 0, retained)),
				send("a", subscribe(v5, 2, "t/#", 0)), expect("a", suback(v5, 2, 0), publish(v5, "t/1", "x", 0, 0, retained)), ping("a")),
		)},
		{name: "[MQTT-3.8.4-4] retain handling 1 sends them only to new subscriptions", steps: play(
			enters5("p"), sent5("p", "t/1", "x", retained), listens5("a", "t/#", ifNew), steps(expect("a", publish(v5, "t/1", "x", 0, 0, retained)),
				send("a", subscribe(v5, 2, "t/#", ifNew)), expect("a", suback(v5, 2, 0)), ping("a"),
				send("a", unsubscribe(v5, 3, "t/#"), subscribe(v5, 4, "t/#", ifNew)),
				expect("a", unsuback(v5, 3, 0), suback(v5, 4, 0), publish(v5, "t/1", "x", 0, 0, retained)), ping("a")),
		)},
		{name: "[MQTT-3.8.4-4] retain handling 2 sends none", steps: play(
			enters5("p"), sent5("p", "t/1", "x", retained), listens5("a", "t/#", never), steps(ping("a")),
		)},
		{name: "[MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] several filters, one SUBACK, each answered for itself",
			more: `authorization { user: u, password: p, permissions: { subscribe: { deny: "no.>" } } }`,
			steps: steps(send("a", connect(v5, "a", login("u", "p"))), expect("a", connack(v5, false)),
				send("a", subscribe(v5, 9, "t", 2, also("no/1", 1), also("a+", 0), also("u/#", 1), also("$JS/#", 0), also("v", 0))),
				expect("a", suback(v5, 9, packet.GrantedQoS2, packet.NotAuthorized, packet.TopicFilterInvalid, packet.GrantedQoS1,
					packet.NotAuthorized, packet.GrantedQoS0)),
				send("a", publish(v5, "v", "x", 0, 0), publish(v5, "no/1", "x", 0, 0)), expect("a", publish(v5, "v", "x", 0, 0)), ping("a"))},
		{name: "[MQTT-3.8.4-5] as if they had come one after the other: the last option of a repeated filter stands", steps: play(enters5("a"), steps(
			send("a", subscribe(v5, 1, "t", 2, also("t", 0))), expect("a", suback(v5, 1, 2, 0)),
			send("a", publish(v5, "t", "x", 0, 0)), expect("a", publish(v5, "t", "x", 0, 0)), ping("a"),
		))},
		{name: "[MQTT-3.8.4-8] the smaller QoS", steps: play(
			enters5("a"), enters5("p"), steps(
				send("a", subscribe(v5, 1, "q/0", 0, also("q/1", 1), also("q/2", 2))), expect("a", suback(v5, 1, 0, 1, 2)),
				send("p", publish(v5, "q/0", "x", 1, 1)), expect("p", ack(packet.PUBACK, v5, 1, 0)), expect("a", publish(v5, "q/0", "x", 0, 0)),
				send("p", publish(v5, "q/1", "x", 2, 2)), expect("p", ack(packet.PUBREC, v5, 2, 0)), expect("a", publish(v5, "q/1", "x", 1, 1)),
				send("p", publish(v5, "q/2", "x", 1, 3)), expect("p", ack(packet.PUBACK, v5, 3, 0)), expect("a", publish(v5, "q/2", "x", 1, 2)),
				send("p", publish(v5, "q/2", "x", 0, 0)), expect("a", publish(v5, "q/2", "x", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-3.9.2-1] [MQTT-3.9.2-2] a SUBACK has neither reason string nor user property, so that it fits", steps: steps(
			send("b", connect(v5, "b", packetMaximum(30))), expect("b", connack(v5, false)),
			send("b", subscribe(v5, 1, "a+", 0)), expect("b", suback(v5, 1, packet.TopicFilterInvalid)), ping("b"),
		)},
		{name: "subscriptions beyond the limit", conf: "max_subscriptions: 2", steps: play(
			listens5("a", "t", 0), steps(send("a", subscribe(v5, 2, "u", 0, also("v", 0), also("t", 1))),
				expect("a", suback(v5, 2, 0, packet.QuotaExceeded, 1)), ping("a"),
				send("a", subscribe(v5, 3, "$SYS/x", 0), unsubscribe(v5, 4, "u"), subscribe(v5, 5, "$SYS/x", 0)),
				expect("a", suback(v5, 3, packet.QuotaExceeded), unsuback(v5, 4, 0), suback(v5, 5, 0)), ping("a")),
		)},
	})
}

func TestV5Unsubscribe(t *testing.T) {
	const none = packet.NoSubscriptionExisted
	converse(t, []conversation{
		cut5("[MQTT-3.10.1-1] UNSUBSCRIBE with flags 0000", "\xa0"+unsubscribe(v5, 1, "t")[1:], packet.Malformed, "reserved flags of the fixed header"),
		cut5("[MQTT-3.10.3-1] a filter that is not UTF-8", unsubscribe(v5, 1, "t/\xc0\xaf"), packet.Malformed, "string is not UTF-8 or holds U+0000"),
		cut5("[MQTT-3.10.3-2] no filter", framed(0xa2, "\x00\x01\x00"), packet.ProtocolError, "no topic filter"),
		cut5("packet identifier 0", unsubscribe(v5, 0, "t"), packet.ProtocolError, "packet identifier 0"),
		cut5("a property of SUBSCRIBE", framed(0xa2, "\x00\x01\x02\x0b\x01"+text("t")), packet.ProtocolError, "property not allowed in this packet"),

		{name: "[MQTT-3.10.4-1] [MQTT-3.11.3-1] [MQTT-3.11.3-2] letter by letter, one code for each filter, in order", steps: play(
			listens5("a", "t/+", 0), steps(send("a", subscribe(v5, 2, "$share/g/t/1", 0)), expect("a", suback(v5, 2, 0)),
				send("a", unsubscribe(v5, 3, "t/#", "T/+", "t/1", "$share/g/t/+", "$share/h/t/1", "$share/G/t/1", "+/+")),
				expect("a", unsuback(v5, 3, none, none, none, none, none, none, none)),
				send("a", unsubscribe(v5, 4, "x", "t/+", "t/+", "$share/g/t/1")), expect("a", unsuback(v5, 4, none, 0, none, 0)), ping("a")),
		)},
		{name: "[MQTT-3.10.4-2] nothing more comes", steps: play(
			listens5("a", "t", 1), enters5("p"), steps(send("a", unsubscribe(v5, 2, "t")), expect("a", unsuback(v5, 2, 0)),
				send("p", publish(v5, "t", "x", 1, 1)), expect("p", ack(packet.PUBACK, v5, 1, packet.NoMatchingSubscribers)), ping("a")),
		)},
		{name: "[MQTT-3.10.4-3] what was under way is finished", steps: play(
			listens5("a", "t", 2), enters5("p"), steps(
				send("p", publish(v5, "t", "1", 2, 1)), expect("p", ack(packet.PUBREC, v5, 1, 0)), expect("a", publish(v5, "t", "1", 2, 1)),
				send("p", publish(v5, "t", "2", 1, 2)), expect("p", ack(packet.PUBACK, v5, 2, 0)), expect("a", publish(v5, "t", "2", 1, 2)),
				send("a", unsubscribe(v5, 2, "t")), expect("a", unsuback(v5, 2, 0)),
				send("a", ack(packet.PUBREC, v5, 1, 0), ack(packet.PUBACK, v5, 2, 0)), expect("a", ack(packet.PUBREL, v5, 1, 0)),
				send("a", ack(packet.PUBCOMP, v5, 1, 0)), ping("a")),
		)},
		{name: "[MQTT-3.10.4-3] also by the client that comes back", steps: play(steps(
			send("a", connect(v5, "a", stays(60)), subscribe(v5, 1, "t", 1)), expect("a", connack(v5, false), suback(v5, 1, 1)),
			send("a", publish(v5, "t", "x", 0, 0), publish(v5, "t", "y", 1, 5)), expect("a", publish(v5, "t", "x", 0, 0), publish(v5, "t", "y", 1, 1), ack(packet.PUBACK, v5, 5, 0)),
			send("a", unsubscribe(v5, 2, "t")), expect("a", unsuback(v5, 2, 0)), drop("a"),
			send("a", connect(v5, "a", stays(60))), expect("a", connack(v5, true), publish(v5, "t", "y", 1, 1, dup)),
			send("a", ack(packet.PUBACK, v5, 1, 0)), ping("a"),
		))},
		{name: "[MQTT-3.10.4-4] [MQTT-3.10.4-5] one UNSUBACK with the same identifier, whatever there was", steps: play(enters5("a"), steps(
			send("a", unsubscribe(v5, 0xabcd, "never")), expect("a", unsuback(v5, 0xabcd, none)), ping("a"),
		))},
		{name: "[MQTT-3.10.4-6] several filters as if they had come one after the other", steps: play(
			listens5("a", "t", 0), steps(send("a", subscribe(v5, 2, "u", 0)), expect("a", suback(v5, 2, 0)),
				send("a", unsubscribe(v5, 3, "u", "t"), publish(v5, "t", "x", 0, 0), publish(v5, "u", "x", 0, 0)),
				expect("a", unsuback(v5, 3, 0, 0)), ping("a")),
		)},
		{name: "[MQTT-3.11.2-1] [MQTT-3.11.2-2] an UNSUBACK has neither reason string nor user property, so that it fits", steps: steps(
			send("b", connect(v5, "b", packetMaximum(30))), expect("b", connack(v5, false)),
			send("b", unsubscribe(v5, 1, "a+")), expect("b", unsuback(v5, 1, none)), ping("b"),
		)},
		{name: "what is the gateway's own", steps: play(
			listens5("a", "$SYS/nothing/here", 0), steps(send("a", unsubscribe(v5, 2, "$SYS/nothing", "$SYS/nothing/here", "$SYS/nothing/here")),
				expect("a", unsuback(v5, 2, none, 0, none)), ping("a")),
		)},
	})
}

func TestV5Ping(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.12.4-1] a PINGRESP for each PINGREQ, in its place", steps: play(
			listens5("a", "t", 0), steps(send("a", pingreq, publish(v5, "t", "1", 0, 0), pingreq, publish(v5, "t", "2", 0, 0), pingreq),
				expect("a", pingresp, publish(v5, "t", "1", 0, 0), pingresp, publish(v5, "t", "2", 0, 0), pingresp), ping("a")),
		)},
		cut5("PINGREQ with flags", "\xc1\x00", packet.Malformed, "reserved flags of the fixed header"),
		cut5("PINGREQ with a body", "\xc0\x01x", packet.Malformed, "ping with a body"),
	})
}

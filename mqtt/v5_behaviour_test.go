package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestV5Behaviour(t *testing.T) {
	acks := func(t packet.Type, ids ...uint16) (s string) {
		for _, id := range ids {
			s += ack(t, v5, id, 0)
		}
		return s
	}
	converse(t, []conversation{
		{name: "[MQTT-4.1.0-1] a session without expiry lives as long as its connection", steps: play(
			watches5("a", "t", 2), enters5("p"), steps(send("a", pub5("u", "1", 2, 1)), expect("a", unheard(packet.PUBREC, 1)),
				send("p", pub5("t", "x", 2, 1)), expect("p", acks(packet.PUBREC, 1)), expect("a", pub5("t", "x", 2, 1)),
				send("a", pub5("u", "1", 2, 1, dup)), expect("a", acks(packet.PUBREC, 1)), ping("a"),
				send("a", acks(packet.PUBREC, 1), acks(packet.PUBREL, 1)), does("a", func(c *client) {
					if got := c.next() + c.next(); got != acks(packet.PUBREL, 1)+acks(packet.PUBCOMP, 1) && got != acks(packet.PUBCOMP, 1)+acks(packet.PUBREL, 1) {
						c.Fatalf("got %s", show(got, v5))
					}
				}), send("p", pub5("t", "y", 0, 0)), expect("a", pub5("t", "y", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-4.1.0-2] it ends with it", steps: play(
			watches5("a", "t", 1, will("w", "gone", 0, false)), listens5("w", "w", 0), steps(drop("a"), expect("w", pub5("w", "gone", 0, 0)),
				send("a", hello5("a", resume)), expect("a", ok5), send("a", pub5("t", "x", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-4.1.0-2] it ends when its expiry has passed", steps: play(
			watches5("a", "t", 1, stays(1)), steps(send("a", bye5), closed("a")), passes(1), steps(
				send("a", hello5("a", stays(1))), expect("a", ok5), ping("a")),
		)},
		{name: "[MQTT-4.2-1] bytes arrive in order, all of them, however they are cut", steps: play(
			listens5("a", "t", 2), enters5("p"), steps(send("p", pub5("t", strings.Repeat("x", 3000), 2, 1), pub5("t", "y", 1, 2)),
				expect("p", acks(packet.PUBREC, 1)+acks(packet.PUBACK, 2)), expect("a", pub5("t", strings.Repeat("x", 3000), 2, 1), pub5("t", "y", 1, 2)), ping("a")),
		)},
		{name: "[MQTT-4.5.0-1] every session with a matching subscription gets it, here or away", steps: play(
			watches5("away", "t/#", 1, stays(60)), steps(send("away", bye5), closed("away")), watches5("a", "t/+", 1), watches("b", "t/1", 1), enters5("p"),
			steps(send("p", pub5("t/1", "x", 1, 1)), expect("p", acks(packet.PUBACK, 1)), expect("a", pub5("t/1", "x", 1, 1)),
				expect("b", pub3("t/1", "x", 1, 1)), send("away", hello5("away", stays(60))), expect("away", back5, pub5("t/1", "x", 1, 1)), ping("away")),
		)},
		{name: "[MQTT-4.6.0-1] what is sent again is sent in its order", steps: play(
			watches5("a", "t", 2, stays(60)), enters5("p"), steps(
				send("p", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3), pub5("t", "4", 2, 4)),
				expect("p", acks(packet.PUBACK, 1), acks(packet.PUBREC, 2), acks(packet.PUBACK, 3), acks(packet.PUBREC, 4)),
				expect("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), pub5("t", "3", 1, 3), pub5("t", "4", 2, 4)),
				send("a", acks(packet.PUBREC, 2)), expect("a", acks(packet.PUBREL, 2)), drop("a"), send("a", hello5("a", stays(60))),
				expect("a", back5, acks(packet.PUBREL, 2), pub5("t", "1", 1, 1, dup), pub5("t", "3", 1, 3, dup), pub5("t", "4", 2, 4, dup)), ping("a")),
		)},
		{name: "[MQTT-4.6.0-2] [MQTT-4.6.0-3] acknowledgements come in the order of the publications", steps: play(enters5("a"), steps(
			send("a", pub5("t", "1", 1, 9), pub5("t", "2", 2, 8), pub5("t", "3", 1, 7), pub5("t", "4", 2, 6), pub5("t", "5", 2, 5)),
			expect("a", unheard(packet.PUBACK, 9), unheard(packet.PUBREC, 8), unheard(packet.PUBACK, 7), unheard(packet.PUBREC, 6), unheard(packet.PUBREC, 5)),
			send("a", acks(packet.PUBREL, 5, 8, 6)), expect("a", acks(packet.PUBCOMP, 5, 8, 6)),
		))},
		{name: "[MQTT-4.6.0-4] PUBREL in the order of PUBREC", steps: play(watches5("a", "t", 2), enters5("p"), steps(
			send("p", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2), pub5("t", "3", 2, 3)), expect("p", acks(packet.PUBREC, 1, 2, 3)),
			expect("a", pub5("t", "1", 2, 1), pub5("t", "2", 2, 2), pub5("t", "3", 2, 3)),
			send("a", acks(packet.PUBREC, 3, 1, 2)), expect("a", acks(packet.PUBREL, 3, 1, 2)), send("a", acks(packet.PUBCOMP, 2, 1, 3)), ping("a"),
		))},
		{name: "[MQTT-4.6.0-5] [MQTT-4.6.0-6] every topic in the order of its publisher", steps: play(
			watches5("a", "t/#", 1), enters5("p"), steps(
				send("p", pub5("t/1", "1", 1, 1), pub5("t/2", "2", 1, 2), pub5("t/1", "3", 1, 3), pub5("t/1", "4", 2, 4), pub5("t/2", "5", 1, 5)),
				expect("p", acks(packet.PUBACK, 1, 2, 3), acks(packet.PUBREC, 4), acks(packet.PUBACK, 5)),
				expect("a", pub5("t/1", "1", 1, 1), pub5("t/2", "2", 1, 2), pub5("t/1", "3", 1, 3), pub5("t/1", "4", 1, 4), pub5("t/2", "5", 1, 5)), ping("a")),
		)},
		{name: "[MQTT-4.6.0-5] also behind what had to wait for the window", steps: play(
			watches5("a", "t", 1, receiveMaximum(1)), enters5("p"), steps(
				send("p", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2)), expect("p", acks(packet.PUBACK, 1, 2)), expect("a", pub5("t", "1", 1, 1)), ping("a"),
				send("a", acks(packet.PUBACK, 1)), expect("a", pub5("t", "2", 1, 2)),
				send("p", pub5("t", "3", 1, 3)), expect("p", acks(packet.PUBACK, 3)),
				send("a", acks(packet.PUBACK, 2)), expect("a", pub5("t", "3", 1, 3)), send("a", acks(packet.PUBACK, 3)), ping("a")),
		)},
		{name: "[MQTT-4.13.1-1] a malformed packet and one that is not allowed end the connection, with a reason; others go on", steps: play(
			enters5("a"), enters5("b"), enters5("c"), steps(
				send("a", framed(0x30, "\x00\x05t")), expect("a", dismissal(packet.Malformed, "packet ends too early")), closed("a"),
				send("b", hello5("b")), expect("b", dismissal(packet.ProtocolError, "second CONNECT")), closed("b"), ping("c")),
		)},
		{name: "[MQTT-4.13.2-1] refusals of a publication, a subscription or its end do not end the connection", steps: play(enters5("a"), steps(
			send("a", pub5("$JS/x", "", 1, 1), pub5("$JS/x", "", 2, 2)),
			expect("a", ack(packet.PUBACK, v5, 1, packet.NotAuthorized), ack(packet.PUBREC, v5, 2, packet.NotAuthorized)),
			send("a", sub5(3, "$JS/x", 0), unsubscribe(v5, 4, "$JS/x")), expect("a", granted5(3, packet.NotAuthorized), unsuback(v5, 4, packet.NoSubscriptionExisted)), ping("a"),
		))},
		{name: "[MQTT-7.0.0-1] [MQTT-7.0.0-2] nothing but the standard is needed: no user, no client id, no property", steps: steps(
			send("a", "\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00"), does("a", func(c *client) {
				if a := connackOf(c); a.Reason != packet.Success || len(a.AssignedClientID) == 0 || a.SharedUnavailable || a.WildcardsUnavailable ||
					a.SubscriptionIDsUnavailable || a.RetainUnavailable || a.HasMaximumQoS {
					c.Fatalf("CONNACK %+v", a)
				}
			}), ping("a"))},
	})
}

func TestV5Topics(t *testing.T) {
	const (
		wildcard = "wildcard in a topic name"
		noString = "string is not UTF-8 or holds U+0000"
	)
	invalid := func(filter string) conversation {
		return conversation{name: "[MQTT-4.7.1-1] [MQTT-4.7.1-2] the filter " + filter, steps: play(enters5("a"), steps(
			send("a", sub5(1, filter, 0, also("t", 0))), expect("a", granted5(1, packet.TopicFilterInvalid, 0)), ping("a")))}
	}
	// matches: of these topics the filter matches those given.
	matches := func(name, filter string, want ...string) conversation {
		all := []string{"a", "/a", "a/", "a/b", "a//b", "a/b/c", "A/b", "/", "$a", "$a/b", "$sys/x", "a/$b", "a b", "a/*", "a/>", "a.b", "*", ">", "\ufeffa"}
		var in, out strings.Builder
		for _, topic := range all {
			in.WriteString(pub5(topic, "x", 0, 0))
		}
		for _, topic := range want {
			out.WriteString(pub5(topic, "x", 0, 0))
		}
		return conversation{name: name + " " + filter, steps: play(listens5("a", filter, 0), enters5("p"),
			steps(send("p", in.String()), ping("p"), send("a", pingreq), expect("a", out.String(), pingresp)))}
	}
	const long = 65535
	converse(t, []conversation{
		cut5("[MQTT-4.7.0-1] + in a topic name", pub5("t/+", "", 0, 0), packet.TopicNameInvalid, wildcard),
		cut5("[MQTT-4.7.0-1] # in a topic name", pub5("t#", "", 1, 1), packet.TopicNameInvalid, wildcard),
		invalid("a/#/b"), invalid("a#"), invalid("#/a"), invalid("a/b#"), invalid("##"), invalid("a+"), invalid("+a/b"), invalid("a/+b/c"), invalid("+#"),
		matches("[MQTT-4.7.1-1]", "a/#", "a", "a/", "a/b", "a//b", "a/b/c", "a/$b", "a/*", "a/>"),
		matches("[MQTT-4.7.1-1] [MQTT-4.7.2-1]", "#", "a", "/a", "a/", "a/b", "a//b", "a/b/c", "A/b", "/", "a/$b", "a b", "a/*", "a/>", "a.b", "*", ">", "\ufeffa"),
		matches("[MQTT-4.7.1-2]", "a/+", "a/", "a/b", "a/$b", "a/*", "a/>"),
		matches("[MQTT-4.7.1-2]", "a/+/b", "a//b"),
		matches("[MQTT-4.7.1-2]", "/+", "/a", "/"),
		matches("[MQTT-4.7.1-2] [MQTT-4.7.2-1]", "+", "a", "a b", "a.b", "*", ">", "\ufeffa"),
		matches("[MQTT-4.7.1-2] [MQTT-4.7.2-1]", "+/b", "a/b", "A/b"),
		matches("[MQTT-4.7.1-2]", "+/+", "/a", "a/", "a/b", "A/b", "/", "a/$b", "a/*", "a/>"),
		matches("[MQTT-4.7.2-1] but what begins with $ is not hidden from those who name it", "$a/#", "$a", "$a/b"),
		matches("[MQTT-4.7.2-1]", "$sys/+", "$sys/x"),
		matches("[MQTT-4.7.3-4] neither is another's wildcard", "a/*", "a/*"),
		matches("[MQTT-4.7.3-4] neither is another's wildcard", "a/>", "a/>"),
		matches("[MQTT-4.7.3-4] neither is another's separator", "a.b", "a.b"),
		matches("[MQTT-4.7.3-4] a byte order mark counts", "a", "a"),
		cut5("[MQTT-4.7.3-1] an empty topic name", pub5("", "", 0, 0), packet.ProtocolError, "neither topic name nor topic alias"),
		cut5("[MQTT-4.7.3-1] an empty filter", sub5(1, "", 0), packet.Malformed, "malformed packet"),
		cut5("[MQTT-4.7.3-2] U+0000 in a topic name", pub5("a\x00", "", 0, 0), packet.Malformed, "malformed packet"),
		cut5("[MQTT-4.7.3-2] U+0000 in a filter", sub5(1, "\x00", 0), packet.Malformed, noString),
		{name: "[MQTT-4.7.3-3] a topic name and a filter of 65,535 bytes", conf: "max_subject: 131071", steps: play(
			listens5("a", strings.Repeat("x", long-2)+"/#", 0), steps(
				send("a", pub5(strings.Repeat("x", long-2)+"/y", "1", 0, 0)), expect("a", pub5(strings.Repeat("x", long-2)+"/y", "1", 0, 0)), ping("a")),
		)},
		{name: "[MQTT-4.7.3-4] nothing is normalized: letters composed and not, in upper and lower case, levels that are dots", steps: play(
			listens5("a", "caf\u00e9/X", 0), listens5("b", "cafe\u0301/X", 0), listens5("c", "x/../y", 0), steps(
				send("a", pub5("caf\u00e9/X", "1", 0, 0), pub5("cafe\u0301/X", "2", 0, 0), pub5("caf\u00e9/x", "3", 0, 0), pub5("y", "4", 0, 0), pub5("x/../y", "5", 0, 0)),
				expect("a", pub5("caf\u00e9/X", "1", 0, 0)), ping("a"), expect("b", pub5("cafe\u0301/X", "2", 0, 0)), ping("b"),
				expect("c", pub5("x/../y", "5", 0, 0)), ping("c")),
		)},
	})
}

package mqtt_test

import (
	"testing"
)

func TestV3Session(t *testing.T) {
	leaves := steps(send("s", bye3), closed("s"))
	converse(t, []conversation{
		{name: "[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-4.5.0-1] for a client that is away, QoS 1 and 2 are kept", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2, also("u", 0))), expect("s", ok3, granted3(1, 2, 0))), leaves, enters("p"),
			steps(send("p", pub3("t", "0", 0, 0), pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("u", "3", 1, 3)), expect("p", puback(1), pubrec(2), puback(3)),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "1", 1, 1), pub3("t", "2", 2, 2)), send("s", puback(1), pubrec(2)), expect("s", pubrel(2)), send("s", pubcomp(2)), ping("s"),
				send("p", pub3("t", "4", 1, 4)), expect("p", puback(4)), expect("s", pub3("t", "4", 1, 3))), leaves,
			steps(send("s", hello3("s", resume)), expect("s", back3, pub3("t", "4", 1, 3, dup)), send("s", puback(3)), ping("s")))},
		{name: "[MQTT-4.5.0-1] for every session that matches, whether its client is here or away", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1)), send("q", hello3("q", resume), sub3(1, "+", 2)), expect("q", ok3, granted3(1, 2))), leaves,
			watches("r", "#", 2), enters("p"),
			steps(send("p", pub3("t", "x", 2, 1)), expect("p", pubrec(1)), expect("q", pub3("t", "x", 2, 1)), expect("r", pub3("t", "x", 2, 1)),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "x", 1, 1))))},
		{name: "[MQTT-4.1.0-1] [MQTT-4.1.0-2] [MQTT-3.1.2-4] subscriptions, and what is under way in both directions, last", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2), pub3("u", "x", 2, 5)), expect("s", ok3, granted3(1, 2), pubrec(5))), watches("r", "u", 0), enters("p"),
			steps(send("p", pub3("t", "y", 2, 1)), expect("p", pubrec(1)), expect("s", pub3("t", "y", 2, 1)), send("s", pubrec(1)), expect("s", pubrel(1))), leaves,
			steps(send("s", hello3("s", resume)), expect("s", back3, pubrel(1)), send("s", pub3("u", "x", 2, 5, dup)), expect("s", pubrec(5)), send("s", pubrel(5)), expect("s", pubcomp(5)),
				send("s", pubcomp(1)), send("p", pub3("t", "z", 1, 2)), expect("p", puback(2)), expect("s", pub3("t", "z", 1, 2)), ping("r")))},
		{name: "[MQTT-4.1.0-2] [MQTT-3.1.2-6] a clean session lasts as long as its connection", steps: play(watches("s", "t", 1), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), expect("s", pub3("t", "1", 1, 1)), ping("s"),
				send("p", pub3("t", "2", 1, 2)), expect("p", puback(2)), expect("s", pub3("t", "2", 1, 2))), leaves,
			steps(send("p", pub3("t", "3", 1, 3)), expect("p", puback(3)), send("s", hello3("s", resume)), expect("s", ok3),
				send("p", pub3("t", "4", 1, 4)), expect("p", puback(4)), ping("s")))},
		{name: "[MQTT-3.1.2-6] clean session removes what was there: queue, flights, received identifiers", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1), pub3("u", "x", 2, 5)), expect("s", ok3, granted3(1, 1), pubrec(5))), watches("r", "u", 0), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), expect("s", pub3("t", "1", 1, 1))), leaves,
			steps(send("p", pub3("t", "2", 1, 2)), expect("p", puback(2)), send("s", hello3("s")), expect("s", ok3), ping("s"),
				send("s", pub3("u", "x", 2, 5)), expect("s", pubrec(5)), expect("r", pub3("u", "x", 0, 0)),
				send("p", pub3("t", "3", 1, 3)), expect("p", puback(3)), ping("s")))},
		{name: "[MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.6.0-4] PUBLISH and PUBREL are sent again, with their identifiers, each in order", memory: true, steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2))), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3), pub3("t", "4", 1, 4), pub3("t", "5", 2, 5), pub3("t", "6", 0, 0)),
				expect("p", puback(1), pubrec(2), pubrec(3), puback(4), pubrec(5)),
				expect("s", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3), pub3("t", "4", 1, 4), pub3("t", "5", 2, 5), pub3("t", "6", 0, 0)),
				send("s", pubrec(5), pubrec(2), puback(4)), expect("s", pubrel(5), pubrel(2))), leaves,
			steps(send("s", hello3("s", resume)), expect("s", back3), expect("s", pubrel(5), pubrel(2)), expect("s", pub3("t", "1", 1, 1, dup), pub3("t", "3", 2, 3, dup)), ping("s"),
				send("s", puback(1), pubrec(3), pubcomp(2), pubcomp(5)), expect("s", pubrel(3)), send("s", pubcomp(3)), ping("s")), leaves,
			steps(send("s", hello3("s", resume)), expect("s", back3), ping("s")))},
		{name: "[MQTT-4.4.0-1] never on a connection that goes on", steps: play(watches("s", "t", 1), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), expect("s", pub3("t", "1", 1, 1)), send("p", pub3("t", "2", 1, 2)), expect("p", puback(2)),
				expect("s", pub3("t", "2", 1, 2)), send("s", sub3(2, "x", 0), unsubscribe(v311, 3, "x")), expect("s", granted3(2, 0), unsuback(v311, 3)), ping("s")))},
		{name: "the queue of a client that is away is bounded, the newest is refused", conf: "max_queued: 2", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1))), leaves, enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 1, 2), pub3("t", "3", 1, 3)), expect("p", puback(1), puback(2), puback(3)),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "1", 1, 1), pub3("t", "2", 1, 2)), ping("s")))},
		{name: "or the oldest goes", conf: "max_queued: 2, queue_full: drop_oldest", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1))), leaves, enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 1, 2), pub3("t", "3", 1, 3)), expect("p", puback(1), puback(2), puback(3)),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "2", 1, 1), pub3("t", "3", 1, 2)), ping("s")))},
	})
}

func TestV3QoS(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-4.3.1-1] QoS 0: once, and forgotten", steps: play(watches("s", "t", 2), enters("p"),
			steps(send("p", pub3("t", "x", 0, 0)), ping("p"), expect("s", pub3("t", "x", 0, 0)), ping("s")))},
		{name: "[MQTT-4.3.2-1] QoS 1: a free identifier, without DUP, until PUBACK", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1))), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 1, 2)), expect("p", puback(1), puback(2)), expect("s", pub3("t", "1", 1, 1), pub3("t", "2", 1, 2)),
				send("s", puback(1), bye3), closed("s"), send("s", hello3("s", resume)), expect("s", back3, pub3("t", "2", 1, 2, dup)),
				send("s", puback(2), bye3), closed("s"), send("s", hello3("s", resume)), expect("s", back3), ping("s")))},
		{name: "[MQTT-4.3.2-2] QoS 1: once acknowledged, the same identifier is another message, whatever DUP says", steps: play(watches("s", "t", 0), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), send("p", pub3("t", "1", 1, 1, dup)), expect("p", puback(1)), send("p", pub3("t", "2", 1, 1)), expect("p", puback(1)),
				expect("s", pub3("t", "1", 0, 0), pub3("t", "1", 0, 0), pub3("t", "2", 0, 0)), ping("s")))},
		{name: "[MQTT-4.3.3-1] QoS 2: PUBLISH until PUBREC, then PUBREL until PUBCOMP, and never PUBLISH again", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2))), enters("p"),
			steps(send("p", pub3("t", "x", 2, 1)), expect("p", pubrec(1)), expect("s", pub3("t", "x", 2, 1)), send("s", bye3), closed("s"),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "x", 2, 1, dup)), send("s", pubrec(1)), expect("s", pubrel(1)), send("s", bye3), closed("s"),
				send("s", hello3("s", resume)), expect("s", back3, pubrel(1)), send("s", pubrec(1)), expect("s", pubrel(1)), send("s", pubcomp(1), bye3), closed("s"),
				send("s", hello3("s", resume)), expect("s", back3), ping("s")))},
		{name: "[MQTT-4.3.3-1] QoS 2: the identifier is taken until PUBCOMP", conf: "max_ack_pending: 1", steps: play(watches("s", "t", 2), enters("p"),
			steps(send("p", pub3("t", "1", 2, 1), pub3("t", "2", 2, 2)), expect("p", pubrec(1), pubrec(2)), expect("s", pub3("t", "1", 2, 1)), ping("s"),
				send("s", pubrec(1)), expect("s", pubrel(1)), ping("s"), send("s", pubcomp(1)), expect("s", pub3("t", "2", 2, 2))))},
		{name: "[MQTT-4.3.3-2] QoS 2: until PUBREL the same identifier is the same message", steps: play(watches("s", "t", 0), enters("p"),
			steps(send("p", pub3("t", "1", 2, 1), pub3("t", "1", 2, 1, dup), pub3("t", "1", 2, 1)), expect("p", pubrec(1), pubrec(1), pubrec(1)),
				send("p", pubrel(1)), expect("p", pubcomp(1)), send("p", pub3("t", "2", 2, 1, dup)), expect("p", pubrec(1)),
				send("p", pubrel(1), pubrel(1)), expect("p", pubcomp(1), pubcomp(1)), expect("s", pub3("t", "1", 0, 0), pub3("t", "2", 0, 0)), ping("s")))},
		{name: "[MQTT-4.3.3-2] QoS 2: other identifiers and QoS 1 are not concerned", steps: play(watches("s", "t", 0), enters("p"),
			steps(send("p", pub3("t", "1", 2, 1), pub3("t", "2", 2, 2), pub3("t", "3", 1, 1)), expect("p", pubrec(1), pubrec(2), puback(1)),
				expect("s", pub3("t", "1", 0, 0), pub3("t", "2", 0, 0), pub3("t", "3", 0, 0)), send("p", pubrel(2)), expect("p", pubcomp(2)), send("p", pub3("t", "1", 2, 1, dup)), expect("p", pubrec(1)), ping("s")))},
		{name: "PUBREL of what is not known gets PUBCOMP", steps: play(enters("p"), steps(send("p", pubrel(0x1234)), expect("p", pubcomp(0x1234)), ping("p")))},
		{name: "acknowledgements of the wrong kind are passed over", steps: play(watches("s", "t", 2), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2)), expect("p", puback(1), pubrec(2)), expect("s", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2)),
				send("s", pubrec(1), pubcomp(1), puback(2), pubcomp(2)), ping("s"), send("s", pubrec(2)), expect("s", pubrel(2)), send("s", pubcomp(2), puback(1)), ping("s")))},
		{name: "[MQTT-4.6.0-2] PUBACKs in the order of their PUBLISH", steps: play(enters("p"),
			steps(send("p", pub3("t", "", 1, 3), pub3("t", "", 1, 1), pub3("u", "", 1, 2)), expect("p", puback(3), puback(1), puback(2))))},
		{name: "[MQTT-4.6.0-3] PUBRECs in the order of their PUBLISH", steps: play(enters("p"),
			steps(send("p", pub3("t", "", 2, 3), pub3("t", "", 2, 1), pub3("t", "", 1, 9), pub3("u", "", 2, 2)), expect("p", pubrec(3), pubrec(1), puback(9), pubrec(2)),
				send("p", pubrel(1), pubrel(3)), expect("p", pubcomp(1), pubcomp(3))))},
		{name: "[MQTT-4.6.0-4] PUBRELs in the order of their PUBREC", steps: play(watches("s", "t", 2), enters("p"),
			steps(send("p", pub3("t", "1", 2, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), expect("p", pubrec(1), pubrec(2), pubrec(3)),
				expect("s", pub3("t", "1", 2, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), send("s", pubrec(2), pubrec(3), pubrec(1)), expect("s", pubrel(2), pubrel(3), pubrel(1))))},
	})
}

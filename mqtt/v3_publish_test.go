package mqtt_test

import (
	"strings"
	"testing"
)

func TestV3PublishFlags(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-3.3.1-4] QoS 3", framed(0x36, text("t")+"\x00\x01x")),
		cut("[MQTT-3.3.1-2] DUP at QoS 0", framed(0x38, text("t")+"x")),
		{name: "[MQTT-3.3.1-1] [MQTT-3.3.1-3] the publisher's DUP is its own", steps: play(watches("s", "t", 2), enters("p"),
			steps(send("p", pub3("t", "x", 1, 1, dup)), expect("p", puback(1)), expect("s", pub3("t", "x", 1, 1)),
				send("p", pub3("t", "y", 2, 2, dup)), expect("p", pubrec(2)), expect("s", pub3("t", "y", 2, 2))))},
		{name: "[MQTT-3.3.1-1] [MQTT-3.3.1-3] DUP is set where a message is sent again, and only there", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2))), enters("p"),
			steps(send("p", pub3("t", "x", 1, 1), pub3("t", "y", 2, 2)), expect("p", puback(1), pubrec(2)),
				expect("s", pub3("t", "x", 1, 1), pub3("t", "y", 2, 2)), send("s", bye3), closed("s"),
				send("p", pub3("t", "z", 1, 3)), expect("p", puback(3)),
				send("s", hello3("s", resume)), expect("s", back3, pub3("t", "x", 1, 1, dup), pub3("t", "y", 2, 2, dup), pub3("t", "z", 1, 3))))},
		{name: "[MQTT-3.3.1-2] [MQTT-4.3.1-1] at QoS 0 a message is sent once, without DUP", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 0)), expect("s", ok3, granted3(1, 0))), enters("p"),
			steps(send("p", pub3("t", "x", 1, 1, dup)), expect("p", puback(1)), expect("s", pub3("t", "x", 0, 0)),
				send("s", bye3), closed("s"), send("s", hello3("s", resume)), expect("s", back3), ping("s")))},
	})
}

func TestV3PublishTopic(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-3.3.2-1] the topic is not the first field", framed(0x30, "x")),
		cut("[MQTT-3.3.2-2] [MQTT-4.7.1-1] # in a topic", pub3("a/#", "x", 0, 0)),
		cut("[MQTT-3.3.2-2] [MQTT-4.7.1-1] + in a topic at QoS 1", pub3("a/+/b", "x", 1, 1)),
		cut("[MQTT-3.3.2-2] [MQTT-4.7.1-1] + within a level, at QoS 2", pub3("a+", "x", 2, 1)),
		cut("[MQTT-4.7.3-1] no topic", pub3("", "x", 1, 1)),
		{name: "[MQTT-3.3.2-3] what a subscriber gets has the topic it was published to", steps: play(watches("s", "a/+/c/#", 0), enters("p"),
			steps(send("p", pub3("a//c", "1", 0, 0), pub3("a/b/c/d e", "2", 0, 0), pub3("a/b", "3", 0, 0), pub3("a/x.y/c/", "4", 1, 1)), expect("p", puback(1)),
				expect("s", pub3("a//c", "1", 0, 0), pub3("a/b/c/d e", "2", 0, 0), pub3("a/x.y/c/", "4", 0, 0)), ping("s")))},
		{name: "a topic of 200 separators, and one of more", steps: play(watches("s", "#", 0), enters("p"),
			steps(send("p", pub3(strings.Repeat("/", 200), "x", 0, 0)), expect("s", pub3(strings.Repeat("/", 200), "x", 0, 0)),
				send("p", pub3(strings.Repeat("/", 201), "x", 1, 1)), closed("p")))},
	})
}

func TestV3PublishAnswer(t *testing.T) {
	const users = `authorization { users: [ {user: u, password: p}, {user: w, password: p, permissions: { publish: "ok.>" } } ] }`
	everything := steps(send("s", hello3("s", login("u", "p")), sub3(1, "#", 0)), expect("s", ok3, granted3(1, 0)))
	converse(t, []conversation{
		{name: "[MQTT-3.3.4-1] QoS 0: no answer; 1: PUBACK; 2: PUBREC", steps: play(enters("p"),
			steps(send("p", pub3("t", "x", 0, 0)), ping("p"), send("p", pub3("t", "x", 1, 5)), expect("p", puback(5)),
				send("p", pub3("t", "x", 2, 6)), expect("p", pubrec(6)), ping("p")))},
		{name: "[MQTT-3.3.5-1] overlapping subscriptions: one copy at the highest QoS", steps: play(enters("s"),
			steps(send("s", sub3(1, "a/b", 0, also("a/+", 2), also("#", 1))), expect("s", granted3(1, 0, 2, 1))), enters("p"),
			steps(send("p", pub3("a/b", "x", 2, 1)), expect("p", pubrec(1)), expect("s", pub3("a/b", "x", 2, 1)), ping("s"),
				send("p", pub3("a/c", "y", 1, 2)), expect("p", puback(2)), expect("s", pub3("a/c", "y", 1, 2)), ping("s"),
				send("p", pub3("c", "z", 2, 3)), expect("p", pubrec(3)), expect("s", pub3("c", "z", 1, 3)), ping("s"),
				send("p", pub3("a/b", "q", 0, 0)), expect("s", pub3("a/b", "q", 0, 0)), ping("s")))},
		{name: "[MQTT-3.3.5-1] whichever of them that is", steps: play(enters("s"),
			steps(send("s", sub3(1, "1/b", 2, also("1/+", 0), also("1/#", 1), also("2/b", 1), also("2/+", 2), also("2/#", 0), also("3/b", 0), also("3/+", 1), also("3/#", 2))),
				expect("s", granted3(1, 2, 0, 1, 1, 2, 0, 0, 1, 2))), enters("p"),
			steps(send("p", pub3("1/b", "x", 2, 1), pub3("2/b", "x", 2, 2), pub3("3/b", "x", 2, 3)), expect("p", pubrec(1), pubrec(2), pubrec(3)),
				expect("s", pub3("1/b", "x", 2, 1), pub3("2/b", "x", 2, 2), pub3("3/b", "x", 2, 3)), ping("s")))},
		{name: "[MQTT-3.3.5-1] overlapping subscriptions at QoS 0 too", steps: play(enters("s"),
			steps(send("s", sub3(1, "a/#", 0, also("a/+", 0), also("a", 0))), expect("s", granted3(1, 0, 0, 0)),
				send("s", pub3("a/b", "x", 0, 0), pub3("a", "y", 0, 0)), expect("s", pub3("a/b", "x", 0, 0), pub3("a", "y", 0, 0)), ping("s")))},
		{name: "[MQTT-3.3.5-2] what is not allowed is acknowledged and dropped", conf: users, steps: play(everything,
			steps(send("p", hello3("p", login("w", "p")), pub3("no", "0", 0, 0), pub3("no", "1", 1, 1, retained), pub3("no", "2", 2, 2), pubrel(2), pub3("ok/x", "3", 1, 3)),
				expect("p", ok3, puback(1), pubrec(2), pubcomp(2), puback(3)), expect("s", pub3("ok/x", "3", 0, 0)),
				send("s", sub3(2, "#", 0)), expect("s", granted3(2, 0)), ping("s")))},
		{name: "[MQTT-3.3.5-2] or ends the connection, without an acknowledgement", conf: users + "\ndenied_publish: close", steps: play(everything,
			steps(send("p", hello3("p", login("w", "p"))), expect("p", ok3), send("p", pub3("no", "1", 1, 1)), closed("p"),
				send("p", hello3("p", login("w", "p"))), expect("p", ok3), send("p", pub3("no", "2", 2, 1)), closed("p"),
				send("p", hello3("p", login("w", "p"))), expect("p", ok3), send("p", pub3("no", "0", 0, 0)), closed("p"),
				send("s", pub3("x", "end", 0, 0)), expect("s", pub3("x", "end", 0, 0)), ping("s")))},
		{name: "[MQTT-3.3.5-2] what is the server's own is acknowledged and dropped", steps: play(watches("s", "$SYS/x", 0), watches("t", "#", 0),
			enters("p"), steps(send("p", pub3("$SYS/x", "1", 1, 1), pub3("$JS/API", "2", 2, 2), pub3("$share/g/t", "3", 1, 3), pub3("_INBOX/a", "4", 1, 4), pub3("u", "end", 0, 0)),
				expect("p", puback(1), pubrec(2), puback(3), puback(4)), expect("t", pub3("u", "end", 0, 0)), ping("s"), ping("t")))},
	})
}

func TestV3Retained(t *testing.T) {
	puts := func(payload string, qos byte, id uint16) []step {
		all := steps(send("p", pub3("r", payload, qos, id, retained)))
		switch qos {
		case 1:
			all = append(all, expect("p", puback(id)))
		case 2:
			all = append(all, expect("p", pubrec(id)), send("p", pubrel(id)), expect("p", pubcomp(id)))
		}
		return append(all, ping("p"))
	}
	converse(t, []conversation{
		{name: "[MQTT-3.3.1-5] [MQTT-3.3.1-8] the last one is kept, with its QoS", steps: play(enters("p"), puts("1", 0, 0), puts("2", 1, 1), puts("3", 2, 2),
			enters("s"), steps(send("s", sub3(1, "r", 2)), expect("s", granted3(1, 2), pub3("r", "3", 2, 1, retained)),
				send("s", sub3(2, "+", 1)), expect("s", granted3(2, 1), pub3("r", "3", 1, 2, retained))), puts("4", 1, 3),
			steps(expect("s", pub3("r", "4", 1, 3)), send("s", sub3(3, "r", 2)), expect("s", granted3(3, 2), pub3("r", "4", 1, 4, retained)), ping("s")))},
		{name: "[MQTT-3.3.1-6] a new subscription gets the last of each topic that it matches", steps: play(enters("p"),
			steps(send("p", pub3("a/1", "old", 0, 0, retained), pub3("a/1", "x", 0, 0, retained), pub3("a", "y", 0, 0, retained), pub3("b", "no", 0, 0, retained), pub3("a/1", "live", 0, 0)), ping("p")),
			enters("s"), steps(send("s", sub3(1, "a/1", 0, also("a", 0))), expect("s", granted3(1, 0, 0), pub3("a/1", "x", 0, 0, retained), pub3("a", "y", 0, 0, retained)), ping("s"),
				send("s", sub3(2, "a/+", 0)), expect("s", granted3(2, 0), pub3("a/1", "x", 0, 0, retained)), ping("s"),
				send("s", sub3(3, "c/#", 0)), expect("s", granted3(3, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-7] one at QoS 0 takes the place of one at QoS 2", steps: play(enters("p"), puts("1", 2, 1), puts("2", 0, 0),
			enters("s"), steps(send("s", sub3(1, "r", 2)), expect("s", granted3(1, 2), pub3("r", "2", 0, 0, retained)), ping("s")))},
		{name: "[MQTT-3.3.1-9] whoever has subscribed already gets it without RETAIN", steps: play(watches("s", "r", 1), enters("p"), puts("1", 0, 0), puts("2", 1, 1),
			steps(expect("s", pub3("r", "1", 0, 0), pub3("r", "2", 1, 1)), ping("s")))},
		{name: "[MQTT-3.3.1-10] [MQTT-3.3.1-11] one without payload is delivered and removes what is kept", steps: play(watches("s", "r", 1), enters("p"), puts("1", 1, 1), puts("", 1, 2),
			steps(expect("s", pub3("r", "1", 1, 1), pub3("r", "", 1, 2)), send("s", sub3(2, "r", 0)), expect("s", granted3(2, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-11] where nothing is kept, it is not kept either", steps: play(enters("p"), puts("", 0, 0), puts("", 2, 1),
			enters("s"), steps(send("s", sub3(1, "#", 0)), expect("s", granted3(1, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-12] without RETAIN nothing is kept, and nothing removed", steps: play(enters("p"),
			steps(send("p", pub3("r", "x", 1, 1)), expect("p", puback(1)), send("s", hello3("s"), sub3(1, "r", 0)), expect("s", ok3, granted3(1, 0)), ping("s")),
			puts("1", 0, 0), steps(expect("s", pub3("r", "1", 0, 0)), send("p", pub3("r", "2", 1, 2), pub3("r", "", 1, 3)), expect("p", puback(2), puback(3)),
				expect("s", pub3("r", "2", 0, 0), pub3("r", "", 0, 0)), send("s", sub3(2, "r", 0)), expect("s", granted3(2, 0), pub3("r", "1", 0, 0, retained)), ping("s")))},
		{name: "[MQTT-3.1.2-7] what a client has retained stays when its session goes", steps: play(enters("p"), puts("1", 1, 1),
			steps(send("p", bye3), closed("p"), send("p", hello3("p")), expect("p", ok3), send("p", sub3(1, "r", 0)), expect("p", granted3(1, 0), pub3("r", "1", 0, 0, retained)), ping("p")))},
		{name: "[MQTT-3.3.1-6] not where a session is resumed: nothing is subscribed to", steps: play(enters("p"), puts("1", 1, 1),
			steps(send("s", hello3("s", resume), sub3(1, "r", 1)), expect("s", ok3, granted3(1, 1), pub3("r", "1", 1, 1, retained)), send("s", puback(1), bye3), closed("s"),
				send("s", hello3("s", resume)), expect("s", back3), ping("s")))},
		{name: "a large one", steps: play(enters("p"), puts(strings.Repeat("x", 1<<20), 1, 1),
			enters("s"), steps(send("s", sub3(1, "r", 0)), expect("s", granted3(1, 0), pub3("r", strings.Repeat("x", 1<<20), 0, 0, retained)), ping("s")))},
	})
}

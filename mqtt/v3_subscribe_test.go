package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestV3Subscribe(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-3.8.3-3] no filter", framed(0x82, "\x00\x01")),
		cut("[MQTT-3.8.3-4] QoS 3", sub3(1, "t", 3)),
		cut("[MQTT-3.8.3-4] reserved bits, in the second filter", sub3(1, "t", 1, also("u", 4))),
		cut("[MQTT-3.8.3-4] the highest reserved bit", sub3(1, "t", 0x80)),
		cut("[MQTT-4.7.3-1] an empty filter", sub3(1, "", 0)),
		{name: "[MQTT-3.8.3-2] filters may have wildcards", steps: play(enters("s"),
			steps(send("s", sub3(1, "a/+", 0, also("b/#", 0))), expect("s", granted3(1, 0, 0)),
				send("s", pub3("a/x", "1", 0, 0), pub3("b/y/z", "2", 0, 0), pub3("b", "3", 0, 0), pub3("a", "no", 0, 0)),
				expect("s", pub3("a/x", "1", 0, 0), pub3("b/y/z", "2", 0, 0), pub3("b", "3", 0, 0)), ping("s")))},
		{name: "[MQTT-3.8.4-1] [MQTT-3.8.4-2] each SUBSCRIBE is answered, with its identifier", steps: play(enters("s"),
			steps(send("s", sub3(0x102, "a", 0), sub3(0x103, "a", 1), sub3(7, "b", 2)),
				expect("s", granted3(0x102, 0), granted3(0x103, 1), granted3(7, 2)), ping("s")))},
		{name: "[MQTT-3.8.4-3] the same filter again: one subscription, with the new QoS and what is retained", steps: play(enters("p"),
			steps(send("p", pub3("t", "r", 2, 1, retained)), expect("p", pubrec(1))), enters("s"),
			steps(send("s", sub3(1, "t", 0)), expect("s", granted3(1, 0), pub3("t", "r", 0, 0, retained)),
				send("s", sub3(2, "t", 2)), expect("s", granted3(2, 2), pub3("t", "r", 2, 1, retained)),
				send("p", pub3("t", "x", 2, 2)), expect("p", pubrec(2)), expect("s", pub3("t", "x", 2, 2)), ping("s"),
				send("s", sub3(3, "t", 0)), expect("s", granted3(3, 0), pub3("t", "r", 0, 0, retained)),
				send("p", pub3("t", "y", 2, 3)), expect("p", pubrec(3)), expect("s", pub3("t", "y", 0, 0)), ping("s"),
				send("s", unsubscribe(v311, 4, "t")), expect("s", unsuback(v311, 4)), send("s", pub3("t", "z", 1, 9)), expect("s", puback(9)), ping("s")))},
		{name: "[MQTT-3.8.4-3] also where a session has brought it along", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1)), send("s", bye3), closed("s"),
				send("s", hello3("s", resume), sub3(1, "t", 1), pub3("t", "x", 1, 1)), expect("s", back3, granted3(1, 1), pub3("t", "x", 1, 1), puback(1)), ping("s")))},
		{name: "[MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1] several filters, one SUBACK, one code each in their order", steps: play(enters("s"),
			steps(send("s", sub3(1, "a", 2, also("b#", 1), also("c", 0), also("d", 1), also("$JS/#", 1))), expect("s", granted3(1, 2, failed3, 0, 1, failed3)),
				send("s", pub3("a", "1", 2, 1)), expect("s", pub3("a", "1", 2, 1), pubrec(1)), send("s", pub3("c", "2", 0, 0)), expect("s", pub3("c", "2", 0, 0)),
				send("s", pub3("d", "3", 1, 3)), expect("s", pub3("d", "3", 1, 2), puback(3)), ping("s")))},
		{name: "[MQTT-3.9.3-2] [MQTT-3.8.4-5] whatever is refused, the code is 0x80", steps: play(
			steps(send("s", hello3("s", login("u", "p"))), expect("s", ok3),
				send("s", framed(0x82, "\x00\x01"+text("no/x")+"\x01"+text("a+")+"\x02"+text("$SYSTEM/#")+"\x00"+text("$share/g")+"\x01"+text("ok/x")+"\x01")),
				expect("s", "\x90\x07\x00\x01\x80\x80\x80\x80\x01"), ping("s"))),
			conf: `authorization { users: [ {user: u, password: p, permissions: { subscribe: "ok.>" } } ] }`},
		{name: "[MQTT-3.9.3-2] more than a session may have", conf: "max_subscriptions: 2", steps: play(enters("s"),
			steps(send("s", sub3(1, "a", 0, also("b", 1), also("c", 2), also("a", 2))), expect("s", granted3(1, 0, 1, failed3, 2)), ping("s")))},
		{name: "[MQTT-3.9.3-2] more levels than are served", steps: play(enters("s"),
			steps(send("s", sub3(1, strings.Repeat("/", 200), 0, also(strings.Repeat("/", 201), 0))), expect("s", granted3(1, 0, failed3)), ping("s")))},
	})
}

// Each message at the lower of the two QoS, whoever published it.
func TestV3DeliveredQoS(t *testing.T) {
	var all []conversation
	for published := range byte(3) {
		for granted := range byte(3) {
			lower := min(published, granted)
			id := uint16(min(lower, 1))
			answer := []string{"", puback(9), pubrec(9)}[published]
			all = append(all, conversation{
				name: "[MQTT-3.8.4-6] published at " + string('0'+published) + ", granted " + string('0'+granted),
				steps: play(watches("s", "t", packet.Options(granted)), enters("p"),
					steps(send("p", pub3("t", "x", published, 9*uint16(min(published, 1)))), expect("p", answer), expect("s", pub3("t", "x", lower, id)), ping("s"))),
			})
		}
	}
	converse(t, all)
}

func TestV3Unsubscribe(t *testing.T) {
	converse(t, []conversation{
		cut("[MQTT-3.10.3-2] no filter", framed(0xa2, "\x00\x01")),
		{name: "[MQTT-3.10.4-1] filters are compared letter by letter", steps: play(enters("s"),
			steps(send("s", sub3(1, "a/b", 0, also("C/+", 0))), expect("s", granted3(1, 0, 0)),
				send("s", unsubscribe(v311, 2, "a/+", "a/#", "#", "a/b/", "A/b", "C/x", "C/#")), expect("s", unsuback(v311, 2)),
				send("s", pub3("a/b", "1", 0, 0), pub3("C/x", "2", 0, 0)), expect("s", pub3("a/b", "1", 0, 0), pub3("C/x", "2", 0, 0)), ping("s"),
				send("s", unsubscribe(v311, 3, "C/+")), expect("s", unsuback(v311, 3)),
				send("s", pub3("C/x", "3", 0, 0), pub3("a/b", "4", 0, 0)), expect("s", pub3("a/b", "4", 0, 0)), ping("s")))},
		{name: "[MQTT-3.10.4-1] [MQTT-3.10.4-2] what is mapped as another subscription is, stays", steps: play(enters("s"),
			steps(send("s", sub3(1, "a/#", 1, also("a", 1))), expect("s", granted3(1, 1, 1)), send("s", unsubscribe(v311, 2, "a/#")), expect("s", unsuback(v311, 2)),
				send("s", pub3("a/x", "no", 0, 0), pub3("a", "x", 0, 0)), expect("s", pub3("a", "x", 0, 0)), ping("s")))},
		{name: "[MQTT-3.10.4-2] nothing new is sent after it", steps: play(watches("s", "t", 1), watches("r", "t", 1), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), expect("s", pub3("t", "1", 1, 1)), expect("r", pub3("t", "1", 1, 1)),
				send("s", unsubscribe(v311, 2, "t")), expect("s", unsuback(v311, 2)),
				send("p", pub3("t", "2", 1, 2), pub3("t", "3", 0, 0)), expect("p", puback(2)), expect("r", pub3("t", "2", 1, 2), pub3("t", "3", 0, 0)), ping("s")))},
		{name: "[MQTT-3.10.4-3] what was begun is completed", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2))), enters("p"),
			steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), expect("p", puback(1), pubrec(2), pubrec(3)),
				expect("s", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), send("s", pubrec(3)), expect("s", pubrel(3)),
				send("s", unsubscribe(v311, 2, "t")), expect("s", unsuback(v311, 2)), send("s", pubrec(2)), expect("s", pubrel(2)), send("s", bye3), closed("s"),
				send("s", hello3("s", resume)), expect("s", back3), expect("s", pubrel(3), pubrel(2)), expect("s", pub3("t", "1", 1, 1, dup)),
				send("s", puback(1), pubcomp(2), pubcomp(3)), ping("s")))},
		{name: "[MQTT-3.10.4-4] [MQTT-3.10.4-5] UNSUBACK with its identifier, also where nothing was subscribed to", steps: play(enters("s"),
			steps(send("s", unsubscribe(v311, 0xabcd, "t")), expect("s", "\xb0\x02\xab\xcd"), ping("s")))},
		{name: "it makes room for another, and stays without it in whatever version the session goes on", conf: "max_subscriptions: 1", steps: play(
			steps(send("s", hello3("s", resume), sub3(1, "a", 1), unsubscribe(v311, 2, "a"), sub3(3, "b", 1)), expect("s", ok3, granted3(1, 1), unsuback(v311, 2), granted3(3, 1)), send("s", bye3), closed("s"),
				send("s", connect(v5, "s", stays(100))), expect("s", connack(v5, true)), send("s", publish(v5, "a", "x", 0, 0), publish(v5, "b", "y", 0, 0)), expect("s", publish(v5, "b", "y", 0, 0)), ping("s")))},
		{name: "[MQTT-3.10.4-6] several filters are several requests with one answer", steps: play(enters("s"),
			steps(send("s", sub3(1, "a", 0, also("b", 0), also("c", 0))), expect("s", granted3(1, 0, 0, 0)),
				send("s", unsubscribe(v311, 2, "a", "x", "b")), expect("s", unsuback(v311, 2)),
				send("s", pub3("a", "1", 0, 0), pub3("b", "2", 0, 0), pub3("c", "3", 0, 0)), expect("s", pub3("c", "3", 0, 0)), ping("s")))},
	})
}

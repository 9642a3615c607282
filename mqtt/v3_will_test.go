package mqtt_test

import (
	"testing"

	"leafgate/gateway/gatewaytest"
)

func TestV3Will(t *testing.T) {
	gone := will("w", "gone", 1, false)
	published := expect("s", pub3("w", "gone", 1, 1))
	none := steps(send("s", puback(1), pub3("w", "end", 0, 0)), expect("s", pub3("w", "end", 0, 0)), ping("s"))
	silent := steps(send("s", pub3("w", "end", 0, 0)), expect("s", pub3("w", "end", 0, 0)), ping("s"))
	converse(t, []conversation{
		{name: "[MQTT-3.1.2-8] [MQTT-3.1.2-9] the connection breaks", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(drop("a"), published), none)},
		{name: "[MQTT-3.1.2-8] the client violates the protocol", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(send("a", "\xf0\x00"), closed("a"), published), none)},
		{name: "[MQTT-3.1.2-8] [MQTT-3.14.1-1] its DISCONNECT has a body", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(send("a", "\xe0\x01\x00"), closed("a"), published), none)},
		{name: "[MQTT-3.1.2-8] [MQTT-3.14.1-1] its DISCONNECT has flags", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(send("a", "\xe1\x00"), closed("a"), published), none)},
		{name: "[MQTT-3.1.2-8] it says nothing for too long", steps: play(
			watches("s", "w", 1), enters("a", gone, keepAlive(1)), steps(closed("a"), published), none)},
		{name: "[MQTT-3.1.2-8] the server does not go on", more: "max_payload: 1024", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(send("a", framed(0x30, text("t")+string(make([]byte, 1025)))), closed("a"), published), none)},
		{name: "[MQTT-3.1.2-8] but not before CONNECT was accepted", conf: "authorization { users: [ {user: u, password: p} ] }", steps: play(
			steps(send("s", hello3("s", login("u", "p")), sub3(1, "w", 1)), expect("s", ok3, granted3(1, 1)),
				send("a", hello3("a", gone)), expect("a", "\x20\x02\x00\x05"), closed("a")), silent)},
		{name: "[MQTT-3.1.2-9] without a message", steps: play(
			watches("s", "w", 1), enters("a", will("w", "", 1, false)), steps(drop("a"), expect("s", pub3("w", "", 1, 1))))},
		{name: "[MQTT-3.1.2-10] [MQTT-3.14.4-3] never after a DISCONNECT", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(send("a", bye3), closed("a")), silent)},
		{name: "[MQTT-3.1.2-10] once only, though the session goes on", steps: play(
			watches("s", "w", 1), steps(send("a", hello3("a", resume, gone)), expect("a", ok3), drop("a"), published,
				send("a", hello3("a", resume)), expect("a", back3), drop("a"),
				send("a", hello3("a", resume)), expect("a", back3)), none)},
		{name: "[MQTT-3.1.2-12] none is published where none was given", steps: play(
			watches("s", "#", 1), enters("a"), steps(drop("a"), send("b", hello3("a")), expect("b", ok3)), silent)},
		{name: "[MQTT-3.1.2-16] not retained", steps: play(
			watches("s", "w", 1), enters("a", gone), steps(drop("a"), published,
				send("s", sub3(2, "w", 1)), expect("s", granted3(2, 1))), none)},
		{name: "[MQTT-3.1.2-17] retained", steps: play(
			watches("s", "w", 1), enters("a", will("w", "gone", 1, true)), steps(drop("a"), published,
				send("s", sub3(2, "w", 1)), expect("s", granted3(2, 1), pub3("w", "gone", 1, 2, retained))), none)},
		{name: "at QoS 2, for one at QoS 0 and one at QoS 2", steps: play(
			watches("r", "w", 0), watches("s", "w", 2), enters("a", will("w", "x", 2, false)),
			steps(drop("a"), expect("r", pub3("w", "x", 0, 0)), expect("s", pub3("w", "x", 2, 1)), send("s", pubrec(1)), expect("s", pubrel(1))))},
		{name: "empty and retained: it clears the topic", steps: play(
			watches("s", "w", 0), enters("p"), steps(send("p", pub3("w", "x", 1, 1, retained)), expect("p", puback(1)), expect("s", pub3("w", "x", 0, 0))),
			enters("a", will("w", "", 0, true)), steps(drop("a"), expect("s", pub3("w", "", 0, 0)), send("s", sub3(2, "w", 0)), expect("s", granted3(2, 0)), ping("s")))},
		turnedAway("[MQTT-4.7.1-1] [MQTT-3.1.3-10] on a topic with a wildcard", hello3("a", will("w/#", "x", 0, false))),
		turnedAway("[MQTT-4.7.3-1] on no topic", hello3("a", will("", "x", 0, false))),
	})
}

// NATS clients hear of wills too.
func TestV3WillForOthers(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	n := natsClient(t, g, "")
	n.send("SUB w 1\r\nPING\r\n")
	n.expect("PONG\r\n")
	a := dial(t, g)
	a.send(hello3("a", will("w", "gone", 1, false)))
	a.expect(ok3)
	a.drop()
	n.expect("MSG w 1 4\r\ngone\r\n")
}

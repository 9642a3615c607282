package mqtt_test

import "testing"

func TestV3Connack(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.2.0-1] [MQTT-3.1.4-4] CONNACK comes before what has been queued", steps: play(
			steps(send("a", hello3("a", resume), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)), send("a", bye3), closed("a")),
			enters("p"), steps(send("p", pub3("t", "x", 1, 1), pub3("t", "y", 1, 2)), expect("p", puback(1), puback(2)),
				send("a", hello3("a", resume)), expect("a", back3, pub3("t", "x", 1, 1), pub3("t", "y", 1, 2))),
		)},
		{name: "[MQTT-3.2.2-1] [MQTT-3.1.2-6] no session is present with clean session, and none is left", steps: steps(
			send("a", hello3("a", resume), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)), send("a", bye3), closed("a"),
			send("a", hello3("a")), expect("a", ok3), send("a", pub3("t", "x", 1, 1)), expect("a", puback(1)), ping("a"), send("a", bye3), closed("a"),
			send("a", hello3("a", resume)), expect("a", ok3),
		)},
		{name: "[MQTT-3.2.2-2] a session is present where one was stored", steps: steps(
			send("a", hello3("a", resume)), expect("a", ok3), send("a", bye3), closed("a"), send("a", hello3("a", resume)), expect("a", back3),
			drop("a"), send("a", hello3("a", resume)), expect("a", back3),
		)},
		{name: "[MQTT-3.2.2-3] none is where none was stored", steps: steps(
			send("b", hello3("b", resume)), expect("b", ok3), send("a", hello3("a")), expect("a", ok3), send("a", bye3), closed("a"),
			send("a", hello3("a", resume)), expect("a", ok3),
		)},
	})
}

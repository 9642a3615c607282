package mqtt_test

import "testing"

func TestV3Ping(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.12.4-1] PINGREQ is answered, each one", steps: play(enters("a"), steps(send("a", pingreq, pingreq, pingreq), expect("a", pingresp, pingresp, pingresp), ping("a")))},
	})
}

func TestV3Disconnect(t *testing.T) {
	gone := will("w", "gone", 0, false)
	converse(t, []conversation{
		{name: "[MQTT-3.14.4-3] [MQTT-3.14.4-1] the will is dropped and the connection closed", steps: play(watches("s", "w", 0), enters("a", gone),
			steps(send("a", bye3), closed("a"), send("s", pub3("w", "end", 0, 0)), expect("s", pub3("w", "end", 0, 0)), ping("s")))},
		{name: "[MQTT-3.14.4-2] what follows is not looked at", steps: play(watches("s", "#", 0), enters("a", gone),
			steps(send("a", pub3("t", "before", 0, 0), bye3, pub3("t", "behind", 0, 0), "\xf0\x00"), closed("a"), expect("s", pub3("t", "before", 0, 0)),
				send("s", pub3("w", "end", 0, 0)), expect("s", pub3("w", "end", 0, 0)), ping("s")))},
		{name: "[MQTT-3.14.4-1] what came before is taken, and answered", steps: play(watches("s", "#", 1),
			steps(send("a", hello3("a"), sub3(1, "u", 0), pub3("t", "1", 0, 0), pub3("t", "2", 1, 1), bye3),
				expect("a", ok3, granted3(1, 0), puback(1)), closed("a"),
				expect("s", pub3("t", "1", 0, 0), pub3("t", "2", 1, 1))))},
		{name: "a second DISCONNECT is not looked at", steps: play(watches("s", "w", 0), enters("a", gone),
			steps(send("a", bye3, "\xe0\x01\x00"), closed("a"), send("s", pub3("w", "end", 0, 0)), expect("s", pub3("w", "end", 0, 0)), ping("s")))},
	})
}

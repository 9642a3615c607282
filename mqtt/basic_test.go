package mqtt_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

func TestBasics(t *testing.T) {
	converse(t, []conversation{
		{name: "connect and ping, 3.1.1", steps: []step{send("a", connect(v311, "a")), expect("a", connack(v311, false)), ping("a")}},
		{name: "connect and ping, 3.1", steps: []step{send("a", connect(v31, "a")), expect("a", connack(v31, false)), ping("a")}},
		{name: "connect and ping, 5", steps: []step{send("a", connect(v5, "a")), expect("a", connack(v5, false)), ping("a")}},
		{name: "publish to oneself", steps: []step{
			send("a", connect(v311, "a"), subscribe(v311, 1, "t/+", 0), publish(v311, "t/1", "x", 0, 0)),
			expect("a", connack(v311, false), suback(v311, 1, 0), publish(v311, "t/1", "x", 0, 0)), ping("a"),
		}},
		{name: "QoS 1 to oneself", steps: []step{
			send("a", connect(v311, "a"), subscribe(v311, 1, "t/#", 1)), expect("a", connack(v311, false), suback(v311, 1, 1)),
			send("a", publish(v311, "t", "x", 1, 7)), expect("a", publish(v311, "t", "x", 1, 1), puback(7)),
			send("a", puback(1)), ping("a"),
		}},
		{name: "QoS 2 between two", steps: []step{
			send("s", connect(v5, "s"), subscribe(v5, 1, "a b", 2)), expect("s", connack(v5, false), suback(v5, 1, 2)),
			send("p", connect(v311, "p"), publish(v311, "a b", "x", 2, 9)), expect("p", connack(v311, false), pubrec(9)),
			expect("s", publish(v5, "a b", "x", 2, 1)), send("s", pubrec(1)), expect("s", pubrel(1)), send("s", pubcomp(1)), ping("s"),
			send("p", publish(v311, "a b", "x", 2, 9, dup), pubrel(9)), expect("p", pubrec(9), pubcomp(9)), ping("p"), ping("s"),
		}},
		{name: "retained", steps: []step{
			send("p", connect(v311, "p"), publish(v311, "r/1", "x", 1, 1, retained)), expect("p", connack(v311, false), puback(1)),
			send("s", connect(v311, "s"), subscribe(v311, 1, "r/#", 2)),
			expect("s", connack(v311, false), suback(v311, 1, 2), publish(v311, "r/1", "x", 1, 1, retained)),
		}},
		{name: "a session survives", steps: []step{
			send("s", connect(v311, "s", resume), subscribe(v311, 1, "q", 1)), expect("s", connack(v311, false), suback(v311, 1, 1)),
			send("s", disconnect(v311)), closed("s"),
			send("p", connect(v311, "p"), publish(v311, "q", "x", 1, 1)), expect("p", connack(v311, false), puback(1)),
			send("s", connect(v311, "s", resume)), expect("s", connack(v311, true), publish(v311, "q", "x", 1, 1)),
			drop("s"),
			send("s", connect(v311, "s", resume)), expect("s", connack(v311, true), publish(v311, "q", "x", 1, 1, dup)),
			send("s", puback(1)), ping("s"),
		}},
		{name: "a will", steps: []step{
			send("s", connect(v311, "s"), subscribe(v311, 1, "w", 1)), expect("s", connack(v311, false), suback(v311, 1, 1)),
			send("p", connect(v311, "p", will("w", "gone", 1, false))), expect("p", connack(v311, false)), drop("p"),
			expect("s", publish(v311, "w", "gone", 1, 1)),
		}},
		{name: "taken over", steps: []step{
			send("a", connect(v5, "x")), expect("a", connack(v5, false)),
			send("b", connect(v5, "x")), expect("b", connack(v5, false)),
			expect("a", dismissal(packet.SessionTakenOver, "another connection has taken the session over")), closed("a"), ping("b"),
		}},
	})
}

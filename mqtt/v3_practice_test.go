package mqtt_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// What clients in the field do beyond the letter of the standard, or depend on.

func TestV31(t *testing.T) {
	raw := func(flags byte, fields ...string) string { return rawConnect("MQIsdp", 3, flags, fields...) }
	ok := connack(v31, false)
	converse(t, []conversation{
		{name: "a whole life", steps: steps(send("a", connect(v31, "a"), subscribe(v31, 1, "t/#", 2)), expect("a", ok, suback(v31, 1, 2)),
			send("a", publish(v31, "t", "x", 2, 1)), expect("a", publish(v31, "t", "x", 2, 1), pubrec(1)), send("a", pubrec(1)), expect("a", pubrel(1)), send("a", pubcomp(1), pubrel(1)), expect("a", pubcomp(1)),
			send("a", unsubscribe(v31, 2, "t/#")), expect("a", unsuback(v31, 2)), send("a", bye3), closed("a"))},
		{name: "no client identifier", steps: steps(send("a", connect(v31, "")), expect("a", "\x20\x02\x00\x02"), closed("a"))},
		{name: "the reserved connect flag is not looked at", steps: steps(send("a", raw(0b11, text("a"))), expect("a", ok), ping("a"))},
		{name: "flags announce a login that is not there", steps: steps(send("a", raw(0b1100_0010, text("a"))), expect("a", ok), ping("a"))},
		{name: "CONNACK never says that a session is present", steps: steps(send("a", connect(v31, "a", resume), subscribe(v31, 1, "t", 1)), expect("a", ok, suback(v31, 1, 1)), send("a", bye3), closed("a"),
			send("p", connect(v31, "p"), publish(v31, "t", "x", 1, 1)), expect("p", ok, puback(1)),
			send("a", connect(v31, "a", resume)), expect("a", ok, publish(v31, "t", "x", 1, 1)))},
		{name: "SUBSCRIBE with DUP, as 3.1 had it", steps: steps(send("a", connect(v31, "a")), expect("a", ok), send("a", framed(0x8a, "\x00\x01"+text("t")+"\x00")), closed("a"))},
		{name: "a session goes from 3.1 to 3.1.1 and back", steps: steps(send("a", connect(v31, "a", resume), subscribe(v31, 1, "t", 0)), expect("a", ok, suback(v31, 1, 0)), send("a", bye3), closed("a"),
			send("a", hello3("a", resume), pub3("t", "x", 0, 0)), expect("a", back3, pub3("t", "x", 0, 0)), send("a", bye3), closed("a"),
			send("a", connect(v31, "a", resume), publish(v31, "t", "y", 0, 0)), expect("a", ok, publish(v31, "t", "y", 0, 0)))},
	})
}

func TestV3Bridge(t *testing.T) {
	bridge := func(c *packet.Connect) { c.Bridge = true }
	converse(t, []conversation{
		{name: "a bridge does not hear itself, and sees RETAIN as it was published", steps: play(
			steps(send("b", hello3("b", bridge), sub3(1, "#", 1)), expect("b", ok3, granted3(1, 1))), enters("p"),
			steps(send("b", pub3("t", "own", 1, 1, retained)), expect("b", puback(1)),
				send("p", pub3("t", "x", 1, 1, retained), pub3("u", "y", 0, 0)), expect("p", puback(1)), expect("b", pub3("t", "x", 1, 1, retained), pub3("u", "y", 0, 0)), ping("b")))},
		{name: "a bridge of 3.1", steps: steps(send("b", connect(v31, "b", bridge), subscribe(v31, 1, "#", 0), publish(v31, "t", "own", 0, 0)), expect("b", connack(v31, false), suback(v31, 1, 0)), ping("b"))},
	})
}

func TestV3Practice(t *testing.T) {
	converse(t, []conversation{
		{name: "everything in one segment", steps: play(watches("s", "t", 2),
			steps(send("p", hello3("p"), sub3(1, "x", 0), pub3("t", "1", 0, 0), pub3("t", "2", 1, 1), pub3("t", "3", 2, 2), pubrel(2), pub3("t", "4", 0, 0), bye3), expect("p", ok3, granted3(1, 0), puback(1), pubrec(2), pubcomp(2)), closed("p"),
				expect("s", pub3("t", "1", 0, 0), pub3("t", "2", 1, 1), pub3("t", "3", 2, 2), pub3("t", "4", 0, 0)), ping("s")))},
		{name: "SUBACK, then what is retained, then what is live", steps: play(enters("p"), steps(send("p", pub3("t", "old", 1, 1, retained)), expect("p", puback(1))),
			steps(send("s", hello3("s"), sub3(1, "t", 0), pub3("t", "new", 0, 0)), expect("s", ok3, granted3(1, 0), pub3("t", "old", 0, 0, retained), pub3("t", "new", 0, 0))))},
		{name: "one publisher's messages keep their order across QoS 0 and 1", steps: play(watches("s", "t", 1), enters("p"),
			steps(send("p", pub3("t", "1", 0, 0), pub3("t", "2", 1, 1), pub3("t", "3", 0, 0), pub3("t", "4", 1, 2)), expect("p", puback(1), puback(2)),
				expect("s", pub3("t", "1", 0, 0), pub3("t", "2", 1, 1), pub3("t", "3", 0, 0), pub3("t", "4", 1, 2))))},
		{name: "$SYS: subscribed to, also where nothing is there; not in #", steps: play(enters("p"),
			steps(send("s", hello3("s"), sub3(1, "#", 0, also("$SYS/none", 1), also("$SYS/broker/load/none/#", 2))), expect("s", ok3, granted3(1, 0, 1, 2)), ping("s"),
				send("s", unsubscribe(v311, 2, "$SYS/none", "#")), expect("s", unsuback(v311, 2)), ping("s")))},
		{name: "$test is a topic like others", steps: play(watches("s", "$test/x", 1), enters("p"), steps(send("p", pub3("$test/x", "x", 1, 1)), expect("p", puback(1)), expect("s", pub3("$test/x", "x", 1, 1))))},
		{name: "shared subscriptions are there in 3.1.1 too", steps: play(
			steps(send("a", hello3("a"), sub3(1, "$share/g/t/#", 1)), expect("a", ok3, granted3(1, 1)), send("s", hello3("s"), sub3(1, "$share/g/", 1, also("$share//t", 1), also("$share/g+/t", 1))), expect("s", ok3, granted3(1, failed3, failed3, failed3))),
			enters("p"), steps(send("p", pub3("t/1", "x", 1, 1)), expect("p", puback(1)), expect("a", pub3("t/1", "x", 1, 1)), ping("a"), ping("s")))},
		{name: "a client that sends again on a live connection", steps: play(watches("s", "t", 0), enters("p"),
			steps(send("p", pub3("t", "1", 2, 1), pub3("t", "1", 2, 1, dup), pubrel(1), pubrel(1)), expect("p", pubrec(1), pubrec(1), pubcomp(1), pubcomp(1)), expect("s", pub3("t", "1", 0, 0)), ping("s")))},
		{name: "more QoS 2 publications at once than MQTT 5 would be told", conf: "receive_maximum: 2", steps: play(enters("p"),
			steps(send("p", pub3("t", "", 2, 1), pub3("t", "", 2, 2), pub3("t", "", 2, 3), pub3("t", "", 2, 4)), expect("p", pubrec(1), pubrec(2), pubrec(3), pubrec(4)), ping("p")))},
		{name: "a keep alive longer than MQTT 5 would be allowed", conf: "max_keep_alive: 1", steps: play(enters("p", keepAlive(60)), steps(ping("p")))},
	})
}

// The facts that tools read, under the names that they know.
func TestV3SysTree(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	c := dial(t, g)
	c.send(hello3("c") + sub3(1, "$SYS/#", 0))
	c.expect(ok3 + granted3(1, 0))
	want := map[string]bool{"version": true, "uptime": true, "clients/connected": true, "clients/total": true, "messages/received": true, "messages/sent": true,
		"bytes/received": true, "bytes/sent": true, "subscriptions/count": true, "retained messages/count": true, "load/messages/received/1min": true}
	for len(want) > 0 {
		p := c.publish()
		if !p.Retain || p.QoS != 0 || len(p.Payload) == 0 {
			t.Fatalf("%s: RETAIN %v, QoS %d, %q", p.Topic, p.Retain, p.QoS, p.Payload)
		}
		delete(want, strings.TrimPrefix(string(p.Topic), "$SYS/broker/"))
	}
}

// Nobody at all gets what is published to a shared filter.
func TestV3NoSharedTopic(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	n, p := natsClient(t, g, ""), dial(t, g)
	n.send("SUB > 1\r\nPING\r\n")
	n.expect("PONG\r\n")
	p.send(hello3("p") + pub3("$share/g/t", "x", 1, 1) + pub3("$shared", "y", 0, 0))
	p.expect(ok3 + puback(1))
	n.expect("MSG $shared 1 1\r\ny\r\n")
}

func TestV3SysUpdates(t *testing.T) {
	g := gatewaytest.Start(t, conf("sys_interval: \"20ms\""))
	c := dial(t, g)
	c.send(hello3("c") + sub3(1, "$SYS/broker/version", 1))
	c.expect(ok3 + granted3(1, 1))
	for id := range uint16(3) {
		p := c.publish()
		if p.Retain != (id == 0) || p.QoS != 1 || p.ID != id+1 { // retained only in answer to SUBSCRIBE
			t.Fatalf("update %d: %s, RETAIN %v, QoS %d, identifier %d", id, p.Topic, p.Retain, p.QoS, p.ID)
		}
		c.send(puback(p.ID))
	}
}

// Bounds on queues do not count what is retained: it is kept anyway, and clients build on getting all of it.
func TestV3ManyRetained(t *testing.T) {
	const n = 2000
	g := gatewaytest.Start(t, conf("max_queued: 5, max_ack_pending: 10"))
	p, s := dial(t, g), dial(t, g)
	p.send(hello3("p"))
	p.expect(ok3)
	for i := range n {
		p.send(pub3(fmt.Sprintf("r/%d", i), "x", 1, 1, retained))
		p.expect(puback(1))
	}
	s.send(hello3("s") + sub3(1, "r/+", 1))
	s.expect(ok3 + granted3(1, 1))
	seen := make(map[string]bool)
	for range n {
		p := s.publish()
		if seen[string(p.Topic)] = true; !p.Retain {
			t.Fatalf("%s without RETAIN", p.Topic)
		}
		s.send(puback(p.ID))
	}
	s.alive()
	if len(seen) != n {
		t.Errorf("%d topics, want %d", len(seen), n)
	}
}

// DISCONNECT and then RST is a good end: what was sent before is delivered, the will is not.
func TestV3AbruptEnd(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	s := dial(t, g)
	s.send(hello3("s") + sub3(1, "#", 0))
	s.expect(ok3 + granted3(1, 0))
	for round := range 20 {
		p := dial(t, g)
		burst := hello3(fmt.Sprint(round), will("w", "gone", 0, false))
		for i := range 100 {
			burst += pub3("t", fmt.Sprint(round, i), 0, 0)
		}
		p.send(burst + bye3)
		p.expect(ok3)
		p.drop()
		for i := range 100 {
			s.expect(pub3("t", fmt.Sprint(round, i), 0, 0))
		}
	}
	s.alive()
}

// What NATS clients publish has no QoS: it comes at the one that is configured.
func TestV3FromNATS(t *testing.T) {
	for qos, setting := range []string{"nats_qos: 0", "", "nats_qos: 2"} {
		t.Run(setting, func(t *testing.T) {
			g := gatewaytest.Start(t, conf(setting))
			s, n := dial(t, g), natsClient(t, g, "")
			s.send(hello3("s") + sub3(1, "a/+", 2))
			s.expect(ok3 + granted3(1, 2))
			n.send("PUB a.b 1\r\nx\r\nPUB a.x/y 1\r\nn\r\nPING\r\n")
			n.expect("PONG\r\n")
			s.expect(pub3("a/b", "x", byte(qos), uint16(min(qos, 1))))
			s.alive() // a/x/y would be no topic of that subject
			n.send("SUB a.> 1\r\nPING\r\n")
			n.expect("PONG\r\n")
			s.send(pub3("a/c.d", "y", 0, 0))
			n.expect("MSG a.c//d 1 1\r\ny\r\n")
		})
	}
}

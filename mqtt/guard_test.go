package mqtt_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// reservedTopics are where NATS servers and clients talk to each other.
var reservedTopics = []string{"$SYS/x", "$SYS", "$JS/API/INFO", "$KV/b/k", "$O/x", "$MQTT/x", "$NRG/x", "$LDS/x", "$GR/x", "_R_/x", "_GR_/x", "_INBOX/abc/1",
	"_INBOX", "_INBOX_me/1", "$", "_", "$G2/x"}

func TestReservedSubjects(t *testing.T) {
	const named = `authorization { users: [ { user: u, password: p, permissions: { subscribe: ["x.>", "$KV.cfg.>", "$MQTT.>", "_R_.>", "$SYS.>", "_GR_.x"] } },
		{ user: all, password: p, permissions: { subscribe: ">" } } ] }`
	const no = packet.NotAuthorized
	var all []conversation
	for _, topic := range reservedTopics {
		all = append(all, conversation{name: "publish to " + topic, steps: play(listens5("w", "#", 1), enters("a"), enters5("b"), steps(
			send("a", pub3(topic, "x", 0, 0), pub3(topic, "x", 1, 1), pub3(topic, "x", 2, 2, retained)), expect("a", puback(1), pubrec(2)), ping("a"),
			send("b", pub5(topic, "x", 0, 0), pub5(topic, "x", 1, 1), pub5(topic, "x", 2, 2, retained)),
			expect("b", ack(packet.PUBACK, v5, 1, no), ack(packet.PUBREC, v5, 2, no)), ping("b"), ping("w"),
			send("c", hello3("c", will(topic, "", 0, false))), expect("c", refusal(v311, no, "")), closed("c"),
			send("d", hello5("d", will(topic, "", 0, false))), expect("d", refusal(v5, no, "will topic is reserved")), closed("d"),
			send("b", pub5("t", "x", 1, 3, responseTopic(topic)), pub5("t", "x", 2, 4, responseTopic(topic)), pub5("t", "x", 0, 0, responseTopic(topic))),
			expect("b", ack(packet.PUBACK, v5, 3, no), ack(packet.PUBREC, v5, 4, no)), ping("b"), ping("w")),
		)})
		if strings.HasPrefix(topic, "$SYS") {
			continue // not refused: answered by the gateway itself
		}
		all = append(all, conversation{name: "subscribe to " + topic, more: named, steps: play(
			steps(send("a", hello3("a", login("all", "p"))), expect("a", ok3), send("b", hello5("b", login("all", "p"))), expect("b", ok5)), steps(
				send("a", sub3(1, topic, 0, also(topic+"/#", 1), also("t", 0))), expect("a", granted3(1, failed3, failed3, 0)),
				send("b", sub5(1, topic, 0, also(topic+"/#", 1), also("t", 0))), expect("b", granted5(1, no, no, 0)), ping("b")),
		)})
	}
	all = append(all,
		conversation{name: "a permission that names it opens it", more: named, steps: steps(
			send("a", hello5("a", login("u", "p"))), expect("a", ok5),
			send("a", sub5(1, "$KV/cfg/#", 0, also("$KV/cfg/a", 1), also("$KV/other/#", 0), also("$KV/#", 0), also("$KV/+/a", 0), also("$JS/x", 0))),
			expect("a", granted5(1, 0, 1, no, no, no, no)), ping("a"))},
		conversation{name: "some are never opened", more: named, steps: steps(
			send("a", hello5("a", login("u", "p"))), expect("a", ok5),
			send("a", sub5(1, "$MQTT/x", 0, also("_R_/x", 0), also("_GR_/x", 0), also("$share/g/$SYS/x", 0))), expect("a", granted5(1, no, no, no, no)), ping("a"))},
		conversation{name: "what only looks like it is not reserved", steps: play(
			listens5("w", "#", 0), enters("a"), steps(send("a", sub3(1, "$sparkplug/x", 0, also("$aws/#", 0), also("_inbox", 0), also("_x/y", 0))),
				expect("a", granted3(1, 0, 0, 0, 0)),
				send("a", pub3("$sparkplug/x", "1", 0, 0), pub3("$aws/x", "2", 0, 0), pub3("_inbox", "3", 0, 0), pub3("a/$SYS", "4", 0, 0)),
				expect("a", pub3("$sparkplug/x", "1", 0, 0), pub3("$aws/x", "2", 0, 0), pub3("_inbox", "3", 0, 0)),
				expect("w", pub5("_inbox", "3", 0, 0), pub5("a/$SYS", "4", 0, 0)), ping("w")),
		)},
	)
	converse(t, all)
}

// Filters that begin with a wildcard do not read what NATS clients say on reserved subjects, live, retained or later.
func TestReservedSubjectsHidden(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	nats := natsClient(t, g, "")
	away := dial(t, g)
	away.send(hello5("away", stays(60)) + sub5(1, "#", 1))
	away.expect(ok5 + granted5(1, 1))
	away.send(bye5)
	away.closed()
	live := dial(t, g)
	live.send(hello3("live") + sub3(1, "#", 0, also("+/#", 1), also("+/x", 0), also("+", 0), also("$share/g/#", 0)))
	live.expect(ok3 + granted3(1, 0, 1, 0, 0, 0))
	for _, topic := range append(reservedTopics, "$aws/x") {
		subject := strings.ReplaceAll(topic, "/", ".")
		nats.send("PUB " + subject + " 1\r\nx\r\n" + fmt.Sprintf("HPUB %s 28 29\r\nNATS/1.0\r\nMqtt-Retain: 1\r\n\r\nx\r\n", subject))
	}
	nats.settle()
	live.alive()
	live.send(sub3(2, "#", 0, also("+/x", 1)))
	live.expect(granted3(2, 0, 1))
	live.alive()
	away = dial(t, g)
	away.send(hello5("away", stays(60)))
	away.expect(back5)
	away.alive()
	away.send(sub5(2, "$aws/#", 0)) // not reserved: who names it gets it
	away.expect(granted5(2, 0) + pub5("$aws/x", "x", 0, 0, retained))
}

// A device may answer a request once, on the topic it has been shown and nowhere else.
func TestAnswerGrant(t *testing.T) {
	g := gatewaytest.Start(t, conf("")+`authorization { users: [ { user: dev, password: p, permissions: { publish: "out.>", subscribe: "dev.>" } }, { user: app, password: p } ] }`)
	nats := natsClient(t, g, `"user":"app","pass":"p"`)
	nats.send("SUB _INBOX.> 1\r\nSUB secret.> 2\r\nPING\r\n")
	nats.expect("PONG\r\n")
	for _, qos := range []packet.Options{0, 1} {
		dev := dial(t, g)
		dev.send(hello5("dev", login("dev", "p")) + sub5(1, "dev/#", qos))
		dev.expect(ok5 + granted5(1, packet.Reason(qos)))
		dev.send(pub5("_INBOX/a/1", "early", 1, 9))
		dev.expect(ack(packet.PUBACK, v5, 9, packet.NotAuthorized))
		nats.send("PUB dev.7 _INBOX.a.1 1\r\n?\r\n")
		p := dev.publish()
		if string(p.Topic) != "dev/7" || string(p.Properties.ResponseTopic) != "_INBOX/a/1" {
			t.Fatalf("the device got %+v", p)
		}
		dev.send(pub5("_INBOX/a/2", "beside", 1, 1) + pub5("secret/x", "beside", 1, 2) + pub5("_INBOX/a/1", "answer", 1, 3) + pub5("_INBOX/a/1", "again", 1, 4))
		dev.expect(ack(packet.PUBACK, v5, 1, packet.NotAuthorized) + ack(packet.PUBACK, v5, 2, packet.NotAuthorized) + ack(packet.PUBACK, v5, 3, 0) +
			ack(packet.PUBACK, v5, 4, packet.NotAuthorized))
		nats.expect("MSG _INBOX.a.1 1 6\r\nanswer\r\n")
		for _, reply := range []string{"$JS.API.x", "$SYS.x", "$KV.b.k"} { // no way to have a device talk to servers
			nats.send("PUB dev.7 " + reply + " 1\r\n?\r\n")
			topic := string(dev.publish().Properties.ResponseTopic)
			dev.send(pub5(topic, "x", 1, 9))
			dev.expect(ack(packet.PUBACK, v5, 9, packet.NotAuthorized))
		}
		dev.drop()
	}
	nats.send("PING\r\n")
	nats.expect("PONG\r\n")
}

// What MQTT clients may ask for answers on is what they could read.
func TestResponseTopicRights(t *testing.T) {
	g := gatewaytest.Start(t, conf("")+`authorization { users: [ { user: dev, password: p, permissions: { subscribe: { allow: "dev.>", deny: "dev.no" } } }, { user: app, password: p } ] }`)
	nats := natsClient(t, g, `"user":"app","pass":"p"`)
	nats.send("SUB svc 1\r\nPING\r\n")
	nats.expect("PONG\r\n")
	dev := dial(t, g)
	dev.send(hello5("dev", login("dev", "p")))
	dev.expect(ok5)
	for i, topic := range []string{"other/x", "dev/no", "$JS/API/x"} {
		dev.send(pub5("svc", "x", 1, uint16(i+1), responseTopic(topic)))
		dev.expect(ack(packet.PUBACK, v5, uint16(i+1), packet.NotAuthorized))
	}
	dev.send(pub5("svc", "x", 1, 9, responseTopic("dev/a b"), correlation("\x01\x02\x03")))
	dev.expect(puback(9))
	nats.expect("HMSG svc 1 dev.a/_b 36 37\r\nNATS/1.0\r\nMqtt-Correlation: AQID\r\n\r\nx\r\n")
}

// settle waits until a NATS client's messages have been taken, or refused: some of these subjects are not for NATS clients either.
func (c *client) settle() {
	c.Helper()
	c.send("PING\r\n")
	for line := ""; line != "PONG\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			c.Fatalf("waiting for PONG: %v", err)
		}
	}
}

// What the account maps a topic to is what subscribers are shown, unless that is reserved.
func TestMappedSubjects(t *testing.T) {
	const mapped = `mappings: { "from.*": "to.here.$1", "trap": "$JS.trap" }`
	for _, v := range []packet.Version{v311, v5} {
		g := gatewaytest.Start(t, conf("")+mapped)
		c, p := dial(t, g), dial(t, g)
		c.send(connect(v, "c") + subscribe(v, 1, "#", 0, also("from/1", 1), also("to/here/1", 1)))
		c.expect(connack(v, false) + suback(v, 1, 0, 1, 1))
		p.send(connect(v, "p") + publish(v, "from/1", "x", 0, 0) + publish(v, "from/1", "y", 1, 1) + publish(v, "from/2", "z", 0, 0) + publish(v, "trap", "x", 0, 0))
		p.expect(connack(v, false) + puback(1))
		p.alive()
		c.expect(publish(v, "to/here/1", "x", 0, 0) + publish(v, "to/here/1", "y", 1, 1) + publish(v, "to/here/2", "z", 0, 0))
		c.alive()
	}
}

// What is retained stands where it was published to, whoever published it.
func TestMappedRetained(t *testing.T) {
	const mapped = `mappings: { "from.*": "to.here.$1" }`
	g := gatewaytest.Start(t, conf("")+mapped)
	p, n := dial(t, g), natsClient(t, g, "")
	p.send(connect(v311, "p") + publish(v311, "from/1", "x", 1, 1, retained))
	p.expect(connack(v311, false) + puback(1))
	n.send("HPUB from.2 28 29\r\nNATS/1.0\r\nMqtt-Retain: 1\r\n\r\n" + "y\r\nPING\r\n")
	n.expect("PONG\r\n")
	c := dial(t, g)
	c.send(connect(v311, "c") + subscribe(v311, 1, "from/#", 0, also("to/here/1", 0), also("to/here/2", 0)))
	c.expect(connack(v311, false) + suback(v311, 1, 0, 0, 0))
	c.expect(publish(v311, "to/here/1", "x", 0, 0, retained) + publish(v311, "to/here/2", "y", 0, 0, retained))
	c.alive()
}

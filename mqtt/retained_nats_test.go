package mqtt_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// headed is a NATS publication with these header fields.
func headed(subject, fields, payload string) string {
	return hpub(subject, "", "NATS/1.0\r\n"+fields+"\r\n", payload)
}

const retainIt = "Mqtt-Retain: 1\r\n"

// A NATS client retains a message by a header field, and takes it back by one without payload.
func TestRetainedByHeader(t *testing.T) {
	g := gatewaytest.Start(t, conf("nats_qos: 2"))
	nats := natsClient(t, g, "")
	live := dial(t, g)
	live.send(hello3("live") + sub3(1, "#", 0))
	live.expect(ok3 + granted3(1, 0))
	nats.send(headed("r.1", retainIt, "one") + headed("r.a/_b", "Mqtt-Retain: true\r\nContent-Type: text/plain\r\n", "two") +
		headed("r.no", "Mqtt-Retain: 0\r\n", "x") + headed("r.not", "X: Mqtt-Retain: 1\r\n", "x") + "PING\r\n")
	nats.expect("PONG\r\n")
	for _, topic := range []string{"r/1", "r/a b", "r/no", "r/not"} { // live ones are never RETAIN
		if p := live.publish(); string(p.Topic) != topic || p.Retain {
			t.Fatalf("got %+v, want %q", p, topic)
		}
	}
	later := dial(t, g)
	later.send(hello3("later") + sub3(1, "r/1", 2) + sub3(2, "r/+", 1))
	later.expect(ok3 + granted3(1, 2) + pub3("r/1", "one", 2, 1, retained) + granted3(2, 1))
	got := map[string]bool{string(later.publish().Topic): true, string(later.publish().Topic): true}
	if !got["r/1"] || !got["r/a b"] {
		t.Fatalf("got %v", got)
	}
	later.alive()
	five := dial(t, g)
	five.send(hello5("five") + sub5(1, "r/a b", 0))
	five.expect(ok5 + granted5(1, 0))
	if p := five.publish(); !p.Retain || string(p.Properties.ContentType) != "text/plain" || string(p.Payload) != "two" {
		t.Fatalf("got %+v", p)
	}
	nats.send(headed("r.1", retainIt, "") + headed("r.a/_b", retainIt, "three") + "PING\r\n")
	nats.expect("PONG\r\n")
	last := dial(t, g)
	last.send(hello3("last") + sub3(1, "r/#", 0))
	last.expect(ok3 + granted3(1, 0) + pub3("r/a b", "three", 0, 0, retained))
	last.alive()
	last.send(pub3("r/a b", "", 0, 0, retained) + sub3(2, "r/#", 0)) // and MQTT clients take back what NATS clients have retained
	last.expect(pub3("r/a b", "", 0, 0) + granted3(2, 0))
	last.alive()
}

// A NATS client asks for what is retained, as far as it might subscribe to it.
func TestRetainedRequests(t *testing.T) {
	const users = `authorization { users: [ { user: all, password: p }, { user: some, password: p,
		permissions: { publish: "$MQTT.RETAINED.GET.>", subscribe: { allow: ["r.>", "_INBOX.>"], deny: "r.secret.>" } } },
		{ user: none, password: p, permissions: { publish: "x", subscribe: ">" } } ] }`
	const none, end = "NATS/1.0 404 No Messages\r\n\r\n", "NATS/1.0 204 EOB\r\n\r\n"
	g := gatewaytest.Start(t, conf("")+users)
	p := dial(t, g)
	p.send(hello5("p", login("all", "p")) + pub5("r/1", "one", 0, 0, retained, contentType("text/plain")) + pub5("r/secret/1", "hidden", 0, 0, retained) +
		pub5("other", "o", 0, 0, retained))
	p.expect(ok5)
	p.alive()
	found := func(subject, more, payload string) string {
		header := "NATS/1.0\r\nNats-Subject: " + subject + "\r\n" + more + "\r\n"
		return fmt.Sprintf("HMSG _INBOX.1 1 %d %d\r\n%s%s\r\n", len(header), len(header)+len(payload), header, payload)
	}
	status := func(s string) string { return fmt.Sprintf("HMSG _INBOX.1 1 %d %d\r\n%s\r\n", len(s), len(s), s) }
	ask := func(c *client, pattern string, want ...string) {
		t.Helper()
		c.send("PUB $MQTT.RETAINED.GET." + pattern + " _INBOX.1 0\r\n\r\n")
		c.expect(strings.Join(want, ""))
	}
	one, secret := found("r.1", "Content-Type: text/plain\r\n", "one"), found("r.secret.1", "", "hidden")
	all, some := natsClient(t, g, `"user":"all","pass":"p"`), natsClient(t, g, `"user":"some","pass":"p"`)
	all.send("SUB _INBOX.> 1\r\nPING\r\n")
	all.expect("PONG\r\n")
	ask(all, "r.1", one)
	ask(all, "r.2", status(none))
	ask(all, "r.*", one, status(end))
	ask(all, "nothing.>", status(none))
	ask(all, "r.secret.1", secret)
	all.send("UNSUB 1\r\nPING\r\n")
	all.expect("PONG\r\n")
	some.send("SUB _INBOX.> 1\r\nPING\r\n")
	some.expect("PONG\r\n")
	ask(some, "r.1", one)
	ask(some, "r.*", one, status(end))
	ask(some, "r.secret.1", status(none))
	ask(some, "r.secret.>", status(none))
	ask(some, "other", status(none))
	ask(some, ">", one, status(end))
	ask(some, "r.>", one, status(end))
	refused := natsClient(t, g, `"user":"none","pass":"p"`)
	refused.send("SUB _INBOX.1 1\r\nPUB $MQTT.RETAINED.GET.r.1 _INBOX.1 0\r\n\r\n")
	refused.expect("-ERR 'Permissions Violation for Publish to \"$MQTT.RETAINED.GET.r.1\"'\r\n")
	for _, c := range []*client{all, some} {
		c.send("PING\r\n")
		c.expect("PONG\r\n")
	}
}

// The tree that users of other brokers look for is there, and is the gateway's own.
func TestSysTree(t *testing.T) {
	const users = `authorization { users: [ { user: u, password: p }, { user: few, password: p, permissions: { subscribe: "a.>" } },
		{ user: most, password: p, permissions: { subscribe: { deny: "$SYS.broker.version" } } } ] }`
	g := gatewaytest.Start(t, conf(`sys_interval: "50ms"`)+users)
	for _, v := range []packet.Version{v311, v5} {
		c := dial(t, g)
		c.send(connect(v, "c", login("u", "p")) + subscribe(v, 1, "$SYS/#", 0))
		c.expect(connack(v, false) + suback(v, 1, 0))
		values := make(map[string]string)
		for p := c.publish(); p.Retain; p = c.publish() { // then come updates, without RETAIN
			values[string(p.Topic)] = string(p.Payload)
		}
		for _, name := range []string{"version", "uptime", "clients/connected", "clients/total", "clients/maximum", "messages/received", "messages/sent",
			"bytes/received", "bytes/sent", "publish/messages/dropped", "subscriptions/count", "retained messages/count", "store/messages/bytes",
			"load/messages/received/1min", "load/bytes/sent/15min", "load/connections/5min"} {
			if values["$SYS/broker/"+name] == "" {
				t.Errorf("no $SYS/broker/%s in %v", name, values)
			}
		}
		for values["$SYS/broker/clients/connected"] != "1" { // as of before this one came
			p := c.publish()
			values[string(p.Topic)] = string(p.Payload)
		}
		if !strings.HasPrefix(values["$SYS/broker/version"], "leafgate ") {
			t.Errorf("%v", values)
		}
		c.drop()
		waitFor(t, func() bool { // nobody else is there
			n := 0
			for ep := range g.Engine().Endpoints() {
				if ep.Peer().ID != 0 {
					n++
				}
			}
			return n == 0
		})
	}
	nats, c := natsClient(t, g, `"user":"u","pass":"p"`), dial(t, g)
	c.send(hello5("c", login("u", "p")) + sub5(1, "$SYS/not/there", 0, also("$SYS/broker/nothing/#", 1), also("#", 0), also("+/broker/version", 0)))
	c.expect(ok5 + granted5(1, 0, 1, 0, 0))
	c.alive()
	nats.send("PUB $SYS.not.there 1\r\nx\r\n")
	nats.settle()
	c.send(pub5("$SYS/not/there", "x", 1, 1))
	c.expect(ack(packet.PUBACK, v5, 1, packet.NotAuthorized))
	c.send(sub5(2, "$SYS/broker/version", 1))
	c.expect(granted5(2, 1))
	if p := c.publish(); string(p.Topic) != "$SYS/broker/version" || !p.Retain || p.QoS != 1 {
		t.Errorf("got %+v", p)
	}
	few, most := dial(t, g), dial(t, g)
	few.send(hello5("few", login("few", "p")) + sub5(1, "$SYS/#", 0))
	few.expect(ok5 + granted5(1, packet.NotAuthorized))
	few.alive()
	most.send(hello5("most", login("most", "p")) + sub5(1, "$SYS/broker/version", 0, also("$SYS/broker/+", 0)))
	most.expect(ok5 + granted5(1, packet.NotAuthorized, 0))
	for range 6 {
		if p := most.publish(); string(p.Topic) != "$SYS/broker/uptime" {
			t.Errorf("got %+v", p)
		}
	}
}

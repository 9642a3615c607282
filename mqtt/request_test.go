package mqtt_test

import (
	"fmt"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// hmsg is what a NATS client gets that has a subscription 1.
func hmsg(subject, reply, header, payload string) string {
	if reply != "" {
		reply += " "
	}
	return fmt.Sprintf("HMSG %s 1 %s%d %d\r\n%s%s\r\n", subject, reply, len(header), len(header)+len(payload), header, payload)
}

func hpub(subject, reply, header, payload string) string {
	return fmt.Sprintf("HPUB %s %s %d %d\r\n%s%s\r\n", subject, reply, len(header), len(header)+len(payload), header, payload)
}

func natsSubscribe(c *client, subject string) {
	c.Helper()
	c.send("SUB " + subject + " 1\r\nPING\r\n")
	c.expect("PONG\r\n")
}

// A client of MQTT 5 asks a NATS service, which answers with plain NATS means.
func TestRequestToNATS(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	for _, qos := range []byte{0, 1} {
		a, n := dial(t, g), natsClient(t, g, "")
		natsSubscribe(n, "svc.add")
		a.send(hello5("a") + sub5(1, "app/7/answers", packet.Options(qos)))
		a.expect(ok5 + granted5(1, packet.Reason(qos)))
		a.send(pub5("svc/add", "2+2", 0, 0, responseTopic("app/7/answers"), correlation("\x01\x02\x03")))
		const header = "NATS/1.0\r\nMqtt-Correlation: AQID\r\n\r\n"
		n.expect(hmsg("svc.add", "app.7.answers", header, "2+2"))
		n.send(fmt.Sprintf("HPUB app.7.answers %d %d\r\n%s4\r\n", len(header), len(header)+1, header))
		var id uint16
		if qos > 0 {
			id = 1
		}
		a.expect(pub5("app/7/answers", "4", qos, id, correlation("\x01\x02\x03")))
		a.alive()
		a.drop()
		n.drop()
	}
}

// A NATS client asks a device, which answers where it was told to: once, and nobody else may.
func TestRequestFromNATS(t *testing.T) {
	const inbox, topic, denied = "_INBOX.Xq3.1", "_INBOX/Xq3/1", packet.NotAuthorized
	g := gatewaytest.Start(t, conf(""))
	for _, qos := range []byte{0, 1} {
		d, other, n := dial(t, g), dial(t, g), natsClient(t, g, "")
		natsSubscribe(n, "_INBOX.Xq3.*")
		other.send(hello5("other"))
		other.expect(ok5)
		d.send(hello5("d") + sub5(1, "dev/7/get", packet.Options(qos)))
		d.expect(ok5 + granted5(1, packet.Reason(qos)))
		d.send(pub5(topic, "before", 1, 1))
		d.expect(ack(packet.PUBACK, v5, 1, denied))
		n.send("PUB dev.7.get " + inbox + " 4\r\ntemp\r\n")
		var id uint16
		if qos > 0 {
			id = 1
		}
		d.expect(pub5("dev/7/get", "temp", qos, id, responseTopic(topic)))
		other.send(pub5(topic, "not mine", 1, 1))
		other.expect(ack(packet.PUBACK, v5, 1, denied))
		d.send(pub5("_INBOX/Xq3/2", "elsewhere", 1, 2))
		d.expect(ack(packet.PUBACK, v5, 2, denied))
		d.send(pub5(topic, "21.5", 1, 3, retained, contentType("text/plain")))
		d.expect(puback(3))
		n.expect(hmsg(inbox, "", "NATS/1.0\r\nContent-Type: text/plain\r\n\r\n", "21.5"))
		d.send(pub5(topic, "again", 1, 4))
		d.expect(ack(packet.PUBACK, v5, 4, denied))
		n.send("PUB dev.7.get " + inbox + " 4\r\ntemp\r\n") // asked again, it may answer again, at QoS 0 and by an alias
		d.next()
		d.send(pub5("_INBOX/Xq3/1", "22", 0, 0, alias(1)))
		n.expect(fmt.Sprintf("MSG %s 1 2\r\n22\r\n", inbox))
		n.send("PING\r\n")
		n.expect("PONG\r\n")
		for _, c := range []*client{d, other, n} {
			c.drop()
		}
	}
}

// Requests that are not answered do not add up: the oldest rights give way.
func TestRequestsUnanswered(t *testing.T) {
	const most = 64
	g := gatewaytest.Start(t, conf(""))
	d, n := dial(t, g), natsClient(t, g, "")
	d.send(hello5("d") + sub5(1, "get", 0))
	d.expect(ok5 + granted5(1, 0))
	for i := range most + 1 {
		n.send(fmt.Sprintf("PUB get _INBOX.%d 0\r\n\r\n", i))
		d.expect(pub5("get", "", 0, 0, responseTopic(fmt.Sprintf("_INBOX/%d", i))))
	}
	d.send(pub5("_INBOX/0", "", 1, 1) + pub5("_INBOX/1", "", 1, 2) + pub5(fmt.Sprintf("_INBOX/%d", most), "", 1, 3))
	d.expect(ack(packet.PUBACK, v5, 1, packet.NotAuthorized) + unheard(packet.PUBACK, 2) + unheard(packet.PUBACK, 3))
}

// What is granted is the answer to what the client was shown, not to what it was not.
func TestRequestRights(t *testing.T) {
	const users = `authorization { users: [
		{ user: device, password: p, permissions: { publish: "dev.7.>", subscribe: "dev.7.>" } },
		{ user: app, password: p, permissions: { publish: ">", subscribe: ["app.>", "dev.>"] } } ] }`
	device := func(v packet.Version) string { return connect(v, "d", login("device", "p")) }
	converse(t, []conversation{
		{name: "an answer where the device may not publish otherwise", more: users, steps: steps(
			send("d", device(v5), sub5(1, "dev/7/get", 1)), expect("d", ok5, granted5(1, 1)),
			send("a", hello5("a", login("app", "p")), sub5(1, "app/1", 0)), expect("a", ok5, granted5(1, 0)),
			send("a", pub5("dev/7/get", "?", 1, 1, responseTopic("app/1"))), expect("a", puback(1)), expect("d", pub5("dev/7/get", "?", 1, 1, responseTopic("app/1"))),
			send("d", pub5("app/2", "!", 1, 1), pub5("app/1", "!", 1, 2), pub5("app/1", "!", 1, 3)),
			expect("d", ack(packet.PUBACK, v5, 1, packet.NotAuthorized), puback(2), ack(packet.PUBACK, v5, 3, packet.NotAuthorized)), expect("a", pub5("app/1", "!", 0, 0)), ping("a"))},
		{name: "no answer where who asks may not listen", more: users, steps: steps(
			send("d", device(v5), sub5(1, "dev/7/get", 1)), expect("d", ok5, granted5(1, 1)),
			send("a", hello5("a", login("app", "p"))), expect("a", ok5),
			send("a", pub5("dev/7/get", "?", 1, 1, responseTopic("secret/1"))), expect("a", ack(packet.PUBACK, v5, 1, packet.NotAuthorized)),
			send("a", pub5("dev/7/get", "?", 2, 2, responseTopic("secret/1"))), expect("a", ack(packet.PUBREC, v5, 2, packet.NotAuthorized)),
			send("a", pub5("dev/7/get", "?", 0, 0, responseTopic("secret/1"))), ping("a"), ping("d"))},
		{name: "no answer into an inbox, which clients of MQTT have none of", steps: steps(
			send("a", hello5("a"), sub5(1, "t", 0)), expect("a", ok5, granted5(1, 0)),
			send("a", pub5("t", "?", 1, 1, responseTopic("_INBOX/Xq3/1"))), expect("a", ack(packet.PUBACK, v5, 1, packet.NotAuthorized)), ping("a"))},
		{name: "clients of 3.1.1 are shown no response topic and get no right", more: users, steps: steps(
			send("d", device(v311), sub3(1, "dev/7/get", 0)), expect("d", ok3, granted3(1, 0)),
			send("a", hello5("a", login("app", "p")), sub5(1, "app/1", 0)), expect("a", ok5, granted5(1, 0)),
			send("a", pub5("dev/7/get", "?", 0, 0, responseTopic("app/1"))), expect("d", pub3("dev/7/get", "?", 0, 0)),
			send("d", pub3("app/1", "!", 1, 1)), expect("d", puback(1)), ping("a"))},
		{name: "what was asked while the device was away can be answered when it comes back", more: users, steps: steps(
			send("d", hello5("d", login("device", "p"), stays(60)), sub5(1, "dev/7/get", 1)), expect("d", ok5, granted5(1, 1)), send("d", bye5), closed("d"),
			send("a", hello5("a", login("app", "p")), sub5(1, "app/1", 0)), expect("a", ok5, granted5(1, 0)),
			send("a", pub5("dev/7/get", "?", 1, 1, responseTopic("app/1"))), expect("a", puback(1)),
			send("d", hello5("d", login("device", "p"), stays(60))), expect("d", back5, pub5("dev/7/get", "?", 1, 1, responseTopic("app/1"))), send("d", puback(1), pub5("app/1", "!", 1, 1)),
			expect("d", puback(1)), expect("a", pub5("app/1", "!", 0, 0)))},
	})
}

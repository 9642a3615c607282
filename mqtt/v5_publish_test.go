package mqtt_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// everything is a message with all that is passed on unchanged.
func everything(p *packet.Publish) {
	for _, f := range []func(*packet.Publish){utf8Payload, contentType("text/plain; é"), responseTopic("r//é b/.1"), correlation("\x00\xffc"),
		user("b", "1"), user("a", "2"), user("b", "1"), user("", ""), user("line\nend", "a\r\nb"), user("Mqtt-Qos", "7"), user("Content-Type", "x")} {
		f(p)
	}
}

func TestV5Properties(t *testing.T) {
	all := func(name string, steps ...[]step) conversation {
		return conversation{name: "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] unchanged and in order, " + name, steps: play(steps...)}
	}
	pub := func(qos byte, id uint16, with ...func(*packet.Publish)) string {
		return pub5("t", "x", qos, id, append([]func(*packet.Publish){everything}, with...)...)
	}
	converse(t, []conversation{
		all("QoS 0", watches5("s", "t", 0), enters5("a"), steps(send("a", pub(0, 0)), gets("s", pub(0, 0)))),
		all("QoS 1", watches5("s", "t", 1), enters5("a"), steps(send("a", pub(1, 7)), gets("s", pub(1, 1)))),
		all("QoS 2", watches5("s", "t", 2), enters5("a"), steps(send("a", pub(2, 7)), gets("s", pub(2, 1)))),
		all("from QoS 1 to QoS 0", watches5("s", "t", 0), enters5("a"), steps(send("a", pub(1, 7)), gets("s", pub(0, 0)))),
		all("from one with an alias", watches5("s", "t", 0), enters5("a"), steps(send("a", pub(0, 0, alias(1))), gets("s", pub(0, 0)))),
		all("to one with a maximum packet size", watches5("s", "t", 0, packetMaximum(1000)), enters5("a"), steps(send("a", pub(0, 0)), gets("s", pub(0, 0)))),
		all("with a subscription identifier", enters5("s"), enters5("a"),
			steps(send("s", sub5(1, "t", 0, subscriptionID(9))), expect("s", granted5(1, 0)), send("a", pub(0, 0)), gets("s", pub(0, 0, matchedBy(9))))),
		all("retained", enters5("a"), steps(send("a", pub(1, 7, retained)), expect("a", unheard(packet.PUBACK, 7)),
			send("s", hello5("s"), sub5(1, "t", 1)), expect("s", ok5, granted5(1, 1)), gets("s", pub(1, 1, retained)))),
		all("queued", watches5("s", "t", 1, stays(60)), enters5("a"), steps(send("s", bye5), closed("s"), send("a", pub(1, 7)), expect("a", puback(7)),
			send("s", hello5("s", stays(60))), expect("s", back5), gets("s", pub(1, 1)), drop("s"),
			send("s", hello5("s", stays(60))), expect("s", back5), gets("s", pub(1, 1, dup)))),
		{name: "[MQTT-3.3.2-4] payload format 0 that is said explicitly", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", rawPublish("t", "\x01\x00", "x")), expect("s", rawPublish("t", "\x01\x00", "x"))))},
		{name: "[MQTT-3.3.2-4] the same at QoS 1, and no other", steps: play(watches5("s", "t", 1), enters5("a"),
			steps(send("a", "\x32\x09\x00\x01t\x00\x07\x02\x01\x00x", pub5("t", "y", 1, 7)), expect("s", "\x32\x09\x00\x01t\x00\x01\x02\x01\x00x", pub5("t", "y", 1, 2))))},
		{name: "[MQTT-3.3.2-16] [MQTT-3.3.2-20] empty ones", steps: play(watches5("s", "t", 1), enters5("a"),
			steps(send("a", "\x32\x0d\x00\x01t\x00\x07\x06\x03\x00\x00\x09\x00\x00x"), gets("s", "\x32\x0d\x00\x01t\x00\x01\x06\x03\x00\x00\x09\x00\x00x")))},
		{name: "clients of 3.1.1 get the message alone", steps: play(watches("s", "t", 1), enters5("a"), steps(send("a", pub(1, 7)), expect("s", pub3("t", "x", 1, 1))))},
	})
}

func TestV5PublishErrors(t *testing.T) {
	const twice, value, place = "property given twice", "property out of its range", "property not allowed in this packet"
	const beyond = "topic alias beyond the maximum"
	bad := func(name, block string, code packet.Reason, why string) conversation {
		return cut5(name, rawPublish("t", block, "x"), code, why)
	}
	converse(t, []conversation{
		cut5("[MQTT-3.3.2-1] neither topic nor alias", pub5("", "x", 0, 0), packet.ProtocolError, "neither topic name nor topic alias"),
		cut5("[MQTT-3.3.2-2] + in a topic", pub5("a/+", "x", 0, 0), packet.TopicNameInvalid, "wildcard in a topic name"),
		cut5("[MQTT-3.3.2-2] # in a topic at QoS 1", pub5("#", "x", 1, 1), packet.TopicNameInvalid, "wildcard in a topic name"),
		cut5("[MQTT-3.3.2-2] + in a topic at QoS 2", pub5("a+b", "x", 2, 1), packet.TopicNameInvalid, "wildcard in a topic name"),
		bad("[MQTT-3.3.2-8] alias 0", "\x23\x00\x00", packet.TopicAliasInvalid, "topic alias 0"),
		cut5("[MQTT-3.3.2-9] [MQTT-3.2.2-17] an alias beyond the maximum", pub5("t", "x", 0, 0, alias(11)), packet.TopicAliasInvalid, beyond),
		cut5("an alias that nothing was said about", pub5("", "x", 0, 0, alias(10)), packet.ProtocolError, "unknown topic alias"),
		cut5("[MQTT-3.3.2-14] + in a response topic", pub5("t", "x", 0, 0, responseTopic("a/+")), packet.ProtocolError, "response topic with wildcards"),
		cut5("[MQTT-3.3.2-14] # in a response topic", pub5("t", "x", 1, 1, responseTopic("a#")), packet.ProtocolError, "response topic with wildcards"),
		cut5("an empty response topic", rawPublish("t", "\x08\x00\x00", "x"), packet.ProtocolError, "empty response topic"),
		cut5("[MQTT-3.3.4-6] a subscription identifier", pub5("t", "x", 0, 0, matchedBy(1)), packet.ProtocolError, place),
		bad("payload format 2", "\x01\x02", packet.ProtocolError, value),
		bad("the content type twice", "\x03\x00\x00\x03\x00\x00", packet.ProtocolError, twice),
		bad("the message expiry interval twice", "\x02\x00\x00\x00\x01\x02\x00\x00\x00\x01", packet.ProtocolError, twice),
		bad("the correlation data twice", "\x09\x00\x00\x09\x00\x00", packet.ProtocolError, twice),
		bad("the response topic twice", "\x08\x00\x01r\x08\x00\x01r", packet.ProtocolError, twice),
		bad("a property of CONNECT", "\x11\x00\x00\x00\x01", packet.ProtocolError, place),
		bad("an unknown property", "\x55\x00", packet.Malformed, "unknown property"),
		{name: "[MQTT-3.2.2-18] where there are no aliases, each is beyond", conf: "topic_alias_maximum: 0", steps: steps(
			send("a", hello5("a")), expect("a", connack(v5, false, func(a *packet.Connack) { a.TopicAliasMaximum = 0 })),
			send("a", pub5("t", "x", 0, 0, alias(1))), expect("a", dismissal(packet.TopicAliasInvalid, beyond)), closed("a"))},
	})
}

func TestV5Aliases(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.3.2-12] [MQTT-3.2.2-17] a client uses all there are, and gives one a new meaning", steps: play(watches5("s", "+", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 0, 0, alias(1)), pub5("u", "2", 1, 1, alias(10)), pub5("", "3", 0, 0, alias(1)), pub5("", "4", 2, 2, alias(10)),
				pub5("v", "5", 0, 0, alias(1)), pub5("", "6", 0, 0, alias(1)), pub5("", "7", 0, 0, alias(10))),
				expect("s", pub5("t", "1", 0, 0), pub5("u", "2", 0, 0), pub5("t", "3", 0, 0), pub5("u", "4", 0, 0), pub5("v", "5", 0, 0), pub5("v", "6", 0, 0), pub5("u", "7", 0, 0)),
				expect("a", puback(1), pubrec(2)), ping("s")))},
		{name: "[MQTT-3.3.2-7] its aliases end with the connection", steps: play(watches5("s", "+", 0), enters5("a", stays(60)),
			steps(send("a", pub5("t", "1", 0, 0, alias(1))), expect("s", pub5("t", "1", 0, 0)), send("a", bye5), closed("a"),
				send("a", hello5("a", stays(60)), pub5("", "2", 0, 0, alias(1))), expect("a", back5, dismissal(packet.ProtocolError, "unknown topic alias")), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.2-26] [MQTT-3.3.2-11] the gateway keeps to the client's maximum; the first use has topic and alias", steps: play(watches5("s", "+", 1, aliasMaximum(2)), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("u", "2", 1, 2), pub5("v", "3", 1, 3), pub5("t", "4", 1, 4), pub5("u", "5", 1, 5), pub5("v", "6", 1, 6)),
				expect("s", pub5("t", "1", 1, 1, alias(1)), pub5("u", "2", 1, 2, alias(2)), pub5("v", "3", 1, 3),
					pub5("", "4", 1, 4, alias(1)), pub5("", "5", 1, 5, alias(2)), pub5("v", "6", 1, 6)), ping("s")))},
		{name: "[MQTT-3.1.2-27] without a maximum there are none", steps: play(watches5("s", "+", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 0, 0, alias(1)), pub5("", "2", 0, 0, alias(1))), expect("s", pub5("t", "1", 0, 0), pub5("t", "2", 0, 0))))},
		{name: "[MQTT-3.3.2-7] the gateway's aliases end with the connection too, and come again with what is sent again", steps: play(
			watches5("s", "+", 1, stays(60), aliasMaximum(9)), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2)), expect("a", puback(1), puback(2)), expect("s", pub5("t", "1", 1, 1, alias(1)), pub5("", "2", 1, 2, alias(1))), drop("s"),
				send("s", hello5("s", stays(60), aliasMaximum(9))), expect("s", back5, pub5("t", "1", 1, 1, dup, alias(1)), pub5("", "2", 1, 2, dup, alias(1)))))},
		{name: "[MQTT-3.1.2-24] [MQTT-3.3.2-11] a message that fits without an alias only gets none, one that does not fit leaves none behind", steps: play(
			watches5("s", "+", 0, packetMaximum(20), aliasMaximum(9)), enters5("a"),
			steps(send("a", pub5("t", strings.Repeat("x", 15), 0, 0), pub5("t", strings.Repeat("x", 14), 0, 0), pub5("t", "x", 0, 0), pub5("t", strings.Repeat("x", 15), 0, 0)),
				expect("s", pub5("t", strings.Repeat("x", 14), 0, 0), pub5("t", "x", 0, 0, alias(1))), ping("s")))},
	})
}

func TestV5Retain(t *testing.T) {
	keep := func(payload string) string { return pub5("t", payload, 1, 1, retained) }
	plain, asPublished := packet.Options(1), packet.NewOptions(1, false, true, 0)
	converse(t, []conversation{
		{name: "[MQTT-3.3.1-5] the last message with RETAIN is kept, with its properties", steps: play(enters5("a"),
			steps(send("a", keep("1"), pub5("t", "2", 1, 2, retained, contentType("c"), user("n", "v"))), expect("a", unheard(packet.PUBACK, 1), unheard(packet.PUBACK, 2)),
				send("s", hello5("s"), sub5(1, "t", plain)), expect("s", ok5, granted5(1, 1)), gets("s", pub5("t", "2", 1, 1, retained, contentType("c"), user("n", "v"))), ping("s")))},
		{name: "[MQTT-3.3.1-6] [MQTT-3.3.1-7] an empty one removes it, is delivered and is not kept", steps: play(watches5("r", "t", 0), enters5("a"),
			steps(send("a", keep("1"), keep("")), expect("a", puback(1), puback(1)), expect("r", pub5("t", "1", 0, 0), pub5("t", "", 0, 0)),
				send("s", hello5("s"), sub5(1, "t", plain)), expect("s", ok5, granted5(1, 1)), ping("s")))},
		{name: "[MQTT-3.3.1-8] one without RETAIN neither removes nor replaces it", steps: play(enters5("a"),
			steps(send("a", keep("1"), pub5("t", "2", 0, 0), pub5("t", "", 0, 0)), expect("a", unheard(packet.PUBACK, 1)),
				send("s", hello5("s"), sub5(1, "t", plain)), expect("s", ok5, granted5(1, 1), pub5("t", "1", 1, 1, retained)), ping("s")))},
		{name: "[MQTT-3.3.1-9] retain handling 0: at each SUBSCRIBE", steps: play(enters5("a"),
			steps(send("a", keep("1")), expect("a", unheard(packet.PUBACK, 1)), send("s", hello5("s"), sub5(1, "t", 0)), expect("s", ok5, granted5(1, 0), pub5("t", "1", 0, 0, retained)),
				send("s", sub5(2, "t", 0)), expect("s", granted5(2, 0), pub5("t", "1", 0, 0, retained)), ping("s")))},
		{name: "[MQTT-3.3.1-10] retain handling 1: for a new subscription", steps: play(enters5("a"),
			steps(send("a", keep("1")), expect("a", unheard(packet.PUBACK, 1)),
				send("s", hello5("s"), sub5(1, "t", packet.NewOptions(0, false, false, 1))), expect("s", ok5, granted5(1, 0), pub5("t", "1", 0, 0, retained)),
				send("s", sub5(2, "t", packet.NewOptions(0, false, false, 1))), expect("s", granted5(2, 0)), ping("s"),
				send("s", unsubscribe(v5, 3, "t"), sub5(4, "t", packet.NewOptions(0, false, false, 1))), expect("s", unsuback(v5, 3, 0), granted5(4, 0), pub5("t", "1", 0, 0, retained))))},
		{name: "[MQTT-3.3.1-10] in a session that is resumed it is not new", steps: play(enters5("a"),
			steps(send("a", keep("1")), expect("a", unheard(packet.PUBACK, 1)), send("s", hello5("s", stays(60)), sub5(1, "t", packet.NewOptions(0, false, false, 1))),
				expect("s", ok5, granted5(1, 0), pub5("t", "1", 0, 0, retained)), drop("s"), send("s", hello5("s", stays(60))), expect("s", back5), ping("s"),
				send("s", sub5(2, "t", packet.NewOptions(0, false, false, 1))), expect("s", granted5(2, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-11] retain handling 2: never", steps: play(enters5("a"),
			steps(send("a", keep("1")), expect("a", unheard(packet.PUBACK, 1)), send("s", hello5("s"), sub5(1, "t", packet.NewOptions(0, false, false, 2))), expect("s", ok5, granted5(1, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-12] retain as published 0: live messages come without RETAIN", steps: play(watches5("s", "t", plain), enters5("a"),
			steps(send("a", keep("1")), expect("a", puback(1)), expect("s", pub5("t", "1", 1, 1))))},
		{name: "[MQTT-3.3.1-13] retain as published 1: as they were published", steps: play(watches5("s", "t", asPublished), enters5("a"),
			steps(send("a", keep("1"), pub5("t", "2", 1, 2)), expect("a", puback(1), puback(2)), expect("s", pub5("t", "1", 1, 1, retained), pub5("t", "2", 1, 2))))},
		{name: "[MQTT-3.3.1-13] at QoS 0 too", steps: play(watches5("s", "t", packet.NewOptions(0, false, true, 0)), enters5("a"),
			steps(send("a", pub5("t", "1", 0, 0, retained), pub5("t", "2", 0, 0)), expect("s", pub5("t", "1", 0, 0, retained), pub5("t", "2", 0, 0))))},
	})
}

func TestV5Delivery(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.3.4-1] QoS 0 nothing, QoS 1 PUBACK, QoS 2 PUBREC", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "0", 0, 0), pub5("t", "1", 1, 1), pub5("t", "2", 2, 2)), expect("a", puback(1), pubrec(2)), ping("a"),
				expect("s", pub5("t", "0", 0, 0), pub5("t", "1", 0, 0), pub5("t", "2", 0, 0))))},
		{name: "[MQTT-3.3.4-1] what came before an error is acknowledged, and nothing comes behind DISCONNECT", steps: play(watches5("s", "t", 0), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2), "\x00\x00"), expect("a", puback(1), pubrec(2), dismissal(packet.Malformed, "reserved packet type")), closed("a"),
				expect("s", pub5("t", "1", 0, 0), pub5("t", "2", 0, 0))))},
		{name: "[MQTT-3.3.4-2] overlapping subscriptions: one copy at the highest QoS", steps: play(enters5("s"), enters5("a"),
			steps(send("s", sub5(1, "t/+", 1, also("t/#", 2), also("#", 0))), expect("s", granted5(1, 1, 2, 0)),
				send("a", pub5("t/1", "x", 2, 1)), expect("a", pubrec(1)), expect("s", pub5("t/1", "x", 2, 1)), ping("s")))},
		{name: "[MQTT-3.3.4-3] the subscription identifier comes along", steps: play(enters5("s"), enters5("a"),
			steps(send("s", sub5(1, "t", 0, subscriptionID(268_435_455))), expect("s", granted5(1, 0)),
				send("a", pub5("t", "x", 0, 0)), expect("s", pub5("t", "x", 0, 0, matchedBy(268_435_455))), ping("s")))},
		{name: "[MQTT-3.3.4-4] all those that match", steps: play(enters5("s"), enters5("a"),
			steps(send("s", sub5(1, "t/+", 0, subscriptionID(1)), sub5(2, "t/#", 1, subscriptionID(300)), sub5(3, "+/1", 0), sub5(4, "u", 0, subscriptionID(4))),
				expect("s", granted5(1, 0), granted5(2, 1), granted5(3, 0), granted5(4, 0)),
				send("a", pub5("t/1", "x", 1, 1)), expect("a", puback(1)), does("s", func(c *client) {
					p := c.publish()
					ids := make(map[uint32]int)
					for id := range p.Properties.SubscriptionIDs() {
						ids[id]++
					}
					if p.QoS != 1 || len(ids) != 2 || ids[1] != 1 || ids[300] != 1 {
						c.Fatalf("QoS %d, identifiers %v", p.QoS, ids)
					}
				}), ping("s")))},
		{name: "[MQTT-3.3.4-5] a copy for a shared subscription has its own", steps: play(enters5("s"), enters5("a"),
			steps(send("s", sub5(1, "t", 0, subscriptionID(1)), sub5(2, "$share/g/t", 0, subscriptionID(2))), expect("s", granted5(1, 0), granted5(2, 0)),
				send("a", pub5("t", "x", 0, 0)), does("s", func(c *client) {
					got := []string{describe(c, c.next()), describe(c, c.next())}
					for _, id := range []uint32{1, 2} {
						if want := describe(c, pub5("t", "x", 0, 0, matchedBy(id))); got[0] != want && got[1] != want {
							c.Fatalf("got  %s\nwant %s among them", got, want)
						}
					}
				}), ping("s")))},
		{name: "[MQTT-3.3.2-3] the topic is the publisher's, and matches the filter", steps: play(watches5("s", "$share/g/a b/+", 0), enters5("a"),
			steps(send("a", pub5("a b/.*>", "x", 0, 0)), expect("s", pub5("a b/.*>", "x", 0, 0)), ping("s")))},
		{name: "[MQTT-3.3.1-1] [MQTT-3.3.1-3] the publisher's DUP is not passed on", steps: play(watches5("s", "t", 2), enters5("a"),
			steps(send("a", pub5("t", "1", 1, 1, dup), pub5("t", "2", 2, 2, dup)), expect("a", puback(1), pubrec(2)), expect("s", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2))))},
	})
}

// What NATS clients see and say of the same.
func TestV5PropertiesAndHeaders(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	n := natsClient(t, g, "")
	n.send("SUB t 1\r\nPING\r\n")
	n.expect("PONG\r\n")
	a := dial(t, g)
	a.send(hello5("a") + sub5(1, "u", 1))
	a.expect(ok5 + granted5(1, 1))
	t.Run("[MQTT-3.3.2-17] [MQTT-3.3.2-15] from MQTT to NATS", func(t *testing.T) {
		a.TB, n.TB = t, t
		a.send(pub5("t", "x", 1, 1, utf8Payload, contentType("text/plain"), responseTopic("r/1"), correlation("\x01\x02\x03"), expiry(60), user("b", "1"), user("b", "2")))
		a.expect(puback(1))
		opaque := "\x01\x01" + "\x03" + text("text/plain") + "\x09" + text("\x01\x02\x03") + string(packet.AppendUser(packet.AppendUser(nil, "b", "1"), "b", "2"))
		header := "NATS/1.0\r\nContent-Type: text/plain\r\nMqtt-Format: 1\r\nMqtt-Expiry: 60\r\nMqtt-Correlation: AQID\r\nb: 1\r\nb: 2\r\n" +
			"Mqtt-Properties: " + base64.URLEncoding.EncodeToString([]byte(opaque)) + "\r\n\r\n"
		n.expect(fmt.Sprintf("HMSG t 1 r.1 %d %d\r\n%sx\r\n", len(header), len(header)+1, header))
	})
	t.Run("[MQTT-3.3.2-3] a subject that is no topic is not delivered", func(t *testing.T) {
		s := dial(t, g)
		s.send(hello5("s") + sub5(1, "#", 1))
		s.expect(ok5 + granted5(1, 1))
		n.send("PUB f.a/b 1\r\nx\r\nPUB f.a 1\r\nx\r\n")
		s.expect(pub5("f/a", "x", 1, 1))
		s.alive()
	})
	t.Run("[MQTT-3.3.2-18] from NATS to MQTT", func(t *testing.T) {
		a.TB, n.TB = t, t
		header := "NATS/1.0\r\nb: 1\r\na: 2\r\nb: 1\r\nContent-Type: text/plain\r\nMqtt-Format: 1\r\nMqtt-Correlation: AQID\r\nMqtt-Expiry: 60\r\n\r\n"
		n.send(fmt.Sprintf("HPUB u r.1 %d %d\r\n%sx\r\n", len(header), len(header)+1, header))
		gets("a", pub5("u", "x", 1, 1, utf8Payload, contentType("text/plain"), responseTopic("r/1"), correlation("\x01\x02\x03"), expiry(60),
			user("b", "1"), user("a", "2"), user("b", "1"))).do(a)
	})
}

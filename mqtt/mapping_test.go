package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"leafgate/gateway/gatewaytest"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// topicSubjects are topics and their subjects, all of which clients may publish to.
var topicSubjects = []struct{ topic, subject string }{
	{"a", "a"}, {"a/b", "a.b"}, {"/a", "/.a"}, {"a/", "a./"}, {"a//b", "a./.b"}, {"/", "/./"}, {"///", "/./././"}, {"a.b", "a//b"}, {".", "//"},
	{"a/.", "a.//"}, {"spBv1.0/Plant 7/NBIRTH/e.4", "spBv1//0.Plant/_7.NBIRTH.e//4"}, {"a b", "a/_b"}, {" ", "/_"}, {"a/ /b", "a./_.b"},
	{"z2m/K\u00fcche Licht.1/set", "z2m.K\u00fcche/_Licht//1.set"}, {"\u6e29\u5ea6/\u5ba4\u5185", "\u6e29\u5ea6.\u5ba4\u5185"},
	{"a\tb", "a/tb"}, {"a\r\nb", "a/r/nb"}, {"a\fb", "a/fb"}, {"a\x7fb", "a/db"}, {"a\x01b", "a\x01b"}, {"*", "/*"}, {"a/*/b", "a./*.b"},
	{"a*b", "a*b"}, {"**", "**"}, {">", "/>"}, {"a>/b", "a>.b"}, {"*. ", "*///_"}, {"$aws/things", "$aws.things"}, {"a/$SYS", "a.$SYS"},
	{"\ufeffa", "\ufeffa"}, {"t/n", "t.n"}, {strings.Repeat("l/", 200), strings.Repeat("l.", 200) + "/"},
}

// A topic arrives byte for byte, at QoS 0 and 1, in both versions, and as its subject at a NATS client; and the other way.
func TestTopicsAndSubjects(t *testing.T) {
	g := gatewaytest.Start(t, conf("max_subscriptions: 100"))
	nats := natsClient(t, g, "")
	nats.send("SUB > 1\r\nPING\r\n")
	nats.expect("PONG\r\n")
	var subs []*client
	for i, v := range []packet.Version{v311, v311, v5, v5} {
		c := dial(t, g)
		c.send(connect(v, fmt.Sprint("sub", i)) + subscribe(v, 1, "#", packet.Options(i%2), also("$aws/#", packet.Options(i%2))))
		c.expect(connack(v, false) + suback(v, 1, packet.Reason(i%2), packet.Reason(i%2)))
		subs = append(subs, c)
	}
	arrives := func(topic, payload string, qos byte) {
		t.Helper()
		for i, c := range subs {
			want := min(qos, byte(i%2))
			if p := c.publish(); string(p.Topic) != topic || string(p.Payload) != payload || p.QoS != want || p.Retain {
				t.Fatalf("subscriber %d got %q %q at QoS %d, want %q %q at %d", i, p.Topic, p.Payload, p.QoS, topic, payload, want)
			} else if p.QoS > 0 {
				c.send(ack(packet.PUBACK, c.version, p.ID, 0))
			}
		}
	}
	for _, v := range []packet.Version{v311, v5} {
		p := dial(t, g)
		p.send(connect(v, "p"))
		p.expect(connack(v, false))
		for _, x := range topicSubjects {
			for qos := range byte(2) {
				p.send(publish(v, x.topic, "x", qos, uint16(qos)))
				if qos > 0 {
					p.expect(ack(packet.PUBACK, v, 1, 0))
				}
				nats.expect("MSG " + x.subject + " 1 1\r\nx\r\n")
				arrives(x.topic, "x", qos)
			}
		}
		p.send(disconnect(v))
		p.closed()
	}
	for _, x := range topicSubjects {
		if strings.ContainsRune(x.subject, 1) {
			continue // NATS clients may not say control characters
		}
		nats.send("PUB " + x.subject + " 1\r\ny\r\n")
		nats.expect("MSG " + x.subject + " 1 1\r\ny\r\n")
		arrives(x.topic, "y", 1)
	}
}

var foreignSubjects = []string{"a/b", "a.b/", "/", "a./b.c", "a///b", "a.b+c", "a.#", "x/_y/*", "a./*b", "/q", "a\x80b", "a.\xff", "+"}

// What is no topic is not shown, not kept and not retained, and costs nobody anything.
func TestForeignSubjects(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	nats := natsClient(t, g, "")
	away := dial(t, g)
	away.send(hello5("away", stays(60)) + sub5(1, "#", 1))
	away.expect(ok5 + granted5(1, 1))
	away.send(bye5)
	away.closed()
	v3, five := dial(t, g), dial(t, g)
	v3.send(hello3("v3") + sub3(1, "#", 0))
	v3.expect(ok3 + granted3(1, 0))
	five.send(hello5("five") + sub5(1, "#", 2, also("+/+", 2), also("$share/g/+", 2)))
	five.expect(ok5 + granted5(1, 2, 2, 2))
	for _, s := range foreignSubjects {
		nats.send("PUB " + s + " 1\r\nx\r\n" + fmt.Sprintf("HPUB %s 28 29\r\nNATS/1.0\r\nMqtt-Retain: 1\r\n\r\nx\r\n", s))
	}
	nats.send("PUB end 1\r\nx\r\n")
	v3.expect(pub3("end", "x", 0, 0))
	for range 2 { // shared, and once for both others
		if p := five.publish(); string(p.Topic) != "end" {
			t.Fatalf("got %q", p.Topic)
		}
	}
	v3.send(sub3(2, "+/#", 0))
	v3.expect(granted3(2, 0))
	v3.alive()
	away = dial(t, g)
	away.send(hello5("away", stays(60)))
	away.expect(back5 + pub5("end", "x", 1, 1))
	away.alive()
}

// On request they are shown, with U+FFFD in place of what no topic has.
func TestForeignSubjectsSubstituted(t *testing.T) {
	g := gatewaytest.Start(t, conf("foreign: substitute"))
	nats := natsClient(t, g, "")
	v3, five, one := dial(t, g), dial(t, g), dial(t, g)
	v3.send(hello3("v3") + sub3(1, "#", 0))
	v3.expect(ok3 + granted3(1, 0))
	five.send(hello5("five") + sub5(1, "#", 0))
	five.expect(ok5 + granted5(1, 0))
	one.send(hello5("one") + sub5(1, "#", 1))
	one.expect(ok5 + granted5(1, 1))
	for i, s := range foreignSubjects {
		nats.send("PUB " + s + " 1\r\nx\r\n")
		topic := string(mapping.AppendSubstitute(nil, []byte(s)))
		if !strings.ContainsRune(topic, utf8.RuneError) || !utf8.ValidString(topic) || strings.ContainsAny(topic, "+#\x00") ||
			strings.Count(topic, "/") != strings.Count(s, ".") {
			t.Fatalf("%q is shown as %q", s, topic)
		}
		v3.expect(pub3(topic, "x", 0, 0))
		var properties []func(*packet.Publish)
		if utf8.ValidString(s) { // else no property can hold it
			properties = append(properties, user("nats-subject", s))
		}
		five.expect(pub5(topic, "x", 0, 0, properties...))
		one.expect(pub5(topic, "x", 1, uint16(i+1), properties...))
	}
	nats.send("PUB a.b 1\r\nx\r\n")
	v3.expect(pub3("a/b", "x", 0, 0))
	five.expect(pub5("a/b", "x", 0, 0))
}

// Each is a topic or filter that is none.
func TestIllegalTopics(t *testing.T) {
	const noString = "string is not UTF-8 or holds U+0000"
	var all []conversation
	topic := func(s string, code packet.Reason, why string) {
		all = append(all, cut(fmt.Sprintf("publish to %q, 3.1.1", s), pub3(s, "", 0, 0)), cut(fmt.Sprintf("publish to %q at QoS 1, 3.1.1", s), pub3(s, "", 1, 1)),
			cut5(fmt.Sprintf("publish to %q, 5", s), pub5(s, "", 0, 0), code, why), cut5(fmt.Sprintf("publish to %q at QoS 2, 5", s), pub5(s, "", 2, 1), code, why),
			turnedAway(fmt.Sprintf("a will to %q, 3.1.1", s), hello3("a", will(s, "", 0, false))))
	}
	for _, s := range []string{"a/+", "#", "a#b"} {
		topic(s, packet.TopicNameInvalid, "wildcard in a topic name")
	}
	for _, s := range []string{"\x00", "a\xff", "\xc0\xaf", "\xed\xa0\x80", "a\xe2\x82"} {
		topic(s, packet.Malformed, "malformed packet")
		all = append(all, cut(fmt.Sprintf("subscribe to %q, 3.1.1", s), sub3(1, s, 0)), cut5(fmt.Sprintf("subscribe to %q, 5", s), sub5(1, s, 0), packet.Malformed, noString))
	}
	for _, s := range []string{"a+", "+a", "a#", "a/#/b", "##", "+#"} {
		all = append(all, conversation{name: "subscribe to " + s, steps: play(enters("a"), enters5("b"), steps(
			send("a", sub3(1, s, 0)), expect("a", granted3(1, failed3)), ping("a"), send("b", sub5(1, s, 0)), expect("b", granted5(1, packet.TopicFilterInvalid)), ping("b")))})
	}
	all = append(all,
		cut("publish to nothing, 3.1.1", pub3("", "", 0, 0)), cut("subscribe to nothing, 3.1.1", sub3(1, "", 0)),
		conversation{name: "beyond max_subject or max_levels", conf: "max_subject: 20, max_levels: 3", steps: play(
			listens5("w", "#", 0), enters("a"), enters5("b"), steps(
				send("b", pub5("a/b/c/d", "1", 0, 0), pub5("a/b/c/d/e", "", 0, 0), pub5(strings.Repeat("x", 21), "", 0, 0)), ping("b"),
				send("b", pub5("a/b/c/d/e", "", 1, 1), pub5(strings.Repeat(".", 11), "", 2, 2)),
				expect("b", ack(packet.PUBACK, v5, 1, packet.TopicNameInvalid), ack(packet.PUBREC, v5, 2, packet.TopicNameInvalid)),
				send("b", sub5(3, "a/b/c/d/#", 0, also(strings.Repeat("x", 21), 0), also("a/b/c/#", 0))),
				expect("b", granted5(3, packet.TopicFilterInvalid, packet.TopicFilterInvalid, 0)), ping("b"),
				send("a", sub3(3, "a/b/c/d/#", 0, also(strings.Repeat("x", 21), 0))), expect("a", granted3(3, failed3, failed3)),
				expect("w", pub5("a/b/c/d", "1", 0, 0)), ping("w"), send("a", pub3("a/b/c/d/e", "", 1, 1)), closed("a")),
		)},
		conversation{name: "control characters pass", steps: play(listens5("a", "#", 0), steps(
			send("a", pub5("a\x01\u0085\uffff", "", 0, 0)), expect("a", pub5("a\x01\u0085\uffff", "", 0, 0)), ping("a")))},
		conversation{name: "but not with strict_utf8", conf: "strict_utf8: true", steps: play(
			enters("a"), enters("b"), enters5("c"), enters5("d"), steps(send("a", pub3("a\x01", "", 0, 0)), closed("a"), send("b", sub3(1, "\u0085", 0)), closed("b"),
				send("c", pub5("\uffff", "", 1, 1)), expect("c", dismissal(packet.Malformed, "malformed packet")), closed("c"),
				send("d", sub5(1, "a\x7f", 0)), expect("d", dismissal(packet.Malformed, "malformed packet")), closed("d")),
		)},
	)
	converse(t, all)
}

// What NATS clients publish has the QoS that the configuration says, and is not acknowledged to them.
func TestNATSQoS(t *testing.T) {
	for qos, text := range []string{"nats_qos: 0", "nats_qos: 1", "nats_qos: 2", ""} {
		if text == "" {
			qos = 1
		}
		g := gatewaytest.Start(t, conf(text))
		nats, c := natsClient(t, g, ""), dial(t, g)
		c.send(hello3("c") + sub3(1, "a", 2) + sub3(2, "b", 0))
		c.expect(ok3 + granted3(1, 2) + granted3(2, 0))
		nats.send("PUB a reply 1\r\nx\r\nPUB b 1\r\ny\r\nPING\r\n")
		nats.expect("PONG\r\n")
		id := uint16(0)
		if qos > 0 {
			id = 1
		}
		c.expect(pub3("a", "x", byte(qos), id) + pub3("b", "y", 0, 0))
	}
}

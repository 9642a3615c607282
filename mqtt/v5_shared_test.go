package mqtt_test

import (
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

func TestV5Shared(t *testing.T) {
	const invalid = "invalid shared subscription"
	// shares makes a client a member of the group.
	shares := func(who string, qos packet.Options, with ...func(*packet.Connect)) []step {
		return play(enters5(who, with...), steps(send(who, sub5(9, "$share/g/t", qos)), expect(who, granted5(9, packet.Reason(qos)))))
	}
	joins := func(filter string, qos packet.Options) func(who string) []step {
		return func(who string) []step { return listens5(who, filter, qos) }
	}
	converse(t, []conversation{
		cut5("[MQTT-4.8.2-1] no name", sub5(1, "$share//t", 0), packet.ProtocolError, invalid),
		cut5("[MQTT-4.8.2-2] no filter", sub5(1, "$share/g", 0), packet.ProtocolError, invalid),
		cut5("[MQTT-4.8.2-2] an empty filter", sub5(1, "$share/g/", 0), packet.ProtocolError, invalid),
		cut5("[MQTT-4.8.2-2] + in the name", sub5(1, "$share/g+/t", 0), packet.ProtocolError, invalid),
		cut5("[MQTT-4.8.2-2] # in the name", sub5(1, "$share/#/t", 0), packet.ProtocolError, invalid),
		{name: "[MQTT-4.8.2-1] [MQTT-4.8.2-2] before MQTT 5, the filter alone fails", steps: play(enters("a"), steps(
			send("a", sub3(1, "$share//t", 0), sub3(2, "$share/g", 0), sub3(3, "$share/g+/t", 0), sub3(4, "$share/g/t", 1)),
			expect("a", granted3(1, failed3), granted3(2, failed3), granted3(3, failed3), granted3(4, 1)), ping("a"),
		))},
		{name: "[MQTT-4.8.2-1] what begins differently is an ordinary filter", steps: play(
			listens5("a", "$Share/g/t", 0), listens5("b", "$share", 0), enters5("p"),
			steps(send("p", pub5("$Share/g/t", "1", 0, 0), pub5("$share", "2", 0, 0)), expect("a", pub5("$Share/g/t", "1", 0, 0)),
				expect("b", pub5("$share", "2", 0, 0)), ping("a"), ping("b")),
		)},
		{name: "a bad filter behind a good name", steps: play(enters5("a"), steps(
			send("a", sub5(1, "$share/g/t+", 0, also("$share/g/a/#/b", 0), also("$share/g/#", 0))),
			expect("a", granted5(1, packet.TopicFilterInvalid, packet.TopicFilterInvalid, 0)), ping("a"),
		))},
		{name: "[MQTT-4.8.2-3] the granted QoS of the member", steps: play(shares("a", 1), enters5("p"), steps(
			send("p", pub5("t", "x", 2, 1)), expect("p", ack(packet.PUBREC, v5, 1, 0)), expect("a", pub5("t", "x", 1, 1)),
			send("a", ack(packet.PUBACK, v5, 1, 0), sub5(2, "$share/g/t", 0)), expect("a", granted5(2, 0)),
			send("p", pub5("t", "y", 1, 2)), expect("p", ack(packet.PUBACK, v5, 2, 0)), expect("a", pub5("t", "y", 0, 0)), ping("a"),
		))},
		{name: "[MQTT-4.8.2-4] QoS 2 is finished with the member that it was begun with", steps: play(
			shares("a", 2, stays(60)), enters5("p"), steps(send("p", pub5("t", "x", 2, 1)), expect("p", ack(packet.PUBREC, v5, 1, 0)),
				expect("a", pub5("t", "x", 2, 1))),
			shares("b", 2), steps(drop("a"), send("a", hello5("a", stays(60))), expect("a", back5, pub5("t", "x", 2, 1, dup)), ping("b"),
				send("a", ack(packet.PUBREC, v5, 1, 0)), expect("a", ack(packet.PUBREL, v5, 1, 0)), send("a", ack(packet.PUBCOMP, v5, 1, 0)),
				ping("a"), ping("b")),
		)},
		{name: "[MQTT-4.8.2-5] nobody else gets what was begun with a member whose session ends", steps: play(
			shares("a", 2, will("w", "gone", 0, false)), enters5("p"), steps(send("p", pub5("t", "x", 2, 1)),
				expect("p", ack(packet.PUBREC, v5, 1, 0)), expect("a", pub5("t", "x", 2, 1))),
			shares("b", 2), steps(send("b", sub5(2, "w", 0)), expect("b", granted5(2, 0)), drop("a"), expect("b", pub5("w", "gone", 0, 0)), ping("b")),
		)},
		{name: "[MQTT-4.8.2-6] nobody else gets what a member refuses", steps: play(
			shares("a", 2), enters5("p"), steps(send("p", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2)),
				expect("p", ack(packet.PUBACK, v5, 1, 0), ack(packet.PUBREC, v5, 2, 0)), expect("a", pub5("t", "1", 1, 1), pub5("t", "2", 2, 2))),
			shares("b", 2), steps(send("a", ack(packet.PUBACK, v5, 1, packet.QuotaExceeded), ack(packet.PUBREC, v5, 2, packet.Unspecified)),
				ping("a"), ping("b"), send("p", ack(packet.PUBREL, v5, 2, 0)), expect("p", ack(packet.PUBCOMP, v5, 2, 0)), ping("b")),
		)},
		{name: "members that are away are passed over", steps: play(
			shares("a", 1, stays(60), will("w", "gone", 0, false)), shares("b", 1), steps(send("b", sub5(2, "w", 0)), expect("b", granted5(2, 0)),
				drop("a"), expect("b", pub5("w", "gone", 0, 0))),
			enters5("p"), steps(send("p", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)),
				expect("p", ack(packet.PUBACK, v5, 1, 0), ack(packet.PUBACK, v5, 2, 0), ack(packet.PUBACK, v5, 3, 0)),
				expect("b", pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), ping("b")),
		)},
		{name: "what comes while all are away waits", steps: play(
			shares("a", 1, stays(60)), enters5("p"), steps(send("a", bye5), closed("a"),
				send("p", pub5("t", "1", 1, 1)), expect("p", ack(packet.PUBACK, v5, 1, 0)),
				send("a", hello5("a", stays(60))), expect("a", back5, pub5("t", "1", 1, 1)), send("a", ack(packet.PUBACK, v5, 1, 0)), ping("a")),
		)},
		{name: "groups with one name and different filters are different groups", steps: play(
			joins("$share/g/t/+", 0)("a"), joins("$share/g/t/1", 0)("b"), joins("$share/h/t/1", 0)("c"), enters5("p"),
			steps(send("p", pub5("t/1", "x", 0, 0)), expect("a", pub5("t/1", "x", 0, 0)), expect("b", pub5("t/1", "x", 0, 0)),
				expect("c", pub5("t/1", "x", 0, 0)), ping("a"), ping("b"), ping("c")),
		)},
		{name: "no retained messages", steps: play(enters5("p"), sent5("p", "t", "x", retained), shares("a", 0), steps(ping("a")))},
		{name: "what is reserved is not shared", steps: play(enters5("a"), steps(
			send("a", sub5(1, "$share/g/$SYS/#", 0, also("$share/g/$JS/#", 0), also("$share/g/_INBOX/#", 0), also("$share/g/$MQTT/x", 0))),
			expect("a", granted5(1, packet.NotAuthorized, packet.NotAuthorized, packet.NotAuthorized, packet.NotAuthorized)), ping("a"),
		))},
		{name: "nobody publishes to a group", steps: play(
			listens5("w", "$share/g/t", 0), enters5("p"), enters("q"), steps(
				send("p", pub5("$share/g/t", "x", 1, 1), pub5("$share/g/t", "x", 2, 2), pub5("$share/x", "x", 0, 0)),
				expect("p", ack(packet.PUBACK, v5, 1, packet.NotAuthorized), ack(packet.PUBREC, v5, 2, packet.NotAuthorized)), ping("p"),
				send("q", pub3("$share/g/t", "x", 1, 1)), expect("q", puback(1)), ping("q"), ping("w")),
		)},
	})
}

// Every message goes to one member, whatever version they speak, and each gets some.
func TestV5SharedWithOthers(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	const n = 300
	v3, five, p := dial(t, g), dial(t, g), dial(t, g)
	v3.send(connect(v311, "a") + sub3(1, "$share/g/t/#", 0))
	v3.expect(ok3 + granted3(1, 0))
	five.send(hello5("b") + sub5(1, "$share/g/t/#", 0))
	five.expect(ok5 + granted5(1, 0))
	p.send(hello5("p"))
	p.expect(ok5)
	for range n {
		p.send(pub5("t/x", "m", 0, 0))
	}
	p.alive()
	got := make(map[string]int)
	for _, c := range []*client{v3, five} {
		c.send(pingreq)
		for b := c.next(); b != pingresp; b = c.next() {
			got[c.version.String()]++
		}
	}
	if got[v311.String()]+got[v5.String()] != n || got[v311.String()] == 0 || got[v5.String()] == 0 {
		t.Errorf("got %v, want %d together and some each", got, n)
	}
}

package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestV5FirstPacket(t *testing.T) {
	converse(t, []conversation{
		{name: "[MQTT-3.1.0-1] PINGREQ before CONNECT", steps: steps(send("a", pingreq), closed("a"))},
		{name: "[MQTT-3.1.0-1] [MQTT-3.2.0-1] PUBLISH before CONNECT has no effect", steps: play(watches5("s", "t", 0),
			steps(send("a", pub5("t", "x", 0, 0), hello5("a")), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.0-1] AUTH before CONNECT", steps: steps(send("a", "\xf0\x00"), closed("a"))},
		{name: "[MQTT-3.1.0-2] [MQTT-3.1.2-8] a second CONNECT ends the connection, and the will is published", steps: play(watches5("s", "w", 0),
			enters5("a", will("w", "gone", 0, false)),
			steps(send("a", hello5("b")), expect("a", dismissal(packet.ProtocolError, "second CONNECT")), closed("a"), expect("s", pub5("w", "gone", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.2-1] another protocol name", steps: steps(send("a", framed(0x10, text("MQTZ")+"\x05\x02\x00\x00\x00"+text("a"))), closed("a"))},
		{name: "[MQTT-3.1.2-1] the name in lower case", steps: steps(send("a", framed(0x10, text("mqtt")+"\x05\x02\x00\x00\x00"+text("a"))), closed("a"))},
		turnedAway5("[MQTT-3.1.2-2] level 6", framed(0x10, text("MQTT")+"\x06\x02\x00\x00\x00"+text("a")), packet.UnsupportedVersion, "protocol level is not served"),
		turnedAway5("[MQTT-3.1.2-2] level 127", framed(0x10, text("MQTT")+"\x7f\x02\x00\x00\x00"+text("a")), packet.UnsupportedVersion, "protocol level is not served"),
		{name: "[MQTT-3.1.2-2] level 5 where it is not served", conf: "versions: [\"3.1.1\"]", steps: steps(send("a", hello5("a")), expect("a", "\x20\x02\x00\x01"), closed("a"))},
	})
}

func TestV5ConnectFlags(t *testing.T) {
	const id, topic, payload = "\x00\x01a", "\x00\x01w", "\x00\x01x"
	const noWill, short, leftOver = "will QoS or will retain without a will", "packet ends too early", "bytes left over behind the last field"
	turned := func(name, bad, why string) conversation { return turnedAway5(name, bad, packet.Malformed, why) }
	converse(t, []conversation{
		turned("[MQTT-3.1.2-3] the reserved flag", rawConnect5(0x03, "", id), "reserved connect flag"),
		turned("[MQTT-3.1.2-11] will QoS 1 without a will", rawConnect5(0x0a, "", id), noWill),
		turned("[MQTT-3.1.2-11] will QoS 2 without a will", rawConnect5(0x12, "", id), noWill),
		turned("[MQTT-3.1.2-13] will retain without a will", rawConnect5(0x22, "", id), noWill),
		turned("[MQTT-3.1.2-12] will QoS 3", rawConnect5(0x1e, "", id, "\x00", topic, payload), "will with QoS 3"),
		turned("[MQTT-3.1.2-9] a will that is not there", rawConnect5(0x06, "", id), short),
		turned("[MQTT-3.1.2-9] a will without a topic", rawConnect5(0x06, "", id, "\x00"), short),
		turned("[MQTT-3.1.2-9] a will without a payload", rawConnect5(0x06, "", id, "\x00", topic), short),
		turned("[MQTT-3.1.2-9] a will without the length of its properties", rawConnect5(0x06, "", id, topic, payload), short),
		turned("[MQTT-3.1.2-16] a user name without its flag", rawConnect5(0x02, "", id, "\x00\x01u"), leftOver),
		turned("[MQTT-3.1.2-17] a user name flag without a user name", rawConnect5(0x82, "", id), short),
		turned("[MQTT-3.1.2-18] a password without its flag", rawConnect5(0x82, "", id, "\x00\x01u", "\x00\x01p"), leftOver),
		turned("[MQTT-3.1.2-19] a password flag without a password", rawConnect5(0xc2, "", id, "\x00\x01u"), short),
		turned("[MQTT-3.1.3-1] [MQTT-3.1.3-3] no client identifier", rawConnect5(0x02, ""), short),
		turned("[MQTT-3.1.3-1] fields in another order", rawConnect5(0x06, "", id, topic, payload, "\x00"), short),
		{name: "[MQTT-3.1.3-1] client identifier, will properties, topic and payload, user name, password", steps: play(watches5("s", "w", 0),
			steps(send("a", rawConnect5(0xc6, "", id, "\x02\x01\x01", topic, payload, "\x00\x01u", "\x00\x01p")), expect("a", ok5), drop("a"),
				expect("s", "\x30\x07\x00\x01w\x02\x01\x01x")))},
		{name: "[MQTT-3.1.2-18] [MQTT-3.1.2-19] a password alone is legal", steps: steps(send("a", rawConnect5(0x42, "", id, "\x00\x01p")), expect("a", ok5), ping("a"))},
		{name: "a will may be empty", steps: play(watches5("s", "w", 0),
			steps(send("a", hello5("a", will("w", "", 0, false))), expect("a", ok5), drop("a"), expect("s", pub5("w", "", 0, 0))))},
	})
}

func TestV5ConnectProperties(t *testing.T) {
	const id = "\x00\x01a"
	const unknown, place, twice, value = "unknown property", "property not allowed in this packet", "property given twice", "property out of its range"
	says := func(name, block, will string, code packet.Reason, why string) conversation {
		if will != "" {
			return turnedAway5(name, rawConnect5(0x06, block, id, string(rune(len(will)))+will, "\x00\x01w", "\x00\x00"), code, why)
		}
		return turnedAway5(name, rawConnect5(0x02, block, id), code, why)
	}
	converse(t, []conversation{
		says("[MQTT-3.1.4-1] an unknown property", "\x7e\x00", "", packet.Malformed, unknown),
		says("[MQTT-3.1.4-1] a property of PUBLISH", "\x23\x00\x01", "", packet.ProtocolError, place),
		says("[MQTT-3.1.4-1] the session expiry interval twice", "\x11\x00\x00\x00\x01\x11\x00\x00\x00\x01", "", packet.ProtocolError, twice),
		says("[MQTT-3.1.4-1] receive maximum 0", "\x21\x00\x00", "", packet.ProtocolError, value),
		says("[MQTT-3.1.4-1] maximum packet size 0", "\x27\x00\x00\x00\x00", "", packet.ProtocolError, value),
		says("[MQTT-3.1.4-1] request problem information 2", "\x17\x02", "", packet.ProtocolError, value),
		says("[MQTT-3.1.4-1] request response information 2", "\x19\x02", "", packet.ProtocolError, value),
		says("[MQTT-3.1.4-1] authentication data without a method", "\x16\x00\x01x", "", packet.ProtocolError, "authentication data without a method"),
		says("[MQTT-3.1.4-1] a property cut short", "\x11\x00", "", packet.Malformed, "packet ends too early"),
		says("a will delay in CONNECT", "\x18\x00\x00\x00\x01", "", packet.ProtocolError, place),
		says("a session expiry in a will", "", "\x11\x00\x00\x00\x01", packet.ProtocolError, place),
		says("a topic alias in a will", "", "\x23\x00\x01", packet.ProtocolError, place),
		says("payload format 2 in a will", "", "\x01\x02", packet.ProtocolError, value),
		{name: "[MQTT-3.1.2-30] [MQTT-3.1.4-2] [MQTT-3.1.4-6] an authentication method: none is served, so nothing else is", steps: play(watches5("s", "t", 0),
			steps(send("a", hello5("a", func(c *packet.Connect) { c.AuthMethod = []byte("SCRAM-SHA-256") }), pub5("t", "x", 0, 0)),
				expect("a", refusal(v5, packet.BadAuthenticationMethod, "authentication method is not served")), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.2-28] response information only for those who ask", conf: "response_information: \"answers/\"", steps: steps(
			send("a", hello5("a")), expect("a", ok5),
			send("b", hello5("b", func(c *packet.Connect) { c.RequestResponse = true })),
			expect("b", connack(v5, false, func(a *packet.Connack) { a.ResponseInformation = []byte("answers/") })))},
		{name: "[MQTT-3.1.2-28] where there is none, nobody gets any", steps: steps(
			send("b", hello5("b", func(c *packet.Connect) { c.RequestResponse = true })), expect("b", ok5))},
		{name: "[MQTT-3.1.2-29] request problem information 0: no reason strings but in CONNACK and DISCONNECT",
			conf: `authorization { users: [ {user: u, password: p, permissions: {publish: ok, subscribe: ok}} ] }`, steps: steps(
				send("a", hello5("a", login("u", "p"), func(c *packet.Connect) { c.RequestProblem = false })), expect("a", ok5),
				send("a", pub5("no", "x", 1, 1)), expect("a", ack(packet.PUBACK, v5, 1, packet.NotAuthorized)),
				send("a", pub5("no", "x", 2, 2)), expect("a", ack(packet.PUBREC, v5, 2, packet.NotAuthorized)),
				send("a", pubrel(2)), expect("a", ack(packet.PUBCOMP, v5, 2, packet.PacketIDNotFound)),
				send("a", sub5(3, "no", 0)), expect("a", granted5(3, packet.NotAuthorized)),
				send("a", unsubscribe(v5, 4, "no")), expect("a", unsuback(v5, 4, packet.NoSubscriptionExisted)),
				send("a", "\x00\x00"), expect("a", dismissal(packet.Malformed, "reserved packet type")), closed("a"))},
	})
}

func TestV5ClientIdentifier(t *testing.T) {
	const all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	assigned := func(c *client) {
		a := connackOf(c)
		if id := string(a.AssignedClientID); !strings.HasPrefix(id, "auto-") || len(id) < 20 || a.SessionPresent || a.Reason != 0 {
			c.Fatalf("assigned %q, present %v, reason %v", id, a.SessionPresent, a.Reason)
		}
	}
	var first string
	converse(t, []conversation{
		{name: "[MQTT-3.1.3-5] 23 letters and digits", steps: steps(send("a", hello5(all[:23])), expect("a", ok5), send("b", hello5(all[23:46])), expect("b", ok5),
			send("c", hello5(all[46:])), expect("c", ok5), ping("a"), ping("b"), ping("c"))},
		{name: "[MQTT-3.1.3-8] no identifier is refused: any length, any character", steps: steps(send("a", hello5(strings.Repeat("é .*>+#/$", 5000))), expect("a", ok5), ping("a"))},
		{name: "[MQTT-3.1.3-6] [MQTT-3.1.3-7] an empty one is replaced by one that CONNACK names", steps: steps(send("a", hello5("")), does("a", assigned), ping("a"))},
		{name: "[MQTT-3.1.3-6] [MQTT-3.1.3-7] also without clean start", steps: steps(send("a", hello5("", stays(60))), does("a", assigned), ping("a"))},
		{name: "[MQTT-3.2.2-16] each gets one of its own", steps: steps(send("a", hello5("")), does("a", assigned), send("b", hello5("")), does("b", assigned), ping("a"), ping("b"))},
		{name: "[MQTT-3.1.3-7] the session that was made can be resumed under it", steps: steps(
			send("a", hello5("", stays(60))), does("a", func(c *client) { first = string(connackOf(c).AssignedClientID) }), drop("a"),
			does("a", func(c *client) { c.send(hello5(first, stays(60))) }), expect("a", back5))},
		{name: "[MQTT-3.1.3-2] another user's identifier is another session", conf: `authorization { users: [ {user: u, password: p}, {user: v, password: p} ] }`, steps: steps(
			send("a", hello5("x", login("u", "p"), stays(9))), expect("a", ok5),
			send("b", hello5("x", login("v", "p"), stays(9))), expect("b", ok5), ping("a"), ping("b"),
			send("c", hello5("x", login("u", "p"), stays(9))), expect("c", back5),
			expect("a", dismissal(packet.SessionTakenOver, "another connection has taken the session over")), closed("a"), ping("b"),
		)},
	})
}

// connackOf reads a CONNACK.
func connackOf(c *client) (a packet.Connack) {
	c.Helper()
	b := c.next()
	if err := a.Parse([]byte(b[len(b)-remaining(b):]), v5); b[0] != 0x20 || err != nil {
		c.Fatalf("want a CONNACK, got %q, %v", b, err)
	}
	return a
}

func TestV5Takeover(t *testing.T) {
	taken := dismissal(packet.SessionTakenOver, "another connection has taken the session over")
	converse(t, []conversation{
		{name: "[MQTT-3.1.4-3] the old connection hears why it ends", steps: play(enters5("a"), steps(send("b", hello5("a")), expect("b", ok5), expect("a", taken), closed("a"), ping("b")))},
		{name: "[MQTT-3.1.4-3] also one of 3.1.1 takes over, and is taken over without a word", steps: play(enters5("a"), steps(
			send("b", hello3("a")), expect("b", ok3), expect("a", taken), closed("a"), send("c", hello5("a")), expect("c", ok5), closed("b"), ping("c")))},
		{name: "[MQTT-3.1.4-3] [MQTT-3.1.2-8] the old will comes before anything of the new connection", steps: play(watches5("s", "w", 0),
			enters5("a", will("w", "offline", 1, true)),
			steps(send("b", hello5("a", will("w", "offline", 1, true)), pub5("w", "online", 0, 0, retained)), expect("b", ok5), expect("a", taken), closed("a"),
				expect("s", pub5("w", "offline", 0, 0), pub5("w", "online", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.4-3] [MQTT-3.1.3-9] a will with a delay is kept back by the new connection", steps: play(watches5("s", "w", 0),
			steps(send("a", hello5("a", stays(60), will("w", "offline", 1, true), willDelay(1))), expect("a", ok5),
				send("b", hello5("a", stays(60))), expect("b", back5), expect("a", taken), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.3-9] [MQTT-3.1.2-4] but not with clean start, which ends the session", steps: play(watches5("s", "w", 0),
			steps(send("a", hello5("a", stays(60), will("w", "offline", 1, false), willDelay(60))), expect("a", ok5),
				send("b", hello5("a")), expect("b", ok5), expect("a", taken), closed("a"), expect("s", pub5("w", "offline", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.2-23] [MQTT-3.2.2-3] a session without expiry ends with the connection that is taken over", steps: steps(
			send("a", hello5("a"), sub5(1, "t", 1)), expect("a", ok5, granted5(1, 1)),
			send("b", hello5("a", stays(60))), expect("b", ok5), expect("a", taken), closed("a"), send("b", pub5("t", "x", 1, 1)), expect("b", unheard(packet.PUBACK, 1)), ping("b"))},
		{name: "[MQTT-3.1.4-4] [MQTT-3.1.2-5] a session goes over", steps: steps(
			send("a", hello5("a", stays(60)), sub5(1, "t", 1)), expect("a", ok5, granted5(1, 1)),
			send("b", hello5("a", stays(60))), expect("b", back5), expect("a", taken), closed("a"), send("b", pub5("t", "x", 1, 1)), expect("b", pub5("t", "x", 1, 1), puback(1)), ping("b"))},
		{name: "[MQTT-3.1.4-4] [MQTT-3.1.2-4] or is discarded", steps: steps(
			send("a", hello5("a", stays(60)), sub5(1, "t", 1)), expect("a", ok5, granted5(1, 1)),
			send("b", hello5("a")), expect("b", ok5), expect("a", taken), closed("a"), send("b", pub5("t", "x", 1, 1)), expect("b", unheard(packet.PUBACK, 1)), ping("b"))},
	})
}

func TestV5Authentication(t *testing.T) {
	const users = `authorization { users: [ {user: u, password: p} ] }`
	converse(t, []conversation{
		{name: "[MQTT-3.1.4-2] [MQTT-3.2.2-7] [MQTT-3.2.2-8] the wrong password", conf: users, steps: steps(
			send("a", hello5("a", login("u", "q"))), expect("a", refusal(v5, packet.BadUserNameOrPassword, "not authorized")), closed("a"))},
		{name: "[MQTT-3.1.4-2] [MQTT-3.2.2-7] [MQTT-3.2.2-8] no login", conf: users, steps: steps(
			send("a", hello5("a")), expect("a", refusal(v5, packet.NotAuthorized, "not authorized")), closed("a"))},
		{name: "[MQTT-3.1.4-6] what was sent behind a CONNECT that is refused has no effect", conf: users, steps: steps(
			send("s", hello5("s", login("u", "p")), sub5(1, "t", 0)), expect("s", ok5, granted5(1, 0)),
			send("a", hello5("a", login("u", "q")), pub5("t", "x", 0, 0)), expect("a", refusal(v5, packet.BadUserNameOrPassword, "not authorized")), closed("a"), ping("s"))},
		{name: "[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] what was sent behind one that is accepted has, behind one CONNACK", conf: users, steps: steps(
			send("a", hello5("a", login("u", "p")), sub5(1, "t", 1), pub5("t", "x", 0, 0), pingreq), expect("a", ok5, granted5(1, 1), pub5("t", "x", 0, 0), pingresp), ping("a"))},
		{name: "[MQTT-3.2.2-6] who is refused is not shown that there is a session, and does not touch it", conf: users, steps: steps(
			send("a", hello5("a", login("u", "p"), stays(60))), expect("a", ok5),
			send("b", hello5("a", login("u", "q"))), expect("b", refusal(v5, packet.BadUserNameOrPassword, "not authorized")), closed("b"), ping("a"), drop("a"),
			send("c", hello5("a", login("u", "p"), stays(60))), expect("c", back5))},
		{name: "[MQTT-3.2.2-7] no room", conf: "max_connections: 1", steps: play(enters5("a"),
			steps(send("b", hello5("b")), expect("b", refusal(v5, packet.ServerBusy, "maximum connections exceeded")), closed("b"), ping("a")))},
		{name: "[MQTT-3.2.2-7] no room for a session", conf: "max_sessions: 1", steps: play(enters5("a"),
			steps(send("b", hello5("b")), expect("b", refusal(v5, packet.QuotaExceeded, "maximum sessions exceeded")), closed("b"), ping("a")))},
	})
}

package mqtt_test

import (
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

func TestV3FirstPacket(t *testing.T) {
	converse(t, []conversation{
		turnedAway("[MQTT-3.1.0-1] PINGREQ", pingreq),
		turnedAway("[MQTT-3.1.0-1] PUBLISH", pub3("t", "x", 0, 0)),
		turnedAway("[MQTT-3.1.0-1] SUBSCRIBE", sub3(1, "t", 0)),
		turnedAway("[MQTT-3.1.0-1] DISCONNECT", bye3),
		turnedAway("[MQTT-3.1.0-1] CONNACK", ok3),
		turnedAway("[MQTT-3.1.0-1] another protocol", "GET / HTTP/1.1\r\n\r\n"),
		{name: "[MQTT-3.1.0-1] nothing at all", conf: "authorization { timeout: 0.05 }", steps: steps(closed("a"))},
		{name: "[MQTT-3.1.0-1] half a CONNECT", conf: "authorization { timeout: 0.05 }", steps: steps(send("a", hello3("abc")[:9]), closed("a"))},
		{name: "[MQTT-3.1.0-2] a second CONNECT, and the will goes out", steps: play(
			watches("s", "w", 0), enters("a", will("w", "gone", 0, false)),
			steps(send("a", hello3("a")), closed("a"), expect("s", pub3("w", "gone", 0, 0)), ping("s")),
		)},
	})
}

func TestV3ProtocolLevel(t *testing.T) {
	const level1 = "\x20\x02\x00\x01"
	converse(t, []conversation{
		turnedAway("[MQTT-3.1.2-1] another name", rawConnect("AMQP", 4, 2, text("a"))),
		turnedAway("[MQTT-3.1.2-1] in small letters", rawConnect("mqtt", 4, 2, text("a"))),
		turnedAway("[MQTT-3.1.2-1] no name", rawConnect("", 4, 2, text("a"))),
		turnedAway("[MQTT-3.1.2-1] a longer name", rawConnect("MQTTT", 4, 2, text("a"))),
		{name: "[MQTT-3.1.2-2] level 3 of MQTT", steps: steps(send("a", rawConnect("MQTT", 3, 2, text("a"))), expect("a", level1), closed("a"))},
		{name: "[MQTT-3.1.2-2] level 0", steps: steps(send("a", rawConnect("MQTT", 0, 2, text("a"))), expect("a", level1), closed("a"))},
		{name: "[MQTT-3.1.2-2] level 5 where 3.1.1 alone is served", conf: `versions: ["3.1.1"]`, steps: steps(
			send("a", connect(v5, "a")), expect("a", level1), closed("a"))},
		{name: "[MQTT-3.1.2-2] level 9 where 3.1.1 alone is served", conf: `versions: ["3.1.1"]`, steps: steps(
			send("a", rawConnect("MQTT", 9, 2, "\x00", text("a"))), expect("a", level1), closed("a"))},
		{name: "[MQTT-3.1.2-2] 3.1 where it is not served", conf: `versions: ["3.1.1", "5"]`, steps: steps(
			send("a", connect(v31, "a")), expect("a", level1), closed("a"))},
		{name: "[MQTT-3.1.2-2] 3.1 with the level of 3.1.1", steps: steps(
			send("a", rawConnect("MQIsdp", 4, 2, text("a"))), expect("a", level1), closed("a"))},
	})
}

func TestV3ConnectFlags(t *testing.T) {
	id, topic, message, user, password := text("a"), text("w"), text("m"), text("u"), text("p")
	raw := func(flags byte, fields ...string) string { return rawConnect("MQTT", 4, flags, fields...) }
	converse(t, []conversation{
		turnedAway("[MQTT-3.1.2-3] the reserved flag", raw(0b11, id)),
		turnedAway("[MQTT-3.1.2-9] neither topic nor message of the will", raw(0b110, id)),
		turnedAway("[MQTT-3.1.2-9] no message of the will", raw(0b110, id, topic)),
		turnedAway("[MQTT-3.1.2-11] [MQTT-3.1.2-13] QoS 1 without a will", raw(0b1010, id)),
		turnedAway("[MQTT-3.1.2-11] [MQTT-3.1.2-13] QoS 2 without a will", raw(0b10010, id)),
		turnedAway("[MQTT-3.1.2-11] [MQTT-3.1.2-15] retain without a will", raw(0b100010, id)),
		turnedAway("[MQTT-3.1.2-11] a will without its flag", raw(0b10, id, topic, message)),
		turnedAway("[MQTT-3.1.2-14] a will at QoS 3", raw(0b11110, id, topic, message)),
		turnedAway("[MQTT-3.1.2-18] a user name without its flag", raw(0b10, id, user)),
		turnedAway("[MQTT-3.1.2-19] a flag without its user name", raw(0b1000_0010, id)),
		turnedAway("[MQTT-3.1.2-20] a password without its flag", raw(0b1000_0010, id, user, password)),
		turnedAway("[MQTT-3.1.2-21] a flag without its password", raw(0b1100_0010, id, user)),
		turnedAway("[MQTT-3.1.2-22] a password without a user name", raw(0b0100_0010, id, password)),
		turnedAway("[MQTT-3.1.3-1] [MQTT-3.1.3-3] no client identifier", raw(0b10)),
		{name: "[MQTT-3.1.3-1] all fields in their order", conf: "authorization { user: u, password: p }", steps: steps(
			send("s", hello3("s", login("u", "p")), sub3(1, "w", 0)), expect("s", ok3, granted3(1, 0)),
			send("a", raw(0b1100_0110, id, topic, message, user, password)), expect("a", ok3), drop("a"), expect("s", pub3("w", "m", 0, 0)),
		)},
	})
}

func TestV3ClientIdentifier(t *testing.T) {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const refused = "\x20\x02\x00\x02"
	various := func(ids ...string) (all []step) {
		for i, id := range ids {
			who := string(rune('a' + i))
			all = append(all, send(who, hello3(id)), expect(who, ok3), ping("a"))
		}
		return all
	}
	converse(t, []conversation{
		{name: "[MQTT-3.1.3-5] all letters and digits, 1 to 23 of them", steps: various(letters[:23], letters[23:46], letters[39:], "x", letters[1:24])},
		{name: "[MQTT-3.1.3-2] any characters: each identifier is its own client", steps: various("a b", "a/b", "a.b", "+", "#", "*", ">", "ä", "a\t", "{}:@", "x", "X")},
		{name: "[MQTT-3.1.3-5] far longer ones", steps: steps(send("a", hello3(strings.Repeat("i", 65_000))), expect("a", ok3), ping("a"))},
		{name: "[MQTT-3.1.3-6] none: each gets one of its own", steps: play(various("", "", ""),
			steps(send("a", sub3(1, "t", 1)), expect("a", granted3(1, 1)), send("b", pub3("t", "x", 1, 1)), expect("b", puback(1)), expect("a", pub3("t", "x", 1, 1))))},
		{name: "[MQTT-3.1.3-7] [MQTT-3.1.3-8] [MQTT-3.1.3-9] none, with a session to keep", steps: steps(
			send("a", hello3("", resume)), expect("a", refused), closed("a"))},
		{name: "[MQTT-3.1.3-2] the identifier finds the session, and with it the subscriptions", steps: steps(
			send("a", hello3("one", resume), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)),
			send("b", hello3("two", resume), sub3(1, "u", 1)), expect("b", ok3, granted3(1, 1)),
			send("a", bye3), closed("a"), send("b", bye3), closed("b"),
			send("a", hello3("two", resume)), expect("a", back3), send("b", hello3("one", resume)), expect("b", back3),
			send("a", pub3("t", "x", 1, 1)), expect("a", puback(1)), expect("b", pub3("t", "x", 1, 1)), ping("a"),
		)},
		{name: "[MQTT-3.1.3-2] another user's identifier is another session", conf: `authorization { users: [ {user: u, password: p}, {user: v, password: p} ] }`, steps: steps(
			send("a", hello3("x", login("u", "p"), resume)), expect("a", ok3),
			send("b", hello3("x", login("v", "p"), resume)), expect("b", ok3), ping("a"), ping("b"),
		)},
	})
}

func TestV3Authentication(t *testing.T) {
	const badLogin, notAuthorized, busy = "\x20\x02\x00\x04", "\x20\x02\x00\x05", "\x20\x02\x00\x03"
	const users = `authorization { users: [ {user: u, password: p}, {user: w, password: p, permissions: { publish: "ok.>" } } ] }`
	converse(t, []conversation{
		{name: "[MQTT-3.1.4-1] [MQTT-3.2.2-4] [MQTT-3.2.2-5] the wrong password", conf: users, steps: steps(
			send("a", hello3("a", login("u", "q"))), expect("a", badLogin), closed("a"))},
		{name: "[MQTT-3.1.4-1] [MQTT-3.2.2-4] [MQTT-3.2.2-5] no login", conf: users, steps: steps(
			send("a", hello3("a")), expect("a", notAuthorized), closed("a"))},
		{name: "[MQTT-3.1.4-5] what was sent behind a CONNECT that is refused has no effect", conf: users, steps: steps(
			send("s", hello3("s", login("u", "p")), sub3(1, "#", 0)), expect("s", ok3, granted3(1, 0)),
			send("a", hello3("a", login("u", "q")), pub3("t", "x", 0, 0), pub3("t", "y", 1, 1)), expect("a", badLogin), closed("a"),
			send("s", pub3("t", "z", 0, 0)), expect("s", pub3("t", "z", 0, 0)), ping("s"),
		)},
		{name: "[MQTT-3.1.4-5] [MQTT-3.1.4-4] what was sent behind one that is accepted has", conf: users, steps: steps(
			send("a", hello3("a", login("u", "p")), sub3(1, "t", 1), pub3("t", "x", 0, 0), pingreq), expect("a", ok3, granted3(1, 1), pub3("t", "x", 0, 0), pingresp),
		)},
		{name: "[MQTT-3.2.2-4] a session that is there is not shown to whoever is refused", conf: users, steps: steps(
			send("a", hello3("a", login("u", "p"), resume)), expect("a", ok3), send("a", bye3), closed("a"),
			send("a", hello3("a", login("u", "q"), resume)), expect("a", badLogin), closed("a"))},
		{name: "[MQTT-3.1.4-5] nor does the refused one take it over", conf: users, steps: steps(
			send("a", hello3("a", login("u", "p"), resume)), expect("a", ok3),
			send("b", hello3("a", login("u", "q"))), expect("b", badLogin), closed("b"), ping("a"))},
		{name: "[MQTT-3.2.2-5] no room", conf: "max_connections: 1", steps: play(enters("a"),
			steps(send("b", hello3("b")), expect("b", busy), closed("b"), ping("a")))},
		{name: "[MQTT-3.2.2-6] [MQTT-3.1.4-1] no return code says that a will is too large", more: "max_payload: 1024", steps: steps(
			send("a", hello3("a", will("w", strings.Repeat("x", 1025), 0, false))), closed("a"))},
		{name: "a user without a name", more: "authorization { user: u, password: p }\nno_auth_user: u\n", steps: steps(
			send("a", hello3("a", login("", ""))), expect("a", ok3), ping("a"))},
	})
}

func TestV3Takeover(t *testing.T) {
	another := func(c *packet.Connect) { c.ClientID = []byte("a") }
	converse(t, []conversation{
		{name: "[MQTT-3.1.4-2] the same client again: the old connection ends", steps: play(enters("a"),
			steps(send("b", hello3("a")), expect("b", ok3), closed("a"), ping("b")))},
		{name: "[MQTT-3.1.4-2] [MQTT-3.1.2-8] its will goes out before anything of the new connection", steps: play(watches("s", "w", 0),
			enters("a", will("w", "offline", 1, true)),
			steps(send("b", hello3("b", another, will("w", "offline", 1, true)), pub3("w", "online", 0, 0, retained)), expect("b", ok3), closed("a"),
				expect("s", pub3("w", "offline", 0, 0), pub3("w", "online", 0, 0)), ping("s"),
				send("s", sub3(2, "w", 0)), expect("s", granted3(2, 0), pub3("w", "online", 0, 0, retained))))},
		{name: "[MQTT-3.1.4-3] [MQTT-3.1.2-6] a clean session ends with its connection, also where the next one would resume", steps: steps(
			send("a", hello3("a"), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)),
			send("b", hello3("a", resume)), expect("b", ok3), closed("a"),
			send("b", pub3("t", "x", 1, 1)), expect("b", puback(1)), ping("b"))},
		{name: "[MQTT-3.1.4-3] [MQTT-3.2.2-2] a session goes over from one connection to the next", steps: steps(
			send("a", hello3("a", resume), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)),
			send("b", hello3("a", resume)), expect("b", back3), closed("a"),
			send("b", pub3("t", "x", 1, 1)), expect("b", pub3("t", "x", 1, 1), puback(1)), ping("b"))},
		{name: "[MQTT-3.1.4-3] [MQTT-3.2.2-1] or ends with clean session", steps: steps(
			send("a", hello3("a", resume), sub3(1, "t", 1)), expect("a", ok3, granted3(1, 1)),
			send("b", hello3("a")), expect("b", ok3), closed("a"),
			send("b", pub3("t", "x", 1, 1)), expect("b", puback(1)), ping("b"))},
	})
}

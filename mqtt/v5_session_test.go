package mqtt_test

import (
	"testing"

	"leafgate/mqtt/packet"
)

// goneWithWill is the good-bye of a client that wants its will published.
const goneWithWill = "\xe0\x01\x04"

// leavesWith is a DISCONNECT that changes the session expiry interval.
func leavesWith(seconds uint32) string {
	d := packet.Disconnect{HasSessionExpiry: true, SessionExpiry: seconds}
	return string(d.Append(nil))
}

func cleanly(c *packet.Connect) { c.CleanStart = true }

// passes waits until at least so many seconds have passed, and what was due before has happened: a will is due then.
func passes(seconds uint32) []step {
	return steps(
		send("clock", hello5("clock"), sub5(1, "tick", 0)), expect("clock", ok5, granted5(1, 0)),
		send("alarm", hello5("alarm", stays(3600), cleanly, will("tick", "", 0, false), willDelay(seconds))), expect("alarm", ok5),
		send("alarm", goneWithWill), closed("alarm"), expect("clock", pub5("tick", "", 0, 0)), drop("clock"))
}

func TestV5SessionExpiry(t *testing.T) {
	const late = "session expiry after a CONNECT without"
	unheard1 := unheard(packet.PUBACK, 1)
	converse(t, []conversation{
		{name: "[MQTT-3.1.2-23] [MQTT-3.1.2-5] a session with expiry is kept", steps: play(
			watches5("s", "t", 1, stays(60)), steps(send("s", bye5), closed("s")), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1)), expect("a", puback(1)), send("s", hello5("s", stays(60))), expect("s", back5, pub5("t", "x", 1, 1))))},
		{name: "[MQTT-3.1.2-23] one that never expires too", steps: play(
			watches5("s", "t", 1, stays(0xffffffff)), steps(drop("s")), steps(send("s", hello5("s", stays(60))), expect("s", back5)))},
		{name: "[MQTT-3.1.2-23] [MQTT-3.1.2-6] one without ends with the connection", steps: play(
			watches5("s", "t", 1, resume), steps(send("s", bye5), closed("s")), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1)), expect("a", unheard1), send("s", hello5("s", stays(60))), expect("s", ok5)))},
		{name: "[MQTT-3.1.2-23] one with expiry 0 too, also after it was kept before", steps: play(
			watches5("s", "t", 1, stays(60)), steps(send("s", bye5), closed("s"), send("s", hello5("s", stays(0))), expect("s", back5), send("s", bye5), closed("s")), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1)), expect("a", unheard1), send("s", hello5("s", stays(60))), expect("s", ok5)))},
		{name: "[MQTT-3.1.2-23] it ends when the interval is over", steps: play(
			watches5("s", "t", 1, stays(1)), steps(send("s", bye5), closed("s")), passes(1), enters5("a"),
			steps(send("a", pub5("t", "x", 1, 1)), expect("a", unheard1), send("s", hello5("s", stays(60))), expect("s", ok5)))},
		{name: "[MQTT-3.1.2-23] and not before: the interval begins when the connection ends", steps: play(
			watches5("s", "t", 1, stays(1)), passes(1), steps(ping("s"), send("s", leavesWith(3600)), closed("s")), passes(1),
			steps(send("s", hello5("s", stays(1))), expect("s", back5)))},
		{name: "DISCONNECT changes the interval", steps: play(
			watches5("s", "t", 1, stays(1)), steps(send("s", leavesWith(3600)), closed("s")), passes(1), steps(send("s", hello5("s", stays(3600))), expect("s", back5),
				send("s", leavesWith(0)), closed("s"), send("s", hello5("s", stays(1))), expect("s", ok5)))},
		{name: "but does not give one to a session without: the connection ends, and the will is published", steps: play(
			watches5("s", "w", 0), enters5("a", will("w", "gone", 0, false)),
			steps(send("a", leavesWith(60)), expect("a", dismissal(packet.ProtocolError, late)), closed("a"), expect("s", pub5("w", "gone", 0, 0)),
				send("a", hello5("a", stays(60))), expect("a", ok5)))},
	})
}

func TestV5Will(t *testing.T) {
	gone := will("w", "gone", 1, false)
	converse(t, []conversation{
		{name: "[MQTT-3.1.2-7] [MQTT-3.1.2-8] published when the connection ends without a word, with its QoS", steps: play(
			watches5("s", "w", 2), steps(send("a", hello5("a", will("w", "gone", 2, false))), expect("a", ok5), drop("a"), expect("s", pub5("w", "gone", 2, 1))))},
		{name: "[MQTT-3.1.2-8] when it ends by a protocol error", steps: play(
			watches5("s", "w", 0), enters5("a", gone), steps(send("a", "\x00\x00"), expect("a", dismissal(packet.Malformed, "reserved packet type")), closed("a"), expect("s", pub5("w", "gone", 0, 0))))},
		{name: "[MQTT-3.1.2-8] when DISCONNECT says so", steps: play(watches5("s", "w", 0), enters5("a", gone), steps(send("a", goneWithWill), closed("a"), expect("s", pub5("w", "gone", 0, 0))))},
		{name: "[MQTT-3.1.2-8] [MQTT-3.1.2-10] not when DISCONNECT says nothing", steps: play(
			watches5("s", "w", 0), enters5("a", gone), steps(send("a", bye5), closed("a"), ping("s")),
			enters5("b", gone), steps(send("b", "\xe0\x01\x00"), closed("b"), ping("s")))},
		{name: "[MQTT-3.1.2-10] nor later, when the session is resumed and left again", steps: play(
			watches5("s", "w", 0), enters5("a", stays(60), gone), steps(send("a", goneWithWill), closed("a"), expect("s", pub5("w", "gone", 0, 0)),
				send("a", hello5("a", stays(60))), expect("a", back5), send("a", goneWithWill), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.2-14] without will retain it is not retained", steps: play(
			enters5("a", gone), steps(send("a", goneWithWill), closed("a")), watches5("s", "w", 0), steps(ping("s")))},
		{name: "[MQTT-3.1.2-15] with will retain it is", steps: play(
			enters5("a", will("w", "gone", 1, true)), steps(send("a", goneWithWill), closed("a"),
				send("s", hello5("s"), sub5(1, "w", 1)), expect("s", ok5, granted5(1, 1), pub5("w", "gone", 1, 1, retained))))},
		{name: "[MQTT-3.1.2-8] with a delay it comes later", steps: play(
			watches5("s", "w", 0), enters5("a", stays(60), gone, willDelay(1)), steps(drop("a"), expect("s", pub5("w", "gone", 0, 0))))},
		{name: "[MQTT-3.1.2-8] [MQTT-3.1.3-9] not at all when a new connection comes before", steps: play(
			watches5("s", "w", 0), enters5("a", stays(60), gone, willDelay(1)), steps(send("a", goneWithWill), closed("a"), ping("s"),
				send("a", hello5("a", stays(60))), expect("a", back5)), passes(1), steps(ping("s"), send("a", goneWithWill), closed("a"), ping("s")))},
		{name: "[MQTT-3.1.3-9] with clean start the session has ended, and the will comes at once", steps: play(
			watches5("s", "w", 0), enters5("a", stays(3600), gone, willDelay(3600)), steps(send("a", goneWithWill), closed("a"), ping("s"),
				send("a", hello5("a")), expect("a", ok5), expect("s", pub5("w", "gone", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.2-8] when the session ends before the delay is over", steps: play(
			watches5("s", "w", 0), enters5("a", stays(1), gone, willDelay(3600)), steps(drop("a"), expect("s", pub5("w", "gone", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.2-8] a session without expiry ends at once", steps: play(
			watches5("s", "w", 0), enters5("a", gone, willDelay(3600)), steps(drop("a"), expect("s", pub5("w", "gone", 0, 0)), ping("s")))},
		{name: "[MQTT-3.1.3-10] its properties and the order of its user properties", steps: play(
			watches5("s", "w", 1), steps(send("a", hello5("a", gone, func(c *packet.Connect) {
				p := &c.Will.Properties
				p.PayloadFormat, p.ContentType, p.ResponseTopic, p.CorrelationData = 1, []byte("text/plain"), []byte("r/1"), []byte{0, 255}
				p.HasExpiry, p.Expiry = true, 3600
				p.Raw = packet.AppendUser(packet.AppendUser(packet.AppendUser(nil, "b", "1"), "a", "2"), "b", "1")
			})), expect("a", ok5), drop("a"), gets("s", pub5("w", "gone", 1, 1, utf8Payload, contentType("text/plain"), responseTopic("r/1"), correlation("\x00\xff"),
				expiry(3600), user("b", "1"), user("a", "2"), user("b", "1")))))},
		{name: "a will topic with wildcards is refused", steps: steps(send("a", hello5("a", will("w/+", "x", 0, false))),
			expect("a", refusal(v5, packet.TopicNameInvalid, "invalid will topic")), closed("a"))},
		{name: "an empty will topic is refused", steps: steps(send("a", hello5("a", will("", "x", 0, false))),
			expect("a", refusal(v5, packet.TopicNameInvalid, "invalid will topic")), closed("a"))},
	})
}

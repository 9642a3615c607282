package mqtt_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// varz reads the mqtt part of /varz. The configuration has monitored in it.
func varz(t testing.TB, g *gateway.Gateway) map[string]any {
	t.Helper()
	r, err := http.Get("http://" + g.Addr("monitor")[0].String() + "/varz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var p struct {
		MQTT map[string]any `json:"mqtt"`
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || p.MQTT == nil {
		t.Fatalf("/varz: %v, %v", p, err)
	}
	return p.MQTT
}

const monitored = "http: \"127.0.0.1:-1\"\n"

// crowd publishes nine messages to a session that takes one at a time and has room for eight. From the sixth on it is
// crowded: the publisher is told nothing.
func crowd() []step {
	s := enters5("p")
	for i := range 5 {
		s = append(s, send("p", pub5("t", fmt.Sprint(i+1), 1, uint16(i+1))), expect("p", puback(uint16(i+1))))
	}
	for i := 5; i < 9; i++ {
		s = append(s, send("p", pub5("t", fmt.Sprint(i+1), 1, uint16(i+1))), ping("p"))
	}
	return s
}

// takes acknowledges the messages from first to last, and expects the one behind each.
func takes(first, last uint16) (all []step) {
	for id := first; id <= last; id++ {
		all = append(all, send("s", puback(id)), expect("s", pub5("t", fmt.Sprint(id+1), 1, id+1)))
	}
	return all
}

// Publishers do not hear of what was taken from them while a subscriber's backlog is crowded, so that they wait.
func TestBacklogWithheld(t *testing.T) {
	const eight = "max_queued: 8"
	released := expect("p", puback(6), puback(7), puback(8), puback(9))
	converse(t, []conversation{
		{name: "until the subscriber has taken so much that a quarter is left", conf: eight, steps: play(
			watches5("s", "t", 1, stays(60), receiveMaximum(1)), crowd(), steps(expect("s", pub5("t", "1", 1, 1))), takes(1, 5), steps(ping("p")),
			takes(6, 6), steps(released, ping("p")), takes(7, 8), steps(send("s", puback(9)), ping("s")))},
		{name: "in a session that ends with the connection, too", conf: eight, steps: play(
			watches5("s", "t", 1, receiveMaximum(1)), crowd(), steps(expect("s", pub5("t", "1", 1, 1))), takes(1, 5), steps(ping("p")),
			takes(6, 6), steps(released, ping("p")), takes(7, 8), steps(send("s", puback(9)), ping("s")))},
		{name: "or goes away: what was taken is kept", conf: eight, steps: play(
			watches5("s", "t", 1, stays(60), receiveMaximum(1)), crowd(), steps(expect("s", pub5("t", "1", 1, 1)), drop("s"), released,
				send("s", hello5("s", stays(60), receiveMaximum(1))), expect("s", back5, pub5("t", "1", 1, 1, dup))), takes(1, 8))},
		{name: "or its session ends", conf: eight, steps: play(
			watches5("s", "t", 1, receiveMaximum(1)), crowd(), steps(expect("s", pub5("t", "1", 1, 1)), send("s", bye5), closed("s"), released, ping("p")))},
		{name: "or is taken over, and goes on", conf: eight, steps: play(
			watches5("s", "t", 1, stays(60), receiveMaximum(1)), crowd(), steps(expect("s", pub5("t", "1", 1, 1)),
				send("r", hello5("s", stays(60), receiveMaximum(100))), expect("r", back5, pub5("t", "1", 1, 1, dup), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3), pub5("t", "4", 1, 4),
					pub5("t", "5", 1, 5), pub5("t", "6", 1, 6), pub5("t", "7", 1, 7), pub5("t", "8", 1, 8), pub5("t", "9", 1, 9)), released, ping("r")))},
		{name: "what others publish elsewhere is not withheld, nor is QoS 0", conf: eight, steps: play(
			watches5("s", "t", 1, receiveMaximum(1)), watches5("r", "u", 1), crowd(), steps(expect("s", pub5("t", "1", 1, 1)),
				send("q", hello5("q"), pub5("u", "x", 1, 1)), expect("q", ok5, puback(1)), expect("r", pub5("u", "x", 1, 1)),
				send("p", pub5("t", "0", 0, 0)), expect("s", pub5("t", "0", 0, 0)), ping("s")))},
		{name: "acknowledgements stay in order: what is behind one that is withheld waits", conf: eight, steps: play(
			watches5("s", "t", 1, receiveMaximum(1)), watches5("r", "u", 1), crowd(), steps(expect("s", pub5("t", "1", 1, 1)),
				send("p", pub5("u", "x", 1, 10)), expect("r", pub5("u", "x", 1, 1)), ping("p")), takes(1, 6), steps(released, expect("p", puback(10))))},
		{name: "at QoS 2 PUBREC is withheld", conf: eight, steps: play(
			watches5("s", "t", 1, receiveMaximum(1)), crowd()[:12], steps(send("p", pub5("t", "6", 2, 6)), ping("p"), expect("s", pub5("t", "1", 1, 1))), takes(1, 3),
			steps(expect("p", pubrec(6)), send("p", pubrel(6)), expect("p", pubcomp(6))))},
	})
}

// A session that is away holds as much as it may; the newest are refused, or the oldest give way.
func TestBacklogFull(t *testing.T) {
	away := play(watches5("s", "t", 1, stays(60)), steps(send("s", bye5), closed("s")), enters5("p"))
	for i := range uint16(3) {
		away = append(away, send("p", pub5("t", fmt.Sprint(i+1), 1, i+1)), expect("p", puback(i+1)))
	}
	back := send("s", hello5("s", stays(60)))
	converse(t, []conversation{
		{name: "the newest is refused", conf: "max_queued: 3", steps: play(away, steps(send("p", pub5("t", "4", 1, 4)), expect("p", puback(4)),
			back, expect("s", back5, pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), ping("s")))},
		{name: "the oldest gives way", conf: "max_queued: 3, queue_full: drop_oldest", steps: play(away, steps(send("p", pub5("t", "4", 1, 4)), expect("p", puback(4)),
			back, expect("s", back5, pub5("t", "2", 1, 1), pub5("t", "3", 1, 2), pub5("t", "4", 1, 3)), ping("s")))},
		{name: "bytes count too", conf: "max_queued_bytes: 250", steps: play(away, steps(send("p", pub5("t", "4", 1, 4)), expect("p", puback(4)),
			back, expect("s", back5, pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), ping("s")))},
		{name: "also those of all sessions", conf: "max_queued_total: 250", steps: play(away, steps(send("p", pub5("t", "4", 1, 4)), expect("p", puback(4)),
			back, expect("s", back5, pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), ping("s")))},
		{name: "QoS 0 is not kept", steps: play(away, steps(send("p", pub5("t", "0", 0, 0)), ping("p"),
			back, expect("s", back5, pub5("t", "1", 1, 1), pub5("t", "2", 1, 2), pub5("t", "3", 1, 3)), ping("s")))},
	})
}

// A client that does not read loses messages at QoS 0, and they are counted; it loses nothing else, least of all its
// connection, nor the meaning of its aliases.
func TestOverflowAtQoS0(t *testing.T) {
	for _, x := range []struct {
		name string
		with []func(*packet.Connect)
	}{
		{name: "rendered for many"},
		{name: "rendered for one, with aliases", with: []func(*packet.Connect){aliasMaximum(60), packetMaximum(100_000)}},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := gatewaytest.Start(t, monitored+conf("max_pending: 64kb"))
			s, p := dial(t, g), dial(t, g)
			for _, c := range []*client{s, p} {
				if err := c.SetDeadline(time.Now().Add(4 * patience)); err != nil {
					t.Fatal(err)
				}
			}
			s.send(hello5("s", x.with...) + sub5(1, "t/+", 0) + sub5(2, "q", 1))
			s.expect(ok5 + granted5(1, 0) + granted5(2, 1))
			p.send(hello5("p"))
			p.expect(ok5)
			o := overflow{s: s, p: p, topics: make(map[uint16]string), dropped: func() int { return int(varz(t, g)["dropped"].(float64)) }}
			o.fill()
			o.drain()
			s.alive()
			for range 2 { // the topic that was lost at its first use
				o.say(o.lost)
				if m := o.read(); string(m.Topic) != o.lost {
					t.Errorf("got topic %q, want %q", m.Topic, o.lost)
				}
			}
			s.alive()
			if got, dropped := o.got, o.dropped(); got+dropped != o.said || dropped == 0 {
				t.Errorf("%d of %d arrived, %d dropped", got, o.said, dropped)
			}
		})
	}
}

// An overflow is a subscriber that reads nothing for a while, and a publisher that goes on.
type overflow struct {
	s, p      *client
	said, got int
	topics    map[uint16]string // by alias
	lost      string            // a topic whose first message was dropped
	dropped   func() int
}

// bulk is what each message has.
var bulk = strings.Repeat("x", 8<<10)

func (o *overflow) say(topic string) {
	o.said++
	o.p.send(pub5(topic, fmt.Sprintf("%08d%s", o.said, bulk), 0, 0))
}

func (o *overflow) fill() {
	for before := 0; o.dropped() < before+100; { // until the kernel has all that it takes
		before = o.dropped()
		for range 100 {
			o.say("t/1")
		}
		o.p.alive()
	}
	for i := 2; o.lost == ""; i++ {
		before, topic := o.dropped(), fmt.Sprint("t/", i)
		o.say(topic)
		if o.p.alive(); o.dropped() > before {
			o.lost = topic
		}
	}
	o.p.send(pub5("q", "kept", 1, 1))
	o.p.expect(puback(1))
}

// read is the next message, with its topic.
func (o *overflow) read() packet.Publish {
	m := o.s.publish()
	if a := m.Properties.TopicAlias; a != 0 && len(m.Topic) > 0 {
		o.topics[a] = string(m.Topic)
	} else if a != 0 {
		m.Topic = []byte(o.topics[a])
	}
	if string(m.Topic) != "q" {
		o.got++
	}
	return m
}

// drain reads up to the message at QoS 1.
func (o *overflow) drain() {
	last := ""
	for m := o.read(); string(m.Topic) != "q"; m = o.read() {
		number, rest, _ := strings.Cut(string(m.Payload), "x")
		if number <= last || len(rest) != len(bulk)-1 || string(m.Topic) == o.lost {
			o.s.Fatalf("got %q with %d bytes on %q behind %q", number, len(rest), m.Topic, last)
		}
		last = number
	}
}

package mqtt_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"leafgate/gateway"
	"leafgate/journal/journaltest"
	"leafgate/mqtt/packet"
)

// lifetimes are what happens between the start of a gateway and its end.
type lifetimes struct {
	name  string
	conf  string
	more  string
	lives [][]step
}

// live runs each life on a gateway of its own, on the same disks: one that is stopped in between, and one that is killed.
func live(t *testing.T, all []lifetimes) {
	t.Helper()
	for _, x := range all {
		for _, end := range []struct {
			name string
			how  func(testing.TB, *disks, *gateway.Gateway)
		}{{"stopped", stopped}, {"killed", killed}} {
			t.Run(x.name+", "+end.name, func(t *testing.T) {
				t.Parallel()
				d := newDisks(t)
				for i, steps := range x.lives {
					g := d.start(t, x.conf, x.more)
					c := conversation{steps: steps}
					c.run(t, g, 0)
					if i+1 < len(x.lives) {
						end.how(t, d, g)
					}
				}
			})
		}
	}
}

func stopped(t testing.TB, _ *disks, g *gateway.Gateway) { shutdown(t, g) }

// killed leaves what was written; what the gateway says from then on reaches no disk.
func killed(t testing.TB, d *disks, g *gateway.Gateway) {
	d.each(func(fs *journaltest.FS) *journaltest.FS { return fs.Crash(journaltest.Nothing, nil) })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = g.Shutdown(ctx) // it finds that its disk is gone
}

// accepts is a delivery whose packet id may be any, and its acknowledgement.
func accepts(who, topic, payload string, qos byte, with ...func(*packet.Publish)) step {
	return does(who, func(c *client) {
		c.Helper()
		p := c.publish()
		want := publish(c.version, topic, payload, qos, p.ID, with...)
		p2 := p
		if got := string(packet.AppendPublish(nil, c.version, &p2)); got != want {
			c.Fatalf("got %s, want %s", show(got, c.version), show(want, c.version))
		}
		switch qos {
		case 1:
			c.send(puback(p.ID))
		case 2:
			c.send(pubrec(p.ID))
			c.expect(pubrel(p.ID))
			c.send(pubcomp(p.ID))
		}
	})
}

// synced makes sure that what has been said so far is on disk: a SUBACK waits for that.
func synced(who string) step {
	return does(who, func(c *client) {
		c.Helper()
		filter := fmt.Sprintf("synced/%d", syncs.Add(1))
		c.send(subscribe(c.version, 999, filter, 0))
		c.expect(suback(c.version, 999, 0))
	})
}

var syncs atomic.Int64

func TestRestart(t *testing.T) {
	back := func(who string) []step { return steps(send(who, hello3(who, resume)), expect(who, back3)) }
	live(t, []lifetimes{
		{name: "[MQTT-4.1.0-1] [MQTT-3.1.2-5] a session with what waits for it, in order, without what it has taken", conf: "max_ack_pending: 1", lives: [][]step{
			play(steps(send("s", hello3("s", resume), sub3(1, "t/#", 2), sub3(2, "never", 1), unsubscribe(v311, 3, "never")), expect("s", ok3, granted3(1, 2), granted3(2, 1), unsuback(v311, 3))),
				enters("p"), steps(send("p", pub3("t/0", "taken", 1, 1)), expect("p", puback(1)), accepts("s", "t/0", "taken", 1), ping("s"), send("s", bye3), closed("s"),
					send("p", pub3("t/1", "1", 1, 1), pub3("t/2", "2", 2, 2), pub3("t", "3", 1, 3), pub3("t/none", "0", 0, 0)), expect("p", puback(1), pubrec(2), puback(3)))),
			play(back("s"), steps(accepts("s", "t/1", "1", 1), accepts("s", "t/2", "2", 2), accepts("s", "t", "3", 1), ping("s")), enters("p"),
				steps(send("p", pub3("never", "x", 1, 1), pub3("t/4", "4", 1, 2)), expect("p", puback(1), puback(2)), accepts("s", "t/4", "4", 1), ping("s"), synced("s"))),
			play(back("s"), steps(ping("s"))),
		}},
		{name: "[MQTT-4.4.0-1] [MQTT-4.6.0-1] what was under way is sent again, with DUP, under its packet id", lives: [][]step{
			play(steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2))), enters("p"),
				steps(send("p", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), expect("p", puback(1), pubrec(2), pubrec(3)),
					expect("s", pub3("t", "1", 1, 1), pub3("t", "2", 2, 2), pub3("t", "3", 2, 3)), send("s", pubrec(3)), expect("s", pubrel(3)))),
			play(steps(send("s", hello3("s", resume)), expect("s", back3, pubrel(3), pub3("t", "1", 1, 1, dup), pub3("t", "2", 2, 2, dup)),
				send("s", puback(1), pubcomp(3), pubrec(2)), expect("s", pubrel(2)))),
			play(steps(send("s", hello3("s", resume)), expect("s", back3, pubrel(2)), send("s", pubcomp(2)), ping("s"), synced("s"))),
			play(back("s"), steps(ping("s"))),
		}},
		{name: "[MQTT-4.3.3-2] an exchange that a client has begun is one, across a restart", conf: "max_ack_pending: 1", lives: [][]step{
			play(steps(send("s", hello3("s", resume), sub3(1, "t", 2)), expect("s", ok3, granted3(1, 2)), send("s", bye3), closed("s"),
				send("p", hello3("p", resume), pub3("t", "once", 2, 7), pub3("nobody", "x", 2, 8)), expect("p", ok3, pubrec(7), pubrec(8)))),
			play(steps(send("p", hello3("p", resume), pub3("t", "once", 2, 7, dup), pub3("nobody", "x", 2, 8, dup)), expect("p", back3, pubrec(7), pubrec(8)),
				send("p", pubrel(7), pubrel(8)), expect("p", pubcomp(7), pubcomp(8)))),
			play(steps(send("p", hello3("p", resume), pub3("t", "new", 2, 7)), expect("p", back3, pubrec(7))), back("s"),
				steps(accepts("s", "t", "once", 2), accepts("s", "t", "new", 2), ping("s"))),
		}},
		{name: "[MQTT-3.1.2-6] a clean session removes what was there", lives: [][]step{
			play(steps(send("s", hello3("s", resume), sub3(1, "t", 1)), expect("s", ok3, granted3(1, 1)), send("s", bye3), closed("s")), enters("p"),
				steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)), send("s", hello3("s")), expect("s", ok3))),
			play(steps(send("s", hello3("s", resume)), expect("s", ok3), ping("s"))),
		}},
		{name: "[MQTT-3.3.1-5] [MQTT-3.3.1-7] [MQTT-3.3.1-10] retained messages: the last of each topic, at any QoS, and none that was cleared", lives: [][]step{
			play(enters("p"), steps(send("p", pub3("r/0", "zero", 0, 0, retained), pub3("r/1", "old", 1, 1, retained), pub3("r/1", "one", 1, 2, retained), pub3("r/2", "two", 2, 3, retained),
				pub3("r/a b.c", "x", 1, 4, retained), pub3("gone", "x", 1, 5, retained), pub3("gone", "", 1, 6, retained)), expect("p", puback(1), puback(2), pubrec(3), puback(4), puback(5), puback(6)))),
			play(enters("s"), steps(send("s", sub3(1, "r/0", 2)), expect("s", granted3(1, 2), pub3("r/0", "zero", 0, 0, retained)),
				send("s", sub3(2, "r/1", 2)), expect("s", granted3(2, 2)), accepts("s", "r/1", "one", 1, retained), send("s", sub3(3, "r/2", 2)), expect("s", granted3(3, 2)), accepts("s", "r/2", "two", 2, retained),
				send("s", sub3(4, "gone", 2), sub3(5, "r/a b.c", 0)), expect("s", granted3(4, 2), granted3(5, 0), pub3("r/a b.c", "x", 0, 0, retained)), ping("s"), send("s", pub3("r/1", "", 0, 0, retained)),
				expect("s", pub3("r/1", "", 0, 0)), ping("s"), send("s", pub3("m", "", 1, 9)), expect("s", puback(9)))),
		}},
		{name: "[MQTT-4.8.2-1] shared subscriptions", lives: [][]step{
			play(steps(send("s", hello3("s", resume), sub3(1, "$share/g/t", 1)), expect("s", ok3, granted3(1, 1)), send("s", bye3), closed("s"))),
			play(enters("p"), steps(send("p", pub3("t", "1", 1, 1)), expect("p", puback(1)))),
			play(back("s"), steps(accepts("s", "t", "1", 1), ping("s"))),
		}},
		{name: "[MQTT-3.3.2-15] [MQTT-3.3.4-3] properties and subscription identifiers", lives: [][]step{
			play(steps(send("s", hello5("s", stays(3600)), sub5(1, "t/a b", 1, subscriptionID(7)), sub5(2, "t/+", 1, subscriptionID(9))), expect("s", ok5, granted5(1, 1), granted5(2, 1)), send("s", bye5), closed("s")), enters5("p"),
				steps(send("p", pub5("t/a b", "x", 1, 1, contentType("c"), correlation("d"), responseTopic("answer"), user("k", "v"), user("k", "w"))), expect("p", puback(1)))),
			play(steps(send("s", hello5("s", stays(3600))), expect("s", back5), does("s", func(c *client) {
				p := c.publish()
				if string(p.Topic) != "t/a b" || string(p.Properties.ContentType) != "c" || string(p.Properties.CorrelationData) != "d" || string(p.Properties.ResponseTopic) != "answer" {
					c.Fatalf("got %q %+v", p.Topic, p.Properties)
				}
			}), send("s", pub5("t/none", "", 0, 0)), does("s", func(c *client) { c.publish() }))),
		}},
		{name: "[MQTT-3.1.2-8] a will of a client that was there when the gateway went", lives: [][]step{
			steps(send("s", hello3("s", resume), sub3(1, "w", 1)), expect("s", ok3, granted3(1, 1)), send("s", bye3), closed("s"), send("d", hello3("d", resume, will("w", "gone", 1, true))), expect("d", ok3), ping("d")),
			play(back("s"), steps(accepts("s", "w", "gone", 1), send("s", bye3), closed("s")), enters("x"), steps(send("x", sub3(1, "w", 0)), expect("x", granted3(1, 0), pub3("w", "gone", 0, 0, retained)))),
		}},
		{name: "[MQTT-3.1.3-9] a will with a delay waits on, until its client is back", lives: [][]step{
			steps(send("s", hello3("s", resume), sub3(1, "w", 1)), expect("s", ok3, granted3(1, 1)), send("d", hello5("d", stays(3600), will("w", "gone", 1, false), willDelay(3600))), expect("d", ok5), drop("d"), ping("s")),
			play(back("s"), steps(ping("s"), send("d", hello5("d", stays(3600))), expect("d", back5), ping("d"), synced("s"))),
			play(back("s"), steps(ping("s"))),
		}},
		{name: "[MQTT-3.1.2-8] a will with a delay comes when that has passed", lives: [][]step{
			steps(send("s", hello3("s", resume), sub3(1, "w", 1)), expect("s", ok3, granted3(1, 1)), send("d", hello5("d", stays(3600), will("w", "gone", 1, false), willDelay(1))), expect("d", ok5), drop("d"), ping("s")),
			play(back("s"), steps(accepts("s", "w", "gone", 1))),
		}},
	})
}

// A session ends when its expiry interval has passed, in or between two lives.
func TestRestartExpiry(t *testing.T) {
	t.Parallel()
	d := newDisks(t)
	g := d.start(t, "", "")
	c := dial(t, g)
	c.send(hello5("short", stays(1)) + sub5(1, "t", 1) + bye5)
	c.expect(ok5 + granted5(1, 1))
	c.closed()
	c = dial(t, g)
	c.send(hello5("long", stays(3600)) + sub5(1, "t", 1) + bye5)
	c.expect(ok5 + granted5(1, 1))
	c.closed()
	killed(t, d, g)
	g = d.start(t, "", monitored)
	waitFor(t, func() bool { return sessions(t, g) == 1 })
	c = dial(t, g)
	c.send(hello5("short", stays(1)))
	c.expect(ok5)
	c = dial(t, g)
	c.send(hello5("long", stays(3600)))
	c.expect(back5)
}

// sessions is what /varz says of them.
func sessions(t testing.TB, g *gateway.Gateway) int { return int(varz(t, g)["sessions"].(float64)) }

package mqtt_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Rules under which a user may not get what is published to no/x, whatever path it takes.
var denyRules = map[string]string{
	"deny exactly":            `subscribe: { deny: "no.x" }`,
	"deny a wildcard":         `subscribe: { deny: "no.*" }`,
	"deny everything below":   `subscribe: { deny: "no.>" }`,
	"deny a topic filter":     `subscribe: { deny: "mqtt:no/#" }`,
	"allow and deny within":   `subscribe: { allow: ">", deny: "no.x" }`,
	"allow other things":      `subscribe: { allow: ["ok.>", "_INBOX.>"] }`,
	"deny by client id":       `subscribe: { deny: "mqtt:no/x", allow: [">", "{{clientid}}.>"] }`,
	"deny a first level":      `subscribe: { deny: "*.x" }`,
	"deny what a group joins": `subscribe: { deny: ["no.x", "no.x *"] }`,
}

// Ways in which somebody publishes to no/x, and what else is seen of them. ok/y follows on the same path.
var denyPaths = map[string]func(t *testing.T, g *gateway.Gateway){
	"live at QoS 0": func(t *testing.T, g *gateway.Gateway) {
		p := enterAs(t, g, v5, "p", "boss")
		p.send(pub5("no/x", "secret", 0, 0) + pub5("ok/y", "fine", 0, 0))
		p.alive()
	},
	"live at QoS 2": func(t *testing.T, g *gateway.Gateway) {
		p := enterAs(t, g, v311, "p", "boss")
		p.send(pub3("no/x", "secret", 2, 1) + pub3("ok/y", "fine", 2, 2))
		p.expect(pubrec(1) + pubrec(2))
	},
	"a will": func(t *testing.T, g *gateway.Gateway) {
		enterAs(t, g, v5, "w1", "boss", will("no/x", "secret", 1, true)).drop()
		enterAs(t, g, v5, "w2", "boss", will("ok/y", "fine", 1, true)).drop()
	},
	"retained": func(t *testing.T, g *gateway.Gateway) {
		p := enterAs(t, g, v5, "p", "boss")
		p.send(pub5("no/x", "secret", 1, 1, retained) + pub5("ok/y", "fine", 1, 2, retained))
		p.next()
		p.next()
	},
	"from NATS": func(t *testing.T, g *gateway.Gateway) {
		n := natsClient(t, g, `"user":"boss","pass":"p"`)
		n.send("PUB no.x 6\r\nsecret\r\nPUB ok.y 4\r\nfine\r\n")
		n.settle()
	},
	"retained from NATS": func(t *testing.T, g *gateway.Gateway) {
		n := natsClient(t, g, `"user":"boss","pass":"p"`)
		n.send(headed("no.x", retainIt, "secret") + headed("ok.y", retainIt, "fine"))
		n.settle()
	},
	"a request from NATS": func(t *testing.T, g *gateway.Gateway) {
		n := natsClient(t, g, `"user":"boss","pass":"p"`)
		n.send("PUB no.x reply.1 6\r\nsecret\r\nPUB ok.y reply.2 4\r\nfine\r\n")
		n.settle()
	},
}

func enterAs(t *testing.T, g *gateway.Gateway, v packet.Version, id, user string, with ...func(*packet.Connect)) *client {
	t.Helper()
	c := dial(t, g)
	c.send(connect(v, id, append(with, login(user, "p"))...))
	c.expect(connack(v, false))
	return c
}

// Ways in which somebody who may not get no/x hopes to.
var denyFilters = []string{"no/x", "no/+", "no/#", "+/x", "+/+", "#", "+/#", "$share/g/no/x", "$share/g/#", "$share/h/+/x", "ok/y", "ok/#"}

func TestDenyMatrix(t *testing.T) {
	for rule, text := range denyRules {
		for path, play := range denyPaths {
			t.Run(rule+"/"+path, func(t *testing.T) {
				t.Parallel()
				g := gatewaytest.Start(t, conf("")+`authorization { users: [ { user: boss, password: p }, { user: dev, password: p, permissions: { `+text+` } } ] }`)
				everything := enterAs(t, g, v311, "everything", "boss")
				everything.send(sub3(1, "#", 0))
				everything.expect(granted3(1, 0))
				var hopeful []*client
				listen := func(v packet.Version, id string, qos packet.Options, with ...func(*packet.Connect)) *client {
					c := enterAs(t, g, v, id, "dev", with...)
					for i, f := range denyFilters {
						c.send(subscribe(v, uint16(i+1), f, qos))
						c.suback()
					}
					return c
				}
				hopeful = append(hopeful, listen(v311, "live 0", 0), listen(v5, "live 1", 1), listen(v5, "live 2", 2|keepRAP))
				listen(v311, "away", 1, resume).drop()
				stays := listen(v5, "away 5", 2, stays(60))
				stays.send(bye5)
				stays.closed()
				play(t, g)
				for seen := make(map[string]bool); !seen["no/x"] || !seen["ok/y"]; { // so they have arrived
					seen[string(everything.publish().Topic)] = true
				}
				hopeful = append(hopeful, listen(v311, "later", 1), listen(v5, "later 5", 2))
				for id, v := range map[string]packet.Version{"away": v311, "away 5": v5} {
					c := dial(t, g)
					c.send(connect(v, id, login("dev", "p"), resume))
					c.expect(connack(v, true))
					hopeful = append(hopeful, c)
				}
				n := natsClient(t, g, `"user":"dev","pass":"p"`)
				n.send("SUB no.> 1\r\nSUB _INBOX.1 2\r\nPUB $MQTT.RETAINED.GET.> _INBOX.1 0\r\n\r\nPUB $MQTT.RETAINED.GET.no.x _INBOX.1 0\r\n\r\nPUB $MQTT.RETAINED.GET.*.x _INBOX.1 0\r\n\r\n")
				if got := n.until("PONG\r\n"); strings.Contains(got, "secret") {
					t.Errorf("a NATS client got %q", got)
				}
				fine := 0
				for i, c := range hopeful {
					got := c.untilPong()
					if strings.Contains(got, "secret") || strings.Contains(got, "no/x") {
						t.Errorf("client %d got %s", i, show(got, c.version))
					}
					fine += strings.Count(got, "fine")
				}
				if fine < 2 {
					t.Error("what is allowed does not come either")
				}
			})
		}
	}
}

// suback reads until a SUBACK, and keeps an eye on what comes before it.
func (c *client) suback() {
	c.Helper()
	for {
		b := c.next()
		switch {
		case strings.Contains(b, "secret"):
			c.Errorf("got %s", show(b, c.version))
		case b[0] == 0x90:
			return
		}
	}
}

// untilPong is all that comes up to the answer to a ping.
func (c *client) untilPong() (got string) {
	c.Helper()
	c.send(pingreq)
	for b := c.next(); b != pingresp; b = c.next() {
		got += b
	}
	return got
}

// until is what a NATS client hears up to the answer to a PING.
func (c *client) until(end string) (got string) {
	c.Helper()
	c.send("PING\r\n")
	for !strings.HasSuffix(got, end) {
		b, err := c.r.ReadByte()
		if err != nil {
			c.Fatalf("after %q: %v", got, err)
		}
		got += string(b)
	}
	return got
}

// What waits for a client that is away, sent before or not, is not for it any more once a reload has taken the right.
func TestDeniedWhileAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gw.conf")
	write := func(rights string) {
		text := conf("") + `authorization { users: [ { user: boss, password: p }, { user: dev, password: p, permissions: { ` + rights + ` } } ] }`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`subscribe: ">"`)
	g := gatewaytest.StartWith(t, gateway.Options{File: file})
	boss := enterAs(t, g, v311, "boss", "boss")
	for _, v := range []packet.Version{v311, v5} {
		c := enterAs(t, g, v, v.String(), "dev", resume, func(c *packet.Connect) { c.HasSessionExpiry, c.SessionExpiry = true, 3600 })
		c.send(subscribe(v, 1, "+/x", 1))
		c.expect(suback(v, 1, 1))
		boss.send(pub3("no/x", "sent", 1, 1))
		boss.expect(puback(1))
		c.expect(publish(v, "no/x", "sent", 1, 1))
		c.drop()
	}
	boss.send(pub3("no/x", "queued", 1, 2) + pub3("ok/x", "fine", 1, 3))
	boss.expect(puback(2) + puback(3))
	write(`subscribe: { deny: "no.>" }`)
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, v := range []packet.Version{v311, v5} {
		c := dial(t, g)
		c.send(connect(v, v.String(), login("dev", "p"), resume, func(c *packet.Connect) { c.HasSessionExpiry, c.SessionExpiry = true, 3600 }))
		c.expect(connack(v, true))
		if got := c.untilPong(); strings.Contains(got, "no/x") || strings.Count(got, "fine") != 1 {
			t.Errorf("got %s", show(got, v))
		}
	}
}

// What a user may not publish reaches nobody and is not retained either, and what a will says neither.
func TestDeniedPublications(t *testing.T) {
	const users = `authorization { users: [ { user: boss, password: p }, { user: dev, password: p, permissions: { publish: { allow: "ok.>", deny: "ok.no" } } } ] }`
	g := gatewaytest.Start(t, conf("")+users)
	boss := enterAs(t, g, v5, "boss", "boss")
	boss.send(sub5(1, "#", 0))
	boss.expect(granted5(1, 0))
	v3 := enterAs(t, g, v311, "v3", "dev")
	five := enterAs(t, g, v5, "five", "dev")
	for i, topic := range []string{"x", "ok", "ok/no"} {
		id := uint16(3 * i)
		v3.send(pub3(topic, "x", 0, 0, retained) + pub3(topic, "x", 1, id+1, retained) + pub3(topic, "x", 2, id+2, retained))
		v3.expect(puback(id+1) + pubrec(id+2))
		five.send(pub5(topic, "x", 0, 0, retained) + pub5(topic, "x", 1, id+1, retained) + pub5(topic, "x", 2, id+2, retained))
		five.expect(ack(packet.PUBACK, v5, id+1, packet.NotAuthorized) + ack(packet.PUBREC, v5, id+2, packet.NotAuthorized))
		for _, v := range []packet.Version{v311, v5} {
			enterAs(t, g, v, "w", "dev", will(topic, "x", 1, true)).drop()
		}
	}
	enterAs(t, g, v5, "w", "dev", will("ok/yes", "end", 1, false)).drop()
	boss.expect(pub5("ok/yes", "end", 0, 0))
	boss.send(sub5(2, "#", 0))
	boss.expect(granted5(2, 0))
	boss.alive()
}

// Neither the log nor monitoring shows what clients send to be let in, nor what is configured.
func TestNoSecretsShown(t *testing.T) {
	everyEntrance(t, func(t *testing.T, e entrance) {
		var log lockedBuffer
		g := gatewaytest.StartWith(t, gateway.Options{
			Text: conf(e.block) + `authorization { users: [ { user: a, password: hidden1 }, { user: b, password: hidden9 } ] }` + "\nhttp: \"127.0.0.1:-1\"\n",
			Log:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		for i, with := range []func(*packet.Connect){login("a", "hidden2"), login("hidden3", "hidden4"), login("", "hidden5"), login("a", "hidden6\x00"), login("b", "hidden1"),
			func(c *packet.Connect) {
				login("a", "hidden7")(c)
				c.AuthMethod, c.AuthData = []byte("x"), []byte("hidden8")
			}} {
			for _, v := range []packet.Version{v311, v5} {
				c := e.dial(t, g)
				_ = c.say(connect(v, fmt.Sprint("c", i), with))
				if got := c.gone(); strings.Contains(got, "hidden") {
					t.Errorf("told %q", got)
				}
			}
		}
		good := e.enter(t, g, v5, "good", login("a", "hidden1"))
		for _, page := range []string{"/varz", "/"} {
			r, err := http.Get("http://" + g.Addr("monitor")[0].String() + page)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || r.StatusCode != http.StatusOK || strings.Contains(string(body), "hidden") {
				t.Errorf("%s: %v %v %s", page, r.Status, err, body)
			}
		}
		good.send(bye5)
		good.closed()
		waitFor(t, func() bool { return strings.Contains(log.String(), "client_id=good") })
		if s := log.String(); strings.Contains(s, "hidden") {
			t.Errorf("the log shows secrets:\n%s", s)
		}
	})
}

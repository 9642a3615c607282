package leafnode_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// retained answers what an MQTT client finds below a topic, with its RETAIN flags, once it has an end.
func retained(t *testing.T, addr, user, filter, end string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	defer c.Close()
	text := func(s string) string { return string([]byte{0, byte(len(s))}) + s }
	packet := func(kind byte, body string) string { return string([]byte{kind, byte(len(body))}) + body }
	_, err = c.Write([]byte(packet(0x10, text("MQTT")+"\x04\xc2\x00\x3c"+text("c-"+user)+text(user)+text("p")) +
		packet(0x82, "\x00\x01"+text(filter)+"\x00")))
	must(t, err)
	must(t, c.SetReadDeadline(time.Now().Add(patience)))
	var all []byte
	buf := make([]byte, 4096)
	for !strings.Contains(string(all), end) {
		n, err := c.Read(buf)
		if all = append(all, buf[:n]...); err != nil {
			t.Fatalf("got %q: %v", all, err)
		}
	}
	return string(all)
}

// awaitState waits for a state of the first uplink.
func awaitState(t *testing.T, get func() module.Uplink, word string) module.Uplink {
	t.Helper()
	until(t, "the uplink is "+word, func() bool { return get().State == word })
	return get()
}

// TestProbe: a link counts as connected once somebody beyond the other side has answered, whoever may do what there.
func TestProbe(t *testing.T) {
	const users = `authorization { users: [
		{ user: all, password: p },
		{ user: some, password: p, permissions: { publish: "up.>", subscribe: ["down.>", "_INBOX.>"] } },
		{ user: deaf, password: p, permissions: { subscribe: "down.>" } },
		{ user: asks, password: p, permissions: { publish: ["up.>", "$SYS.REQ.USER.INFO"], subscribe: ["down.>", "_INBOX.*.*"] } } ] }`
	for _, tc := range []struct {
		name, user, more string
		state, doubt     string
	}{
		{"as it is", "all", "", "connected", ""},
		{"rights that leave it out", "some", "", "unverified", "does not let us ask"},
		{"rights with it", "asks", "", "connected", ""},
		{"rights without answers", "deaf", "", "unverified", "does not let answers through: _INBOX.>"},
		{"none", "some", "probe_interval: 0", "connected", ""},
		{"none wanted", "some", `probe_subject: ""`, "connected", ""},
		{"own subject", "some", `probe_subject: "up.echo"`, "connected", ""},
		{"own subject, nobody there", "all", `probe_subject: "nobody.here", probe_interval: 1s`, "unverified", "answer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			hub := startHub(t, users+"\n"+hubConf(""))
			up := connect(t, hub.URL, nats.UserInfo("all", "p"))
			_, err := up.Subscribe("up.echo", func(m *nats.Msg) { _ = m.Respond(nil) })
			must(t, err)
			must(t, up.Flush())
			site := startSiteOnly(t, fmt.Sprintf(`{ url: "nats-leaf://%s:p@%s", name: "to the hub", %s }`, tc.user, hub.Leaf, tc.more))
			awaitUp(t, site, 0)
			until(t, "the uplink is "+tc.state, func() bool {
				u := uplinks(site)[0]
				return u.State == tc.state && strings.Contains(u.Doubt, tc.doubt)
			})
			u := uplinks(site)[0]
			if u.Name != "to the hub" || u.Server != "HUB" {
				t.Errorf("%+v", u)
			}
			if strings.Contains(u.Error, "Permissions") {
				t.Errorf("the probe was taken amiss: %s", u.Error)
			}
			down := connect(t, siteURL(site)) // and the link goes on
			above := subscribe(t, up, "up.>")
			awaitInterest(t, down, "up.x")
			want(t, above, "ready?")
		})
	}
}

// TestProbeAbove: a gateway above us answers, too, and counts nothing as refused.
func TestProbeAbove(t *testing.T) {
	above := startAbove(t, "", "")
	below := startSite(t, to(above, "", ""))
	awaitState(t, func() module.Uplink { return uplinks(below)[0] }, "connected")
	if resp := metric(t, above, "leafgate_dropped_messages_total{"); resp != "" {
		t.Errorf("dropped above: %s", resp)
	}
}

// metric answers the lines of /metrics that begin so.
func metric(t *testing.T, g *gateway.Gateway, begin string) (lines string) {
	t.Helper()
	resp, err := http.Get("http://" + g.Addr("monitor")[0].String() + "/metrics")
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, begin) {
			lines += line
		}
	}
	return lines
}

// TestProbeFails: a hub that lives, but passes nothing on, shows as unverified, and as connected when it does again.
func TestProbeFails(t *testing.T) {
	answers := make(chan bool, 1)
	answers <- true
	s := newStrange(t, func(c net.Conn, r *bufio.Reader) {
		enter(c, r)
		var reply string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			switch f := strings.Fields(line); {
			case len(f) == 0:
			case f[0] == "PING":
				_, _ = c.Write([]byte(wire.Pong))
			case f[0] == "LMSG" && strings.HasPrefix(f[2], "_INBOX."):
				reply = f[2]
				yes := <-answers
				answers <- yes
				if yes {
					fmt.Fprintf(c, "LMSG %s 0\r\n\r\n", reply)
				} else { // who is nobody
					fmt.Fprintf(c, "HMSG %s 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", reply)
				}
			}
		}
	})
	g := gatewaytest.Start(t, fmt.Sprintf(`ping_interval: 1s
		leafnodes { write_deadline: 1s, remotes: [ { url: %q, probe_interval: 1s } ] }`, s.url()))
	state := func() module.Uplink { return uplinks(g)[0] }
	u := awaitState(t, state, "connected")
	if u.Verified.IsZero() || u.ProbeRTT <= 0 {
		t.Errorf("%+v", u)
	}
	<-answers
	answers <- false
	if u = awaitState(t, state, "unverified"); !u.Connected || !strings.Contains(u.Doubt, "nobody answers on $SYS.REQ.USER.INFO") {
		t.Errorf("%+v", u)
	}
	<-answers
	answers <- true
	awaitState(t, state, "connected")
}

// TestStateIsTold: whoever subscribes hears how a link comes and goes, in its account and in the system account, and MQTT
// clients see it in $SYS.
func TestStateIsTold(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := gatewaytest.Start(t, `mqtt { listen: "127.0.0.1:0", sys_interval: 1s }
		http: "127.0.0.1:-1"
		system_account: S
		accounts { A { users: [ { user: a, password: p } ] }, B { users: [ { user: b, password: p } ] }, S { users: [ { user: s, password: p } ] } }
		leafnodes { reconnect: 100ms, remotes: [ { url: "nats-leaf://`+hub.Leaf+`", account: A, name: "the.hub" } ] }`)
	awaitUp(t, site, 0)
	var subs []*nats.Subscription
	for _, user := range []string{"a", "s", "b"} {
		subs = append(subs, subscribe(t, connect(t, siteURL(site), nats.UserInfo(user, "p")), "$LEAFGATE.UPLINK.>"))
	}
	events := subscribe(t, connect(t, siteURL(site), nats.UserInfo("s", "p")), "$SYS.ACCOUNT.A.*")
	above := subscribe(t, connect(t, hub.URL), ">")
	hub.Kill()
	hub.Restart()
	next := func(s *nats.Subscription) (u module.Uplink) {
		t.Helper()
		m, err := s.NextMsg(patience)
		must(t, err)
		if m.Subject != "$LEAFGATE.UPLINK.the_hub.STATE" {
			t.Fatalf("told on %s", m.Subject)
		}
		must(t, json.Unmarshal(m.Data, &u))
		return u
	}
	for _, s := range subs[:2] {
		lost := false
		for u := next(s); u.State != "connected" || !lost; u = next(s) {
			lost = lost || !u.Connected
		}
	}
	if n, _, _ := subs[2].Pending(); n > 0 {
		t.Error("another account is told")
	}
	for n, _, _ := above.Pending(); n > 0; n-- {
		m, err := above.NextMsg(patience)
		must(t, err)
		if !strings.HasPrefix(m.Subject, "_INBOX.") { // of the probe
			t.Errorf("the hub hears %s", m.Subject)
		}
	}
	for _, subject := range []string{"$SYS.ACCOUNT.A.DISCONNECT", "$SYS.ACCOUNT.A.CONNECT"} {
		m, err := events.NextMsg(patience)
		must(t, err)
		if m.Subject != subject || !strings.Contains(string(m.Data), `"kind":"Leafnode"`) {
			t.Errorf("event %s: %s", m.Subject, m.Data)
		}
	}
	mqtt := site.Addr("mqtt")[0].String()
	const topic = "$SYS/broker/connection/the_hub/state"
	got := retained(t, mqtt, "a", "$SYS/broker/connection/#", topic)
	if !strings.Contains(got, "\x31"+string([]byte{byte(len(topic) + 3), 0, byte(len(topic))})+topic+"1") {
		t.Errorf("MQTT clients see %q", got)
	}
	if got := retained(t, mqtt, "a", "$SYS/broker/uplink/the_hub", "}"); !strings.Contains(got, `"state":"connected"`) {
		t.Errorf("MQTT clients see %q", got)
	}
	if got := retained(t, mqtt, "b", "$SYS/broker/#", "$SYS/broker/load/connections/15min"); strings.Contains(got, "the_hub") {
		t.Error("another account sees it")
	}
	metrics := metric(t, site, "leafgate_uplink_")
	for _, line := range []string{`leafgate_uplink_connected{account="A",uplink="the_hub"} 1`, `leafgate_uplink_verified{account="A",uplink="the_hub"} 1`,
		`leafgate_uplink_pending_messages{account="A",uplink="the_hub"} 0`, `leafgate_uplink_oldest_pending_seconds{account="A",uplink="the_hub"} 0`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s", line)
		}
	}
	var leafz struct {
		Leafs []struct {
			State string `json:"state"`
		} `json:"leafs"`
	}
	getJSON(t, "http://"+site.Addr("monitor")[0].String()+"/leafz", &leafz)
	if len(leafz.Leafs) != 1 || leafz.Leafs[0].State != "connected" {
		t.Errorf("leafz: %+v", leafz)
	}
}

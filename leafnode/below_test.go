package leafnode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
)

// aboveConf is a gateway that takes leaf nodes; more stands inside the leafnodes block, top before it.
func aboveConf(top, more string) string {
	return fmt.Sprintf("server_name: ABOVE\nhttp: \"127.0.0.1:-1\"\n%s\nleafnodes { listen: \"127.0.0.1:-1\", %s }\n", top, more)
}

func startAbove(t *testing.T, top, more string) *gateway.Gateway {
	t.Helper()
	return gatewaytest.Start(t, aboveConf(top, more))
}

// leafAddr is where leaf nodes connect.
func leafAddr(g *gateway.Gateway) string { return g.Addr("leafnode")[0].String() }

// to is a remote's block, to g. login is empty, or ends in an @.
func to(g *gateway.Gateway, login, more string) string {
	return fmt.Sprintf("{ url: \"nats-leaf://%s%s\", %s }", login, leafAddr(g), more)
}

// startBelow runs a nats-server that is a leaf of others.
func startBelow(t *testing.T, name, top string, remotes ...string) *peer.Server {
	t.Helper()
	return peer.Start(t, "nats-server", fmt.Sprintf("server_name: %s\nhttp: \"127.0.0.1:-1\"\n%s\nleafnodes { reconnect: 100ms, remotes: [ %s ] }\n", name, top,
		strings.Join(remotes, ",\n")))
}

// A leafInfo is what /leafz says of one.
type leafInfo struct {
	Name        string   `json:"name"`
	Spoke       bool     `json:"is_spoke"`
	Account     string   `json:"account"`
	Subs        []string `json:"subscriptions_list"`
	RTT         string   `json:"rtt"`
	Compression string   `json:"compression"`
}

// leafz are the links of g.
func leafz(t *testing.T, g *gateway.Gateway) []leafInfo {
	t.Helper()
	var answer struct{ Leafs []leafInfo }
	getJSON(t, "http://"+g.Addr("monitor")[0].String()+"/leafz?subs=1", &answer)
	return answer.Leafs
}

// awaitLeaves returns when g has so many links.
func awaitLeaves(t *testing.T, g *gateway.Gateway, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d leaf nodes are there", n), func() bool { return len(leafz(t, g)) == n })
}

// TestServerBelow: a nats-server below us shares our subjects, both ways.
func TestServerBelow(t *testing.T) {
	above := startAbove(t, "", "")
	below := startBelow(t, "BELOW", "", to(above, "", ""))
	awaitLeaves(t, above, 1)
	bothWays(t, connect(t, siteURL(above)), connect(t, below.URL))
	until(t, "the round trip is known", func() bool { return leafz(t, above)[0].RTT != "" })
	if l := leafz(t, above)[0]; l.Name != "BELOW" || l.Spoke || l.Account != "$G" || !slices.Contains(l.Subs, "down.*") {
		t.Errorf("/leafz says %+v", l)
	}
}

// TestGatewayBelow: so does another gateway.
func TestGatewayBelow(t *testing.T) {
	above := startAbove(t, "", "")
	below := startSite(t, to(above, "", ""))
	bothWays(t, connect(t, siteURL(above)), connect(t, siteURL(below)))
}

// bothWays sends messages, headers, large ones, and requests.
func bothWays(t *testing.T, up, down *nats.Conn) {
	t.Helper()
	above, below := subscribe(t, up, "up.>"), subscribe(t, down, "down.*")
	awaitInterest(t, down, "up.x")
	want(t, above, "ready?")
	awaitInterest(t, up, "down.x")
	want(t, below, "ready?")
	for i := range 100 {
		text := fmt.Sprint(i)
		publish(t, down, "up."+text, text)
		publish(t, up, "down."+text, text)
		want(t, above, text)
		want(t, below, text)
	}
	m := &nats.Msg{Subject: "up.h", Header: nats.Header{"A": {"1", "2"}}, Data: []byte("with")}
	must(t, down.PublishMsg(m))
	if got := want(t, above, "with").Header; !slices.Equal(got["A"], []string{"1", "2"}) {
		t.Errorf("headers upwards: %v", got)
	}
	m.Subject = "down.h"
	must(t, up.PublishMsg(m))
	if got := want(t, below, "with").Header; !slices.Equal(got["A"], []string{"1", "2"}) {
		t.Errorf("headers downwards: %v", got)
	}
	large := strings.Repeat("x", 1<<20)
	publish(t, down, "up.large", large)
	want(t, above, large)
	publish(t, up, "down.large", large)
	want(t, below, large)
	for _, x := range []struct{ server, client *nats.Conn }{{up, down}, {down, up}} {
		_, err := x.server.Subscribe("svc", func(m *nats.Msg) { _ = m.Respond(append([]byte("answer "), m.Data...)) })
		must(t, err)
		must(t, x.server.Flush())
		awaitInterest(t, x.client, "svc")
		for i := range 20 {
			r, err := x.client.Request("svc", fmt.Append(nil, i), patience)
			must(t, err)
			if string(r.Data) != fmt.Sprint("answer ", i) {
				t.Errorf("got %q", r.Data)
			}
		}
	}
	nothing(t, above)
	nothing(t, below)
}

// nothing says that s has no message more, once what was on its way has come.
func nothing(t *testing.T, s *nats.Subscription) {
	t.Helper()
	if m, err := s.NextMsg(20 * time.Millisecond); err == nil {
		t.Errorf("%q on %s besides", m.Data, m.Subject)
	}
}

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
	down := connect(t, below.URL)
	cross(t, connect(t, siteURL(above)), down)
	subscribe(t, down, "down.*")
	until(t, "the round trip is known, and what it wants", func() bool {
		l := leafz(t, above)[0]
		return l.RTT != "" && slices.Contains(l.Subs, "down.*")
	})
	if l := leafz(t, above)[0]; l.Name != "BELOW" || l.Spoke || l.Account != "$G" {
		t.Errorf("/leafz says %+v", l)
	}
}

// TestGatewayBelow: so does another gateway.
func TestGatewayBelow(t *testing.T) {
	above := startAbove(t, "", "")
	below := startSite(t, to(above, "", ""))
	cross(t, connect(t, siteURL(above)), connect(t, siteURL(below)))
}

// nothing says that s has no message more, once what was on its way has come.
func nothing(t *testing.T, s *nats.Subscription) {
	t.Helper()
	if m, err := s.NextMsg(20 * time.Millisecond); err == nil {
		t.Errorf("%q on %s besides", m.Data, m.Subject)
	}
}

package leafnode_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
)

// joint is a gateway that takes leaf nodes and is one itself.
func joint(t *testing.T, name, top, more string, remotes ...string) *gateway.Gateway {
	t.Helper()
	g := gatewaytest.Start(t, fmt.Sprintf("server_name: %s\nhttp: \"127.0.0.1:-1\"\n%s\nleafnodes { listen: \"127.0.0.1:-1\", reconnect: 20ms, %s\n remotes: [ %s ] }\n",
		name, top, more, strings.Join(remotes, ",\n")))
	for i := range remotes {
		awaitUp(t, g, i)
	}
	return g
}

// TestTree: a hub, a gateway below it, below that another with one more, and a nats-server: everything reaches everybody, once.
func TestTree(t *testing.T) {
	hub := startHub(t, hubConf(""))
	middle := joint(t, "MIDDLE", "", "", remote(hub, ""))
	left := joint(t, "LEFT", "", "", to(middle, "", ""))
	right := startBelow(t, "RIGHT", "", to(middle, "", ""))
	bottom := startSite(t, to(left, "", ""))
	awaitLeaves(t, middle, 3)
	c := newCensus(t)
	c.at("hub", hub.URL)
	c.at("middle", siteURL(middle))
	c.at("left", siteURL(left))
	c.at("right", right.URL)
	c.at("bottom", siteURL(bottom))
	c.at("middle2", siteURL(middle))
	c.count(200)

	// What is gone at one end is gone at all.
	for _, n := range c.nodes {
		must(t, n.nc.Drain())
	}
	until(t, "the hub knows that nobody wants it", func() bool { return interestIn(t, hub, "census.>") == 0 })
	until(t, "so does the middle", func() bool {
		for _, l := range leafz(t, middle) {
			for _, s := range l.Subs {
				if s == "census.>" {
					return false
				}
			}
		}
		return true
	})
}

// TestTwoBelow: two gateways and a nats-server below one.
func TestTwoBelow(t *testing.T) {
	above := startAbove(t, "", "")
	a, b := startSite(t, to(above, "", "")), startSite(t, to(above, "", ""))
	n := startBelow(t, "N", "", to(above, "", ""))
	awaitLeaves(t, above, 3)
	c := newCensus(t)
	c.at("above", siteURL(above))
	c.at("a", siteURL(a))
	c.at("b", siteURL(b))
	c.at("n", n.URL)
	c.count(200)
}

// TestRing: three gateways that are each other's leaves in a ring find out by their beacons.
func TestRing(t *testing.T) {
	ports := freePorts(t, 3)
	conf := func(i int) string {
		return fmt.Sprintf("server_name: R%d\nhttp: \"127.0.0.1:-1\"\nleafnodes { listen: \"127.0.0.1:%d\", reconnect: 100ms, remotes: [ { url: \"nats-leaf://127.0.0.1:%d\" } ] }",
			i, ports[i], ports[(i+1)%3])
	}
	var ring []*gateway.Gateway
	for i := range ports {
		ring = append(ring, gatewaytest.Start(t, conf(i)))
	}
	until(t, "the loop is found", func() bool {
		for _, g := range ring {
			if strings.Contains(strings.ToLower(uplinks(g)[0].Error), "loop") {
				return true
			}
		}
		return false
	})
	// Nothing goes round.
	nc := connect(t, siteURL(ring[0]))
	sub := subscribe(t, nc, "x")
	for i := range 10 {
		publish(t, nc, "x", fmt.Sprint(i))
	}
	for i := range 10 {
		want(t, sub, fmt.Sprint(i))
	}
	nothing(t, sub)
}

// TestRingWithServer: a nats-server in the ring changes nothing.
func TestRingWithServer(t *testing.T) {
	port := freePorts(t, 1)[0]
	above := gatewaytest.Start(t, fmt.Sprintf("server_name: TOP\nhttp: \"127.0.0.1:-1\"\nleafnodes { listen: \"127.0.0.1:-1\", reconnect: 100ms, remotes: [ { url: \"nats-leaf://127.0.0.1:%d\" } ] }", port))
	peer.Start(t, "nats-server", fmt.Sprintf("server_name: N\nleafnodes { listen: \"127.0.0.1:%d\", reconnect: 100ms, remotes: [ %s ] }\n", port, to(above, "", "")))
	until(t, "the loop is found", func() bool { return strings.Contains(strings.ToLower(uplinks(above)[0].Error), "loop") })
}

package leafnode_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// clusterConf is hubConf for a member of a cluster.
func clusterConf(name string, route string) string {
	return strings.Replace(hubConf(""), "HUB", name, 1) + fmt.Sprintf("cluster { name: C, listen: \"127.0.0.1:-1\", %s }", route)
}

// routePort is where a member listens for others.
func routePort(t *testing.T, s *peer.Server) int {
	t.Helper()
	var varz struct {
		Cluster struct {
			Port int `json:"cluster_port"`
		} `json:"cluster"`
	}
	getJSON(t, s.Monitoring()+"/varz", &varz)
	return varz.Cluster.Port
}

func routes(t *testing.T, s *peer.Server) int {
	t.Helper()
	var routez struct {
		Routes []any `json:"routes"`
	}
	getJSON(t, s.Monitoring()+"/routez", &routez)
	return len(routez.Routes)
}

// TestCluster: a site that knows one server of a cluster learns of the others, goes on there when its own is lost, and is
// linked to one of them only.
func TestCluster(t *testing.T) {
	one := startHub(t, clusterConf("ONE", ""))
	two := startHub(t, clusterConf("TWO", fmt.Sprintf("routes: [ \"nats://127.0.0.1:%d\" ]", routePort(t, one))))
	until(t, "the cluster is whole", func() bool { return routes(t, one) > 0 && routes(t, two) > 0 })
	site := startSite(t, remote(one, ""))
	down, up := connect(t, siteURL(site)), connect(t, two.URL)
	s := subscribe(t, down, "x")
	awaitInterest(t, up, "x")
	want(t, s, "ready?")

	both := startSiteOnly(t, remote(one, ""), remote(two, ""))
	until(t, "the second link to the cluster is refused", func() bool {
		all := uplinks(both)
		return all[0].Connected != all[1].Connected && strings.Contains(all[0].Error+all[1].Error, "linked to that cluster already")
	})

	one.Kill()
	awaitInterest(t, up, "x")
	until(t, "the other server has the link", func() bool { return strings.HasSuffix(uplinks(site)[0].URL, two.Leaf) })
	until(t, "it works", func() bool {
		publish(t, up, "x", "again")
		n, _, _ := s.Pending()
		return n > 0
	})
	one.Restart()
}

// TestClusterOfThree: when the server that a site hangs on is lost, the next one has the link at once, knows all that is wanted
// here, and messages flow; the last one, too.
func TestClusterOfThree(t *testing.T) {
	var hubs, gone []*peer.Server
	for i, name := range []string{"ONE", "TWO", "THREE"} {
		route := ""
		if i > 0 {
			route = fmt.Sprintf("routes: [ \"nats://127.0.0.1:%d\" ]", routePort(t, hubs[0]))
		}
		hubs = append(hubs, startHub(t, clusterConf(name, route)))
	}
	whole := func() bool {
		for _, h := range hubs {
			if routePeers(t, h) != 2 {
				return false
			}
		}
		return true
	}
	until(t, "the cluster is whole", whole)
	site := startSite(t, remote(hubs[0], "no_randomize: true"))
	down := connect(t, siteURL(site))
	random, subs := rand.New(rand.NewPCG(5, 6)), make(map[string]*nats.Subscription)
	for range 200 {
		change(t, down, random, subs)
	}
	must(t, down.Flush())
	here := subscribe(t, down, "from.above")
	for range 2 {
		at := slices.IndexFunc(hubs, func(h *peer.Server) bool { return strings.HasSuffix(uplinks(site)[0].URL, h.Leaf) })
		if at < 0 {
			t.Fatalf("linked to %s", uplinks(site)[0].URL)
		}
		awaitInterestOf(t, hubs[at], subs)
		lost := hubs[at]
		hubs = slices.Delete(hubs, at, at+1)
		up := connect(t, hubs[0].URL)
		began := time.Now()
		lost.Kill()
		until(t, "another server has the link", func() bool {
			u := uplinks(site)[0]
			return u.Connected && !strings.HasSuffix(u.URL, lost.Leaf)
		})
		linked := time.Since(began)
		until(t, "messages flow", func() bool {
			publish(t, up, "from.above", "x")
			n, _, _ := here.Pending()
			return n > 0
		})
		t.Logf("linked again after %v, messages after %v", linked.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		for range 20 { // what changes now is known as well
			change(t, down, random, subs)
		}
		must(t, down.Flush())
		for n, _, _ := here.Pending(); n > 0; n-- {
			want(t, here, "x")
		}
		gone = append(gone, lost)
	}
	until(t, "the last server knows exactly what is wanted", func() bool { return strings.HasSuffix(uplinks(site)[0].URL, hubs[0].Leaf) })
	awaitInterestOf(t, hubs[0], subs)
	for _, h := range gone {
		h.Restart()
	}
}

// routePeers is how many other members a member is connected to.
func routePeers(t *testing.T, s *peer.Server) int {
	t.Helper()
	var routez struct {
		Routes []struct {
			ID string `json:"remote_id"`
		} `json:"routes"`
	}
	getJSON(t, s.Monitoring()+"/routez", &routez)
	seen := make(map[string]bool)
	for _, r := range routez.Routes {
		seen[r.ID] = true
	}
	return len(seen)
}

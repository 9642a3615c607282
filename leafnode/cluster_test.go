package leafnode_test

import (
	"fmt"
	"strings"
	"testing"

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

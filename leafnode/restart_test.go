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

// TestHubRestart: whatever changes while there is no link, afterwards the hub knows what is wanted here, no more and no less.
func TestHubRestart(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := startSite(t, remote(hub, ""))
	down := connect(t, siteURL(site))
	random := rand.New(rand.NewPCG(1, 2))
	subs := make(map[string]*nats.Subscription)
	for round := range 10 {
		gone := make(chan struct{})
		if round%2 == 0 {
			hub.Kill()
			close(gone)
		}
		for range 20 {
			change(t, down, random, subs)
		}
		must(t, down.Flush())
		if round%2 == 0 {
			until(t, "the loss is known", func() bool { return !uplinks(site)[0].Connected })
			hub.Restart()
		} else {
			hub.Stop()
			hub.Restart()
		}
		awaitInterestOf(t, hub, subs)
	}
	up, s := connect(t, hub.URL), subscribe(t, down, "after.all")
	awaitInterest(t, up, "after.all")
	want(t, s, "ready?")
	if u := uplinks(site)[0]; u.Attempts != 0 || u.Error == "" {
		t.Errorf("the link says of itself %+v", u)
	}
}

// change subscribes or unsubscribes at random.
func change(t *testing.T, nc *nats.Conn, random *rand.Rand, subs map[string]*nats.Subscription) {
	t.Helper()
	name := fmt.Sprintf("r.%d", random.IntN(40))
	queue := ""
	switch random.IntN(4) {
	case 0:
		name += ".>"
	case 1:
		queue = "q"
	}
	key := name + " " + queue
	if s := subs[key]; s != nil {
		must(t, s.Unsubscribe())
		delete(subs, key)
		return
	}
	s, err := nc.QueueSubscribe(name, queue, func(*nats.Msg) {})
	must(t, err)
	subs[key] = s
}

// awaitInterestOf waits until the hub knows exactly the subjects of subs.
func awaitInterestOf(t *testing.T, hub *peer.Server, subs map[string]*nats.Subscription) {
	t.Helper()
	var wanted []string
	for key := range subs {
		subject, _, _ := strings.Cut(key, " ")
		wanted = append(wanted, subject)
	}
	slices.Sort(wanted)
	var got []string
	defer func() {
		if t.Failed() {
			t.Logf("the hub knows %q\nwanted are %q", got, wanted)
		}
	}()
	until(t, "the hub knows exactly what is wanted", func() bool {
		got = nil
		for _, s := range hubInterest(t, hub) {
			if strings.HasPrefix(s, "r.") {
				got = append(got, s)
			}
		}
		slices.Sort(got)
		return slices.Equal(got, wanted)
	})
}

// TestInterestChurn: news that come faster than they are told end in the truth.
func TestInterestChurn(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := startSite(t, remote(hub, ""))
	random := rand.New(rand.NewPCG(3, 4))
	down, subs := connect(t, siteURL(site)), make(map[string]*nats.Subscription)
	for range 3 {
		for range 500 {
			change(t, down, random, subs)
		}
		must(t, down.Flush())
		awaitInterestOf(t, hub, subs)
	}
}

// TestFailover: when the server is lost, another address is tried at once.
func TestFailover(t *testing.T) {
	one, two := startHub(t, hubConf("")), startHub(t, strings.Replace(hubConf(""), "HUB", "HUB2", 1))
	site := startSiteOnly(t, fmt.Sprintf(`{ urls: ["nats-leaf://127.0.0.1:1", "nats-leaf://%s", "nats-leaf://%s"], no_randomize: true }`, one.Leaf, two.Leaf))
	awaitUp(t, site, 0)
	down := connect(t, siteURL(site))
	s := subscribe(t, down, "x")
	up := connect(t, one.URL)
	awaitInterest(t, up, "x")
	want(t, s, "ready?")
	up.Close()
	one.Kill()
	up = connect(t, two.URL)
	awaitInterest(t, up, "x")
	want(t, s, "ready?")
	if u := uplinks(site)[0]; !strings.HasSuffix(u.URL, two.Leaf) {
		t.Errorf("linked to %s", u.URL)
	}
	one.Restart()
}

// TestTwoHubs: both see what is wanted here, and nothing goes from one to the other.
func TestTwoHubs(t *testing.T) {
	one, two := startHub(t, hubConf("")), startHub(t, strings.Replace(hubConf(""), "HUB", "HUB2", 1))
	site := startSite(t, remote(one, ""), remote(two, ""))
	down, upOne, upTwo := connect(t, siteURL(site)), connect(t, one.URL), connect(t, two.URL)
	here, atOne, atTwo := subscribe(t, down, "x.>"), subscribe(t, upOne, "x.>"), subscribe(t, upTwo, "x.>")
	awaitInterest(t, upOne, "x.1")
	awaitInterest(t, upTwo, "x.2")
	until(t, "both are known here", func() bool {
		publish(t, down, "x.0", "both")
		n, _, _ := atOne.Pending()
		m, _, _ := atTwo.Pending()
		return n > 1 && m > 1
	})
	publish(t, upOne, "x.one", "from one")
	publish(t, upTwo, "x.two", "from two")
	publish(t, down, "x.end", "the end")
	for _, tc := range []struct {
		name    string
		s       *nats.Subscription
		foreign string
	}{{"one", atOne, "from two"}, {"two", atTwo, "from one"}, {"here", here, ""}} {
		for {
			m, err := tc.s.NextMsg(patience)
			must(t, err)
			if string(m.Data) == tc.foreign {
				t.Errorf("%s got %q", tc.name, m.Data)
			}
			if string(m.Data) == "the end" {
				break
			}
		}
	}
}

// TestLoop: two links that end in one account are found out by their beacon.
func TestLoop(t *testing.T) {
	top := startHub(t, hubConf(""))
	middle := startHub(t, strings.Replace(hubConf(fmt.Sprintf(`remotes: [ { url: "nats-leaf://%s" } ]`, top.Leaf)), "HUB", "MIDDLE", 1))
	until(t, "the middle is linked to the top", func() bool { return len(hubInterest(t, top)) > 0 })
	site := startSiteOnly(t, remote(top, ""), remote(middle, ""))
	until(t, "the loop is found, and stays away for a while", func() bool {
		for _, u := range uplinks(site) {
			if strings.Contains(u.Error, "Loop detected") && u.State == "waiting" && time.Until(u.Retry) > 10*time.Second {
				return true
			}
		}
		return false
	})
}

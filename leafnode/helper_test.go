package leafnode_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
	"leafgate/module"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// hubConf is a server that takes leaf nodes; more stands inside the leafnodes block.
func hubConf(more string) string {
	return fmt.Sprintf("server_name: HUB\nhttp: \"127.0.0.1:-1\"\nleafnodes { listen: \"127.0.0.1:$LEAF_PORT\", %s }\n", more)
}

func startHub(t *testing.T, conf string) *peer.Server {
	t.Helper()
	return peer.Start(t, "nats-server", conf)
}

// remote is a remote's block.
func remote(hub *peer.Server, more string) string {
	return fmt.Sprintf("{ url: \"nats-leaf://%s\", %s }", hub.Leaf, more)
}

// siteConf is a gateway with those remotes.
func siteConf(remotes ...string) string {
	return fmt.Sprintf("server_name: SITE\nleafnodes { reconnect: 100ms, remotes: [ %s ] }\n", strings.Join(remotes, ",\n"))
}

// startSite runs a gateway and waits for its links.
func startSite(t *testing.T, remotes ...string) *gateway.Gateway {
	t.Helper()
	g := startSiteOnly(t, remotes...)
	for i := range remotes {
		awaitUp(t, g, i)
	}
	return g
}

func startSiteOnly(t *testing.T, remotes ...string) *gateway.Gateway {
	t.Helper()
	return gatewaytest.Start(t, siteConf(remotes...))
}

// uplinks are what /uplinkz shows.
func uplinks(g *gateway.Gateway) (all []module.Uplink) {
	for u := range g.Uplinks() {
		all = append(all, u)
	}
	return all
}

func awaitUp(t *testing.T, g *gateway.Gateway, i int) {
	t.Helper()
	until(t, "the link is up", func() bool { return uplinks(g)[i].Connected })
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func siteURL(g *gateway.Gateway) string { return "nats://" + g.Addr("natsproto")[0].String() }

func connect(t *testing.T, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append([]nats.Option{nats.Timeout(patience)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func subscribe(t *testing.T, nc *nats.Conn, subject string) *nats.Subscription {
	t.Helper()
	s, err := nc.SubscribeSync(subject)
	must(t, err)
	must(t, nc.Flush())
	return s
}

func publish(t *testing.T, nc *nats.Conn, subject, data string) {
	t.Helper()
	must(t, nc.Publish(subject, []byte(data)))
	must(t, nc.Flush())
}

func want(t *testing.T, s *nats.Subscription, data string) *nats.Msg {
	t.Helper()
	m, err := s.NextMsg(patience)
	if err != nil {
		t.Fatalf("want %q: %v", data, err)
	}
	if string(m.Data) != data {
		t.Fatalf("want %q, got %q on %s", data, m.Data, m.Subject)
	}
	return m
}

// awaitInterest returns when a request to subject reaches somebody, once. That nobody is there comes before the answer to
// PING.
func awaitInterest(t *testing.T, nc *nats.Conn, subject string) {
	t.Helper()
	inbox := nats.NewInbox()
	s := subscribe(t, nc, inbox)
	until(t, "somebody subscribes to "+subject, func() bool {
		must(t, nc.PublishRequest(subject, inbox, []byte("ready?")))
		must(t, nc.Flush())
		_, err := s.NextMsg(time.Millisecond)
		return err != nats.ErrNoResponders
	})
	must(t, s.Unsubscribe())
}

// hubInterest are the patterns that a hub knows from its leaf nodes.
func hubInterest(t *testing.T, hub *peer.Server) []string {
	t.Helper()
	var answer struct {
		Leafs []struct {
			Subs []string `json:"subscriptions_list"`
		} `json:"leafs"`
	}
	getJSON(t, hub.Monitoring()+"/leafz?subs=1", &answer)
	var all []string
	for _, l := range answer.Leafs {
		all = append(all, l.Subs...)
	}
	return all
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	resp, err := http.Get(url)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, json.Unmarshal(text, v))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// interestIn counts the subscriptions to pattern that the hub has from below, one for each connection and queue.
func interestIn(t *testing.T, hub *peer.Server, pattern string) (n int) {
	t.Helper()
	for _, s := range hubInterest(t, hub) {
		if s == pattern {
			n++
		}
	}
	return n
}

func awaitCount(t *testing.T, what string, count func() int, want int) {
	t.Helper()
	until(t, what, func() bool { return count() == want })
}

// freePorts are ports that nobody listens on.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// logOf is a log that calls line with each line, and goes to the test's too.
func logOf(t *testing.T, line func(string)) *slog.Logger {
	return slog.New(slog.NewTextHandler(lines(func(b []byte) { line(string(b)) }), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines is a writer of whole lines.
type lines func(b []byte)

func (f lines) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return string(text)
}

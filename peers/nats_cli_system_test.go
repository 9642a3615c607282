package peers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// tour is what operators look at: two connections of an account beside the system's.
const tour = `
server_name: tour
system_account: SYS
accounts {
  SYS { users: [ { user: sys, password: sys } ] }
  A { users: [ { user: ann, password: ann } ] }
}
`

// as calls the nats command as a user whose password is its name.
func (c *cli) as(user string, args ...string) string {
	c.Helper()
	return c.run(append(args, "--user", user, "--password", user, "--timeout", "20s")...)
}

// TestCLISystemTour goes through what the system account answers.
func TestCLISystemTour(t *testing.T) {
	onEach(t, tour, func(t *testing.T, s *peer.Server) {
		c, ann := newCLI(t, s), connect(t, s, nats.UserInfo("ann", "ann"), nats.Name("ann's"))
		_, err := ann.SubscribeSync("fab.>")
		must(t, err)
		must(t, ann.Flush())
		id := ann.ConnectedServerId()

		c.contains(c.as("sys", "account", "info"), "User: sys", "Account: SYS (SYS)", "System Account: true", "Expires: never")
		c.contains(c.as("sys", "rtt", "2"), s.Addr())
		c.contains(c.as("sys", "server", "list", "1"), "tour", " no ")
		c.contains(c.as("sys", "server", "ping", "1"), "tour", "rtt=", "1 replies")
		c.contains(c.as("sys", "server", "info"), "Server information for tour ("+id, "Maximum Payload: 1.0 MiB")
		c.contains(c.as("sys", "server", "report", "connections", "1"), "2 by subs", "ann's", " A ", "SYS", "Connections per server", "tour")
		c.contains(c.as("sys", "server", "report", "accounts"), "Account", "Connections", " A ")
		c.contains(c.as("sys", "server", "report", "health", "1"), "tour", "ok (200)", "ok: 1 / err: 0")
		c.contains(c.as("sys", "server", "check", "connection", "--connect-warn=20s", "--connect-critical=30s", "--rtt-warn=20s",
			"--rtt-critical=30s", "--req-warn=20s", "--req-critical=30s"), "OK Connection")
		c.contains(c.as("sys", "server", "check", "server", "--name", "tour"), "OK tour", "uptime=", "connections=2")
		c.contains(c.as("sys", "server", "account", "info", "A"), "Account information for account A", "Complete: true", "System Account: false", "JetStream: false")
		for request, want := range map[string]string{"variables": `"server_name":"tour"`, "connections": `"name":"ann's"`,
			"subscriptions": `"num_subscriptions":`, "accounts": `"system_account":"SYS"`, "leafnodes": `"leafs":[]`, "routes": `"routes":[]`} {
			c.contains(c.as("sys", "server", "request", request, "1"), `"id":"`+id+`"`, `"data":{`, want)
		}
	})
}

// TestCLIUserTour goes through what users may ask about themselves.
func TestCLIUserTour(t *testing.T) {
	onEach(t, tour, func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		out := c.as("ann", "account", "info")
		c.contains(out, "User: ann", "Account: A (A)", "System Account: false")
		out = c.as("ann", "account", "report", "connections")
		if c.contains(out, "1 by subs", " A "); strings.Contains(out, "SYS") {
			t.Errorf("a user sees the system account: %s", out)
		}
		c.contains(c.as("ann", "account", "report", "statistics"), "Server Statistics", "127.0.0.1")
		c.contains(c.fails("server", "list", "1", "--user", "ann", "--password", "ann", "--timeout", "2s"), "system")
	})
}

// TestCLIControl reloads and kicks by request, and sees in the events who came and who went.
func TestCLIControl(t *testing.T) {
	onEach(t, tour, func(t *testing.T, s *peer.Server) {
		c, sys := newCLI(t, s), connect(t, s, nats.UserInfo("sys", "sys"))
		gone := make(chan struct{})
		events := c.start("events", "--all", "--user", "sys", "--password", "sys")
		awaitInterest(t, sys, "$SYS.ACCOUNT.nobody.CONNECT")
		ann := connect(t, s, nats.UserInfo("ann", "ann"), nats.Name("ann's"), nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(gone) }))
		cid, err := ann.GetClientID()
		must(t, err)
		id := ann.ConnectedServerId()
		c.contains(c.as("sys", "server", "config", "reload", id, "--force"), "tour")
		if text := c.as("sys", "server", "request", "kick", fmt.Sprint(cid), id); strings.Contains(text, `"error"`) {
			t.Errorf("kick: %s", text)
		}
		await(t, "the client is gone", gone)
		var reason struct{ Reason string }
		sub, err := sys.SubscribeSync("$SYS.ACCOUNT.A.DISCONNECT")
		must(t, err)
		must(t, sys.Flush())
		connect(t, s, nats.UserInfo("ann", "ann")).Close()
		m, err := sub.NextMsg(patience)
		must(t, err)
		if must(t, json.Unmarshal(m.Data, &reason)); reason.Reason != "Client Closed" {
			t.Errorf("the next one went because of %q", reason.Reason)
		}
		c.contains(events.interrupt(), "Client Connection", "ann's", "Client Disconnection", "Kicked")
	})
}

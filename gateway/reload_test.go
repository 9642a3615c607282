package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fromFile starts a gateway from a file, and returns a function that rewrites it and reloads.
func fromFile(t *testing.T, text string) (*gateway.Gateway, func(string) error) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "gw.conf")
	write(t, conf, text)
	g := gatewaytest.StartWith(t, gateway.Options{File: conf, Log: slog.New(slog.DiscardHandler)})
	return g, func(text string) error {
		write(t, conf, text)
		return g.Reload()
	}
}

func TestReloadKeepsAndCuts(t *testing.T) {
	g, reload := fromFile(t, `authorization { users: [
		{ user: same, password: a, permissions { publish: "x" } }
		{ user: pass, password: a }, { user: gone, password: a } ] }`)
	before := g.Digest()
	clients := make(map[string]*client)
	for _, user := range []string{"same", "pass", "gone"} {
		clients[user] = dial(t, g)
		if got := clients[user].login(user, "a"); got != "PONG" {
			t.Fatalf("%s: %q", user, got)
		}
	}
	if err := reload(`authorization { users: [
		{ user: pass, password: b }
		{ user: same, password: a, permissions { publish: ["x"] } }
		{ user: added, password: a } ] }`); err != nil {
		t.Fatal(err)
	}
	for user, c := range clients {
		if got, want := c.ping(), user == "same"; got != want {
			t.Errorf("%s: still connected: %v, want %v", user, got, want)
		}
	}
	for login, want := range map[[2]string]string{
		{"added", "a"}: "PONG", {"pass", "b"}: "PONG", {"pass", "a"}: "-ERR 'Authorization Violation'",
	} {
		if got := dial(t, g).login(login[0], login[1]); got != want {
			t.Errorf("%v: %q, want %q", login, got, want)
		}
	}
	if g.Digest() == before {
		t.Error("the digest has not changed")
	}
}

// TestReloadBroken reloads what cannot be taken over: nothing may change, not even the part that could.
func TestReloadBroken(t *testing.T) {
	const good = "server_name: one\nauthorization { user: ann, password: apple }\n"
	tests := []struct{ name, text, want string }{
		{"syntax", "authorization { user: ann", "gw.conf:1"},
		{"unknown key", "server_name: one\nauthorization { user: ann, password: pear }\nmax_paylod: 1\n", `gw.conf:3:1: unknown field "max_paylod" (did you mean "max_payload"?)`},
		{"server_name", "server_name: two\nauthorization { user: ann, password: pear }\n", "server_name: cannot change while running"},
		{"address", good + "port: 1\n", "not supported for listen"},
		{"profiling", good + "prof_port: -1\n", "prof_port: cannot change while running"},
		{"another module", good + "mqtt { host: 127.0.0.1, port: -1 }\n", "mqtt: cannot be added while running"},
		{"monitoring", good + "http_port: -1\n", "monitor: the address and path cannot change while running"},
		{"log file", good + "log_file: \"/nonexistent/dir/log\"\nnope: 1\n", "unknown field"},
		{"unsupported", good + "jetstream: enabled\n", "gw.conf:3:1: jetstream: not supported"},
	}
	g, reload := fromFile(t, good)
	c := dial(t, g)
	if got := c.login("ann", "apple"); got != "PONG" {
		t.Fatal(got)
	}
	digest := g.Digest()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := reload(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Reload: %v, want %q", err, tt.want)
			}
			if !c.ping() {
				t.Fatal("the client is gone")
			}
			if got := dial(t, g).login("ann", "apple"); got != "PONG" {
				t.Errorf("the old password: %q", got)
			}
			if g.Digest() != digest {
				t.Error("the digest has changed")
			}
		})
	}
}

func TestReloadMovesFiles(t *testing.T) {
	dir := t.TempDir()
	pid := func(n int) string { return filepath.Join(dir, fmt.Sprintf("pid%d", n)) }
	_, reload := fromFile(t, fmt.Sprintf("pid_file: %q", pid(1)))
	if err := reload(fmt.Sprintf("pid_file: %q", pid(2))); err != nil {
		t.Fatal(err)
	}
	if got, _ := filepath.Glob(filepath.Join(dir, "*")); len(got) != 1 || got[0] != pid(2) {
		t.Errorf("files: %v, want only %s", got, pid(2))
	}
}

func TestReloadWithoutFile(t *testing.T) {
	if err := gatewaytest.Start(t, "").Reload(); err == nil || !strings.Contains(err.Error(), "no configuration file") {
		t.Errorf("Reload: %v", err)
	}
}

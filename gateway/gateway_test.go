package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

const patience = 30 * time.Second

// A client is one raw connection.
type client struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
	info  map[string]any
}

func dial(t *testing.T, g *gateway.Gateway) *client {
	t.Helper()
	conn, err := net.Dial("tcp", g.Addr("natsproto")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return greeted(t, &client{t: t, Conn: conn, lines: bufio.NewReader(conn)})
}

// greeted reads the INFO that every connection begins with.
func greeted(t *testing.T, c *client) *client {
	t.Helper()
	verb, body, _ := strings.Cut(c.line(), " ")
	if verb != "INFO" {
		t.Fatalf("the first line is %q, want INFO", verb)
	}
	if err := json.Unmarshal([]byte(body), &c.info); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *client) line() string {
	c.t.Helper()
	s, err := c.lines.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return strings.TrimRight(s, "\r\n")
}

// login connects and returns what answers the PING behind it.
func (c *client) login(user, pass string) string {
	c.t.Helper()
	fmt.Fprintf(c, `CONNECT {"verbose":false,"user":%q,"pass":%q}`+"\r\nPING\r\n", user, pass)
	return c.line()
}

// ping says whether the connection still works. News from the server are skipped.
func (c *client) ping() bool {
	fmt.Fprint(c, "PING\r\n")
	for {
		s, err := c.lines.ReadString('\n')
		if err != nil || strings.HasPrefix(s, "-ERR") {
			return false
		}
		if s == "PONG\r\n" {
			return true
		}
	}
}

func shutdown(t *testing.T, g *gateway.Gateway) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestServesClients(t *testing.T) {
	g := gatewaytest.Start(t, `server_name: here`)
	c := dial(t, g)
	if got := c.login("", ""); got != "PONG" {
		t.Errorf("login: %q", got)
	}
	if c.info["server_name"] != "here" || !nkeys.IsValidPublicServerKey(c.info["server_id"].(string)) {
		t.Errorf("INFO %v: want the name and a server key", c.info)
	}
}

func TestTwoGateways(t *testing.T) {
	one := gatewaytest.Start(t, `http_port: -1`)
	two := gatewaytest.Start(t, `http_port: -1, authorization { user: ann, password: apple }`)
	if got := dial(t, one).login("ann", "x"); got != "PONG" {
		t.Errorf("one: %q", got)
	}
	if got := dial(t, two).login("ann", "x"); got != "-ERR 'Authorization Violation'" {
		t.Errorf("two: %q", got)
	}
	shutdown(t, one)
	if got := dial(t, two).login("ann", "apple"); got != "PONG" {
		t.Errorf("two, after one has stopped: %q", got)
	}
}

// TestBindErrorLeavesNothing starts a gateway whose second listener cannot bind; what the first one took must be free.
func TestBindErrorLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	pid := filepath.Join(t.TempDir(), "pid")
	g, err := gateway.New(gateway.Options{
		Text: fmt.Sprintf("listen: %q, http: %q, pid_file: %q", addr, taken.Addr(), pid),
		Log:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "start monitor") {
		t.Fatalf("Start: %v, want an error of monitor", err)
	}
	again, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the first listener is still there: %v", err)
	}
	again.Close()
	if _, err := os.Stat(pid); err == nil {
		t.Error("the pid file is still there")
	}
	shutdown(t, g)
}

func TestShutdownWithoutStart(t *testing.T) {
	g, err := gateway.New(gateway.Options{Text: "port: -1", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, g)
	shutdown(t, g)
	if err := g.Reload(); err == nil {
		t.Error("a gateway that has stopped was reloaded")
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	pid := filepath.Join(dir, "leafgate.pid")
	g := gatewaytest.Start(t, fmt.Sprintf("http_port: -1, prof_port: -1, pid_file: %q, ports_file_dir: %q", pid, dir))
	if got, err := os.ReadFile(pid); err != nil || string(got) != strconv.Itoa(os.Getpid()) {
		t.Errorf("pid file: %q, %v", got, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("*_%d.ports", os.Getpid())))
	if err != nil || len(found) != 1 {
		t.Fatalf("ports files: %v, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var ports map[string][]string
	if err := json.Unmarshal(text, &ports); err != nil {
		t.Fatal(err)
	}
	want := "nats://" + g.Addr("natsproto")[0].String()
	if !slices.Equal(ports["nats"], []string{want}) || len(ports["monitoring"]) != 1 || len(ports["profile"]) != 1 {
		t.Fatalf("ports file: %s, want %s and one of each other kind", text, want)
	}
	res, err := http.Get(ports["profile"][0] + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), "goroutine profile:") {
		t.Errorf("profile: %.80s", body)
	}
	http.DefaultClient.CloseIdleConnections()
	shutdown(t, g)
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPIDFileOfAnotherProcessStays(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	g := gatewaytest.Start(t, fmt.Sprintf("pid_file: %q", pid))
	write(t, pid, "1")
	shutdown(t, g)
	if got, err := os.ReadFile(pid); err != nil || string(got) != "1" {
		t.Errorf("pid file: %q, %v", got, err)
	}
}

func TestLogFile(t *testing.T) {
	dir := t.TempDir()
	conf, log := filepath.Join(dir, "gw.conf"), filepath.Join(dir, "log")
	write(t, conf, fmt.Sprintf("listen: \"127.0.0.1:-1\", log_file: %q, log_format: json", log))
	g, err := gateway.New(gateway.Options{File: conf, Version: "v9"})
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(t, g)
	if _, err := os.Stat(log); err == nil {
		t.Error("New has made the log file")
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := g.ReopenLog(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{log + ".1": "leafgate is ready", log: "opened again"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: %q, want %q", path, text, want)
		}
		for line := range strings.Lines(string(text)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: %q is not JSON", path, line)
			}
		}
	}
}

func TestPasswordsAreNotLogged(t *testing.T) {
	var out lockedBuffer
	g := gatewaytest.StartWith(t, gateway.Options{
		Text: `authorization { user: ann, password: topsecret }`,
		Log:  slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug - 4})),
	})
	dial(t, g).login("ann", "topsecret")
	dial(t, g).login("ann", "wrongsecret")
	dial(t, g).login("wrongsecret", "topsecret")
	shutdown(t, g)
	if text := out.String(); strings.Contains(text, "secret") || !strings.Contains(text, "in clear") {
		t.Errorf("log: %s", text)
	}
}

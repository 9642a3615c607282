package gateway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// A tight gateway has a ceiling of 100 MiB, and as much of it in use as a test says.
type tight struct {
	*gateway.Gateway
	t    *testing.T
	used atomic.Int64
}

const tightCeiling = 100 << 20

func startTight(t *testing.T, more string) *tight {
	t.Helper()
	g := &tight{t: t}
	g.Gateway = gatewaytest.StartWith(t, gateway.Options{Text: "max_memory: 100MB\n" + more, Used: g.used.Load})
	return g
}

// use waits until the gateway sees that so many percent are in use, and is at level.
func (g *tight) use(percent int64, level string) {
	g.t.Helper()
	g.used.Store(tightCeiling / 100 * percent)
	until(g.t, level, func() bool { return g.Memory().Level.String() == level })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// page is what the monitoring port answers.
func (g *tight) page(path string) (status int, body string) {
	g.t.Helper()
	res, err := http.Get("http://" + g.Addr("monitor")[0].String() + path)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// raw sends something to a module and returns all that comes until the end.
func (g *tight) raw(name, say string) string {
	g.t.Helper()
	c, err := net.Dial("tcp", g.Addr(name)[0].String())
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		g.t.Fatal(err)
	}
	_, _ = io.WriteString(c, say)
	all, err := io.ReadAll(bufio.NewReader(c))
	if err != nil {
		g.t.Fatalf("%s: %v after %q", name, err, all)
	}
	return string(all)
}

const everyFrontend = `http: "127.0.0.1:-1"
mqtt { listen: "127.0.0.1:-1" }
leafnodes { listen: "127.0.0.1:-1" }
websocket { listen: "127.0.0.1:-1", no_tls: true }
`

// While memory is short, nobody new is let in: each protocol says so in its own words. Those who are there are served.
func TestMemoryShortRefuses(t *testing.T) {
	g := startTight(t, everyFrontend)
	old := dial(t, g.Gateway)
	old.login("", "")
	g.use(95, "refusing")
	const upgrade = "GET / HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	for _, x := range []struct{ module, say, want string }{
		{"natsproto", "", "-ERR 'maximum connections exceeded'\r\n"},
		{"leafnode", "", "-ERR 'maximum connections exceeded'\r\n"},
		{"websocket", upgrade, "HTTP/1.1 503 Service Unavailable\r\n"},
		{"websocket", upgrade, "Retry-After: 10\r\n"},
		{"mqtt", "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a", "\x20\x02\x00\x03"},
	} {
		if got := g.raw(x.module, x.say); !strings.Contains(got, x.want) {
			t.Errorf("%s says %q, want %q", x.module, got, x.want)
		}
	}
	if n := g.Memory().Refused; n != 5 {
		t.Errorf("%d counted as refused", n)
	}
	if !old.ping() {
		t.Error("who was there is not served any more")
	}
	if _, metrics := g.page("/metrics"); !strings.Contains(metrics, `leafgate_connections_closed_total{protocol="nats",reason="memory_short"} 1`) {
		t.Error("no reason in /metrics")
	}
	g.use(10, "normal")
	if got := dial(t, g.Gateway).login("", ""); got != "PONG" {
		t.Errorf("login: %q", got)
	}
}

// What /healthz, /varz and /metrics say at each level, and how much may wait.
func TestMemoryShortIsShown(t *testing.T) {
	g := startTight(t, `http: "127.0.0.1:-1"`)
	for _, x := range []struct {
		percent, level, status int
		name, health           string
		budget                 int64
	}{
		{50, 0, 200, "normal", `"status": "ok"`, tightCeiling / 4},
		{80, 1, 200, "shedding", "queues are kept short", tightCeiling / 8},
		{95, 2, 503, "refusing", "nobody new is let in", tightCeiling / 16},
		{30, 0, 200, "normal", `"status": "ok"`, tightCeiling / 4},
	} {
		g.use(int64(x.percent), x.name)
		until(t, "the budget follows", func() bool {
			_, body := g.page("/varz")
			var v struct {
				Memory struct {
					Max    int64  `json:"max_memory"`
					Used   int64  `json:"used"`
					Level  string `json:"level"`
					Budget int64  `json:"queue_budget"`
				} `json:"memory"`
			}
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatal(err)
			}
			m := v.Memory
			return m.Max == tightCeiling && m.Used == tightCeiling/100*int64(x.percent) && m.Level == x.name && m.Budget == x.budget
		})
		if status, body := g.page("/healthz"); status != x.status || !strings.Contains(body, x.health) || (x.level > 0) != strings.Contains(body, "degraded") {
			t.Errorf("%s: /healthz %d %s", x.name, status, body)
		}
		_, metrics := g.page("/metrics")
		for _, want := range []string{fmt.Sprint("leafgate_memory_level ", x.level), fmt.Sprintf("leafgate_queue_budget_bytes %v", float64(x.budget)),
			fmt.Sprint("leafgate_ready ", 1-x.level/2), "leafgate_memory_max_bytes 1.048576e+08", "leafgate_memory_refused_connections_total 0",
			"leafgate_shed_connections_total 0", "leafgate_shed_messages_total 0", "leafgate_queued_bytes 0"} {
			if !strings.Contains(metrics, "\n"+want+"\n") {
				t.Errorf("%s: no %q in /metrics", x.name, want)
			}
		}
		if status, body := g.page("/healthz?details=1"); x.level == 2 && !strings.Contains(body, `"MEMORY"`) {
			t.Errorf("%s: details %d %s", x.name, status, body)
		}
	}
}

// A reload changes the ceiling, takes it away and brings it, and whoever owns the process hears of it.
func TestReloadCeiling(t *testing.T) {
	var mu sync.Mutex
	var told []int64
	conf := filepath.Join(t.TempDir(), "gw.conf")
	write(t, conf, "max_memory: 0\n")
	g := gatewaytest.StartWith(t, gateway.Options{File: conf, Log: slog.New(slog.DiscardHandler), Used: func() int64 { return 60 << 20 },
		Ceiling: func(n int64) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, n)
		}})
	for _, x := range []struct{ text, level string }{
		{"max_memory: 100MB", "normal"}, {"max_memory: 64MB", "refusing"}, {"max_memory: 75MB", "refusing"}, {"max_memory: 75MB\ndebug: true", "refusing"}, {"", "normal"},
	} {
		write(t, conf, x.text)
		if err := g.Reload(); err != nil {
			t.Fatal(err)
		}
		until(t, x.text, func() bool { return g.Memory().Level.String() == x.level })
	}
	write(t, conf, "debug: true\nmax_memory: 3MB")
	if err := g.Reload(); err == nil || !strings.Contains(err.Error(), "gw.conf:2:1: max_memory: want bytes, 16777216 at least") {
		t.Errorf("nonsense: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []int64{0, 100 << 20, 64 << 20, 75 << 20, 0}; !slices.Equal(told, want) {
		t.Errorf("told %d, want %d", told, want)
	}
}

package monitor

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/module"
)

func TestReadOptions(t *testing.T) {
	tests := []struct {
		text  string
		alone bool
		addr  string // empty: off
		base  string

		secure bool
	}{
		{text: ""},
		{text: "http_port: 0"},
		{text: "http_port: 8222", addr: "0.0.0.0:8222"},
		{text: "http_port: 8222", alone: true, addr: "127.0.0.1:8222"},
		{text: "monitor_port: -1", addr: "0.0.0.0:0"},
		{text: "http: 8222", addr: "0.0.0.0:8222"},
		{text: `http: ":8222"`, addr: "0.0.0.0:8222"},
		{text: `http: "10.0.0.1:8222", host: 10.0.0.2`, addr: "10.0.0.1:8222"},
		{text: `http_port: 8222, host: 10.0.0.2`, addr: "10.0.0.2:8222"},
		{text: `http_port: 8222, listen: "10.0.0.3:4222"`, addr: "10.0.0.3:8222"},
		{text: `http_port: 8222, listen: 4222`, addr: "0.0.0.0:8222"},
		{text: `http: "[::1]:8222", http_base_path: "/a/b/"`, addr: "[::1]:8222", base: "/a/b"},
		{text: `http: 1, http_base_path: a`, addr: "0.0.0.0:1", base: "/a"},
		{text: `https: "10.0.0.1:8222", tls {}`, addr: "10.0.0.1:8222", secure: true},
		{text: `https_port: 8222, http_port: 0, tls {}`, addr: "0.0.0.0:8222", secure: true},
	}
	for _, tt := range tests {
		conf, err := config.Parse("test.conf", tt.text)
		if err != nil {
			t.Fatal(err)
		}
		env := &module.Env{Server: module.Server{Default: tt.alone}}
		o := readOptions(env, conf)
		if err := conf.Err(); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		if o.addr != tt.addr || o.base != tt.base || o.secure != tt.secure {
			t.Errorf("%s: %+v; want %q, %q, %v", tt.text, o, tt.addr, tt.base, tt.secure)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"http: true", "test.conf:1:1: http: want a port or host:port"},
		{"https_port: 8222", "test.conf:1:1: https_port: needs a tls block"},
		{"http_port: 1, https_port: 2, tls {}", "test.conf:1:15: https_port: can't specify both HTTP (0.0.0.0:1) port and HTTPs (0.0.0.0:2) port"},
	} {
		conf, err := config.Parse("test.conf", tt.text)
		if err != nil {
			t.Fatal(err)
		}
		readOptions(&module.Env{}, conf)
		if err := conf.Err(); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestUptime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                              "0s",
		59 * time.Second:               "59s",
		132 * time.Second:              "2m12s",
		time.Hour:                      "1h0m0s",
		26*time.Hour + 3*time.Second:   "1d2h0m3s",
		366*24*time.Hour + time.Minute: "1y1d0h1m0s",
	} {
		if got := uptime(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestMeter(t *testing.T) {
	var m meter
	m.start()
	now := m.at
	if got := m.percent(now.Add(sampling / 2)); got != 0 {
		t.Errorf("too early: %v", got)
	}
	m.used -= sampling / 2 // as if it had used half a second
	if got := m.percent(now.Add(sampling)); got < 50 {
		t.Errorf("half a processor: %v", got)
	}
}

// portless is monitoring of a gateway without modules.
func portless(tb testing.TB) module.Module {
	tb.Helper()
	conf, err := config.Parse("test.conf", "")
	if err != nil {
		tb.Fatal(err)
	}
	engine := core.NewEngine()
	env := &module.Env{
		Engine: engine, Auth: auth.New(engine, conf), Log: slog.New(slog.DiscardHandler), Server: module.Server{ID: "id"},
		Modules: func(func(string, module.Module) bool) {}, History: module.NewHistory(0),
	}
	env.History.Close(module.Conn{ID: 1, Reason: reason.ReadError}, "")
	m, err := newModule(env, conf)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// FuzzQuery asks every page everything: it answers, or refuses with a status and a text.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"", "limit=-1&offset=9", "limit=2147483647&offset=2147483647&state=closed", "cid=18446744073709551615", "state=any&sort=reason",
		"sort=uptime&subs=detail&auth=1", "acc=$G&filter_subject=a.>", "subs=1&test=a", "client=1&code=read_error", "details=1&stream=S", "acc=%00",
	} {
		f.Add(q)
	}
	m := portless(f).(module.Pager)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		for name := range pages {
			answer, err := m.Page(name, values)
			var refused *module.PageError
			if err != nil && (!errors.As(err, &refused) || refused.Text == "" || refused.Status < 400 || refused.Status > 499) {
				t.Errorf("%s?%s: %v", name, text, err)
			}
			if _, bad := json.Marshal(answer); bad != nil {
				t.Errorf("%s?%s: %v", name, text, bad)
			}
		}
	})
}

// TestPagesWithoutPort asks for pages as the system services do.
func TestPagesWithoutPort(t *testing.T) {
	m := portless(t)
	for name := range pages {
		answer, err := m.(module.Pager).Page(name, nil)
		var refused *module.PageError
		if name == "raftz" {
			if !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, bad := json.Marshal(answer); err != nil || answer == nil || bad != nil {
			t.Errorf("%s: %v, %v, %v", name, answer, err, bad)
		}
	}
	if h, _ := m.(module.Pager).Page("healthz", nil); h.(*health).StatusCode != http.StatusOK {
		t.Errorf("health %+v", h)
	}
	var refused *module.PageError
	if _, err := m.(module.Pager).Page("connz", url.Values{"limit": {"x"}}); !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
		t.Errorf("a bad limit: %v", err)
	}
	if _, err := m.(module.Pager).Page("nothing", nil); !errors.As(err, &refused) {
		t.Errorf("no such page: %v", err)
	}
}

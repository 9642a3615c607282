package natsproto

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/module"
)

// readText reads options from a configuration text, and every error in it.
func readText(t testing.TB, text string) (*options, error) {
	t.Helper()
	conf, err := config.Parse("test.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	e := core.NewEngine()
	env := &module.Env{Engine: e, Auth: auth.New(e, conf), Log: slog.New(slog.DiscardHandler)}
	o := readOptions(env, conf)
	return o, conf.Finish()
}

func TestDefaults(t *testing.T) {
	o, err := readText(t, "")
	if err != nil {
		t.Fatal(err)
	}
	lo := o.listeners[0]
	o.listeners = nil
	want := options{maxConnections: 65536, maxPending: 64 << 20, pingInterval: 2 * time.Minute, pingMax: 2,
		writeDeadline: 10 * time.Second, lameDuck: 2 * time.Minute, lameDuckGrace: 10 * time.Second}
	want.limits.ControlLine, want.limits.Payload = 4096, 1<<20
	got := *o
	got.listeners = nil
	if !equalOptions(&got, &want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if lo.addr() != "0.0.0.0:4222" || lo.tls != nil || lo.advertise != nil {
		t.Errorf("listener %+v", lo)
	}
}

// equalOptions compares everything but the listeners.
func equalOptions(a, b *options) bool {
	x, y := *a, *b
	x.listeners, y.listeners = nil, nil
	return x.limits == y.limits && x.maxConnections == y.maxConnections && x.maxSubscriptions == y.maxSubscriptions &&
		x.maxSubTokens == y.maxSubTokens && x.maxPending == y.maxPending && x.pingInterval == y.pingInterval &&
		x.pingMax == y.pingMax && x.writeDeadline == y.writeDeadline && x.noStall == y.noStall &&
		x.noHeaders == y.noHeaders && x.lameDuck == y.lameDuck && x.lameDuckGrace == y.lameDuckGrace
}

func TestEveryOption(t *testing.T) {
	o, err := readText(t, `
		max_control_line: 1k, max_payload: 2MB, max_conn: 10, max_subs: 20, max_sub_tokens: 5, max_pending: 32MB
		ping_interval: "5s", ping_max: 4, write_deadline: "3s", write_timeout: close
		no_fast_producer_stall: true, no_header_support: true, lame_duck_duration: "40s", lame_duck_grace_period: "1s"`)
	if err != nil {
		t.Fatal(err)
	}
	want := options{maxConnections: 10, maxSubscriptions: 20, maxSubTokens: 5, maxPending: 32 << 20,
		pingInterval: 5 * time.Second, pingMax: 4, writeDeadline: 3 * time.Second, noStall: true, noHeaders: true,
		lameDuck: 40 * time.Second, lameDuckGrace: time.Second}
	want.limits.ControlLine, want.limits.Payload = 1000, 2<<20
	if !equalOptions(o, &want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestListeners(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // addresses
	}{
		{"listen: 5222", []string{"0.0.0.0:5222"}},
		{`listen: "127.0.0.1:5222"`, []string{"127.0.0.1:5222"}},
		{`listen: ":5222"`, []string{"0.0.0.0:5222"}},
		{`listen: "[::1]:5222"`, []string{"[::1]:5222"}},
		{"listen: \"127.0.0.1:-1\"", []string{"127.0.0.1:0"}},
		{"port: -1", []string{"0.0.0.0:0"}},
		{"net: localhost, port: 7", []string{"localhost:7"}},
		{`host: "::1", port: 7`, []string{"[::1]:7"}},
		{`listen: "1.2.3.4:5", port: 7`, []string{"1.2.3.4:7"}},
		{`nats: { listen: "127.0.0.1:1" }`, []string{"127.0.0.1:1"}},
		{`nats: [ { listen: "127.0.0.1:1" }, { port: 2 } ]`, []string{"127.0.0.1:1", "0.0.0.0:2"}},
		{`port: 3, nats: [ { listen: "127.0.0.1:1" } ]`, []string{"0.0.0.0:3", "127.0.0.1:1"}},
	} {
		o, err := readText(t, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var got []string
		for _, l := range o.listeners {
			got = append(got, l.addr())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestAdvertise(t *testing.T) {
	for text, want := range map[string]string{
		`client_advertise: "gw.example:1"`:              "gw.example:1",
		`client_advertise: "gw.example"`:                "gw.example:4222",
		`port: 5, client_advertise: "gw.example"`:       "gw.example:5",
		`port: 5, client_advertise: "gw.example:0"`:     "gw.example:5",
		`port: 5, client_advertise: "[2001:db8::1]:80"`: "[2001:db8::1]:80",
	} {
		o, err := readText(t, text)
		if err != nil || len(o.listeners[0].advertise) != 1 || o.listeners[0].advertise[0] != want {
			t.Errorf("%s: %q, %v, want %q", text, o.listeners[0].advertise, err, want)
		}
	}
}

func TestListenerRules(t *testing.T) {
	o, err := readText(t, `
		port: -1
		authorization { user: a, password: secret }
		nats: [
			{ port: -1 }
			{ port: -1, authorization { token: other } }
		]`)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(i int, c *auth.Credentials) error {
		_, err := o.listeners[i].rules.Authenticate(c)
		return err
	}
	a, token := &auth.Credentials{User: "a", Pass: "secret"}, &auth.Credentials{Token: "other"}
	for i, want := range [][2]bool{{true, false}, {true, false}, {false, true}} {
		if got := [2]bool{ask(i, a) == nil, ask(i, token) == nil}; got != want {
			t.Errorf("listener %d lets in %v, want %v", i, got, want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"max_payload: 65MB", "max_payload (68157440) cannot be higher than max_pending (67108864)"},
		{"max_payload: 5GB", "want 0..2147483647, got 5368709120"},
		{"max_payload: -1", "max_payload"},
		{"max_control_line: 3GB", "max_control_line"},
		{"max_sub_tokens: 256", "want 1..255, got 256"},
		{"max_sub_tokens: 0", "want 1..255, got 0"},
		{"lame_duck_duration: \"3s\"", "invalid lame_duck_duration of 3s, minimum is 30 seconds"},
		{"lame_duck_duration: \"30s\", lame_duck_grace_period: \"30s\"",
			"lame duck grace period (30s) should be strictly lower than lame duck duration (30s)"},
		{"write_timeout: retry", "not supported"},
		{"write_timeout: maybe", "want default or close"},
		{"listen: \"nowhere\"", "could not parse address string \"nowhere\""},
		{"listen: \"a:b\"", "could not parse address string \"a:b\""},
		{"listen: true", "expected port or host:port"},
		{"listen: 70000", "want a port"},
		{"port: 70000", "port"},
		{"port: \"4222\"", "port"},
		{"proxy_trusted: [\"10.0.0.0/8\"]", "needs proxy_protocol: true"},
		{"proxy_protocol: true, proxy_trusted: [\"x\"]", "want an address or a network"},
		{"client_advertise: \"a:b:c\"", "client_advertise"},
		{"client_advertise: \"a:99999\"", "want host or host:port"},
		{"nats: [ { allow_non_tls: true } ]", "listen is missing"},
		{"nats: [ { listen: 1, max_payload: 5 } ]", "unknown field \"max_payload\""},
		{"nats: 7", "want a map"},
		{"tls: {}", "missing 'cert_file' in TLS configuration"},
		{"tls: { cert_file: \"nofile\" }", "missing 'key_file' in TLS configuration"},
		{"tls: { cert_file: \"nofile\", key_file: \"nofile\" }", "load certificate and key"},
		{"tls: { verify_and_map: true }", "there are no users"},
	} {
		_, err := readText(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "test.conf:1:") {
			t.Errorf("%s: %v, want %q with a position", c.text, err, c.want)
		}
	}
}

func TestUnchangeable(t *testing.T) {
	const base = "port: 1"
	was, _ := readText(t, base)
	for _, c := range []struct{ text, want string }{
		{base, ""},
		{"port: 1, max_payload: 2MB, max_connections: 3, ping_interval: \"1s\", ping_max: 7, max_control_line: 100", ""},
		{"port: 1, write_deadline: \"1s\", client_advertise: \"a:1\", no_fast_producer_stall: true", ""},
		{"port: 2", "config reload not supported for listen: old=0.0.0.0:1, new=0.0.0.0:2"},
		{"port: 1, max_pending: 1MB", "config reload not supported for max_pending: old=67108864, new=1048576"},
		{"port: 1, max_subscriptions: 5", "config reload not supported for max_subscriptions"},
		{"port: 1, lame_duck_duration: \"50s\"", "config reload not supported for lame_duck_duration: old=2m0s, new=50s"},
		{"port: 1, proxy_protocol: true", "config reload not supported for proxy_protocol"},
		{"port: 1, no_header_support: true", "config reload not supported for no_header_support"},
		{"port: 1, nats: [ {port: 2} ]", "config reload not supported for number of nats listeners: old=1, new=2"},
	} {
		next, _ := readText(t, c.text)
		err := was.unchangeable(next)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

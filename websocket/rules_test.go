package websocket_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

func TestOrigin(t *testing.T) {
	for _, tc := range []struct {
		name, settings, origin, host string
		want                         int
	}{
		{"no rule", "", "http://other", "", 101},
		{"no browser", "same_origin: true", "", "", 101},
		{"the same", "same_origin: true", "http://gw.example:8080", "gw.example:8080", 101},
		{"the same, by the default port", "same_origin: true", "https://gw.example", "gw.example", 101},
		{"the same, spelled otherwise", "same_origin: true", "http://GW.example:80", "gw.Example:80", 101},
		{"another host", "same_origin: true", "http://evil.example:8080", "gw.example:8080", 403},
		{"another port", "same_origin: true", "http://gw.example:81", "gw.example:8080", 403},
		{"null", "same_origin: true", "null", "gw.example", 403},
		{"a user in it", "same_origin: true", "http://gw.example@evil.example", "gw.example", 403},
		{"allowed", `allowed_origins: ["https://app.example", "http://b:81"]`, "https://app.example", "", 101},
		{"allowed, with the port", `allowed_origins: ["https://app.example"]`, "https://app.example:443", "", 101},
		{"another scheme", `allowed_origins: ["https://app.example"]`, "http://app.example", "", 403},
		{"longer", `allowed_origins: ["https://app.example"]`, "https://app.example.evil", "", 403},
		{"both rules", `same_origin: true, allowed_origins: ["https://app.example"]`, "https://app.example", "gw", 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gatewaytest.Start(t, block(tc.settings))
			h := http.Header{}
			if tc.origin != "" {
				h.Set("Origin", tc.origin)
			}
			if tc.host != "" {
				h.Set("Host", tc.host)
			}
			c, answer, err := request{header: h}.ask(g)
			if answer == nil || answer.StatusCode != tc.want {
				t.Fatalf("%v, %v", answer, err)
			}
			if err == nil {
				c.Close()
			}
		})
	}
}

// TestCookies: they stand in for what CONNECT does not say, and only for that.
func TestCookies(t *testing.T) {
	const users = "authorization { users [ { user: a, password: pw }, { user: b, password: pw } ] }\n"
	cookies := http.Header{"Cookie": {"u=a; p=pw; t=secret"}}
	names := block(`user_cookie: u, pass_cookie: p, token_cookie: t`)
	for _, tc := range []struct {
		name, conf, connect string
		header              http.Header
		in                  bool
	}{
		{"user and password", users + names, "", cookies, true},
		{"CONNECT says it itself", users + names, `,"user":"b","pass":"pw"`, cookies, true},
		{"CONNECT says something wrong", users + names, `,"user":"a","pass":"wrong"`, cookies, false},
		{"a wrong password", users + names, "", http.Header{"Cookie": {"u=a; p=wrong"}}, false},
		{"no cookies", users + names, "", nil, false},
		{"cookies that nobody asks for", users + plain, "", cookies, false},
		{"a token", "authorization { token: secret }\n" + names, "", cookies, true},
		{"a wrong token", "authorization { token: other }\n" + names, "", cookies, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gatewaytest.Start(t, tc.conf)
			l := dial(t, g, request{header: tc.header}).lines()
			l.want("INFO {")
			l.say("CONNECT {\"verbose\":false%s}\r\nPING\r\n", tc.connect)
			if !tc.in {
				l.want("-ERR 'Authorization Violation'")
				l.closed(websocket.ClosePolicyViolation)
				return
			}
			l.want("PONG")
		})
	}
	t.Run("MQTT", func(t *testing.T) {
		g := gatewaytest.Start(t, users+names+mqttToo)
		for header, want := range map[*http.Header]string{&cookies: "\x20\x02\x00\x00", {}: "\x20\x02\x00\x05"} {
			w := dial(t, g, request{protocol: "mqtt", header: *header})
			if w.Subprotocol() != "mqtt" { // [MQTT-6.0.0-4]
				t.Errorf("subprotocol %q", w.Subprotocol())
			}
			w.say("%s", "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a")
			got := make([]byte, 4)
			if _, err := io.ReadFull(w, got); err != nil || string(got) != want {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		}
	})
}

// clientIP is what INFO says of the client's address.
func clientIP(l *lines) string {
	l.t.Helper()
	var info struct {
		IP string `json:"client_ip"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(l.line(), "INFO ")), &info); err != nil {
		l.t.Fatal(err)
	}
	return info.IP
}

// TestForwardedFor: what strangers write there does not count, nor does what they wrote before our proxy added theirs.
func TestForwardedFor(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		said           []string
		want           string
	}{
		{"nobody is trusted", "", []string{"1.2.3.4"}, "127.0.0.1"},
		{"others are trusted", `forwarded_trusted: ["10.0.0.0/8"]`, []string{"1.2.3.4"}, "127.0.0.1"},
		{"nothing is said", `forwarded_trusted: ["127.0.0.1"]`, nil, "127.0.0.1"},
		{"the client", `forwarded_trusted: ["127.0.0.1"]`, []string{"1.2.3.4"}, "1.2.3.4"},
		{"what the client made up", `forwarded_trusted: ["127.0.0.1"]`, []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{"two proxies", `forwarded_trusted: ["127.0.0.0/8", "10.0.0.0/8"]`, []string{"6.6.6.6, 1.2.3.4", "10.1.1.1"}, "1.2.3.4"},
		{"with a port", `forwarded_trusted: ["127.0.0.1"]`, []string{"1.2.3.4:567"}, "1.2.3.4"},
		{"IPv6", `forwarded_trusted: ["127.0.0.1"]`, []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"nonsense", `forwarded_trusted: ["127.0.0.1"]`, []string{"1.2.3.4, unknown"}, "127.0.0.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gatewaytest.Start(t, block(tc.settings))
			l := dial(t, g, request{header: http.Header{"X-Forwarded-For": tc.said}}).lines()
			if got := clientIP(l); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestProxyHeader: it comes first, and only from those who may send it.
func TestProxyHeader(t *testing.T) {
	for _, tc := range []struct{ trusted, want string }{{"127.0.0.1", "1.2.3.4"}, {"10.0.0.0/8", ""}} {
		g := gatewaytest.Start(t, block(`proxy_protocol: true, proxy_trusted: [ "`+tc.trusted+`" ]`))
		d := request{}.dialer()
		d.NetDial = func(network, addr string) (net.Conn, error) {
			c, err := net.Dial(network, addr)
			if err == nil {
				_, err = io.WriteString(c, "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\n")
			}
			return c, err
		}
		c, _, err := d.Dial("ws://"+addr(g), nil)
		if tc.want == "" {
			if err == nil {
				t.Error("a stranger's header was taken")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := clientIP((&ws{Conn: c, t: t}).lines()); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
		c.Close()
	}
}

func TestHeadersAndInfo(t *testing.T) {
	g := gatewaytest.Start(t, `ping_interval: "1h"
		`+secure(t, `headers { X-Frame-Options: DENY, Link: [ "</a>", "</b>" ] }, advertise: "gw.example:443", ping_interval: "50ms"`))
	c, answer, err := request{scheme: "wss"}.ask(g)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if h := answer.Header; h.Get("X-Frame-Options") != "DENY" || len(h["Link"]) != 2 || h.Get("Sec-Websocket-Extensions") != "" {
		t.Errorf("%v", h)
	}
	l := (&ws{Conn: c, t: t}).lines()
	info := l.line()
	for _, want := range []string{`"tls_required":true`, `"connect_urls":["gw.example:443"]`, `"client_ip":"127.0.0.1"`} {
		if !strings.Contains(info, want) {
			t.Errorf("%s, want %s", info, want)
		}
	}
	l.say("CONNECT {\"verbose\":false}\r\n")
	l.want("PING") // by this listener's interval
}

// TestWindow: an offer that asks for what is not kept is passed over; another beside it counts.
func TestWindow(t *testing.T) {
	g := gatewaytest.Start(t, block("compression: true"))
	for offer, agreed := range map[string]bool{
		"permessage-deflate":                                                                           true,
		"permessage-deflate; client_max_window_bits":                                                   true,
		"permessage-deflate; server_max_window_bits=10":                                                false,
		"permessage-deflate; server_max_window_bits=10, permessage-deflate":                            true,
		"permessage-deflate; server_max_window_bits=15":                                                true,
		"x-webkit-deflate-frame":                                                                       false,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_x_unknown": true,
	} {
		c, answer, err := request{header: http.Header{"sec-websocket-extensions": {offer}}}.ask(g)
		if answer == nil || answer.StatusCode != 101 {
			t.Fatal(offer, answer, err)
		}
		if got := answer.Header.Get("Sec-Websocket-Extensions"); (got != "") != agreed {
			t.Errorf("%q is answered with %q", offer, got)
		}
		if c != nil {
			c.Close()
		}
	}
}

func TestBadConfig(t *testing.T) {
	for _, tc := range []struct{ conf, want string }{
		{`websocket { listen: "127.0.0.1:-1" }`, "tls is missing"},
		{`websocket { no_tls: true }`, "want a port from 1 to 65535"},
		{`websocket { listen: "127.0.0.1:0", no_tls: true }`, "want a port from 1 to 65535"},
		{`websocket { listen: x, no_tls: true }`, `could not parse address string "x"`},
		{block(`jwt_cookie: x`), "JWT"},
		{block(`allowed_origins: ["app.example"]`), "want scheme://host"},
		{block(`proxy_protocol: true`), "need each other"},
		{block(`proxy_trusted: ["10.0.0.1"]`), "need each other"},
		{block(`forwarded_trusted: ["x"]`), "want an address or a network"},
		{block(`headers { "Upgrade": x }`), "not a header that can be set"},
		{block(`headers { "Sec-WebSocket-Accept": x }`), "not a header that can be set"},
		{block(`headers { "X": "a\r\nb" }`), "a line end"},
		{block(`advertise: "a:b:c"`), "advertise"},
		{block(`nonsense: 1`), "unknown"},
		{block(`no_auth_user: nobody`), "nobody"},
	} {
		_, err := gateway.New(gateway.Options{Text: tc.conf})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.conf, err, tc.want)
		}
	}
}

// TestSlowTab: who does not read costs its bound, and others lose nothing.
func TestSlowTab(t *testing.T) {
	g := gatewaytest.Start(t, `max_pending: 1mb, max_payload: 64kb, http: "127.0.0.1:-1"
		`+plain)
	slow, fast, pub := hello(t, g, request{}, ""), hello(t, g, request{}, ""), hello(t, g, request{}, "")
	for _, l := range []*lines{slow, fast} {
		l.say("SUB a 1\r\nPING\r\n")
		l.want("PONG")
	}
	payload := strings.Repeat("x", 60_000)
	sent := 0
	for ; closed(t, g) == ""; sent++ {
		if sent == 1000 {
			t.Fatal("it is never closed")
		}
		pub.say("PUB a 60000\r\n%s\r\n", payload)
		fast.want("MSG a 1 60000")
		fast.want(payload)
	}
	if why := closed(t, g); !strings.HasPrefix(why, "Slow Consumer") {
		t.Errorf("closed for %q", why)
	}
	pub.say("PUB a 2\r\nok\r\n")
	fast.want("MSG a 1 2")
	fast.want("ok")
}

func page(t *testing.T, g *gateway.Gateway, name string, to any) {
	t.Helper()
	r, err := http.Get("http://" + g.Addr("monitor")[0].String() + name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// closed is why the first client was closed.
func closed(t *testing.T, g *gateway.Gateway) string {
	t.Helper()
	var p struct {
		Connections []struct{ Reason string }
	}
	if page(t, g, "/connz?state=closed", &p); len(p.Connections) == 0 {
		return ""
	}
	return p.Connections[0].Reason
}

func TestMonitoring(t *testing.T) {
	g := gatewaytest.Start(t, `http: "127.0.0.1:-1"
		`+block("same_origin: true")+mqttToo)
	hello(t, g, request{}, `,"name":"tab"`)
	w := dial(t, g, request{protocol: "mqtt"})
	w.say("%s", "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a")
	if _, err := io.ReadFull(w, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	_, _, err := request{header: http.Header{"Origin": {"http://evil"}}}.ask(g)
	if err == nil {
		t.Fatal("it was let in")
	}
	var connz struct {
		Connections []struct{ Type, Kind, Name string }
	}
	page(t, g, "/connz", &connz)
	if c := connz.Connections; len(c) != 2 || c[0].Type != "websocket" || c[0].Kind != "Client" || c[0].Name != "tab" || c[1].Type != "mqtt" {
		t.Errorf("%+v", c)
	}
	until(t, "the refusal is counted", func() bool {
		var varz struct {
			Connections int
			Websocket   struct {
				Port              int
				SameOrigin        bool `json:"same_origin"`
				NoTLS             bool `json:"no_tls"`
				Upgraded, Refused int
			}
		}
		page(t, g, "/varz", &varz)
		w := varz.Websocket
		return w.Port > 0 && w.SameOrigin && w.NoTLS && w.Upgraded == 2 && w.Refused == 1 && varz.Connections == 2
	})
}

// TestReload: rules change while clients are there; those who may not stay are told and closed.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gw.conf")
	conf := func(users, more string) {
		t.Helper()
		text := `listen: "127.0.0.1:-1"
			` + block(`authorization { users [ `+users+` ] }, `+more) + mqttToo
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const a, b = `{ user: a, password: pw }, `, `{ user: b, password: pw }`
	conf(a+b, "")
	g := gatewaytest.StartWith(t, gateway.Options{File: file})
	stays, goes := hello(t, g, request{}, `,"user":"a","pass":"pw"`), hello(t, g, request{}, `,"user":"b","pass":"pw"`)
	conf(a, `same_origin: true`)
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	goes.want("-ERR 'Authorization Violation'")
	goes.closed(websocket.ClosePolicyViolation)
	stays.say("PING\r\n")
	stays.want("PONG")
	if _, answer, err := (request{header: http.Header{"Origin": {"http://evil"}}}).ask(g); err == nil || answer.StatusCode != 403 {
		t.Errorf("%v, %v", answer, err)
	}
	conf(a, `proxy_protocol: true, proxy_trusted: [ "10.0.0.1" ]`)
	if err := g.Reload(); err == nil || !strings.Contains(err.Error(), "proxy_protocol") {
		t.Errorf("%v", err)
	}
	stays.say("PING\r\n")
	stays.want("PONG")
}

// TestStop: clients hear that the server goes away, those of MQTT 5 in their own words first.
func TestStop(t *testing.T) {
	g := gatewaytest.Start(t, plain+mqttToo)
	l := hello(t, g, request{}, "")
	w := dial(t, g, request{protocol: "mqtt"})
	w.say("%s", "\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01a")
	var connack [2]byte
	if _, err := io.ReadFull(w, connack[:]); err != nil || connack[0] != 0x20 {
		t.Fatalf("%q, %v", connack, err)
	}
	if _, err := io.ReadFull(w, make([]byte, connack[1])); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ended := make(chan error, 1)
	var stop sync.WaitGroup
	defer stop.Wait()
	stop.Go(func() { ended <- g.Shutdown(ctx) })
	l.closed(websocket.CloseGoingAway)
	all, err := io.ReadAll(w)
	if !websocket.IsCloseError(err, websocket.CloseGoingAway) || len(all) < 3 || all[0] != 0xe0 || all[2] != 0x8b {
		t.Errorf("%q, %v", all, err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("it does not stop")
	}
}

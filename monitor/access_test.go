package monitor_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"leafgate/gateway/gatewaytest"
)

func TestPassword(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("pass"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, password := range map[string]string{"clear": "pass", "bcrypt": string(hash)} {
		t.Run(name, func(t *testing.T) {
			g := gatewaytest.Start(t, fmt.Sprintf("http_port: -1\nmonitor { authorization { user: ops, password: %q } }", password))
			for _, tt := range []struct {
				login, page string
				status      int
			}{
				{"", "/varz", 401}, {"", "/", 401}, {"", "/metrics", 401}, {"", "/nothing", 401}, {"", "/healthz", 200},
				{"ops:pass@", "/varz", 200}, {"ops:pass@", "/metrics", 200}, {"ops:wrong@", "/varz", 401}, {"other:pass@", "/varz", 401},
			} {
				client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
				res, err := client.Get("http://" + tt.login + addr(g, "monitor") + tt.page)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != tt.status {
					t.Errorf("%s%s: %d, want %d", tt.login, tt.page, res.StatusCode, tt.status)
				}
				if ask := res.Header.Get("WWW-Authenticate"); (ask != "") != (tt.status == 401) {
					t.Errorf("%s%s: asks for %q", tt.login, tt.page, ask)
				}
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	g := gatewaytest.Start(t, fmt.Sprintf(`
https: "127.0.0.1:-1"
tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }
`, cert, key, cert))
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: patience}
	res, err := client.Get("https://" + addr(g, "monitor") + "/varz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	if res, err := client.Get("http://" + addr(g, "monitor") + "/varz"); err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("it answers in clear")
		}
	}
	if l := g.Listeners(); !strings.Contains(fmt.Sprint(l), "http") {
		t.Errorf("listeners %v", l)
	}
}

func TestHealthzQuery(t *testing.T) {
	g := gatewaytest.Start(t, "http_port: -1")
	for _, tt := range []struct {
		query  string
		status int
		want   string
	}{
		{"", 200, `"status": "ok"`}, {"js-enabled-only=1", 200, `"status": "ok"`}, {"details=1", 200, `"status": "ok"`},
		{"stream=S", 400, `"error": "\"account\" must not be empty`}, {"details=1&stream=S", 400, `"type": "BAD_REQUEST"`},
		{"details=x", 400, "Error decoding boolean for 'details'"},
	} {
		status, _, body := get(t, g, "/healthz?"+tt.query)
		if status != tt.status || !strings.Contains(body, tt.want) || strings.Contains(body, "status_code") {
			t.Errorf("%s: %d %s", tt.query, status, body)
		}
	}
}

// TestLameDuckIsNotReady: whoever balances load sends nobody any more.
func TestLameDuckIsNotReady(t *testing.T) {
	g := gatewaytest.Start(t, "http_port: -1")
	if err := g.LameDuck(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, _, body := get(t, g, "/healthz")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "lame duck mode") {
		t.Errorf("%d %s", status, body)
	}
	if _, _, body := get(t, g, "/metrics"); !strings.Contains(body, "leafgate_ready 0\n") {
		t.Error("metrics say that it is ready")
	}
}

package monitor_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/module"
)

// shared is a buffer that several write to.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// jsonPages are the pages that show something of clients or configuration.
var jsonPages = []string{
	"/", "/varz", "/connz?auth=1&subs=detail&state=any", "/connz?auth=1&state=closed", "/subsz?subs=1", "/routez", "/leafz?subs=1",
	"/gatewayz", "/accountz", "/accountz?acc=A", "/accstatz?unused=1", "/jsz?accounts=1", "/healthz", "/ipqueuesz?all=1", "/raftz",
	"/eventz", "/uplinkz", "/metrics", "/nothing",
}

// TestNoSecretsShown configures and sends secrets, right and wrong ones, and looks for them in every page and the log.
func TestNoSecretsShown(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("S3cret-hashed"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	log := new(shared)
	g := gatewaytest.StartWith(t, gateway.Options{
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: module.LevelTrace})),
		Text: fmt.Sprintf(`
http_port: -1
trace: true
monitor { authorization { user: ops, password: "S3cret-ops" } }
accounts { A { users: [ { user: ann, password: "S3cret-ann" }, { user: hash, password: %q } ] } }
mqtt { listen: "127.0.0.1:-1" }
`, hash)})
	nats, mqtt := addr(g, "natsproto"), addr(g, "mqtt")
	natsClient(t, nats, `{"user":"ann","pass":"S3cret-ann"}`, "SUB a 1\r\n")
	natsClient(t, nats, `{"user":"hash","pass":"S3cret-hashed"}`).Close()
	mqttClient(t, mqtt, "m", "ann", "S3cret-ann")
	mqttClient(t, mqtt, "n", "ann", "S3cret-wrong")
	for _, connect := range []string{
		`{"user":"ann","pass":"S3cret-wrong"}`, `{"auth_token":"S3cret-token"}`, `{"user":"S3cret-user","pass":"x"}`,
		`{"user":"ann","pass":"S3cret-broken`, `{"user":"ann","pass":"S3cret-ann","account":"S3cret-account"}`,
	} {
		conn := dial(t, nats)
		fmt.Fprintf(conn, "CONNECT %s\r\nPING\r\n", connect)
		_, _ = io.Copy(io.Discard, conn) // until it is closed
	}
	ask := func(user, pass, page string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, "http://"+addr(g, "monitor")+page, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(user, pass)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	if status, body := ask("ops", "S3cret-guess", "/varz"); status != http.StatusUnauthorized || strings.Contains(body, "S3cret") {
		t.Errorf("a wrong password: %d %s", status, body)
	}
	until(t, "everybody is noted", func() bool {
		_, body := ask("ops", "S3cret-ops", "/eventz?code=authentication_failure")
		return strings.Contains(body, `"total": 5`)
	})
	for _, page := range jsonPages {
		status, body := ask("ops", "S3cret-ops", page)
		if status == http.StatusUnauthorized || status >= 500 {
			t.Errorf("%s: %d %s", page, status, body)
		}
		for _, secret := range []string{"S3cret", string(hash), "$2a$"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows %s: %s", page, secret, body)
			}
		}
	}
	text := log.String()
	if !strings.Contains(text, "CONNECT") {
		t.Fatal("the log has no trace: nothing to look for")
	}
	for _, secret := range []string{"S3cret", string(hash)} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("the log shows %s: %s", secret, text[max(0, at-200):min(len(text), at+100)])
		}
	}
}

package monitor_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// get fetches a page and closes the connection.
func get(t *testing.T, g *gateway.Gateway, path string) (int, http.Header, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := client.Get("http://" + g.Addr("monitor")[0].String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func TestHealthz(t *testing.T) {
	status, header, body := get(t, gatewaytest.Start(t, "http_port: -1"), "/healthz")
	if status != http.StatusOK || header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, %v", status, header)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 1 || got["status"] != "ok" {
		t.Errorf("body %s, %v", body, err)
	}
}

func TestVarz(t *testing.T) {
	g := gatewaytest.Start(t, `
http: "127.0.0.1:-1"
server_name: here
server_tags: [eu, edge]
server_metadata { rack: r7 }
`)
	get(t, g, "/varz")
	_, _, body := get(t, g, "/varz")
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{
		"server_id": "string", "server_name": "string", "version": "string", "go": "string", "start": "time", "now": "time",
		"uptime": "string", "mem": "number", "cpu": "number", "cores": "number", "gomaxprocs": "number",
		"connections": "number", "subscriptions": "number", "in_msgs": "number", "out_msgs": "number", "in_bytes": "number",
		"out_bytes": "number", "config_load_time": "time", "config_digest": "string", "http_host": "string",
		"http_port": "number", "http_base_path": "string", "https_port": "number", "http_req_stats": "object",
		"tags": "array", "metadata": "object", "host": "string", "port": "number", "max_connections": "number",
		"max_payload": "number", "max_pending": "number", "max_control_line": "number", "ping_interval": "number",
		"ping_max": "number", "write_deadline": "number", "auth_timeout": "number", "total_connections": "number",
		"slow_consumers": "number",
	} {
		if got := kindOf(v[name], kind == "time"); got != kind {
			t.Errorf("%s is a %s, want a %s: %v", name, got, kind, v[name])
		}
	}
	if v["server_name"] != "here" || v["mem"].(float64) <= 0 || !strings.HasPrefix(v["config_digest"].(string), "sha256:") {
		t.Errorf("got %s", body)
	}
	if v["ping_interval"] != 120e9 || v["max_payload"] != 1048576.0 || v["auth_timeout"] != 2.0 {
		t.Errorf("settings: %s", body)
	}
	if n := v["http_req_stats"].(map[string]any)["/varz"]; n != 2.0 {
		t.Errorf("/varz was asked for twice, and counts %v", n)
	}
}

func kindOf(v any, asTime bool) string {
	switch v := v.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); asTime && err == nil {
			return "time"
		}
		return "string"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "nothing"
}

func TestPaths(t *testing.T) {
	plain := gatewaytest.Start(t, "http_port: -1")
	based := gatewaytest.Start(t, "monitor_port: -1, http_base_path: gw/")
	for _, tt := range []struct {
		g      *gateway.Gateway
		path   string
		status int
	}{
		{plain, "/", 200}, {plain, "/varz", 200}, {plain, "/nothing", 404}, {plain, "/varz/x", 404},
		{based, "/gw/", 200}, {based, "/gw", 200}, {based, "/gw/healthz", 200}, {based, "/healthz", 404},
	} {
		if status, _, _ := get(t, tt.g, tt.path); status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.path, status, tt.status)
		}
	}
}

func TestOffByDefault(t *testing.T) {
	if got := gatewaytest.Start(t, "").Addr("monitor"); got != nil {
		t.Errorf("it listens on %v", got)
	}
}

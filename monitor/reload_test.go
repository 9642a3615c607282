package monitor_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// TestReload changes who may look, what is remembered and what is said, while everything runs.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gw.conf")
	write := func(password, tag string, closed int) {
		t.Helper()
		text := fmt.Sprintf("http_port: -1\nmonitor { authorization { user: ops, password: %s } }\nserver_tags: [%s]\nmax_closed_clients: %d\n",
			password, tag, closed)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before", "old", 5)
	g := gatewaytest.StartWith(t, gateway.Options{File: file})
	look := func(password string) (status int, v map[string]any) {
		t.Helper()
		return page(t, "http://ops:"+password+"@"+addr(g, "monitor")+"/varz")
	}
	if status, v := look("before"); status != http.StatusOK || fmt.Sprint(v["tags"]) != "[old]" {
		t.Fatalf("before: %d, %v", status, v["tags"])
	}
	for range 3 {
		natsClient(t, addr(g, "natsproto"), `{}`).Close()
	}
	closed := func(password string) any {
		_, v := page(t, "http://ops:"+password+"@"+addr(g, "monitor")+"/connz?state=closed")
		return v["total"]
	}
	until(t, "they are closed", func() bool { return closed("before") == 3.0 })
	write("after", "new", 2)
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	if status, _ := look("before"); status != http.StatusUnauthorized {
		t.Errorf("the former password: %d", status)
	}
	if status, v := look("after"); status != http.StatusOK || fmt.Sprint(v["tags"]) != "[new]" {
		t.Errorf("after: %d, %v", status, v["tags"])
	}
	if n := closed("after"); n != 2.0 {
		t.Errorf("closed connections: %v, want 2", n)
	}
}

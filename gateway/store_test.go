package gateway_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

func TestStoreDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "gw")
	text := fmt.Sprintf("store_dir: %q", dir)
	g, err := gateway.New(gateway.Options{Text: text, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("made before the start: %v", err)
	}
	gatewaytest.Start(t, text)
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
}

// Two gateways never share a directory: the second says so and leaves the first alone.
func TestStoreIsLocked(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories are not locked there")
	}
	dir := t.TempDir()
	gatewaytest.Start(t, fmt.Sprintf("store_dir: %q", dir))
	second, err := gateway.New(gateway.Options{Text: fmt.Sprintf("listen: \"127.0.0.1:-1\"\nstore { dir: %q }", dir), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Start(t.Context())
	if want := "store " + dir + ": store is in use by another process"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// The store block needs no restart for bounds, and needs one for the rest.
func TestReloadStore(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	_, reload := fromFile(t, fmt.Sprintf("store { dir: %q }", dir))
	for _, test := range []struct{ text, want string }{
		{fmt.Sprintf("store { dir: %q, min_free: 1m, max_bytes: \"20%%\", wear_budget: 1g }", dir), ""},
		{fmt.Sprintf("store_dir: %q", dir), ""},
		{fmt.Sprintf("store_dir: %q", other), "gw.conf:1:1: store_dir: cannot change while running"},
		{fmt.Sprintf("store { dir: %q, sync: always }", dir), "store.sync: cannot change while running: old=group, new=always"},
		{"", "store_dir: cannot change while running"},
		{fmt.Sprintf("store { dir: %q, max_bytes: 1 }", dir), "store.max_bytes: want bytes"},
	} {
		err := reload(test.text)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %s", test.text, err, test.want)
		}
	}
}

func TestStoreCannotBeAddedByReload(t *testing.T) {
	_, reload := fromFile(t, "")
	if err := reload(fmt.Sprintf("store_dir: %q", t.TempDir())); err == nil || !strings.Contains(err.Error(), "store_dir: cannot change while running") {
		t.Errorf("%v", err)
	}
}

// A disk on which nothing can be written is no reason not to start: live messages go on, and health says why it is ill.
func TestReadOnlyStore(t *testing.T) {
	readOnly := func(string) journal.FS {
		fs := journaltest.New()
		fs.SetFaults(journaltest.Faults{ReadOnly: true})
		return fs
	}
	g, err := gateway.New(gateway.Options{
		Text: "listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nmqtt { listen: \"127.0.0.1:-1\" }\nstore_dir: \"/store\"",
		Log:  slog.New(slog.DiscardHandler),
		Disk: readOnly,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Shutdown(t.Context()) }()
	c := dial(t, g)
	if got := c.login("", ""); got != "PONG" {
		t.Errorf("a NATS client: %q", got)
	}
	res, err := http.Get("http://" + g.Addr("monitor")[0].String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "journal mqtt: journal cannot be written") {
		t.Errorf("%d %s, %v", res.StatusCode, body, err)
	}
}

//go:build peers

package peers

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"leafgate/internal/peer"
)

// TestBrowser: the page of examples/browser does in Chromium what it says, with compression, and finds back to a gateway that
// was killed.
func TestBrowser(t *testing.T) {
	t.Parallel()
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && chromium == "" {
			chromium = path
		}
	}
	if chromium == "" {
		t.Fatal("chromium is missing: make peers-setup")
	}
	page := httptest.NewServer(http.FileServer(http.Dir("../examples/browser")))
	defer page.Close()
	s := peer.Start(t, "leafgate", fmt.Sprintf(`
		mqtt { listen: "127.0.0.1:$MQTT_PORT" }
		websocket { listen: "127.0.0.1:$WS_PORT", no_tls: true, compression: true, allowed_origins: [ %q ] }`, page.URL))
	p := nodejs(t, "playwright-core", "browser.js", chromium, page.URL, "ws://"+s.Web)
	if line, err := bufio.NewReader(p.out).ReadString('\n'); line != "ready\n" {
		_ = p.Wait()
		t.Fatalf("got %q, %v\n%s", line, err, &p.err)
	}
	s.Kill()
	s.Restart()
	p.wait()
}

//go:build peers

package peers

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"leafgate/internal/peer"
)

// TestBrowser: the page of examples/browser does in Chromium what it says, with compression, and finds back to a gateway that
// was killed.
func TestBrowser(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.FileServer(http.Dir("../examples/browser")))
	defer page.Close()
	s := peer.Start(t, "leafgate", fmt.Sprintf(`
		mqtt { listen: "127.0.0.1:$MQTT_PORT" }
		websocket { listen: "127.0.0.1:$WS_PORT", no_tls: true, compression: true, allowed_origins: [ %q ] }`, page.URL))
	p := nodejs(soon(t), t, "browser.js", chromium(t), page.URL, "ws://"+s.Web)
	if line, err := bufio.NewReader(p.out).ReadString('\n'); line != "ready\n" {
		_ = p.Wait()
		t.Fatalf("got %q, %v\n%s", line, err, &p.err)
	}
	s.Kill()
	s.Restart()
	p.wait()
}

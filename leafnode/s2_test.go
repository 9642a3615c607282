package leafnode_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/internal/peer"
)

// hubCompression is what a hub says of the one link it has.
func hubCompression(t *testing.T, hub *peer.Server) string {
	t.Helper()
	var answer struct {
		Leafs []struct {
			Compression string `json:"compression"`
		} `json:"leafs"`
	}
	getJSON(t, hub.Monitoring()+"/leafz", &answer)
	if len(answer.Leafs) != 1 {
		return fmt.Sprintf("%d links", len(answer.Leafs))
	}
	return answer.Leafs[0].Compression
}

// TestCompression: every mode with every mode of a real server, and everything crosses.
func TestCompression(t *testing.T) {
	for _, tc := range []struct{ hub, ours, hubSays, weSay string }{
		{"not_supported", "s2_fast", "not supported", "not supported"},
		{"off", "s2_fast", "off", "off"},
		{"accept", "accept", "off", "off"},
		{"accept", "off", "off", "off"},
		{"accept", "s2_fast", "s2_fast", "s2_fast"},
		{"accept", "s2_auto", "s2_fast", "s2_uncompressed"},
		{"s2_fast", "accept", "s2_fast", "s2_fast"},
		{"s2_auto", "accept", "s2_uncompressed", "s2_fast"},
		{"s2_auto", "{ mode: s2_auto, rtt_thresholds: [ 0s, 0s, 0s, 10s ] }", "s2_uncompressed", "s2_best"},
		{"s2_auto", "s2_auto", "s2_uncompressed", "s2_uncompressed"},
		{"s2_best", "s2_better", "s2_best", "s2_better"},
		{"s2_better", "s2_best", "s2_better", "s2_best"},
		{"s2_auto", "off", "off", "off"},
		{"s2_auto", "not_supported", "not supported", "not supported"},
	} {
		t.Run(tc.hub+" "+tc.ours, func(t *testing.T) {
			hub := startHub(t, hubConf("compression: "+tc.hub))
			site := startSite(t, remote(hub, "compression: "+tc.ours))
			if got := uplinks(site)[0].Compression; got != tc.weSay {
				t.Errorf("we say %q, want %q", got, tc.weSay)
			}
			until(t, "the hub says "+tc.hubSays, func() bool { return hubCompression(t, hub) == tc.hubSays })
			exchange(t, hub, site)
		})
	}
}

// TestCompressionOverTLS is the same behind TLS, begun either way.
func TestCompressionOverTLS(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("server", "localhost")
	for _, first := range []bool{false, true} {
		hub := startHub(t, hubConf(fmt.Sprintf("compression: s2_fast, tls { cert_file: %q, key_file: %q, handshake_first: %v }", cert, key, first)))
		site := startSite(t, fmt.Sprintf("{ url: \"tls://%s\", compression: s2_better, tls { ca_file: %q, handshake_first: %v } }",
			strings.Replace(hub.Leaf, "127.0.0.1", "localhost", 1), ca.file, first))
		if got := uplinks(site)[0].Compression; got != "s2_better" {
			t.Errorf("we say %q", got)
		}
		exchange(t, hub, site)
	}
}

// TestCompressionAfterRestart: a hub that comes back negotiates anew.
func TestCompressionAfterRestart(t *testing.T) {
	hub := startHub(t, hubConf("compression: s2_fast"))
	site := startSite(t, remote(hub, "compression: s2_fast"))
	since := uplinks(site)[0].Since
	hub.Stop()
	hub.Restart()
	until(t, "the link is up again", func() bool { u := uplinks(site)[0]; return u.Connected && u.Since.After(since) })
	exchange(t, hub, site)
}

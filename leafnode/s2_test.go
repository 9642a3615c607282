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

// auto is s2_auto on a machine that may be busy: nobody is far away.
const auto = `{ mode: s2_auto, rtt_thresholds: [ "10m" ] }`

// TestCompression: every mode with every mode of a real server, and everything crosses.
func TestCompression(t *testing.T) {
	for _, tc := range []struct{ hub, ours, hubSays, weSay string }{
		{"not_supported", "s2_fast", "not supported", "not supported"},
		{"off", "s2_fast", "off", "off"},
		{"accept", "accept", "off", "off"},
		{"accept", "off", "off", "off"},
		{"accept", "s2_fast", "s2_fast", "s2_fast"},
		{"accept", auto, "s2_fast", "s2_uncompressed"},
		{"s2_fast", "accept", "s2_fast", "s2_fast"},
		{auto, "accept", "s2_uncompressed", "s2_fast"},
		{auto, `{ mode: s2_auto, rtt_thresholds: [ "0s", "0s", "0s", "10m" ] }`, "s2_uncompressed", "s2_best"},
		{auto, auto, "s2_uncompressed", "s2_uncompressed"},
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

// TestCompressionBelow: every mode with every mode of a real server below us, and everything crosses.
func TestCompressionBelow(t *testing.T) {
	for _, tc := range []struct{ ours, below, weSay, belowSays string }{
		{"not_supported", "s2_fast", "not supported", "not supported"},
		{"off", "s2_fast", "off", "off"},
		{"accept", "accept", "off", "off"},
		{"s2_fast", "off", "off", "off"},
		{"s2_fast", "not_supported", "not supported", "not supported"},
		{"accept", "s2_best", "s2_best", "s2_best"},
		{"accept", auto, "s2_fast", "s2_uncompressed"},
		{"s2_better", "accept", "s2_better", "s2_better"},
		{auto, "accept", "s2_uncompressed", "s2_fast"},
		{`{ mode: s2_auto, rtt_thresholds: [ "0s", "10m" ] }`, "s2_fast", "s2_fast", "s2_fast"},
		{auto, auto, "s2_uncompressed", "s2_uncompressed"},
		{"s2_best", "s2_better", "s2_best", "s2_better"},
	} {
		t.Run(tc.ours+" "+tc.below, func(t *testing.T) {
			above := startAbove(t, "", "compression: "+tc.ours)
			below := startBelow(t, "BELOW", "", to(above, "", "compression: "+tc.below))
			awaitLeaves(t, above, 1)
			if got := leafz(t, above)[0].Compression; got != tc.weSay {
				t.Errorf("we say %q, want %q", got, tc.weSay)
			}
			until(t, "it says "+tc.belowSays, func() bool { return hubCompression(t, below) == tc.belowSays })
			cross(t, connect(t, siteURL(above)), connect(t, below.URL))
		})
	}
}

// TestCompressionBelowOverTLS: the same behind TLS, also between gateways.
func TestCompressionBelowOverTLS(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("above", "localhost")
	for _, first := range []bool{false, true} {
		above := startAbove(t, "", fmt.Sprintf("compression: s2_fast, tls { cert_file: %q, key_file: %q, handshake_first: %v }", cert, key, first))
		block := fmt.Sprintf("{ url: \"tls://%s\", compression: s2_best, tls { ca_file: %q, handshake_first: %v } }",
			strings.Replace(leafAddr(above), "127.0.0.1", "localhost", 1), ca.file, first)
		below := startBelow(t, "BELOW", "", block)
		awaitLeaves(t, above, 1)
		cross(t, connect(t, siteURL(above)), connect(t, below.URL))
		below.Stop()
		awaitLeaves(t, above, 0)
		site := startSite(t, block)
		awaitLeaves(t, above, 1)
		if up, down := leafz(t, above)[0].Compression, uplinks(site)[0].Compression; up != "s2_fast" || down != "s2_best" {
			t.Errorf("between gateways: %q and %q", up, down)
		}
		cross(t, connect(t, siteURL(above)), connect(t, siteURL(site)))
	}
}

// TestBadCompressionBelow: a server that has agreed on compression and does not compress, or wrongly, has to go; nobody else
// notices.
func TestBadCompressionBelow(t *testing.T) {
	above := startAbove(t, "", "compression: s2_fast, authorization { timeout: 300ms }")
	nc := connect(t, siteURL(above))
	sub := subscribe(t, nc, "x")
	for name, in := range map[string]string{
		"clear text":       "CONNECT " + anybody + "\r\n",
		"clear text, late": "",
		"no identifier":    "\x01\x0a\x00\x00abcdPING\r\n",
		"a bomb":           "\xff\x06\x00\x00S2sTwO\x00\x20\x00\x00abcd\xff\xff\xff\x7f" + strings.Repeat("x", 100),
		"a large block":    "\xff\x06\x00\x00S2sTwO\x01\xff\xff\x7f",
		"garbage":          "\xff\x06\x00\x00S2sTwO\x00\x10\x00\x00" + strings.Repeat("x", 16),
		"INFO again":       "\xff\x06\x00\x00S2sTwO\x01\x0d\x00\x00" + "xxxx" + "INFO {}\r\n",
	} {
		s := visit(t, above)
		s.say("INFO {\"compression\":\"s2_fast\"}\r\n" + in)
		if in == "" {
			_, err := s.r.Peek(10) // it has switched
			must(t, err)
			_, _ = s.Write([]byte("CONNECT {}\r\n"))
		}
		if got := s.rest(); strings.Contains(got, "LS+") {
			t.Errorf("%s: let in: %q", name, got)
		}
		publish(t, nc, "x", name)
		want(t, sub, name)
	}
	until(t, "all are gone", func() bool { return len(leafz(t, above)) == 0 })
}

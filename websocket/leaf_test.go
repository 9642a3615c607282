package websocket_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
)

// TestLeaf: a gateway is a leaf of another by WebSocket, with and without TLS, masks and compression.
func TestLeaf(t *testing.T) {
	for _, tc := range []struct{ name, listener, scheme, remote string }{
		{"ws", plain, "ws", ""},
		{"wss", secure(t, "compression: true"), "wss", "tls { insecure: true }, ws_compression: true"},
		{"wss, without masks", secure(t, ""), "wss", "tls { insecure: true }, ws_no_masking: true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			hub := gatewaytest.Start(t, tc.listener+"\nleafnodes { listen: \"127.0.0.1:-1\" }")
			leaf := gatewaytest.Start(t, plain+fmt.Sprintf("\nleafnodes { remotes: [ { url: %q, %s } ] }", tc.scheme+"://"+addr(hub), tc.remote))
			a, b := hello(t, hub, request{scheme: tc.scheme}, ""), hello(t, leaf, request{}, "")
			a.say("SUB x 1\r\nPING\r\n")
			a.want("PONG")
			payload := strings.Repeat("z", 100_000)
			until(t, "the leaf hears of the hub's interest", func() bool {
				b.say("PUB x 1\r\n?\r\nPING\r\n")
				b.want("PONG")
				a.say("PING\r\n")
				return a.line() != "PONG"
			})
			b.say("PUB x %d\r\n%s\r\n", len(payload), payload)
			for a.line() != payload { // behind what came before
			}
		})
	}
}

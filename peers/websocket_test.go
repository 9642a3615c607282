//go:build peers

package peers

import (
	"bufio"
	"fmt"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
)

// A websocketListener is a block of the configuration, and how to get there.
type websocketListener struct{ block, scheme, ca string }

// websocketListeners are one without TLS and one with.
func websocketListeners(t *testing.T) map[string]websocketListener {
	t.Helper()
	cert, key := gatewaytest.Certificate(t)
	const block = `websocket { listen: "127.0.0.1:$WS_PORT", same_origin: true, user_cookie: user, pass_cookie: pass, %s }`
	return map[string]websocketListener{
		"ws":  {fmt.Sprintf(block, "no_tls: true"), "ws://", ""},
		"wss": {fmt.Sprintf(block, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key)), "wss://", cert},
	}
}

// TestJSWebSocket: nats.js with the transport of browsers passes what it passes by TCP, on both servers.
func TestJSWebSocket(t *testing.T) {
	const users = `authorization { users: [
		{ user: ann, password: "s3cret", permissions: { publish: "allowed.>", subscribe: "_INBOX.>" } }
	] }
	`
	for name, l := range websocketListeners(t) {
		for scenario, config := range map[string]string{
			"pubsub": "", "request": "", "queue": "", "headers": "", "drain": "", "large": "", "denied": users, "cookies": users,
		} {
			if name == "wss" && (scenario == "queue" || scenario == "headers" || scenario == "drain") {
				continue // TLS makes no difference to those
			}
			t.Run(name+"/"+scenario, func(t *testing.T) {
				onEach(t, config+l.block, func(t *testing.T, s *peer.Server) {
					nodejs(t, "@nats-io/*", "client.js", l.scheme+s.Web, scenario, l.ca).wait()
				})
			})
		}
	}
}

func TestJSWebSocketReconnects(t *testing.T) {
	for name, l := range websocketListeners(t) {
		t.Run(name, func(t *testing.T) {
			onEach(t, l.block, func(t *testing.T, s *peer.Server) {
				p := nodejs(t, "@nats-io/*", "client.js", l.scheme+s.Web, "reconnect", l.ca)
				if line, err := bufio.NewReader(p.out).ReadString('\n'); line != "ready\n" {
					_ = p.Wait()
					t.Fatalf("got %q, %v\n%s", line, err, &p.err)
				}
				s.Kill()
				s.Restart()
				p.wait()
			})
		})
	}
}

// TestMQTTJSWebSocket: mqtt.js passes what it passes by TCP. nats-server would need JetStream for it.
func TestMQTTJSWebSocket(t *testing.T) {
	for name, l := range websocketListeners(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := peer.Start(t, "leafgate", "mqtt { listen: \"127.0.0.1:$MQTT_PORT\" }\n"+l.block)
			for _, version := range []string{"4", "5"} {
				for _, scenario := range []string{"qos", "retained", "will", "session", "shared"} {
					t.Run(version+"/"+scenario, func(t *testing.T) {
						nodejs(t, "mqtt", "mqtt.js", l.scheme+s.Web+"/mqtt", version, scenario, "[]", l.ca).wait()
					})
				}
			}
		})
	}
}

//go:build peers

package peers

import (
	"fmt"
	"slices"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
)

// A web is a listener for WebSockets, and a site whose pages may come to it.
type web struct {
	*site
	block, scheme, ca string
	compressed        bool
}

// onEachStage runs a test in Node and in Chromium, by ws and, compressed, by wss, at once.
func onEachStage(t *testing.T, test func(t *testing.T, js *stage, w *web)) {
	t.Helper()
	t.Parallel()
	cert, key := gatewaytest.Certificate(t)
	const block = `websocket { listen: "127.0.0.1:$WS_PORT", user_cookie: user, pass_cookie: pass, token_cookie: token
		allowed_origins: [ %q ], %s }`
	for name, open := range stages {
		plain, secure := newSite(t, "", ""), newSite(t, cert, key)
		for _, w := range []*web{
			{site: plain, scheme: "ws", block: fmt.Sprintf(block, plain.URL, "no_tls: true")},
			{site: secure, scheme: "wss", ca: cert, compressed: true,
				block: fmt.Sprintf(block, secure.URL, fmt.Sprintf("compression: true, tls { cert_file: %q, key_file: %q }", cert, key))},
		} {
			t.Run(name+"/"+w.scheme, func(t *testing.T) {
				t.Parallel()
				test(t, open(t, w.site), w)
			})
		}
	}
}

// cookieActs are who comes with cookies.
var cookieActs = []act{
	{config: annMay, scenario: "known", cookies: map[string]string{"user": "ann", "pass": "s3cret"}},
	{config: annMay, scenario: "refused", cookies: map[string]string{"user": "ann", "pass": "other"}},
	{config: annMay, scenario: "refused"},
	{config: byToken, scenario: "known", cookies: map[string]string{"token": "t0ken"}},
	{config: byToken, scenario: "refused", cookies: map[string]string{"token": "other"}},
	{config: byToken, scenario: "refused"},
}

const byToken = "authorization { token: t0ken }\n"

// TestJSWebSocket: nats.js passes what it passes by TCP, on both servers.
func TestJSWebSocket(t *testing.T) {
	onEachStage(t, func(t *testing.T, js *stage, w *web) {
		for _, name := range peer.Servers() {
			t.Run(name, func(t *testing.T) {
				onEachConfig(t, name, w.block, slices.Concat(natsActs, cookieActs), func(t *testing.T, s *peer.Server, a act) {
					if name == "nats-server" && w.compressed && a.scenario == "large" {
						t.Skip("it unpacks max_payload at most, and clients put messages together")
					}
					js.perform(t, s, scenario{Client: "nats", Name: a.scenario, URL: w.scheme + "://" + s.Web, CA: w.ca, Cookies: a.cookies})
				})
			})
		}
	})
}

// TestMQTTJSWebSocket: mqtt.js passes what it passes by TCP. nats-server would need JetStream for it.
func TestMQTTJSWebSocket(t *testing.T) {
	var acts []act
	for _, version := range []int{4, 5} {
		for _, name := range mqttScenarios[version] {
			acts = append(acts, act{scenario: name, version: version})
		}
		for _, a := range cookieActs {
			a.version = version
			acts = append(acts, a)
		}
	}
	onEachStage(t, func(t *testing.T, js *stage, w *web) {
		more := "mqtt { listen: \"127.0.0.1:$MQTT_PORT\" }\n" + w.block
		onEachConfig(t, "leafgate", more, acts, func(t *testing.T, s *peer.Server, a act) {
			js.perform(t, s, scenario{Client: "mqtt", Name: a.scenario, Version: a.version, Topics: topicNames(),
				URL: w.scheme + "://" + s.Web + "/mqtt", CA: w.ca, Cookies: a.cookies})
		})
	})
}

package monitor_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"leafgate/gateway/gatewaytest"
)

func TestMetrics(t *testing.T) {
	g := gatewaytest.Start(t, bothProtocols)
	natsClient(t, addr(g, "natsproto"), `{"name":"n-name"}`, "SUB > 1\r\n", "PUB a 3\r\nabc\r\n")
	mqttClient(t, addr(g, "mqtt"), "m-name", "", "")
	natsClient(t, addr(g, "natsproto"), `{}`).Close()
	until(t, "it is closed", func() bool { return len(names(t, object(t, g, "/connz?state=closed"))) == 1 })
	for range 2 { // a page is made anew each time
		status, header, body := get(t, g, "/metrics")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
			t.Fatalf("%d %v", status, header)
		}
		for _, want := range []string{
			`leafgate_ready 1`,
			`leafgate_connections{protocol="nats"} 1`,
			`leafgate_connections{protocol="mqtt"} 1`,
			`leafgate_connections_closed_total{protocol="nats",reason="client_closed"} 1`,
			`leafgate_protocol_received_messages_total{protocol="nats"} 1`,
			`leafgate_protocol_sent_bytes_total{protocol="nats"} 3`,
			`leafgate_dropped_messages_total{protocol="mqtt",reason="queue_full"} 0`,
			`leafgate_account_received_messages_total{account="$G"} 1`,
			`leafgate_account_connections{account="$G"} 2`,
		} {
			if !strings.Contains(body, want+"\n") {
				t.Errorf("missing: %s", want)
			}
		}
		if problems, err := promlint.New(strings.NewReader(body)).Lint(); err != nil || len(problems) > 0 {
			t.Errorf("names and types: %v, %v", problems, err)
		}
		if !regexp.MustCompile(`(?m)^go_goroutines \d`).MatchString(body) || !strings.Contains(body, "leafgate_info{") {
			t.Error("no runtime, or no information about the gateway")
		}
		if strings.Contains(body, "n-name") || strings.Contains(body, "m-name") || strings.Contains(body, "127.0.0.1") {
			t.Errorf("a client is named: %s", body)
		}
	}
}

// TestTwoGateways have metrics of their own, in one process.
func TestTwoGateways(t *testing.T) {
	a, b := gatewaytest.Start(t, "http_port: -1"), gatewaytest.Start(t, "http_port: -1")
	natsClient(t, addr(a, "natsproto"), `{}`)
	_, _, one := get(t, a, "/metrics")
	_, _, other := get(t, b, "/metrics")
	const want = `leafgate_connections{protocol="nats"} 1`
	if !strings.Contains(one, want) || strings.Contains(other, want) {
		t.Errorf("connections: %v and %v, want only the first", strings.Contains(one, want), strings.Contains(other, want))
	}
}

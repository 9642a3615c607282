package monitor_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

func codes(t *testing.T, g *gateway.Gateway, query string) string {
	t.Helper()
	var all []string
	for _, e := range list(t, object(t, g, "/eventz?"+query), "events") {
		all = append(all, fmt.Sprintf("%v %v x%v", e["event"], e["code"], e["count"]))
	}
	return strings.Join(all, ", ")
}

// TestEventz asks why, in every way that people know a client by.
func TestEventz(t *testing.T) {
	g := gatewaytest.Start(t, `
http_port: -1
authorization { users: [
  { user: ann, password: apple, permissions: { publish: "a", subscribe: "a" } }
  { user: "no b", password: pear }
] }
mqtt { listen: "127.0.0.1:-1" }
`)
	nats, mqtt := addr(g, "natsproto"), addr(g, "mqtt")
	ann := natsClient(t, nats, `{"user":"ann","pass":"apple","name":"panel"}`, "PUB b 0\r\n\r\n", "PUB c 0\r\n\r\n", "SUB b 1\r\n")
	if _, code := mqttClient(t, mqtt, "sensor", "ann", "wrong"); code == 0 {
		t.Fatal("a wrong password is taken")
	}
	until(t, "the refusal is there", func() bool { return codes(t, g, "client=sensor") != "" })
	fmt.Fprint(dial(t, nats), "CONNECT {\"user\":\"ann\",\"pass\":\"wrong\",\"name\":\"pump\"}\r\n")
	until(t, "the other refusal is there", func() bool { return codes(t, g, "client=pump") != "" })
	first, _ := mqttClient(t, mqtt, "twin", "ann", "apple")
	mqttClient(t, mqtt, "twin", "ann", "apple")
	until(t, "the twin is gone", func() bool { return codes(t, g, "client=twin") != "" })
	cid := fmt.Sprint(list(t, object(t, g, "/connz?sort=cid"), "connections")[0]["cid"])
	for query, want := range map[string]string{
		"client=panel":                       "refused permissions_violation x3",
		"client=" + cid:                      "refused permissions_violation x3",
		"client=sensor":                      "closed authentication_failure x1",
		"client=pump":                        "closed authentication_failure x1",
		"client=twin":                        "closed duplicate_client_id x1",
		"client=nobody":                      "",
		"code=authentication_failure":        "closed authentication_failure x1, closed authentication_failure x1",
		"client=" + ann.LocalAddr().String(): "refused permissions_violation x3",
		"client=ann&limit=1":                 "closed duplicate_client_id x1",
		"client=ann&offset=3":                "refused permissions_violation x3",
		"client=127.0.0.1&limit=2&offset=2":  "closed authentication_failure x1, refused permissions_violation x3",
	} {
		if got := codes(t, g, query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	first.Close()
	e := list(t, object(t, g, "/eventz?client=panel"), "events")[0]
	if e["user"] != "ann" || e["type"] != "nats" || e["reason"] != "Permissions Violation" || !strings.Contains(e["detail"].(string), `"b"`) {
		t.Errorf("event %v", e)
	}
}

// TestRefusedBeforeASession is about connections that no module comes to know.
func TestRefusedBeforeASession(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	g := gatewaytest.Start(t, fmt.Sprintf("http_port: -1\ntls { cert_file: %q, key_file: %q, handshake_first: true }", cert, key))
	conn := dial(t, addr(g, "natsproto"))
	fmt.Fprint(conn, "CONNECT {}\r\n")
	until(t, "it is refused", func() bool { return codes(t, g, "client="+conn.LocalAddr().String()) != "" })
	if got, want := codes(t, g, ""), "refused tls_handshake_failure x1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUplinkz(t *testing.T) {
	page := object(t, gatewaytest.Start(t, "http_port: -1"), "/uplinkz")
	if page["num_uplinks"] != 0.0 || len(page["uplinks"].([]any)) != 0 {
		t.Errorf("uplinks: %v", page)
	}
}

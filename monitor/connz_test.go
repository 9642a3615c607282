package monitor_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
)

const bothProtocols = `
http_port: -1
mqtt { listen: "127.0.0.1:-1" }
`

// names are those of a list of connections, in order.
func names(t *testing.T, page map[string]any) (all []string) {
	t.Helper()
	for _, c := range list(t, page, "connections") {
		name, _ := c["name"].(string)
		all = append(all, name)
	}
	return all
}

func TestConnz(t *testing.T) {
	g := gatewaytest.Start(t, bothProtocols)
	busy := natsClient(t, addr(g, "natsproto"), `{"name":"busy","lang":"go","version":"1.2"}`, "SUB a 1\r\n", "SUB b q 2\r\n", "PUB a 3\r\nabc\r\n")
	natsClient(t, addr(g, "natsproto"), `{"name":"idle"}`)
	mqttClient(t, addr(g, "mqtt"), "sensor", "", "")
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"", "busy idle sensor"}, {"sort=cid", "busy idle sensor"}, {"sort=start", "busy idle sensor"},
		{"sort=uptime", "sensor idle busy"}, {"sort=subs&limit=1", "busy"}, {"sort=msgs_to&limit=1", "busy"},
		{"sort=msgs_from&limit=1", "busy"}, {"sort=bytes_to&limit=1", "busy"}, {"sort=bytes_from&limit=1", "busy"},
		{"sort=pending", "busy idle sensor"}, {"sort=last&state=closed", ""}, {"sort=stop&state=closed", ""},
		{"offset=1", "idle sensor"}, {"offset=1&limit=1", "idle"}, {"offset=7", ""}, {"offset=-1&limit=-1", "busy idle sensor"},
		{"mqtt_client=sensor", "sensor"}, {"acc=$G", "busy idle sensor"}, {"acc=nobody", ""}, {"user=nobody", ""},
		{"acc=$G&filter_subject=b", "busy"}, {"acc=$G&filter_subject=c.>", ""}, {"acc=$G&filter_subject=>", "busy idle sensor"},
		{"state=any", "busy idle sensor"},
	} {
		if got := strings.Join(names(t, object(t, g, "/connz?"+tt.query)), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
		}
	}
	all := list(t, object(t, g, "/connz?subs=1"), "connections")
	first, sensor := all[0], all[2]
	if first["kind"] != "Client" || first["type"] != "nats" || first["lang"] != "go" || first["version"] != "1.2" ||
		first["in_msgs"] != 1.0 || first["out_bytes"] != 3.0 || first["subscriptions"] != 2.0 || len(first["subscriptions_list"].([]any)) != 2 {
		t.Errorf("busy: %v", first)
	}
	if sensor["type"] != "mqtt" || sensor["mqtt_client"] != "sensor" || sensor["version"] != "3.1.1" || sensor["ip"] != "127.0.0.1" {
		t.Errorf("sensor: %v", sensor)
	}
	detail := list(t, list(t, object(t, g, "/connz?subs=detail&limit=1"), "connections")[0], "subscriptions_list_detail")
	if !slices.ContainsFunc(detail, func(s map[string]any) bool { return s["subject"] == "b" && s["qgroup"] == "q" && s["sid"] == "2" }) {
		t.Errorf("subscriptions: %v", detail)
	}
	cid := fmt.Sprint(first["cid"])
	if page := object(t, g, "/connz?cid="+cid); page["num_connections"] != 1.0 || page["limit"] != 1.0 {
		t.Errorf("by id: %v", page)
	}
	busy.Close()
	until(t, "it is closed", func() bool { return len(names(t, object(t, g, "/connz?state=closed"))) == 1 })
	gone := list(t, object(t, g, "/connz?state=any&cid="+cid), "connections")[0]
	if gone["reason"] != "Client Closed" || gone["stop"] == nil || gone["out_msgs"] != 1.0 || gone["subscriptions"] != 2.0 {
		t.Errorf("closed: %v", gone)
	}
}

// TestConnzQueryBounds asks for what no list has.
func TestConnzQueryBounds(t *testing.T) {
	g := gatewaytest.Start(t, "http_port: -1")
	natsClient(t, addr(g, "natsproto"), `{}`, "SUB a 1\r\n")
	for _, page := range []string{"/connz?", "/subsz?subs=1&", "/eventz?"} {
		for _, tt := range []struct {
			query  string
			status int
		}{
			{"offset=2147483647&limit=2147483647", 200}, {"offset=-2147483648&limit=-2147483648", 200},
			{"limit=2147483648", 400}, {"limit=9223372036854775807", 400}, {"limit=9223372036854775808", 400},
			{"limit=-9223372036854775808", 400}, {"offset=9223372036854775807", 400}, {"offset=1e3", 400},
			{"offset=9223372036854775807&limit=9223372036854775807", 400},
		} {
			status, _, body := get(t, g, page+tt.query)
			if status != tt.status || status == 400 && !strings.Contains(body, "Error decoding int for '") {
				t.Errorf("%s%s: %d %s", page, tt.query, status, body)
			}
		}
	}
	for _, cid := range []string{"-1", "18446744073709551616", "x"} {
		if status, _, body := get(t, g, "/connz?cid="+cid); status != http.StatusBadRequest || !strings.Contains(body, "'cid'") {
			t.Errorf("cid=%s: %d %s", cid, status, body)
		}
	}
	if page := object(t, g, "/connz?cid=18446744073709551615"); page["num_connections"] != 0.0 {
		t.Errorf("nobody's id: %v", page)
	}
}

func TestMaxClosedClients(t *testing.T) {
	g := gatewaytest.Start(t, "http_port: -1\nmax_closed_clients: 2")
	for i := range 3 {
		natsClient(t, addr(g, "natsproto"), fmt.Sprintf(`{"name":"c%d"}`, i)).Close()
		until(t, "it is closed", func() bool {
			return slices.Contains(names(t, object(t, g, "/connz?state=closed")), fmt.Sprintf("c%d", i))
		})
	}
	if got := names(t, object(t, g, "/connz?state=closed&sort=stop")); !slices.Equal(got, []string{"c2", "c1"}) {
		t.Errorf("closed: %v", got)
	}
}

func TestAccounts(t *testing.T) {
	g := gatewaytest.Start(t, `
http_port: -1
no_system_account: true # whose services are subscriptions, too
accounts { A { users: [ { user: ann, password: a } ] }, B { users: [ { user: bob, password: b } ] } }
`)
	natsClient(t, addr(g, "natsproto"), `{"user":"ann","pass":"a","name":"ann"}`, "SUB a.* 1\r\n", "PUB a.b 1\r\nx\r\n")
	stats := list(t, object(t, g, "/accstatz"), "account_statz")
	if len(stats) != 1 || stats[0]["acc"] != "A" || stats[0]["conns"] != 1.0 || stats[0]["received"].(map[string]any)["msgs"] != 1.0 {
		t.Errorf("accounts in use: %v", stats)
	}
	if all := list(t, object(t, g, "/accstatz?unused=1"), "account_statz"); len(all) < 2 {
		t.Errorf("all accounts: %v", all)
	}
	if detail := object(t, g, "/accountz?acc=A")["account_detail"].(map[string]any); detail["client_connections"] != 1.0 || detail["subscriptions"] != 1.0 {
		t.Errorf("account A: %v", detail)
	}
	for query, want := range map[string]int{"": 1, "&test=a.x": 1, "&test=x": 0, "&acc=A": 1, "&acc=B": 0} {
		page := object(t, g, "/subsz?subs=1"+query)
		if found, _ := page["subscriptions_list"].([]any); len(found) != want || page["total"] != float64(want) {
			t.Errorf("subscriptions%s: %v", query, page)
		}
	}
	if got := names(t, object(t, g, "/connz?acc=A&user=ann")); len(got) != 1 {
		t.Errorf("connections of ann: %v", got)
	}
}

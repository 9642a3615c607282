package system_test

import (
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
)

// eventSubjects are where what happens to connections is told. ID is the server's.
func eventSubjects(id string) map[string]string {
	return map[string]string{
		"connect": "$SYS.ACCOUNT.A.CONNECT", "disconnect": "$SYS.ACCOUNT.A.DISCONNECT", "refused": "$SYS.SERVER." + id + ".CLIENT.AUTH.ERR",
		"nowhere": "$SYS.ACCOUNT.$G.DISCONNECT", "conns": "$SYS.ACCOUNT.A.SERVER.CONNS", "conns of servers": "$SYS.SERVER.ACCOUNT.A.CONNS",
	}
}

// eventDifferences are what clients that were not let in say of themselves: nobody has checked it, and people type passwords
// there.
var eventDifferences = []string{
	"refused client.user", "refused client.name", "refused client.lang", "refused client.ver",
	"nowhere client.user", "nowhere client.name", "nowhere client.lang", "nowhere client.ver",
}

// TestEvents has one come and go, and one refused, and compares what is told of it by name and type.
func TestEvents(t *testing.T) {
	ours, theirs := events(t, "leafgate"), events(t, "nats-server")
	for what := range eventSubjects("") {
		a, b := shapeOf(ours[what]), shapeOf(theirs[what])
		for path, kind := range b {
			if path != "client.rtt" && a[path] != kind && !slices.Contains(eventDifferences, what+" "+path) && !strings.HasPrefix(path, "server.feature_flags") {
				t.Errorf("%s: %s: ours %q, theirs %q", what, path, a[path], kind)
			}
		}
		for path, kind := range a {
			if path != "client.rtt" && b[path] == "" {
				t.Errorf("%s: %s: only ours has it, a %s", what, path, kind)
			}
		}
	}
	for what, reason := range map[string]string{"disconnect": "Client Closed", "refused": "Authentication Failure", "nowhere": "Authentication Failure"} {
		for _, text := range []string{ours[what], theirs[what]} {
			if got := reasonIn(t, text); got != reason {
				t.Errorf("%s: reason %q, want %q", what, got, reason)
			}
		}
	}
}

func reasonIn(t *testing.T, text string) string {
	t.Helper()
	var v struct{ Reason string }
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v.Reason
}

func events(t *testing.T, name string) map[string]string {
	t.Helper()
	s := peer.Start(t, name, conf)
	sys := login(t, s.URL, "sys")
	heard := make(map[string]<-chan *nats.Msg)
	subjects := eventSubjects(sys.ConnectedServerId())
	for what, subject := range subjects {
		heard[what] = listen(t, sys, subject)
	}
	login(t, s.URL, "ann").Close()
	if nc, err := nats.Connect(s.URL, nats.UserInfo("ann", "wrong"), nats.Name("wrong")); err == nil {
		nc.Close()
		t.Fatal("a wrong password is as good")
	}
	all := make(map[string]string)
	for what, subject := range subjects {
		all[what] = string(next(t, heard[what], subject).Data)
	}
	return all
}

// TestMQTTEvents: clients of MQTT come and go as others do, with their client identifier.
func TestMQTTEvents(t *testing.T) {
	g := gatewaytest.Start(t, conf+`mqtt { listen: "127.0.0.1:-1" }`)
	sys := login(t, "nats://"+g.Addr("natsproto")[0].String(), "sys")
	heard := listen(t, sys, "$SYS.ACCOUNT.A.>")
	conn, err := net.Dial("tcp", g.Addr("mqtt")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("\x10\x17\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01m\x00\x03ann\x00\x03ann")); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"CONNECT", "DISCONNECT"} {
		var e struct {
			Client struct {
				User, Name string
				Type       string `json:"client_type"`
				ID         string `json:"client_id"`
			}
		}
		if err := json.Unmarshal(next(t, heard, "$SYS.ACCOUNT.A."+what).Data, &e); err != nil {
			t.Fatal(err)
		}
		if c := e.Client; c.User != "ann" || c.Type != "mqtt" || c.ID != "m" {
			t.Errorf("%s: %+v", what, c)
		}
		conn.Close()
	}
}

package natsproto_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

func TestInfo(t *testing.T) {
	g := gatewaytest.Start(t, `server_name: gw, max_payload: 2MB, client_advertise: "gw.example:99"`)
	_, i := connect(t, g)
	want := map[string]any{"server_name": "gw", "version": "2.15.2", "proto": 1., "host": "127.0.0.1", "headers": true,
		"max_payload": float64(2 << 20), "client_ip": "127.0.0.1", "client_id": i["client_id"], "server_id": i["server_id"],
		"go": i["go"], "port": i["port"], "connect_urls": []any{"gw.example:99"}}
	if c, ok := i["git_commit"]; ok {
		want["git_commit"] = c
	}
	if fmt.Sprint(i) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", i, want)
	}
	if id, _ := i["server_id"].(string); len(id) != 56 || id[0] != 'N' {
		t.Errorf("server_id %q is no server key", id)
	}
	if n, _ := i["client_id"].(float64); n < 1 {
		t.Errorf("client_id %v", n)
	}
	if addr := g.Addr("natsproto")[0].String(); addr != fmt.Sprintf("127.0.0.1:%v", i["port"]) {
		t.Errorf("port %v, bound %s", i["port"], addr)
	}
}

func TestInfoSaysAuthRequired(t *testing.T) {
	for _, c := range []struct {
		name, conf       string
		greeting, behind bool // what INFO says before and after CONNECT
	}{
		{"open", "", false, false},
		{"password", auth, true, true},
		{"no_auth_user", "authorization { users: [ {user: a, password: pw} ] }, no_auth_user: a", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, i := connect(t, gatewaytest.Start(t, c.conf))
			if (i["auth_required"] == true) != c.greeting {
				t.Errorf("greeting: %v, want %v", i["auth_required"], c.greeting)
			}
			client.send(`CONNECT {"verbose":false,"protocol":1,"user":"a","pass":"pw"}` + "\r\nPING\r\n")
			client.expect("PONG\r\n")
			i = client.info()
			if (i["auth_required"] == true) != c.behind {
				t.Errorf("behind CONNECT: %v, want %v", i["auth_required"], c.behind)
			}
			if i["connect_info"] != true || i["remote_account"] != "$G" || i["client_id"] == nil || i["client_ip"] == nil {
				t.Errorf("connect info %v", i)
			}
			client.alive() // and none behind the second PONG
		})
	}
}

func TestConnectInfoOnlyForProtocolOne(t *testing.T) {
	c := hello(t, gatewaytest.Start(t, ""), "")
	c.alive()
	c.alive()
}

// A second CONNECT drops what the first subscribed to.
func TestSecondConnect(t *testing.T) {
	g := gatewaytest.Start(t, "")
	c, other := hello(t, g, ""), hello(t, g, "")
	c.send("SUB a 1\r\nPING\r\n")
	c.expect("PONG\r\n")
	c.send("CONNECT {}\r\nSUB b 1\r\nPING\r\n")
	c.expect("PONG\r\n")
	other.send("PUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n")
	other.expect("PONG\r\n")
	c.expect("MSG b 1 0\r\n\r\n")
}

func TestHeadersAreStripped(t *testing.T) {
	g := gatewaytest.Start(t, "")
	old, _ := connect(t, g)
	old.send("CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n")
	old.expect("PONG\r\n")
	c := hello(t, g, "")
	payload := strings.Repeat("x", 20_000)
	c.send("HPUB a r 18 20\r\n" + block + "hi\r\nHPUB a 18 18\r\n" + block + "\r\nHPUB a 18 20018\r\n" + block + payload + "\r\n")
	old.expect("MSG a 1 r 2\r\nhi\r\nMSG a 1 0\r\n\r\nMSG a 1 20000\r\n" + payload + "\r\n")
}

func TestQueueGroup(t *testing.T) {
	g := gatewaytest.Start(t, "")
	var members []*client
	for range 3 {
		c := hello(t, g, "")
		c.send("SUB a q 1\r\nPING\r\n")
		c.expect("PONG\r\n")
		members = append(members, c)
	}
	pub := hello(t, g, "")
	const n = 300
	pub.send(strings.Repeat("PUB a 0\r\n\r\n", n) + "PING\r\n")
	pub.expect("PONG\r\n")
	total := 0
	for _, c := range members {
		c.send("PING\r\n")
		got := 0
		for c.line() != "PONG\r\n" {
			c.expect("\r\n")
			got++
		}
		if got == 0 {
			t.Error("a member got nothing")
		}
		total += got
	}
	if total != n {
		t.Errorf("%d deliveries, want %d", total, n)
	}
}

func TestOtherClientsEchoOff(t *testing.T) {
	g := gatewaytest.Start(t, "")
	mute, other := hello(t, g, `"echo":false`), hello(t, g, "")
	mute.send("SUB a 1\r\nPING\r\n")
	mute.expect("PONG\r\n")
	other.send("SUB a 2\r\nPING\r\n")
	other.expect("PONG\r\n")
	mute.send("PUB a 1\r\nx\r\nPING\r\n")
	mute.expect("PONG\r\n")
	other.expect("MSG a 2 1\r\nx\r\n")
	other.send("PUB a 1\r\ny\r\n")
	mute.expect("MSG a 1 1\r\ny\r\n")
}

func TestNoRespondersWithEchoOff(t *testing.T) {
	c := hello(t, gatewaytest.Start(t, ""), `"echo":false`)
	c.send("SUB svc 1\r\nSUB in.* 2\r\nPUB svc in.1 0\r\n\r\nPING\r\n")
	c.expect("HMSG in.1 2 35 35\r\nNATS/1.0 503\r\nNats-Subject: svc\r\n\r\n\r\nPONG\r\n")
}

func TestMaxConnections(t *testing.T) {
	g := gatewaytest.Start(t, "max_connections: 2")
	one, _ := connect(t, g)
	connect(t, g)
	c, i := connect(t, g) // is greeted all the same
	if i["version"] != "2.15.2" {
		t.Errorf("info %v", i)
	}
	c.expect("-ERR 'maximum connections exceeded'\r\n")
	c.closed()
	one.Close()
	deadline := time.Now().Add(patience)
	for {
		c, _ := connect(t, g)
		c.send("PING\r\n")
		if line := c.line(); line == "PONG\r\n" {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("no room after one left: %q", line)
		}
	}
}

func TestPings(t *testing.T) {
	g := gatewaytest.Start(t, `ping_interval: "50ms", ping_max: 2`)
	answering, silent := hello(t, g, ""), hello(t, g, "")
	for range 6 {
		answering.expect("PING\r\n")
		answering.send("PONG\r\n")
	}
	silent.expect("PING\r\nPING\r\n-ERR 'Stale Connection'\r\n")
	silent.closed()
	answering.survives()
}

func TestAuthTimeout(t *testing.T) {
	g := gatewaytest.Start(t, `authorization { user: a, password: pw, timeout: 0.1 }`)
	c, _ := connect(t, g)
	c.expect("-ERR 'Authentication Timeout'\r\n")
	c.closed()
	in, _ := connect(t, g)
	in.send(`CONNECT {"verbose":false,"user":"a","pass":"pw"}` + "\r\nPING\r\n")
	in.expect("PONG\r\n")
	in.silent(300 * time.Millisecond)
	in.alive()
}

func TestListenersHaveRulesOfTheirOwn(t *testing.T) {
	g := gatewaytest.Start(t, `
		nats: [
			{ listen: "127.0.0.1:-1" }
			{ listen: "127.0.0.1:-1", authorization { token: t } }
		]`)
	if n := len(g.Addr("natsproto")); n != 2 {
		t.Fatalf("%d addresses, want 2", n)
	}
	open, closed := dial(t, g, 0), dial(t, g, 1)
	if i := open.info(); i["auth_required"] != nil {
		t.Errorf("first listener: %v", i)
	}
	if i := closed.info(); i["auth_required"] != true {
		t.Errorf("second listener: %v", i)
	}
	open.alive()
	closed.send("PING\r\n")
	closed.expect("-ERR 'Authorization Violation'\r\n")
	closed.closed()
}

func TestLameDuck(t *testing.T) {
	g := gatewaytest.Start(t, `lame_duck_duration: "30s", lame_duck_grace_period: "1ms", client_advertise: "a:1"`)
	c, _ := connect(t, g)
	c.send(`CONNECT {"verbose":false,"protocol":1}` + "\r\nPING\r\n")
	c.expect("PONG\r\n")
	c.info()
	old := hello(t, g, "")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.LameDuck(ctx); err != nil {
		t.Fatal(err)
	}
	i := c.info()
	if i["ldm"] != true || i["connect_urls"] != nil || i["connect_info"] != nil || i["client_id"] == nil {
		t.Errorf("lame duck info %v", i)
	}
	c.closed()
	old.closed()
}

func TestShutdownSaysNothing(t *testing.T) {
	g := gatewaytest.Start(t, "")
	c := hello(t, g, "")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	c.closed()
}

// reloadable is a gateway whose configuration a test may rewrite.
func reloadable(t *testing.T, text string) (g *gateway.Gateway, reload func(text string) error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gw.conf")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	g = gatewaytest.StartWith(t, gateway.Options{File: file})
	return g, func(text string) error {
		write(text)
		return g.Reload()
	}
}

func TestReload(t *testing.T) {
	user := func(name, pass, perms string) string {
		return fmt.Sprintf("authorization { users: [ { user: stays, password: pw }, { user: %s, password: %s%s } ] }\n", name, pass, perms)
	}
	g, reload := reloadable(t, user("a", "pw", ""))
	stays, a := hello(t, g, `"user":"stays","pass":"pw"`), hello(t, g, `"user":"a","pass":"pw"`)
	if err := reload(user("a", "pw", "") + "max_payload: 10\nping_interval: \"1m\""); err != nil {
		t.Fatal(err)
	}
	a.alive()
	a.send("PUB a 11\r\n")
	a.expect("-ERR 'Maximum Payload Violation'\r\n")
	a.closed()
	a = hello(t, g, `"user":"a","pass":"pw"`)
	if err := reload(user("a", "other", "")); err != nil {
		t.Fatal(err)
	}
	a.expect("-ERR 'Authorization Violation'\r\n")
	a.closed()
	stays.alive()
	hello(t, g, `"user":"a","pass":"other"`).alive()
}

func TestReloadLowersMaxConnections(t *testing.T) {
	g, reload := reloadable(t, "")
	var all []*client
	for range 4 {
		all = append(all, hello(t, g, ""))
	}
	if err := reload("max_connections: 1"); err != nil {
		t.Fatal(err)
	}
	alive := 0
	for _, c := range all {
		c.send("PING\r\n")
		switch line := c.line(); line {
		case "PONG\r\n":
			alive++
		case "-ERR 'maximum connections exceeded'\r\n":
			c.closed()
		default:
			t.Errorf("got %q", line)
		}
	}
	if alive != 1 {
		t.Errorf("%d clients left, want 1", alive)
	}
}

func TestReloadRefuses(t *testing.T) {
	g, reload := reloadable(t, "")
	err := reload("max_pending: 1MB")
	if err == nil || !strings.Contains(err.Error(), "config reload not supported for max_pending: old=67108864, new=1048576") {
		t.Errorf("reload: %v", err)
	}
	hello(t, g, "").alive()
}

func TestReloadAdvertise(t *testing.T) {
	g, reload := reloadable(t, "")
	c, _ := connect(t, g)
	c.send(`CONNECT {"verbose":false,"protocol":1}` + "\r\nPING\r\n")
	c.expect("PONG\r\n")
	c.info()
	if err := reload(`client_advertise: "a:1"`); err != nil {
		t.Fatal(err)
	}
	if i := c.info(); fmt.Sprint(i["connect_urls"]) != "[a:1]" || i["connect_info"] != nil {
		t.Errorf("info %v", i)
	}
}

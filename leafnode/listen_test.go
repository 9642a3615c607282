package leafnode_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
)

// TestListenRefused: what a listener cannot do is said, and where.
func TestListenRefused(t *testing.T) {
	const listen = `listen: "127.0.0.1:-1", `
	for _, tc := range []struct{ name, block, want string }{
		{"users without a listener", `authorization { user: a, password: secret }`, "leafnodes.authorization: is for servers that connect to here"},
		{"tls without a listener", `tls { cert_file: x, key_file: y }`, "leafnodes.tls: is for servers that connect to here"},
		{"a version without a listener", `min_version: 2.10.0`, "leafnodes.min_version: is for servers"},
		{"a bad address", `listen: "nowhere"`, "leafnodes.listen: could not parse"},
		{"a bad port", `port: 70000`, "leafnodes.port"},
		{"an old version", listen + `min_version: "2.7.9"`, "leafnodes.min_version: want a version"},
		{"no version", listen + `min_version: new`, "leafnodes.min_version: want a version"},
		{"nothing to advertise", listen + `advertise: "host:x"`, "leafnodes.advertise: want host"},
		{"an account that is not there", listen + `authorization { user: a, password: secret, account: X }`, `leafnodes.authorization.account: no account "X"`},
		{"an unknown key", listen + `authorization { colour: red }`, "colour"},
		{"another", listen + `colour: red`, "colour"},
		{"no policy", listen + `write_timeout: never`, "leafnodes.write_timeout: want default or close"},
		{"one that is not there", listen + `write_timeout: retry`, "leafnodes.write_timeout: not supported"},
		{"no certificate", listen + `tls { verify: true }`, "leafnodes.tls"},
	} {
		_, err := gateway.New(gateway.Options{Text: "port: -1\nleafnodes { " + tc.block + " }"})
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "configuration:2:") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestListenExamples: configurations as users of nats-server write them are understood.
func TestListenExamples(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("hub", "localhost")
	for _, text := range []string{
		`leafnodes { port: 7422 }`,
		`leafnodes { listen: 0.0.0.0:7422 }`,
		`leafnodes: { listen: "localhost:7422", advertise: "hub.example" }`,
		`leaf { host: "127.0.0.1", port: 7422, no_advertise: true, min_version: 2.8.0, compression: off }`,
		`leafnodes { port: 7422, authorization { user: leaf, password: secret, timeout: 3 } }`,
		`leafnodes { port: 7422, authorization { account: "B" } }
		 accounts { A {}, B {} }`,
		`leafnodes { listen: "127.0.0.1:7422"
			authorization { users: [ { user: s1, password: x, account: S1 }, { user: s2, password: y, account: S2 } ] } }
		 accounts { S1 {}, S2 { limits { max_leafnodes: 10 } } }`,
		fmt.Sprintf(`leafnodes { port: 7422, write_deadline: "5s", tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true, timeout: 2, handshake_first: auto } }`, cert, key, ca.file),
		`leafnodes { port: 7422, isolate_leafnode_interest: true, remotes: [ { url: "nats-leaf://hub:7422", hub: true, request_isolation: true, disabled: true } ] }`,
		`authorization { user: a, password: b }
		 leafnodes { port: 7422, authorization { timeout: "500ms" } }`,
	} {
		if _, err := gateway.New(gateway.Options{Text: "port: -1\n" + text}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAddressTaken: a port that is not free is an error of the start, and says which.
func TestAddressTaken(t *testing.T) {
	above := startAbove(t, "", "")
	g, err := gateway.New(gateway.Options{Text: fmt.Sprintf("listen: \"127.0.0.1:-1\"\nleafnodes { listen: %q }", leafAddr(above))})
	must(t, err)
	if err := g.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "listen for leaf nodes on "+leafAddr(above)) {
		t.Errorf("starts: %v", err)
	}
}

// TestShownBelow: pages and events of the system account tell of servers below.
func TestShownBelow(t *testing.T) {
	above := startAbove(t, `accounts { A { users: [ { user: a, password: p } ] }, $SYS { users: [ { user: s, password: p } ] } }`, "")
	system := connect(t, siteURL(above), nats.UserInfo("s", "p"))
	came, went := subscribe(t, system, "$SYS.ACCOUNT.A.CONNECT"), subscribe(t, system, "$SYS.ACCOUNT.A.DISCONNECT")
	s := come(t, above, `{"name":"X","version":"2.15.2","user":"a","pass":"p"}`)
	m, err := came.NextMsg(patience)
	must(t, err)
	for _, part := range []string{`"acc":"A"`, `"name":"X"`, `"kind":"Leafnode"`, `"user":"a"`} {
		if !strings.Contains(strings.ReplaceAll(string(m.Data), `": "`, `":"`), part) {
			t.Errorf("the event %s lacks %s", m.Data, part)
		}
	}
	page := "http://" + above.Addr("monitor")[0].String()
	var v struct {
		Leafnodes int `json:"leafnodes"`
		Leaf      struct {
			Host    string  `json:"host"`
			Port    int     `json:"port"`
			Timeout float64 `json:"auth_timeout"`
		} `json:"leaf"`
	}
	getJSON(t, page+"/varz", &v)
	if v.Leafnodes != 1 || v.Leaf.Host != "127.0.0.1" || fmt.Sprint("127.0.0.1:", v.Leaf.Port) != leafAddr(above) || v.Leaf.Timeout != 2 {
		t.Errorf("/varz says %+v", v)
	}
	var a struct {
		Detail struct {
			Leafs int `json:"leafnode_connections"`
		} `json:"account_detail"`
	}
	getJSON(t, page+"/accountz?acc=A", &a)
	if a.Detail.Leafs != 1 {
		t.Errorf("/accountz says %+v", a)
	}
	if text := get(t, page+"/metrics"); !strings.Contains(text, `leafnode`) {
		t.Errorf("/metrics says nothing")
	}
	must(t, s.Conn.(*net.TCPConn).CloseWrite()) // what it has not read would make the end an error
	m, err = went.NextMsg(patience)
	must(t, err)
	if !strings.Contains(string(m.Data), "Client Closed") {
		t.Errorf("the event says %s", m.Data)
	}
	until(t, "its end is an event", func() bool { return strings.Contains(get(t, page+"/eventz"), "client_closed") })
	listeners := above.Listeners()
	if !slices.ContainsFunc(listeners, func(l gateway.Listener) bool { return l.Protocol == "leafnode" }) {
		t.Errorf("listeners are %+v", listeners)
	}
}

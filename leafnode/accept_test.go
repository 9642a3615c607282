package leafnode_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/leafnode/wire"
)

// A stranger is a connection to a leaf node port that says what a test wants.
type stranger struct {
	net.Conn
	t    *testing.T
	r    *bufio.Reader
	info wire.Info
}

// visit connects and reads INFO.
func visit(t *testing.T, g *gateway.Gateway) *stranger {
	t.Helper()
	s := knock(t, g)
	must(t, s.info.Parse([]byte(strings.TrimPrefix(s.until("INFO "), "INFO "))))
	return s
}

// knock connects.
func knock(t *testing.T, g *gateway.Gateway) *stranger {
	t.Helper()
	c, err := net.Dial("tcp", leafAddr(g))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.SetDeadline(time.Now().Add(patience)))
	return &stranger{Conn: c, t: t, r: bufio.NewReader(c)}
}

// come is visit, and being let in.
func come(t *testing.T, g *gateway.Gateway, connect string) *stranger {
	t.Helper()
	s := visit(t, g)
	s.say("CONNECT " + connect + "\r\nPING\r\n")
	s.until("INFO ")
	s.until("PONG")
	return s
}

func (s *stranger) say(text string) {
	s.t.Helper()
	_, err := io.WriteString(s, text)
	must(s.t, err)
}

// until reads lines up to one that begins with prefix.
func (s *stranger) until(prefix string) string {
	s.t.Helper()
	var before bytes.Buffer
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			s.t.Fatalf("want %q, got %q, then %v", prefix, before.String(), err)
		}
		if strings.HasPrefix(line, prefix) {
			return strings.TrimRight(line, "\r\n ")
		}
		before.WriteString(line)
	}
}

// rest reads until the other side closes.
func (s *stranger) rest() string {
	s.t.Helper()
	var all bytes.Buffer
	if _, err := io.Copy(&all, s.r); err != nil && !strings.Contains(err.Error(), "reset") {
		s.t.Fatalf("is not closed: %v, after %q", err, all.String())
	}
	return all.String()
}

const anybody = `{"version":"2.15.2","server_id":"X","name":"X","cluster":"X","headers":true,"remote_account":"R"}`

// TestGreeting: INFO says what servers rely on, and CONNECT is answered.
func TestGreeting(t *testing.T) {
	above := startAbove(t, "max_payload: 5000\naccounts { A { users: [ { user: a, password: p, permissions { publish: \"up.>\", subscribe { allow: [\"down.>\", \"work q\"], deny: \"down.no\" } } } ] } }", "")
	s := visit(t, above)
	i := s.info
	if i.ServerName != "ABOVE" || i.ServerID == "" || i.ClientID == 0 || i.LeafnodeURLs == nil || len(*i.LeafnodeURLs) != 1 || (*i.LeafnodeURLs)[0] != leafAddr(above) ||
		!i.Headers || i.MaxPayload != 5000 || len(i.Nonce) != 15 || !i.InfoOnConnect || i.TLSRequired || i.ConnectInfo || i.Cluster != "" {
		t.Errorf("INFO is %+v", i)
	}
	s.say(`CONNECT {"name":"X","user":"a","pass":"p"}` + "\r\n")
	var answer map[string]any
	must(t, json.Unmarshal([]byte(strings.TrimPrefix(s.until("INFO "), "INFO ")), &answer))
	for key, want := range map[string]string{"connect_info": "true", "remote_account": `"A"`, "export": `{"allow":["up.\u003e"],"deny":null}`,
		"import": `{"allow":["down.\u003e","work q"],"deny":["down.no"]}`} {
		if got, _ := json.Marshal(answer[key]); string(got) != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if answer["nonce"] != nil {
		t.Error("the answer repeats the nonce")
	}
	s.until("LS+ $LDS.")
}

// TestRefusedServers: who is not let in hears why, and is gone.
func TestRefusedServers(t *testing.T) {
	above := startAbove(t, "accounts { A { users: [ { user: a, password: p }, { user: c, password: p, allowed_connection_types: [ STANDARD ] } ] } }",
		`min_version: "2.10.0", authorization { timeout: 300ms }`)
	connect := func(more string) string {
		return `CONNECT {"version":"2.15.2","name":"X","user":"a","pass":"p"` + more + "}\r\n"
	}
	for _, tc := range []struct{ name, in, want string }{
		{"wrong password", connect(`,"pass":"x"`), "-ERR 'Authorization Violation'"},
		{"unknown user", connect(`,"user":"x"`), "-ERR 'Authorization Violation'"},
		{"nobody", "CONNECT {}\r\n", "-ERR 'Authorization Violation'"},
		{"a user of another connection type", connect(`,"user":"c"`), "-ERR 'Authorization Violation'"},
		{"interest before CONNECT", "LS+ a\r\n", "-ERR 'Authorization Violation'"},
		{"a message before CONNECT", "LMSG a 5\r\n", "-ERR 'Authorization Violation'"},
		{"PING before CONNECT", "PING\r\n", "-ERR 'Authorization Violation'"},
		{"INFO twice before CONNECT", "INFO {}\r\nINFO {}\r\n", "-ERR 'Authorization Violation'"},
		{"INFO alone", "INFO {\"compression\":\"off\"}\r\n", "-ERR 'Authentication Timeout'"},
		{"INFO that is none", "INFO {\r\n", ""},
		{"INFO of a compression that is none", "INFO {\"compression\":\"zip\"}\r\n", ""},
		{"silence", "", "-ERR 'Authentication Timeout'"},
		{"half a CONNECT", `CONNECT {"name"`, "-ERR 'Authentication Timeout'"},
		{"no JSON", "CONNECT {\r\n", ""},
		{"JSON of other types", "CONNECT {\"name\":1}\r\n", ""},
		{"a client", connect(`,"lang":"go"`), "-ERR 'attempted to connect to leaf node port'"},
		{"a client's verb", "SUB a 1\r\n", "-ERR 'Unknown Protocol Operation'"},
		{"another protocol", "GET / HTTP/1.1\r\n", "-ERR 'Unknown Protocol Operation'"},
		{"an old server", connect(`,"version":"2.9.9"`), `-ERR 'connection rejected since minimum version required is "2.10.0"'`},
		{"a server without version", connect(`,"version":""`), `-ERR 'connection rejected since minimum version required is "2.10.0"'`},
		{"a gateway", connect(`,"gateway":"G"`), `-ERR 'Rejecting connection from gateway "G" on the leafnode port'`},
		{"a cluster with spaces", connect(`,"cluster":"a b"`), "-ERR 'cluster name cannot contain spaces'"},
		{"CONNECT twice", connect("") + connect(""), "-ERR 'Unknown Protocol Operation'"},
		{"a line without end", "CONNECT " + strings.Repeat("x", 70_000), "-ERR 'maximum control line exceeded'"},
		{"a client's verb later", connect("") + "PUB a 0\r\n\r\n", "-ERR 'Unknown Protocol Operation'"},
		{"bad arguments later", connect("") + "LS+ a q\r\n", ""},
	} {
		s := visit(t, above)
		_, _ = io.WriteString(s, tc.in) // it may be closed before it is read
		got := s.rest()
		at := strings.LastIndex(got, "-ERR")
		if tc.want == "" && at >= 0 || tc.want != "" && (at < 0 || strings.TrimSpace(got[at:]) != tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	until(t, "all are gone", func() bool { return len(leafz(t, above)) == 0 })
	come(t, above, `{"version":"2.15.2","name":"X","user":"a","pass":"p"}`)
}

// TestForgivenServers: these do not end the link.
func TestForgivenServers(t *testing.T) {
	above := startAbove(t, "", "")
	s := come(t, above, anybody)
	s.say("+OK\r\nPONG\r\nPONG\r\nINFO {\"leafnode_urls\":[\"x:1\"]}\r\n-ERR 'whatever'\r\nLS- never\r\nLS+ a..b\r\nPING\r\n")
	s.until("-ERR 'Invalid Subscription'")
	s.until("PONG")
	nc := connect(t, siteURL(above))
	sub := subscribe(t, nc, "x.>")
	s.until("LS+ x.>")
	s.say("LMSG $SYS.REQ.SERVER.PING 0\r\n\r\nLMSG $JS.API.INFO in 0\r\n\r\nLMSG x.y 2\r\nhi\r\nLMSG x..y 1\r\n1\r\nHMSG x.y 3 3\r\nabc\r\nLMSG x.z 1\r\n1\r\n")
	want(t, sub, "hi")
	want(t, sub, "1")
	nothing(t, sub)
}

// TestDuplicateServer: the same server for the same account is there once, and the last one stays. It takes the same user.
func TestDuplicateServer(t *testing.T) {
	above := startAbove(t, "accounts { A { users: [ { user: a, password: p }, { user: a2, password: p } ] }, B { users: [ { user: b, password: p } ] } }", "")
	connect := func(user, name, account string) string {
		return fmt.Sprintf(`{"name":%q,"cluster":"C","user":%q,"pass":"p","remote_account":%q}`, name, user, account)
	}
	first := come(t, above, connect("a", "X", "R"))
	for _, other := range []string{connect("b", "X", "R"), connect("a2", "X", "R"), connect("a", "Y", "R"), connect("a", "X", "S"), connect("a", "X", ""), connect("a", "X", "")} {
		come(t, above, other)
	}
	awaitLeaves(t, above, 7)
	come(t, above, connect("a", "X", "R"))
	if got := first.rest(); !strings.HasSuffix(got, "-ERR 'Duplicate Remote LeafNode Connection'\r\n") {
		t.Errorf("the first one hears %q", got)
	}
	awaitLeaves(t, above, 7)
}

// TestOwnBeacon: who sends back what we say has built a loop.
func TestOwnBeacon(t *testing.T) {
	above := startAbove(t, "", "")
	s := visit(t, above)
	s.say("CONNECT " + anybody + "\r\n")
	s.say(s.until("LS+ $LDS.") + "\r\n")
	if got := s.rest(); !strings.Contains(got, `-ERR 'Loop detected for leafnode account="$G". Delaying attempt to reconnect for 30s'`) {
		t.Errorf("hears %q", got)
	}
	a, b := come(t, above, anybody), come(t, above, strings.ReplaceAll(anybody, "X", "Y"))
	a.say("LS+ $LDS.ofanother\r\n")
	b.until("LS+ $LDS.ofanother")
	a.say("LS- $LDS.ofanother\r\n")
	b.until("LS- $LDS.ofanother")
}

// TestItself: a gateway that is its own leaf finds out.
func TestItself(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	g := gatewaytest.Start(t, fmt.Sprintf("leafnodes { listen: %q, reconnect: 100ms, remotes: [ { url: \"nats-leaf://%s\" } ] }", addr, addr))
	until(t, "it is known", func() bool { return strings.Contains(uplinks(g)[0].Error, "same cluster name") })
	if u := uplinks(g)[0]; u.Connected {
		t.Errorf("it says of itself %+v", u)
	}
}

// TestAccountRoom: an account has room for so many links.
func TestAccountRoom(t *testing.T) {
	above := startAbove(t, "accounts { A { users: [ { user: a, password: p } ], limits { max_leafnodes: 2, max_payload: 10 } }, B { users: [ { user: b, password: p } ] } }", "")
	one := come(t, above, `{"name":"X","user":"a","pass":"p"}`)
	come(t, above, `{"name":"Y","user":"a","pass":"p"}`)
	s := visit(t, above)
	s.say(`CONNECT {"name":"Z","user":"a","pass":"p"}` + "\r\n")
	if got := s.rest(); got != "-ERR 'maximum account active connections exceeded'\r\n" {
		t.Errorf("hears %q", got)
	}
	come(t, above, `{"name":"Z","user":"b","pass":"p"}`)
	one.say("LMSG a 11\r\n12345678901\r\n")
	if got := one.rest(); !strings.HasSuffix(got, "-ERR 'Maximum Payload Violation'\r\n") {
		t.Errorf("hears %q", got)
	}
	awaitLeaves(t, above, 2)
	come(t, above, `{"name":"X","user":"a","pass":"p"}`)
}

// TestAttackLeafPreAuth: before a server has shown who it is, it can neither make us keep much nor stay.
func TestAttackLeafPreAuth(t *testing.T) {
	above := startAbove(t, "authorization { user: a, password: p, timeout: 300ms }", "")
	nc := connect(t, siteURL(above), nats.UserInfo("a", "p"))
	sub := subscribe(t, nc, "x")
	var all []*stranger
	for range 100 {
		s := visit(t, above)
		s.say(`CONNECT {"name":"`)
		all = append(all, s)
	}
	s := visit(t, above)
	s.say("LMSG a 999999999\r\n")
	s.rest()
	publish(t, nc, "x", "still")
	want(t, sub, "still")
	for _, s := range all {
		if got := s.rest(); got != "-ERR 'Authentication Timeout'\r\n" {
			t.Fatalf("hears %q", got)
		}
	}
}

// TestAttackLeafTLSMismatch: TLS to a plain port, and the reverse, end with a clear word, or by the deadline.
func TestAttackLeafTLSMismatch(t *testing.T) {
	plain := startAbove(t, "", "authorization { timeout: 300ms }")
	s := visit(t, plain)
	s.say("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
	s.rest()
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("above", "localhost")
	for _, first := range []string{"false", "true"} {
		secure := startAbove(t, "", fmt.Sprintf("tls { cert_file: %q, key_file: %q, timeout: 300ms, handshake_first: %s }", cert, key, first))
		s := knock(t, secure)
		s.say("CONNECT {}\r\n")
		if got := s.rest(); strings.Contains(got, "LS+") {
			t.Errorf("let in without TLS: %q", got)
		}
	}
	c := tls.Client(knock(t, plain), &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err == nil {
		t.Error("a plain port speaks TLS")
	}
}

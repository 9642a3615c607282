package leafnode_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

const rightsAbove = `accounts { A { users: [
	{ user: site, password: pw, permissions { publish { allow: ["up.>", "both"], deny: "up.secret" }, subscribe { allow: ["down.>", "both", "work q"], deny: "down.secret" } } }
	{ user: answers, password: pw, permissions { subscribe: "ask", allow_responses: true } }
	{ user: op, password: pw } ] } }`

// TestRightsBelow: what the user of a server below may do holds in both directions, and no server that keeps to it is closed.
func TestRightsBelow(t *testing.T) {
	for _, kind := range []string{"a gateway", "a nats-server"} {
		t.Run(kind, func(t *testing.T) {
			above := startAbove(t, rightsAbove, "")
			var url string
			if kind == "a gateway" {
				url = siteURL(startSite(t, to(above, "site:pw@", "")))
			} else {
				url = startBelow(t, "BELOW", "", to(above, "site:pw@", "")).URL
			}
			awaitLeaves(t, above, 1)
			up, down := connect(t, siteURL(above), nats.UserInfo("op", "pw")), connect(t, url)
			all := subscribe(t, up, ">")
			awaitInterest(t, down, "up.x")
			want(t, all, "ready?")
			below := subscribe(t, down, ">")
			for _, literal := range []string{"down.secret", "other", "work", "up.secret"} {
				subscribe(t, down, literal)
				subscribe(t, up, literal)
			}
			plain, err := down.QueueSubscribeSync("work", "other")
			must(t, err)
			member, err := down.QueueSubscribeSync("work", "q")
			must(t, err)
			must(t, down.Flush())
			interest := 1
			if kind == "a gateway" { // nats-server does not ask in queues where the queue alone is allowed
				interest = 2
			}
			until(t, "the interest is known", func() bool {
				n := 0
				for _, s := range leafz(t, above)[0].Subs {
					if s == ">" || s == "work" {
						n++
					}
				}
				return n == interest
			})
			for _, subject := range []string{"up.secret", "other", "$SYS.x", "$JS.API.x", "$KV.x", "up.x", "both"} {
				publish(t, down, subject, "below "+subject)
			}
			want(t, all, "below up.x")
			want(t, all, "below both")
			for _, subject := range []string{"down.secret", "other", "$SYS.x", "$JS.API.x", "$KV.x", "work", "down.x"} {
				publish(t, up, subject, "above "+subject)
			}
			for _, data := range []string{"below up.secret", "below other", "below $SYS.x", "below $JS.API.x", "below $KV.x", "below up.x", "below both"} {
				want(t, below, data)
			}
			if interest == 2 { // the message is there for the queue, and so for all who listen there
				want(t, below, "above work")
				want(t, member, "above work")
			}
			want(t, below, "above down.x")
			nothing(t, member)
			nothing(t, plain)
			nothing(t, below)
			for _, subject := range []string{"down.secret", "other", "$SYS.x", "$JS.API.x", "$KV.x", "work", "down.x"} {
				want(t, all, "above "+subject)
			}
			nothing(t, all)
			if len(leafz(t, above)) != 1 {
				t.Error("the link has ended")
			}
		})
	}
}

// TestAnswersBelow: who may only answer may answer, through the link.
func TestAnswersBelow(t *testing.T) {
	above := startAbove(t, rightsAbove, "")
	below := startBelow(t, "BELOW", "", to(above, "answers:pw@", ""))
	up, down := connect(t, siteURL(above), nats.UserInfo("op", "pw")), connect(t, below.URL)
	_, err := down.Subscribe("ask", func(m *nats.Msg) { _ = m.Respond([]byte("answer")) })
	must(t, err)
	must(t, down.Flush())
	awaitInterest(t, up, "ask")
	m, err := up.Request("ask", nil, patience)
	must(t, err)
	if string(m.Data) != "answer" {
		t.Errorf("got %q", m.Data)
	}
}

// TestAttackLeafDenied: a server that does not keep to its rights gets nothing by it, on whatever path, and is ended where it
// asks for what it may not have.
func TestAttackLeafDenied(t *testing.T) {
	above := startAbove(t, rightsAbove, "")
	up := connect(t, siteURL(above), nats.UserInfo("op", "pw"))
	all := subscribe(t, up, ">")
	const who = `{"name":"X","user":"site","pass":"pw","headers":true}`
	for _, tc := range []struct{ in, says string }{
		{"LS+ other\r\n", `-ERR 'Permissions Violation for Subscription to "other"'`},
		{"LS+ down.secret\r\n", `-ERR 'Permissions Violation for Subscription to "down.secret"'`},
		{"LS+ down.secret q 1\r\n", `-ERR 'Permissions Violation for Subscription to "down.secret"'`},
		{"LS+ work\r\n", `-ERR 'Permissions Violation for Subscription to "work"'`},
		{"LS+ work other 1\r\n", `-ERR 'Permissions Violation for Subscription to "work"'`},
		{"LMSG other 1\r\nx\r\n", `-ERR 'Permissions Violation for Publish to "other"'`},
		{"LMSG up.secret 1\r\nx\r\n", `-ERR 'Permissions Violation for Publish to "up.secret"'`},
		{"LMSG up.secret | q 1\r\nx\r\n", `-ERR 'Permissions Violation for Publish to "up.secret"'`},
		{"HMSG up.secret + r q 12 13\r\nNATS/1.0\r\n\r\nx\r\n", `-ERR 'Permissions Violation for Publish to "up.secret"'`},
	} {
		s := come(t, above, who)
		s.say(tc.in)
		if got := s.rest(); !strings.Contains(got, tc.says) || strings.Contains(got, "MSG ") {
			t.Errorf("%q: hears %q, want %q", tc.in, got, tc.says)
		}
	}
	s := come(t, above, who)
	s.say("LS+ >\r\nLS+ down.* \r\nLS+ *.secret q 1\r\nLS+ * q 1\r\nLS+ work q 1\r\nLS+ * any 1\r\nLS+ $SYS.>\r\nLS+ $JS.API.>\r\nPING\r\n")
	s.until("PONG")
	for _, subject := range []string{"down.secret", "other", "up.x", "$SYS.x", "$JS.API.x"} {
		publish(t, up, subject, "secret")
		want(t, all, "secret")
	}
	publish(t, up, "work", "work")
	publish(t, up, "down.x", "end")
	if line := s.until("LMSG "); line != "LMSG work | q 4" {
		t.Errorf("got %q", line)
	}
	if line := s.until("LMSG "); line != "LMSG down.x 3" {
		t.Errorf("got %q", line)
	}
	want(t, all, "work")
	want(t, all, "end")
	nothing(t, all)
}

// TestAttackLeafSpoofedHeaders: who asks a service is what the gateway knows, not what a server says.
func TestAttackLeafSpoofedHeaders(t *testing.T) {
	above := startAbove(t, `accounts { A { users: [ { user: a, password: p } ], imports: [ { service: { account: B, subject: svc } } ] }
		B { users: [ { user: b, password: p } ], exports: [ { service: svc } ] } }`, "")
	service := subscribe(t, connect(t, siteURL(above), nats.UserInfo("b", "p")), "svc")
	s := come(t, above, `{"name":"X","user":"a","pass":"p","headers":true}`)
	header := "NATS/1.0\r\nNats-Request-Info: {\"acc\":\"ADMIN\"}\r\n\r\n"
	s.say(fmt.Sprintf("HMSG svc r %d %d\r\n%sq\r\n", len(header), len(header)+1, header))
	m := want(t, service, "q")
	if got := m.Header.Values("Nats-Request-Info"); len(got) != 1 || !strings.Contains(got[0], `"acc":"A"`) {
		t.Errorf("asked by %q", got)
	}
}

// TestAttackLeafNoSecretsShown: neither pages nor logs tell passwords.
func TestAttackLeafNoSecretsShown(t *testing.T) {
	var log strings.Builder
	done := make(chan string, 10_000)
	above := gatewaytest.StartWith(t, gateway.Options{Text: aboveConf("", "authorization { users: [ { user: a, password: geheimnis } ] }"),
		Log: logOf(t, func(line string) { done <- line })})
	come(t, above, `{"name":"X","user":"a","pass":"geheimnis"}`)
	s := visit(t, above)
	s.say(`CONNECT {"user":"a","pass":"geheimnis2"}` + "\r\n")
	s.rest()
	s = visit(t, above)
	s.say(`CONNECT {"pass":"geheimnis3",` + "\r\n")
	s.rest()
	for _, page := range []string{"varz", "connz?subs=1&auth=1", "leafz?subs=1", "accountz", "eventz", "metrics", "connz?state=closed", "healthz"} {
		if text := get(t, "http://"+above.Addr("monitor")[0].String()+"/"+page); strings.Contains(text, "geheimnis") {
			t.Errorf("%s: %s", page, text)
		}
	}
	for len(done) > 0 {
		log.WriteString(<-done)
	}
	if strings.Contains(log.String(), "geheimnis") {
		t.Error(log.String())
	}
}

// TestReloadBelow: who may not come in any more goes, who may stays, and settings change.
func TestReloadBelow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "above.conf")
	write := func(users, more string) {
		t.Helper()
		text := "listen: \"127.0.0.1:-1\"\n" + aboveConf("", fmt.Sprintf("authorization { users: [ %s ] }\n%s", users, more))
		must(t, os.WriteFile(file, []byte(text), 0o600))
	}
	const a, b = "{ user: a, password: p }", "{ user: b, password: p }"
	write(a+", "+b, "")
	above := gatewaytest.StartWith(t, gateway.Options{File: file})
	stays, goes := come(t, above, `{"name":"A","user":"a","pass":"p"}`), come(t, above, `{"name":"B","user":"b","pass":"p"}`)
	write(a, "advertise: \"gate.example:7000\"")
	must(t, above.Reload())
	if got := goes.rest(); !strings.HasSuffix(got, "-ERR 'Authorization Violation'\r\n") {
		t.Errorf("hears %q", got)
	}
	if line := stays.until("INFO "); !strings.Contains(line, `"leafnode_urls":["gate.example:7000"]`) || strings.Contains(line, "connect_info") {
		t.Errorf("hears %q", line)
	}
	stays.say("PING\r\n")
	stays.until("PONG")
	s := visit(t, above)
	s.say(`CONNECT {"name":"B","user":"b","pass":"p"}` + "\r\n")
	if got := s.rest(); !strings.HasSuffix(got, "-ERR 'Authorization Violation'\r\n") {
		t.Errorf("hears %q", got)
	}
	write("{ user: a, password: p, permissions { publish: \"up\" } }", "no_advertise: true")
	must(t, above.Reload())
	if got := stays.rest(); !strings.HasSuffix(got, "-ERR 'Authorization Violation'\r\n") {
		t.Errorf("with other rights: hears %q", got)
	}
	s = visit(t, above)
	if len(*s.info.LeafnodeURLs) != 0 {
		t.Errorf("advertises %q", *s.info.LeafnodeURLs)
	}
	s.say(`CONNECT {"name":"A","user":"a","pass":"p"}` + "\r\n")
	if line := s.until("INFO "); !strings.Contains(line, `"export":{"allow":["up"],"deny":null}`) {
		t.Errorf("hears %q", line)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, []byte(strings.Replace(string(text), "leafnodes { listen: \"127.0.0.1:-1\"", "leafnodes { listen: \"127.0.0.1:7422\"", 1)), 0o600))
	if err := above.Reload(); err == nil || !strings.Contains(err.Error(), "leafnodes listen") {
		t.Errorf("another address: %v", err)
	}
	s.say("PING\r\n")
	s.until("PONG")
}

package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

func start(t *testing.T, text string) (g *gateway.Gateway, url string) {
	t.Helper()
	g = gatewaytest.Start(t, text)
	return g, "nats://" + g.Addr("natsproto")[0].String()
}

// TestKick ends a connection, which does not learn why, and says so in the event.
func TestKick(t *testing.T) {
	_, url := start(t, conf)
	sys := login(t, url, "sys")
	gone := make(chan struct{})
	ann := login(t, url, "ann", nats.ClosedHandler(func(*nats.Conn) { close(gone) }))
	cid, err := ann.GetClientID()
	if err != nil {
		t.Fatal(err)
	}
	heard := listen(t, sys, "$SYS.ACCOUNT.A.DISCONNECT")
	subject := "$SYS.REQ.SERVER." + sys.ConnectedServerId() + ".KICK"
	for body, want := range map[string]string{"": "cid", "{}": "cid", `{"cid":"x"}`: "cannot unmarshal", `{"cid":9999}`: "no such client"} {
		if got := ask(t, sys, subject, body); !strings.Contains(got, want) || !strings.Contains(got, `"error"`) {
			t.Errorf("%s: %s", body, got)
		}
	}
	if got := ask(t, sys, subject, fmt.Sprintf(`{"cid":%d}`, cid)); strings.Contains(got, "error") {
		t.Error(got)
	}
	if got := reasonIn(t, string(next(t, heard, "$SYS.ACCOUNT.A.DISCONNECT").Data)); got != "Kicked" {
		t.Errorf("the reason is %q", got)
	}
	<-gone
}

// TestLameDuckOne asks one client to go elsewhere.
func TestLameDuckOne(t *testing.T) {
	_, url := start(t, conf)
	sys := login(t, url, "sys")
	asked := make(chan struct{})
	ann := login(t, url, "ann", nats.LameDuckModeHandler(func(*nats.Conn) { close(asked) }))
	cid, err := ann.GetClientID()
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, sys, "$SYS.REQ.SERVER."+sys.ConnectedServerId()+".LDM", fmt.Sprintf(`{"cid":%d}`, cid)); strings.Contains(got, "error") {
		t.Error(got)
	}
	<-asked
}

// TestReload reads a file again that has an account more, and then one that is broken.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gw.conf")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(conf)
	g := gatewaytest.StartWith(t, gateway.Options{File: file})
	url := "nats://" + g.Addr("natsproto")[0].String()
	sys := login(t, url, "sys")
	subject := "$SYS.REQ.SERVER." + sys.ConnectedServerId() + ".RELOAD"
	write(strings.Replace(conf, "accounts {", "server_tags: [eu]\naccounts { NEW { users: [ { user: new, password: new } ] }", 1))
	if got := ask(t, sys, subject, "{}"); strings.Contains(got, "error") {
		t.Fatal(got)
	}
	if got := ask(t, login(t, url, "new"), "$SYS.REQ.USER.INFO", ""); !strings.Contains(got, `"account":"NEW"`) || !strings.Contains(got, `"tags":["eu"]`) {
		t.Errorf("a new account: %s", got)
	}
	write("nonsense: { password: S3cret }")
	if got := ask(t, sys, subject, ""); !strings.Contains(got, "unknown field") || strings.Contains(got, "S3cret") {
		t.Errorf("a broken file: %s", got)
	}
	if got := ask(t, login(t, url, "new"), "$SYS.REQ.USER.INFO", ""); !strings.Contains(got, `"account":"NEW"`) {
		t.Errorf("after a broken file: %s", got)
	}
}

// TestOthersStaySilent asks for other servers first, and then for this one: what comes is the second answer.
func TestOthersStaySilent(t *testing.T) {
	_, url := start(t, conf+"server_tags: [eu, edge]")
	sys := login(t, url, "sys")
	answers := listen(t, sys, "answers")
	for _, body := range []string{
		`{"server_name":"nope"}`, `{"server_name":"shap","exact_match":true}`, `{"host":"10.0.0.1"}`, `{"cluster":"c"}`, `{"domain":"d"}`,
		`{"tags":["eu","us"]}`,
	} {
		if err := sys.PublishRequest("$SYS.REQ.SERVER.PING.VARZ", "answers", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if err := sys.PublishRequest("$SYS.REQ.SERVER.PING.IDZ", "answers", []byte(`{"server_name":"shap","tags":["EU"]}`)); err != nil {
			t.Fatal(err)
		}
		if m := next(t, answers, "answers"); strings.Contains(string(m.Data), `"data"`) {
			t.Errorf("%s is answered", body)
		}
	}
}

// TestOwnAccountOnly: whatever a user asks for, it hears of its own account, and of nothing else.
func TestOwnAccountOnly(t *testing.T) {
	_, url := start(t, conf)
	sys, ann := login(t, url, "sys"), login(t, url, "ann")
	for _, subject := range []string{"$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.PING.STATZ"} {
		for _, body := range []string{"", `{"acc":"SYS","auth":true}`, `{"accounts":["SYS"],"include_unused":true}`, `{"acc":"","state":2,"auth":true}`} {
			if got := ask(t, ann, subject, body); strings.Contains(got, `"SYS"`) || strings.Contains(got, `"name":"sys"`) || strings.Contains(got, `"error"`) {
				t.Errorf("%s %s: %s", subject, body, got)
			}
		}
	}
	if got := ask(t, sys, "$SYS.REQ.SERVER.PING.CONNZ", `{"auth":true}`); !strings.Contains(got, `"SYS"`) || !strings.Contains(got, `"A"`) {
		t.Errorf("the system account hears of %s", got)
	}
	for _, subject := range []string{"PING", "PING.VARZ", sys.ConnectedServerId() + ".KICK", sys.ConnectedServerId() + ".RELOAD"} {
		if got := ask(t, ann, "$SYS.REQ.SERVER."+subject, ""); got != nobody {
			t.Errorf("%s: %s", subject, got)
		}
	}
}

func TestNoSystemAccount(t *testing.T) {
	_, url := start(t, "no_system_account: true\nauthorization { user: ann, password: ann }")
	if got := ask(t, login(t, url, "ann"), "$SYS.REQ.USER.INFO", ""); got != nobody {
		t.Error(got)
	}
}

// TestSubscribers counts as a message would find them.
func TestSubscribers(t *testing.T) {
	_, url := start(t, conf)
	sys := login(t, url, "sys")
	listen(t, sys, "a.*", "a.b")
	if _, err := sys.QueueSubscribe("a.>", "q", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{"a.b": "3", "a.b q": "1", "a.b other": "0", "b": "0", "": "0", "a..b": "0", "a b c": "0"} {
		if got := ask(t, sys, "$SYS.DEBUG.SUBSCRIBERS", body); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

// TestLastWords: who listens hears that the gateway stops.
func TestLastWords(t *testing.T) {
	g, url := start(t, conf)
	sys := login(t, url, "sys")
	id := sys.ConnectedServerId()
	subject := "$SYS.SERVER." + id
	heard := listen(t, sys, subject+".SHUTDOWN")
	if err := g.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var s struct{ ID, Name string }
	if err := json.Unmarshal(next(t, heard, subject+".SHUTDOWN").Data, &s); err != nil || s.ID != id || s.Name != "shape" {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestLameDuck: who listens hears that the gateway sends clients away.
func TestLameDuck(t *testing.T) {
	g, url := start(t, conf)
	sys := login(t, url, "sys")
	subject := "$SYS.SERVER." + sys.ConnectedServerId() + ".LAMEDUCK"
	heard := listen(t, sys, subject)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = g.LameDuck(ctx) })
	if m := next(t, heard, subject); !strings.Contains(string(m.Data), `"name":"shape"`) {
		t.Errorf("%s", m.Data)
	}
}

// TestLongBody is refused with a reason.
func TestLongBody(t *testing.T) {
	_, url := start(t, conf)
	sys, long := login(t, url, "sys"), `{"server_name":"`+strings.Repeat("x", 8<<10)+`"}`
	if got := ask(t, sys, "$SYS.REQ.SERVER.PING.VARZ", long); !strings.Contains(got, "too long") {
		t.Error(got)
	}
}

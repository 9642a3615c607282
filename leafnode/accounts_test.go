package leafnode_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"leafgate/gateway/gatewaytest"
	"leafgate/module"
)

// TestAccounts: what accounts of the site import and export reaches over the link as if it were in the linked account.
func TestAccounts(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := gatewaytest.Start(t, siteConf(remote(hub, "account: LINKED"))+`accounts {
		LINKED { users: [ { user: l, password: p } ]
			imports: [ { service: { account: INSIDE, subject: inside.svc }, to: "local.svc" } ]
			exports: [ { stream: "news.>" }, { service: "above.svc" } ]
			mappings: { old.name: new.name } }
		INSIDE { users: [ { user: i, password: p } ]
			exports: [ { service: inside.svc } ]
			imports: [ { stream: { account: LINKED, subject: "news.>" }, prefix: "from" }, { service: { account: LINKED, subject: above.svc } } ] } }`)
	awaitUp(t, site, 0)
	up := connect(t, hub.URL)
	linked, inside := connect(t, siteURL(site), nats.UserInfo("l", "p")), connect(t, siteURL(site), nats.UserInfo("i", "p"))
	answer := func(nc *nats.Conn, subject string) {
		t.Helper()
		_, err := nc.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond([]byte("answer of " + subject)) })
		must(t, err)
		must(t, nc.Flush())
	}
	answer(inside, "inside.svc")
	awaitInterest(t, up, "local.svc")
	r, err := up.Request("local.svc", []byte("q"), patience)
	must(t, err)
	if string(r.Data) != "answer of inside.svc" {
		t.Errorf("got %q", r.Data)
	}

	answer(up, "above.svc")
	awaitInterest(t, linked, "above.svc")
	r, err = inside.Request("above.svc", []byte("q"), patience)
	must(t, err)
	if string(r.Data) != "answer of above.svc" {
		t.Errorf("got %q", r.Data)
	}

	s := subscribe(t, inside, "from.news.>")
	awaitCount(t, "the imported stream is wanted above", func() int { return interestIn(t, hub, "news.>") }, 1)
	publish(t, up, "news.today", "x")
	if m := want(t, s, "x"); m.Subject != "from.news.today" {
		t.Errorf("came as %s", m.Subject)
	}

	s = subscribe(t, linked, "new.name")
	awaitInterest(t, up, "old.name")
	want(t, s, "ready?")
}

// A token is one of the three of a chain of trust, signed by key.
func token(t *testing.T, key nkeys.KeyPair, subject, name string, nats map[string]any) string {
	t.Helper()
	issuer, err := key.PublicKey()
	must(t, err)
	part := func(v any) string {
		text, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	nats["version"] = 2
	body := part(map[string]string{"typ": "JWT", "alg": "ed25519-nkey"}) + "." +
		part(map[string]any{"jti": name, "iat": time.Now().Unix(), "iss": issuer, "sub": subject, "name": name, "nats": nats})
	sig, err := key.Sign([]byte(body))
	must(t, err)
	return body + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// TestCredentialsFile: a hub of an operator takes the user of a credentials file.
func TestCredentialsFile(t *testing.T) {
	var keys [3]nkeys.KeyPair
	var public [3]string
	for i, create := range []func() (nkeys.KeyPair, error){nkeys.CreateOperator, nkeys.CreateAccount, nkeys.CreateUser} {
		var err error
		keys[i], err = create()
		must(t, err)
		public[i], err = keys[i].PublicKey()
		must(t, err)
	}
	unlimited := map[string]any{"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1}
	operator := token(t, keys[0], public[0], "operator", map[string]any{"type": "operator"})
	account := token(t, keys[0], public[1], "account", map[string]any{"type": "account", "limits": unlimited})
	user := token(t, keys[1], public[2], "user", map[string]any{"type": "user", "subs": -1, "data": -1, "payload": -1})
	seed, err := keys[2].Seed()
	must(t, err)
	file := filepath.Join(t.TempDir(), "site.creds")
	must(t, os.WriteFile(file, fmt.Appendf(nil, "-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n"+
		"-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n", user, seed), 0o600))
	hub := startHub(t, hubConf("")+fmt.Sprintf("operator: %q\nresolver: MEMORY\nresolver_preload: { %s: %q }", operator, public[1], account))
	site := startSite(t, remote(hub, fmt.Sprintf("credentials: %q", file)))
	up, down := connect(t, hub.URL, nats.UserCredentials(file)), connect(t, siteURL(site))
	s := subscribe(t, down, "x")
	awaitInterest(t, up, "x")
	want(t, s, "ready?")
}

// TestPages: monitoring shows the link.
func TestPages(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := gatewaytest.Start(t, siteConf(remote(hub, ""))+"http: \"127.0.0.1:-1\"")
	awaitState(t, func() module.Uplink { return uplinks(site)[0] }, "connected")
	base := "http://" + site.Addr("monitor")[0].String()
	var leafz struct {
		Leafs []struct {
			Name  string `json:"name"`
			Spoke bool   `json:"is_spoke"`
			Acc   string `json:"account"`
		} `json:"leafs"`
	}
	getJSON(t, base+"/leafz", &leafz)
	if len(leafz.Leafs) != 1 || leafz.Leafs[0].Name != "HUB" || !leafz.Leafs[0].Spoke || leafz.Leafs[0].Acc != "$G" {
		t.Errorf("/leafz: %+v", leafz)
	}
	var uplinkz struct {
		Uplinks []struct {
			State string `json:"state"`
			URL   string `json:"url"`
		} `json:"uplinks"`
	}
	getJSON(t, base+"/uplinkz", &uplinkz)
	if len(uplinkz.Uplinks) != 1 || uplinkz.Uplinks[0].State != "connected" || uplinkz.Uplinks[0].URL != "nats-leaf://"+hub.Leaf {
		t.Errorf("/uplinkz: %+v", uplinkz)
	}
	var connz struct {
		Connections []any `json:"connections"`
	}
	if getJSON(t, base+"/connz", &connz); len(connz.Connections) != 0 {
		t.Errorf("/connz shows the link: %+v", connz)
	}
}

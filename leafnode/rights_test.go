package leafnode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// TestPermissions: what the hub lets its leaf do, and what the site denies itself, holds in both directions, and no
// interest that is not allowed makes the hub close the link.
func TestPermissions(t *testing.T) {
	hub := startHub(t, `server_name: HUB
		http: "127.0.0.1:-1"
		accounts { A { users: [
			{ user: site, password: pw, permissions { publish { allow: ["up.>", "both"], deny: "up.secret" }, subscribe { allow: ["down.>", "both"], deny: "down.secret" } } }
			{ user: op, password: pw } ] } }
		leafnodes { listen: "127.0.0.1:$LEAF_PORT" }`)
	site := startSite(t, fmt.Sprintf(`{ url: "nats-leaf://site:pw@%s", deny_imports: "down.unwanted", deny_exports: ["up.kept.>"] }`, hub.Leaf))
	up, down := connect(t, "nats://op:pw@"+hub.Addr(), nats.NoEcho()), connect(t, siteURL(site), nats.NoEcho())

	above, below := subscribe(t, up, ">"), subscribe(t, down, ">")
	for _, literal := range []string{"not.allowed", "down.secret", "down.unwanted", "$JS.API.INFO", "$KV.b.k", "$SYS.X"} {
		subscribe(t, down, literal)
	}
	subscribe(t, down, "not.*")
	subscribe(t, down, "down.ok")
	awaitCount(t, "interest that is allowed is known", func() int { return interestIn(t, hub, "down.ok") }, 1)
	awaitInterest(t, up, "down.ok")
	for _, s := range hubInterest(t, hub) {
		if strings.HasPrefix(s, "not.") || s == "down.secret" || s == "down.unwanted" || strings.HasPrefix(s, "$JS") || strings.HasPrefix(s, "$KV") || strings.HasPrefix(s, "$SYS") {
			t.Errorf("the hub hears of %q", s)
		}
	}
	for _, subject := range []string{"up.secret", "up.kept.x", "elsewhere", "$JS.API.INFO", "$KV.b.k", "both", "up.ok"} {
		publish(t, down, subject, subject)
	}
	for _, subject := range []string{"down.secret", "down.unwanted", "elsewhere", "both", "down.last"} {
		publish(t, up, subject, subject)
	}
	gather := func(next func() (string, string), last string) (got []string) {
		for {
			subject, data := next()
			if data != "ready?" {
				got = append(got, subject)
			}
			if subject == last {
				return got
			}
		}
	}
	got := gather(func() (string, string) {
		m, err := above.NextMsg(patience)
		must(t, err)
		return m.Subject, string(m.Data)
	}, "up.ok")
	if s := strings.Join(got, " "); !strings.HasSuffix(s, "both up.ok") || strings.Contains(s, "up.secret") || strings.Contains(s, "up.kept") {
		t.Errorf("went up: %s", s)
	}
	got = gather(func() (string, string) {
		m, err := below.NextMsg(patience)
		must(t, err)
		return m.Subject, string(m.Data)
	}, "down.last")
	if s := strings.Join(got, " "); strings.Contains(s, "down.secret") || strings.Contains(s, "down.unwanted") {
		t.Errorf("came down: %s", s)
	}
	if u := uplinks(site)[0]; u.Attempts != 0 || !u.Connected {
		t.Errorf("the link did not hold: %+v", u)
	}
}

func TestCredentials(t *testing.T) {
	key, err := nkeys.CreateUser()
	must(t, err)
	public, err := key.PublicKey()
	must(t, err)
	seed, err := key.Seed()
	must(t, err)
	hub := startHub(t, hubConf("")+fmt.Sprintf("authorization { users: [ { user: ann, password: apple }, { nkey: %s } ] }", public))
	for name, r := range map[string]string{
		"user": fmt.Sprintf(`{ url: "nats-leaf://ann:apple@%s" }`, hub.Leaf),
		"nkey": fmt.Sprintf(`{ url: "nats-leaf://%s", nkey: "%s" }`, hub.Leaf, seed),
	} {
		t.Run(name, func(t *testing.T) { startSite(t, r) })
	}
	for name, r := range map[string]string{
		"wrong password": fmt.Sprintf(`{ url: "nats-leaf://ann:pear@%s" }`, hub.Leaf),
		"nothing":        fmt.Sprintf(`{ url: "nats-leaf://%s" }`, hub.Leaf),
	} {
		t.Run(name, func(t *testing.T) {
			site := startSiteOnly(t, r)
			until(t, "the refusal is known", func() bool {
				u := uplinks(site)[0]
				return strings.Contains(u.Error, "Authorization Violation") && u.Attempts > 1
			})
			if u := uplinks(site)[0]; u.Connected || strings.Contains(u.URL+u.Name+u.Error, "pear") {
				t.Errorf("the link says of itself %+v", u)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	serverCert, serverKey := ca.issue("server", "localhost")
	clientCert, clientKey := ca.issue("site", "site.example")
	server := fmt.Sprintf(`tls { cert_file: %q, key_file: %q, ca_file: %q`, serverCert, serverKey, ca.file)
	hub := startHub(t, hubConf(server+"}"))
	mutual := startHub(t, hubConf(server+", verify: true }"))
	first := startHub(t, hubConf(server+", handshake_first: true }"))
	plain := startHub(t, hubConf(""))
	at := func(addr string) string { return strings.Replace(addr, "127.0.0.1", "localhost", 1) }
	for name, r := range map[string]string{
		"one side": fmt.Sprintf(`{ url: "tls://%s", tls { ca_file: %q } }`, at(hub.Leaf), ca.file),
		"both":     fmt.Sprintf(`{ url: "nats-leaf://%s", tls { ca_file: %q, cert_file: %q, key_file: %q } }`, at(mutual.Leaf), ca.file, clientCert, clientKey),
		"first":    fmt.Sprintf(`{ url: "nats-leaf://%s", tls { ca_file: %q, handshake_first: true } }`, at(first.Leaf), ca.file),
		"insecure": fmt.Sprintf(`{ url: "nats-leaf://%s", tls { insecure: true } }`, hub.Leaf),
	} {
		t.Run(name, func(t *testing.T) {
			site := startSite(t, r)
			down := connect(t, siteURL(site))
			s := subscribe(t, down, "x")
			up := connect(t, map[string]string{"one side": hub.URL, "both": mutual.URL, "first": first.URL, "insecure": hub.URL}[name])
			awaitInterest(t, up, "x")
			want(t, s, "ready?")
			large := strings.Repeat("x", 300_000)
			publish(t, up, "x", large)
			want(t, s, large)
		})
	}
	for name, tc := range map[string]struct{ remote, err string }{
		"unknown authority":     {fmt.Sprintf(`{ url: "tls://%s" }`, at(hub.Leaf)), "certificate"},
		"another name":          {fmt.Sprintf(`{ url: "tls://%s", tls { ca_file: %q } }`, hub.Leaf, ca.file), "certificate"},
		"no client certificate": {fmt.Sprintf(`{ url: "tls://%s", tls { ca_file: %q } }`, at(mutual.Leaf), ca.file), ""},
		"no tls over there":     {fmt.Sprintf(`{ url: "tls://ann:secret@%s", tls { ca_file: %q } }`, at(plain.Leaf), ca.file), "does not offer"},
	} {
		t.Run(name, func(t *testing.T) {
			site := startSiteOnly(t, tc.remote)
			until(t, "it has failed twice", func() bool {
				u := uplinks(site)[0]
				return u.Error != "" && strings.Contains(u.Error, tc.err) && u.Attempts > 1
			})
			if uplinks(site)[0].Connected {
				t.Error("there is a link")
			}
		})
	}
}

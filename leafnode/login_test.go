package leafnode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// A login is how a server below comes in, and as whom.
type login struct {
	name    string
	top     string // of the gateway above
	leaf    string // in its leafnodes block
	user    string // in the URL below: empty, or ends in an @
	remote  string // in the remote's block
	account string // where it is let in; empty: it is not
}

func logins(t *testing.T) []login {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("p"), bcrypt.MinCost)
	must(t, err)
	key, err := nkeys.CreateUser()
	must(t, err)
	seed, err := key.Seed()
	must(t, err)
	pub, err := key.PublicKey()
	must(t, err)
	stranger, err := nkeys.CreateUser()
	must(t, err)
	strange, err := stranger.Seed()
	must(t, err)
	ca := newAuthority(t, t.TempDir())
	cert, certKey := ca.issue("above", "localhost")
	client, clientKey := ca.issue("client", "client.example")
	other := newAuthority(t, t.TempDir())
	foreign, foreignKey := other.issue("client", "client.example")
	const accounts = "accounts { A { users: [ { user: a, password: p } ] }, B { users: [ { user: b, password: p } ] } }\n"
	serving := fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, timeout: 5s", cert, certKey, ca.file)
	trusting := fmt.Sprintf("tls { ca_file: %q, timeout: 5s", ca.file)
	with := func(cert, key string) string { return fmt.Sprintf(", cert_file: %q, key_file: %q", cert, key) }
	return []login{
		{name: "nobody needed", account: "$G"},
		{name: "nobody needed, in an account", top: "accounts { A {} }", leaf: "authorization { account: A }", account: "A"},
		{name: "user of an account", top: accounts, user: "b:p@", account: "B"},
		{name: "wrong password", top: accounts, user: "b:x@"},
		{name: "no user", top: accounts},
		{name: "no_auth_user", top: accounts + "no_auth_user: a\n", account: "A"},
		{name: "own users", top: accounts, leaf: "authorization { users: [ { user: l, password: p, account: B } ] }", user: "l:p@", account: "B"},
		{name: "own users, with others' names", top: accounts, leaf: "authorization { users: [ { user: l, password: p, account: B } ] }", user: "b:p@"},
		{name: "own user", leaf: "authorization { user: l, password: p }", user: "l:p@", account: "$G"},
		{name: "bcrypt", top: accounts, leaf: fmt.Sprintf("authorization { user: l, password: %q, account: A }", hash), user: "l:p@", account: "A"},
		{name: "bcrypt, wrong", top: accounts, leaf: fmt.Sprintf("authorization { user: l, password: %q, account: A }", hash), user: "l:x@"},
		{name: "token", top: accounts, leaf: "authorization { token: melon, account: A }", user: "melon@", account: "A"},
		{name: "token, wrong", top: accounts, leaf: "authorization { token: melon, account: A }", user: "pear@"},
		{name: "nkey", top: accounts, leaf: fmt.Sprintf("authorization { nkey: %s, account: B }", pub), remote: fmt.Sprintf("nkey: %s", seed), account: "B"},
		{name: "nkey of an account", top: fmt.Sprintf("accounts { A { users: [ { nkey: %s } ] } }", pub), remote: fmt.Sprintf("nkey: %s", seed), account: "A"},
		{name: "nkey of a stranger", top: accounts, leaf: fmt.Sprintf("authorization { nkey: %s, account: B }", pub), remote: fmt.Sprintf("nkey: %s", strange)},
		{name: "TLS", top: accounts, leaf: serving + " }", user: "a:p@", remote: trusting + " }", account: "A"},
		{name: "TLS first", top: accounts, leaf: serving + ", handshake_first: true }", user: "a:p@", remote: trusting + ", handshake_first: true }", account: "A"},
		{name: "TLS, certificate", leaf: serving + ", verify: true }", remote: trusting + with(client, clientKey) + " }", account: "$G"},
		{name: "TLS, no certificate", leaf: serving + ", verify: true }", remote: trusting + " }"},
		{name: "TLS, another's certificate", leaf: serving + ", verify: true }", remote: trusting + with(foreign, foreignKey) + " }"},
		{name: "TLS, certificate for a user", top: accounts, leaf: serving + ", verify_and_map: true }\n authorization { users: [ { user: client.example, account: B } ] }",
			remote: trusting + with(client, clientKey) + " }", account: "B"},
		{name: "TLS, certificate for no user", top: accounts, leaf: serving + ", verify_and_map: true }\n authorization { users: [ { user: other.example, account: B } ] }",
			remote: trusting + with(client, clientKey) + " }"},
	}
}

// at is the remote's block.
func (l *login) at(g *gateway.Gateway) string {
	port := leafAddr(g)[strings.LastIndex(leafAddr(g), ":"):]
	return fmt.Sprintf("{ url: \"nats-leaf://%slocalhost%s\", %s }", l.user, port, l.remote)
}

// check says whether the server below has come in as it should have.
func (l *login) check(t *testing.T, above *gateway.Gateway, refused func() bool) {
	t.Helper()
	if l.account == "" {
		until(t, "it is refused", refused)
		if all := leafz(t, above); len(all) > 0 {
			t.Errorf("let in: %+v", all)
		}
		return
	}
	awaitLeaves(t, above, 1)
	if got := leafz(t, above)[0].Account; got != l.account {
		t.Errorf("is in %s, want %s", got, l.account)
	}
}

// TestLogins: who may come in comes in where it belongs, and nobody else.
func TestLogins(t *testing.T) {
	for _, l := range logins(t) {
		t.Run(l.name, func(t *testing.T) {
			above := startAbove(t, l.top, l.leaf)
			below := startSiteOnly(t, l.at(above))
			l.check(t, above, func() bool {
				e := uplinks(below)[0].Error
				return strings.Contains(e, "Authorization Violation") || strings.Contains(e, "tls")
			})
		})
	}
}

// TestLoginsOfServers: the same with nats-server below.
func TestLoginsOfServers(t *testing.T) {
	for _, l := range logins(t) {
		t.Run(l.name, func(t *testing.T) {
			refused := make(chan struct{}, 1000)
			above := gatewaytest.StartWith(t, gateway.Options{Text: aboveConf(l.top, l.leaf), Log: logOf(t, func(line string) {
				if strings.Contains(line, "code=authentication_failure") || strings.Contains(line, "tls handshake failed") {
					refused <- struct{}{}
				}
			})})
			below := startBelow(t, "BELOW", "", l.at(above))
			l.check(t, above, func() bool { return len(refused) > 0 })
			if l.account != "" {
				below.Stop()
				awaitLeaves(t, above, 0)
			}
		})
	}
}

// TestAccountsBelow: servers below are bound to accounts, on both sides, and see nothing of others.
func TestAccountsBelow(t *testing.T) {
	const accounts = "accounts { A { users: [ { user: a, password: p } ] }, B { users: [ { user: b, password: p } ] } }\n"
	above := startAbove(t, accounts, "")
	below := startBelow(t, "BELOW", accounts, to(above, "a:p@", "account: B"), to(above, "b:p@", "account: A"))
	awaitLeaves(t, above, 2)
	a, b := connect(t, siteURL(above), nats.UserInfo("a", "p")), connect(t, siteURL(above), nats.UserInfo("b", "p"))
	inA, inB := connect(t, below.URL, nats.UserInfo("a", "p")), connect(t, below.URL, nats.UserInfo("b", "p"))
	subA, subB := subscribe(t, inA, "x"), subscribe(t, inB, "x")
	awaitInterest(t, a, "x")
	awaitInterest(t, b, "x")
	want(t, subA, "ready?")
	want(t, subB, "ready?")
	publish(t, a, "x", "of a")
	publish(t, b, "x", "of b")
	want(t, subB, "of a")
	want(t, subA, "of b")
	nothing(t, subA)
	nothing(t, subB)
}

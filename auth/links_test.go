package auth_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/auth"
	"leafgate/config"
)

const linkAccounts = "accounts { A { users: [ { user: ann, password: apple } ] }, B {} }\n"

// links reads text with a block named link, and answers who may come in by it.
func links(t *testing.T, text string) (*auth.Rules, error) {
	t.Helper()
	conf, err := config.Parse("test.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	a := auth.New(newEngine(t), conf)
	r := a.Links(conf.Block("link"))
	return r, conf.Finish()
}

func TestLinks(t *testing.T) {
	const nkey = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
	for _, tc := range []struct {
		name, top, link string
		c               auth.Credentials
		account, user   string // empty account: denied
	}{
		{name: "open", link: "", account: "$G"},
		{name: "open in an account", top: "accounts { A {}, B {} }", link: "authorization { account: B }", account: "B"},
		{name: "a timeout opens nothing", top: linkAccounts, link: "authorization { timeout: 1 }"},
		{name: "the gateway's users", top: linkAccounts, link: "", c: auth.Credentials{User: "ann", Pass: "apple"}, account: "A", user: "ann"},
		{name: "and behind a timeout", top: linkAccounts, link: "authorization { timeout: 1 }", c: auth.Credentials{User: "ann", Pass: "apple"}, account: "A", user: "ann"},
		{name: "wrong password", top: linkAccounts, link: "", c: auth.Credentials{User: "ann", Pass: "pear"}},
		{name: "one user", top: linkAccounts, link: "authorization { user: l, password: p, account: B }", c: auth.Credentials{User: "l", Pass: "p"}, account: "B", user: "l"},
		{name: "one user without account", link: "authorization { user: l, password: p }", c: auth.Credentials{User: "l", Pass: "p"}, account: "$G", user: "l"},
		{name: "then not the gateway's", top: linkAccounts, link: "authorization { user: l, password: p, account: B }", c: auth.Credentials{User: "ann", Pass: "apple"}},
		{name: "nor nobody", top: linkAccounts, link: "authorization { user: l, password: p, account: B }"},
		{name: "users with accounts", top: linkAccounts, link: "authorization { users: [ { user: l, password: p, account: B }, { user: m, password: p } ] }", c: auth.Credentials{User: "l", Pass: "p"}, account: "B", user: "l"},
		{name: "users without", top: linkAccounts, link: "authorization { account: A, users: [ { user: l, password: p, account: B }, { user: m, password: p } ] }", c: auth.Credentials{User: "m", Pass: "p"}, account: "A", user: "m"},
		{name: "a token", top: linkAccounts, link: "authorization { token: melon, account: B }", c: auth.Credentials{User: "melon", Token: "melon"}, account: "B", user: "[token]"},
		{name: "a bcrypt hash", link: `authorization { user: l, password: "` + hash(t, "p") + `" }`, c: auth.Credentials{User: "l", Pass: "p"}, account: "$G", user: "l"},
		{name: "an nkey without signature", top: linkAccounts, link: "authorization { nkey: " + nkey + ", account: B }", c: auth.Credentials{Nkey: nkey, Nonce: "n"}},
		{name: "an nkey's name as user", top: linkAccounts, link: "authorization { nkey: " + nkey + ", account: B }", c: auth.Credentials{User: nkey}},
		{name: "by another protocol", link: "authorization { users: [ { user: l, password: p, allowed_connection_types: [ STANDARD ] } ] }", c: auth.Credentials{User: "l", Pass: "p"}},
	} {
		r, err := links(t, tc.top+"\nlink { "+tc.link+" }")
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		tc.c.Protocol = auth.ProtocolLeafnode
		id, err := r.Authenticate(&tc.c)
		switch {
		case tc.account == "" && !errors.Is(err, auth.ErrDenied):
			t.Errorf("%s: let in as %+v, %v", tc.name, id, err)
		case tc.account == "":
		case err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case id.Account.Name() != tc.account || id.User != tc.user || !r.Valid(id):
			t.Errorf("%s: is %q in %s", tc.name, id.User, id.Account.Name())
		}
	}
}

func TestLinksRefused(t *testing.T) {
	for _, tc := range []struct{ name, link, want string }{
		{"an account for those who have one", "authorization { account: B }", "link.authorization.account: needs a user"},
		{"an account that is not there", "authorization { user: l, password: secret, account: X }", `link.authorization.account: no account "X"`},
		{"a user's", "authorization { users: [ { user: l, password: secret, account: X } ] }", `account: no account "X"`},
		{"a user and users", "authorization { user: l, users: [ { user: m } ] }", "link.authorization.users: cannot stand beside user"},
		{"a user and an nkey", "authorization { user: l, nkey: secret }", "link.authorization.nkey: cannot stand beside user"},
		{"a password alone", "authorization { password: secret }", "stands without a user"},
		{"a seed for an nkey", "authorization { nkey: secret }", "not the public key"},
		{"twice the same", "authorization { users: [ { user: l }, { user: l } ] }", "is there twice"},
		{"a negative timeout", "authorization { timeout: -1 }", "link.authorization.timeout"},
		{"an unknown key", "authorization { colour: red }", "colour"},
		{"a proxy", "authorization { proxy_required: true }", "proxy_required: not supported"},
	} {
		_, err := links(t, linkAccounts+"link { "+tc.link+" }")
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

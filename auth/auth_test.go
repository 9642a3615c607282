package auth_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
)

func parse(t *testing.T, text string) *config.Block {
	t.Helper()
	conf, err := config.Parse("test.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func newAuthority(t *testing.T, text string) *auth.Authority {
	t.Helper()
	conf := parse(t, text)
	a := auth.New(newEngine(t), conf)
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	return a
}

func newEngine(t *testing.T) *core.Engine {
	e := core.NewEngine()
	t.Cleanup(e.Close)
	return e
}

func hash(t *testing.T, password string) string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAuthenticate(t *testing.T) {
	users := `authorization { users: [
		{ user: ann, password: "` + hash(t, "apple") + `" }
		{ user: bob, password: pear }
		{ user: eve } ] }
`
	single := "authorization { user: ann, password: apple }\n"
	token := "authorization { token: melon }\n"
	hashedToken := `authorization { token: "` + hash(t, "melon") + `" }` + "\n"
	tests := []struct {
		name, text string
		c          auth.Credentials
		user       string // empty: denied
		open       bool   // the identity without a name
	}{
		{name: "nothing required, nothing sent", open: true},
		{name: "nothing required, something sent", c: auth.Credentials{User: "x", Pass: "y"}, open: true},
		{name: "bcrypt", text: users, c: auth.Credentials{User: "ann", Pass: "apple"}, user: "ann"},
		{name: "bcrypt, wrong", text: users, c: auth.Credentials{User: "ann", Pass: "pear"}},
		{name: "bcrypt, the hash itself", text: users, c: auth.Credentials{User: "ann", Pass: hash(t, "apple")}},
		{name: "clear", text: users, c: auth.Credentials{User: "bob", Pass: "pear"}, user: "bob"},
		{name: "clear, wrong", text: users, c: auth.Credentials{User: "bob", Pass: "pears"}},
		{name: "clear, empty", text: users, c: auth.Credentials{User: "bob"}},
		{name: "no password", text: users, c: auth.Credentials{User: "eve"}, user: "eve"},
		{name: "no password, one sent", text: users, c: auth.Credentials{User: "eve", Pass: "x"}},
		{name: "unknown user", text: users, c: auth.Credentials{User: "zoe", Pass: "pear"}},
		{name: "name in another case", text: users, c: auth.Credentials{User: "Bob", Pass: "pear"}},
		{name: "nothing sent", text: users},
		{name: "token to users", text: users, c: auth.Credentials{Token: "pear"}},
		{name: "password alone", text: users, c: auth.Credentials{Pass: "pear"}},
		{name: "single", text: single, c: auth.Credentials{User: "ann", Pass: "apple"}, user: "ann"},
		{name: "single, wrong", text: single, c: auth.Credentials{User: "ann", Pass: "x"}},
		{name: "token", text: token, c: auth.Credentials{Token: "melon"}, user: "[token]"},
		{name: "token, wrong", text: token, c: auth.Credentials{Token: "lemon"}},
		{name: "token, sent as password", text: token, c: auth.Credentials{User: "a", Pass: "melon"}},
		{name: "token, bcrypt", text: hashedToken, c: auth.Credentials{Token: "melon"}, user: "[token]"},
		{name: "token, bcrypt, wrong", text: hashedToken, c: auth.Credentials{Token: "lemon"}},
		{name: "no_auth_user", text: users + "no_auth_user: bob", user: "bob"},
		{name: "no_auth_user, others too", text: users + "no_auth_user: bob",
			c: auth.Credentials{User: "ann", Pass: "apple"}, user: "ann"},
		{name: "no_auth_user, wrong password", text: users + "no_auth_user: bob",
			c: auth.Credentials{User: "ann", Pass: "x"}},
		{name: "no_auth_user, password alone", text: users + "no_auth_user: bob", c: auth.Credentials{Pass: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := newAuthority(t, tt.text).Default()
			for range 2 { // the second time from memory, where there is one
				id, err := rules.Authenticate(&tt.c)
				if tt.user == "" && !tt.open {
					denied(t, id, err, tt.c)
					continue
				}
				if err != nil || id.User != tt.user || id.Account == nil || id.Account.Name() != auth.DefaultAccount {
					t.Fatalf("Authenticate = %+v, %v; want user %q in %s", id, err, tt.user, auth.DefaultAccount)
				}
				if !rules.Valid(id) {
					t.Error("an identity that was just given is not valid")
				}
			}
		})
	}
}

func denied(t *testing.T, id *core.Identity, err error, c auth.Credentials) {
	t.Helper()
	if !errors.Is(err, auth.ErrDenied) || id != nil {
		t.Fatalf("Authenticate = %+v, %v; want ErrDenied", id, err)
	}
	for _, secret := range []string{c.Pass, c.Token, "apple", "pear", "melon", "$2a$"} {
		if len(secret) > 1 && strings.Contains(err.Error(), secret) {
			t.Errorf("error %q holds a secret", err)
		}
	}
}

func TestRequired(t *testing.T) {
	const users = "authorization { users: [ { user: bob, password: pear } ] }\n"
	tests := []struct {
		name, text             string
		required, authRequired bool
		anonymous              string // who somebody without CONNECT is; "-": denied
	}{
		{name: "nothing", anonymous: ""},
		{name: "empty block", text: "authorization {}", anonymous: ""},
		{name: "only a timeout", text: "authorization { timeout: 1 }", anonymous: ""},
		{name: "users", text: users, required: true, authRequired: true, anonymous: "-"},
		{name: "token", text: "authorization { token: x }", required: true, authRequired: true, anonymous: "-"},
		{name: "no_auth_user", text: users + "no_auth_user: bob", authRequired: true, anonymous: "bob"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newAuthority(t, tt.text).Default()
			if r.Required() != tt.required || r.AuthRequired() != tt.authRequired {
				t.Errorf("Required, AuthRequired = %v, %v; want %v, %v",
					r.Required(), r.AuthRequired(), tt.required, tt.authRequired)
			}
			id, err := r.Anonymous(&auth.Credentials{})
			if tt.anonymous == "-" {
				denied(t, id, err, auth.Credentials{})
			} else if err != nil || id.User != tt.anonymous {
				t.Errorf("Anonymous = %+v, %v; want user %q", id, err, tt.anonymous)
			}
		})
	}
}

func TestConfigurationErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"user and token", `authorization { user: a, password: b, token: c }`, "test.conf:1:39: authorization.token: cannot stand beside"},
		{"user and users", `authorization { user: a, password: b, users: [ {user: c, password: d} ] }`, "users"},
		{"token and users", `authorization { token: a, users: [ {user: c, password: d} ] }`, "users"},
		{"password without user", `authorization { pass: a }`, "stands without a user"},
		{"entry without user", `authorization { users: [ {password: d} ] }`, "needs a user"},
		{"twice", `authorization { users: [ {user: c, password: d}, {user: c, password: e} ] }`, `"c" is there twice`},
		{"broken hash", `authorization { user: a, password: "$2a$99$x" }`, "looks like a bcrypt hash"},
		{"broken token", `authorization { token: "$2a$11$x" }`, "looks like a bcrypt hash"},
		{"no such no_auth_user", `no_auth_user: a`, `there is no user "a"`},
		{"negative timeout", `authorization { timeout: -1 }`, "timeout"},
		{"unknown", `authorization { usr: a }`, `usr`},
		{"nkey", `authorization { users: [ {nkey: UABC} ] }`, "not the public key of a user"},
		{"nkey and user", `authorization { users: [ {nkey: UABC, user: a} ] }`, "cannot stand beside a user"},
		{"nkey and password", `authorization { users: [ {nkey: UABC, pass: a} ] }`, "cannot stand beside a password"},
		{"map without users", `authorization { token: a }, tls { verify_and_map: true }`, "there are no users"},
		{"map, one name twice", `authorization { users: [ {user: "CN=a"}, {user: "cn = a"} ] }, tls { verify_and_map: true }`,
			"the same distinguished name"},
		{"callout", `authorization { auth_callout { issuer: A } }`, "auth_callout"},
		{"types", `authorization { users: [ {user: a, allowed_connection_types: ["MQTT", "MQQT"] } ] }`, `unknown connection type "MQQT"`},
		{"bad subject", `authorization { default_permissions { publish: "a..b" } }`, `"a..b" is not a valid subject`},
		{"queue to publish", `authorization { default_permissions { publish: "a q" } }`, "only subscriptions have a queue"},
		{"empty list", `authorization { default_permissions { publish: [] } }`, "the list is empty"},
		{"empty allow", `authorization { default_permissions { subscribe { allow: [] } } }`, "the list is empty"},
		{"unknown in rule", `authorization { default_permissions { publish { alow: a } } }`, "alow"},
		{"password of a wrong type", `authorization { user: a, password: 31415926 }`, "password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conf := parse(t, tt.text)
			auth.New(newEngine(t), conf).Rules(conf)
			err := conf.Finish()
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "test.conf:1:") {
				t.Errorf("error %v, want position and %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "$2a$") || strings.Contains(err.Error(), "31415926")) {
				t.Errorf("error %q holds a secret", err)
			}
		})
	}
}

func TestListenerRules(t *testing.T) {
	conf := parse(t, `
authorization { users: [ { user: ann, password: apple } ] }
own { authorization { users: [ { user: bob, password: pear } ] } }
free { authorization {} }
guest { no_auth_user: ann }
plain { }
`)
	a := auth.New(newEngine(t), conf)
	own, free := a.Rules(conf.Block("own")), a.Rules(conf.Block("free"))
	guest, plain := a.Rules(conf.Block("guest")), a.Rules(conf.Block("plain"))
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	ann, bob := &auth.Credentials{User: "ann", Pass: "apple"}, &auth.Credentials{User: "bob", Pass: "pear"}
	for _, tt := range []struct {
		name     string
		rules    *auth.Rules
		ann, bob bool
	}{
		{"own", own, false, true}, {"free", free, true, true}, {"guest", guest, true, false}, {"plain", plain, true, false},
		{"root", a.Rules(conf), true, false}, {"none", a.Rules(nil), true, false},
	} {
		if _, err := tt.rules.Authenticate(ann); (err == nil) != tt.ann {
			t.Errorf("%s: ann: %v", tt.name, err)
		}
		if _, err := tt.rules.Authenticate(bob); (err == nil) != tt.bob {
			t.Errorf("%s: bob: %v", tt.name, err)
		}
	}
	if id, err := guest.Anonymous(&auth.Credentials{}); err != nil || id.User != "ann" {
		t.Errorf("guest: anonymous is %+v, %v; want ann", id, err)
	}
}

// reload goes through a reload as a gateway does.
func reload(t *testing.T, a *auth.Authority, text string) *auth.Rules {
	t.Helper()
	conf := parse(t, text)
	a.Stage(conf)
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	a.Commit()
	return a.Default()
}

func TestReloadKeepsIdentities(t *testing.T) {
	const before = `authorization { users: [
		{ user: same, password: a, permissions { publish: "x" } }
		{ user: pass, password: a }
		{ user: perm, password: a, permissions { publish: "x" } }
		{ user: gone, password: a } ] }`
	const after = `authorization { users: [
		{ user: new, password: a }
		{ user: perm, password: a, permissions { publish: ["x", "y"] } }
		{ user: pass, password: b }
		{ user: same, password: a, permissions { publish: ["x"] } } ] }`
	a := newAuthority(t, before)
	old := make(map[string]*core.Identity)
	for _, user := range []string{"same", "pass", "perm", "gone"} {
		id, err := a.Default().Authenticate(&auth.Credentials{User: user, Pass: "a"})
		if err != nil {
			t.Fatal(err)
		}
		old[user] = id
	}
	r := reload(t, a, after)
	for user, id := range old {
		if got, want := r.Valid(id), user == "same"; got != want {
			t.Errorf("%s: valid after the reload: %v, want %v", user, got, want)
		}
	}
	id, err := r.Authenticate(&auth.Credentials{User: "same", Pass: "a"})
	if err != nil || id != old["same"] || id.Perms != old["same"].Perms {
		t.Errorf("the unchanged user has another identity: %v", err)
	}
}

func TestRollback(t *testing.T) {
	a := newAuthority(t, `authorization { token: a }`)
	before := a.Default()
	a.Stage(parse(t, `authorization { token: b }`))
	a.Rollback()
	a.Commit()
	if a.Default() != before || a.Rules(nil) != before {
		t.Error("rules have changed after a rollback")
	}
}

func TestOpenThenClosed(t *testing.T) {
	a := newAuthority(t, "")
	id, err := a.Default().Anonymous(&auth.Credentials{})
	if err != nil {
		t.Fatal(err)
	}
	if !reload(t, a, "authorization {}").Valid(id) {
		t.Error("nothing is required still, and the peer has to go")
	}
	if reload(t, a, "authorization { token: x }").Valid(id) {
		t.Error("a token is required now, and the peer without one may stay")
	}
}

func TestPermissions(t *testing.T) {
	r := newAuthority(t, `
ADMIN = { publish: ">", subscribe: ">" }
authorization {
	TEAM = { publish { deny: "secret.>" } }
	default_permissions { publish: "public.>" }
	users: [ { user: admin, permissions: $ADMIN }, { user: team, permissions: $TEAM }
		{ user: guest }, { user: free, permissions {} } ]
}`).Default()
	for user, restricted := range map[string]bool{"admin": true, "team": true, "guest": true, "free": false} {
		id, err := r.Authenticate(&auth.Credentials{User: user})
		if err != nil {
			t.Fatal(err)
		}
		if got := id.Perms != nil; got != restricted {
			t.Errorf("%s: restricted %v, want %v", user, got, restricted)
		}
	}
}

func TestConcurrentChecks(t *testing.T) {
	r := newAuthority(t, `authorization { user: ann, password: "`+hash(t, "apple")+`", timeout: 60 }`).Default()
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			c := auth.Credentials{User: "ann", Pass: "apple", By: time.Now().Add(time.Minute)}
			if i%2 == 1 {
				c.Pass = "pear"
			}
			if _, err := r.Authenticate(&c); (err == nil) != (i%2 == 0) {
				t.Errorf("check %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

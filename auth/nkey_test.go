package auth_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"leafgate/auth"
)

// newUser makes a key pair for a user.
func newUser(t *testing.T) (key nkeys.KeyPair, public string) {
	t.Helper()
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = key.PublicKey(); err != nil {
		t.Fatal(err)
	}
	return key, public
}

func sign(t *testing.T, key nkeys.KeyPair, nonce string) []byte {
	t.Helper()
	sig, err := key.Sign([]byte(nonce))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestNkey(t *testing.T) {
	const nonce = "abcdefghijklmno"
	key, public := newUser(t)
	other, stranger := newUser(t)
	url, std := base64.RawURLEncoding.EncodeToString, base64.StdEncoding.EncodeToString
	sig := sign(t, key, nonce)
	text := `authorization { users: [ { nkey: ` + public + ` }, { user: ann, password: apple } ] }
`
	tests := []struct {
		name, more string
		c          auth.Credentials
		user       string
	}{
		{name: "url encoding", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: url(sig)}, user: public},
		{name: "standard encoding", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: std(sig)}, user: public},
		{name: "key before user", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: url(sig), User: "ann", Pass: "x"}, user: public},
		{name: "user beside the wrong key", c: auth.Credentials{Nkey: stranger, Nonce: nonce, Sig: url(sig), User: "ann", Pass: "apple"}},
		{name: "user without key", c: auth.Credentials{User: "ann", Pass: "apple"}, user: "ann"},
		{name: "no signature", c: auth.Credentials{Nkey: public, Nonce: nonce}},
		{name: "of another nonce", c: auth.Credentials{Nkey: public, Nonce: "x" + nonce, Sig: url(sig)}},
		{name: "of no nonce", c: auth.Credentials{Nkey: public, Sig: url(sign(t, key, ""))}},
		{name: "by somebody else", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: url(sign(t, other, nonce))}},
		{name: "no base64", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: "***"}},
		{name: "cut short", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: url(sig[:63])}},
		{name: "one byte", c: auth.Credentials{Nkey: public, Nonce: nonce, Sig: url(sig[:1])}},
		{name: "key as user name", c: auth.Credentials{User: public}},
		{name: "key cut short", c: auth.Credentials{Nkey: public[:20], Nonce: nonce, Sig: url(sig)}},
		{name: "nothing", c: auth.Credentials{Nonce: nonce}},
		{name: "nothing, no_auth_user", more: "no_auth_user: " + public, user: public},
		{name: "wrong key, no_auth_user", more: "no_auth_user: " + public, c: auth.Credentials{Nkey: stranger}},
		{name: "key that needs no credentials", more: "no_auth_user: " + public, c: auth.Credentials{Nkey: public}, user: public},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := newAuthority(t, text+tt.more).Default()
			if !rules.Nonce() {
				t.Error("no nonce")
			}
			id, err := rules.Authenticate(&tt.c)
			if tt.user == "" {
				denied(t, id, err, tt.c)
				return
			}
			if err != nil || id.User != tt.user || !rules.Valid(id) {
				t.Errorf("Authenticate = %+v, %v; want %s", id, err, tt.user)
			}
			if again, ok := rules.Lookup(auth.ProtocolMQTT, id.User, ""); !ok || again != id {
				t.Errorf("Lookup = %+v, %v", again, ok)
			}
		})
	}
}

// Nobody who is known by name alone is asked to sign; a key that is sent all the same counts for nothing.
func TestNkeyNotAsked(t *testing.T) {
	rules := newAuthority(t, "authorization { users: [ { user: ann, password: apple } ] }\nno_auth_user: ann").Default()
	_, public := newUser(t)
	id, err := rules.Authenticate(&auth.Credentials{Nkey: public, Nonce: "n", Sig: "s"})
	if rules.Nonce() || err != nil || id.User != "ann" {
		t.Errorf("Nonce = %v, Authenticate = %+v, %v", rules.Nonce(), id, err)
	}
}

func TestNkeyReload(t *testing.T) {
	_, stays := newUser(t)
	_, goes := newUser(t)
	entry := func(key, more string) string { return "{ nkey: " + key + more + " }\n" }
	a := newAuthority(t, "authorization { users: [ "+entry(stays, "")+entry(goes, "")+" ] }")
	one, _ := a.Default().Lookup(auth.ProtocolMQTT, stays, "")
	two, _ := a.Default().Lookup(auth.ProtocolMQTT, goes, "")
	r := reload(t, a, "authorization { users: [ "+entry(goes, ", permissions { publish: x }")+entry(stays, "")+" ] }")
	if !r.Valid(one) || r.Valid(two) {
		t.Errorf("valid: %v and %v, want only the first", r.Valid(one), r.Valid(two))
	}
}

// A seed in the place of a key is refused without being shown.
func TestNkeySeedNotShown(t *testing.T) {
	key, _ := newUser(t)
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	conf := parse(t, "authorization { users: [ { nkey: "+string(seed)+" } ] }\nno_auth_user: a")
	auth.New(newEngine(t), conf)
	if err := conf.Finish(); err == nil || strings.Contains(err.Error(), string(seed)) {
		t.Errorf("error %v", err)
	}
}

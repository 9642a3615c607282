package natsproto_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/nats-io/nkeys"

	"leafgate/gateway/gatewaytest"
)

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

func TestNonce(t *testing.T) {
	key, public := newUser(t)
	g := gatewaytest.Start(t, `
authorization { users: [ { nkey: `+public+`, permissions { publish: ok } }, { user: a, password: b } ] }
nats: [ { listen: "127.0.0.1:-1" }, { listen: "127.0.0.1:-1", authorization { user: c, password: d } }, { listen: "127.0.0.1:-1", no_auth_user: `+public+` } ]`)
	seen := make(map[any]bool)
	login := func(nonce string) string {
		sig, err := key.Sign([]byte(nonce))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("CONNECT {\"nkey\":%q,\"sig\":%q,\"verbose\":false,\"protocol\":1}\r\n", public, base64.RawURLEncoding.EncodeToString(sig))
	}
	for range 3 {
		c, info := connect(t, g)
		nonce, _ := info["nonce"].(string)
		if raw, err := base64.RawURLEncoding.DecodeString(nonce); len(nonce) != 15 || len(raw) != 11 || err != nil || seen[nonce] {
			t.Fatalf("nonce %q, seen %v", nonce, seen)
		}
		seen[nonce] = true
		c.send(login(nonce) + "PING\r\n")
		c.expect("PONG\r\n")
		if again := c.info()["nonce"]; again != nonce {
			t.Errorf("the nonce is %q, then %q", nonce, again)
		}
		c.send("PUB ok 0\r\n\r\nPUB other 0\r\n\r\n")
		c.expect("-ERR 'Permissions Violation for Publish to \"other\"'\r\n")
		c.send(login(nonce) + "PING\r\n") // a second CONNECT
		c.expect("PONG\r\n")
		fresh, _ := connect(t, g)
		fresh.send(login(nonce)) // somebody who has listened
		fresh.expect("-ERR 'Authorization Violation'\r\n")
		fresh.closed()
	}
	if info := dial(t, g, 1).info(); info["nonce"] != nil {
		t.Errorf("a nonce where nobody has a key: %v", info["nonce"])
	}
	free := dial(t, g, 2)
	if free.info()["nonce"] == nil {
		t.Error("no nonce where only the gateway's users have keys")
	}
	free.send("PUB other 0\r\n\r\n")
	free.expect("-ERR 'Permissions Violation for Publish to \"other\"'\r\n")
}

// A connection from before a reload that brings keys was given nothing to sign, and one that stays does not notice.
func TestNonceReload(t *testing.T) {
	_, public := newUser(t)
	g, reload := reloadable(t, "authorization { users: [ { user: a, password: b } ] }")
	c := hello(t, g, `"user":"a","pass":"b"`)
	if err := reload("authorization { users: [ { user: a, password: b }, { nkey: " + public + " } ] }"); err != nil {
		t.Fatal(err)
	}
	c.alive()
	if _, info := connect(t, g); info["nonce"] == nil {
		t.Error("no nonce after the reload")
	}
	c.alive()
}

package gateway_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// TestSlowPasswords: while devices wait for their hashes to be checked, those who are in go on.
func TestSlowPasswords(t *testing.T) {
	const devices = 30
	hash, err := bcrypt.GenerateFromPassword([]byte("apple"), 6)
	if err != nil {
		t.Fatal(err)
	}
	var users strings.Builder
	for i := range devices {
		fmt.Fprintf(&users, "{ user: d%d, password: %q }\n", i, hash)
	}
	g := gatewaytest.Start(t, "authorization { timeout: 60, users: [ { user: live, password: x }\n"+users.String()+" ] }")
	live := dial(t, g)
	if got := live.login("live", "x"); got != "PONG" {
		t.Fatal(got)
	}
	if err := live.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	done := make(chan struct{})
	for i := range devices {
		c := dial(t, g)
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, `CONNECT {"verbose":false,"user":"d%d","pass":"apple"}`+"\r\nPING\r\n", i)
		waiting.Go(func() {
			if s, err := c.lines.ReadString('\n'); s != "PONG\r\n" {
				t.Errorf("device %d: %q, %v", i, s, err)
			}
		})
	}
	var end sync.WaitGroup
	defer end.Wait()
	end.Go(func() { waiting.Wait(); close(done) })
	trips := 0
	for over := false; !over; trips++ {
		if !live.ping() {
			t.Fatal("the live client is gone")
		}
		select {
		case <-done:
			over = true
		default:
		}
	}
	if trips < devices {
		t.Errorf("%d round trips while %d devices connected", trips, devices)
	}
}

// TestReloadCredentials: whoever has signed, or shown a certificate, stays for as long as its entry does.
func TestReloadCredentials(t *testing.T) {
	certFile, keyFile := gatewaytest.Certificate(t) // its own authority, and for localhost
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	conf := func(users string) string {
		return fmt.Sprintf("authorization { users: [ { user: other, password: x }\n%s ] }\ntls { cert_file: %q, key_file: %q, ca_file: %q, "+
			"verify_and_map: true, handshake_first: true, timeout: 10 }", users, certFile, keyFile, certFile)
	}
	key, device := "{ nkey: "+public+" }\n", "{ user: localhost }\n"
	g, reload := fromFile(t, conf(key+device))
	in := func(signs bool) *client {
		t.Helper()
		c := dialTLS(t, g, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}})
		login := `"user":"other","pass":"wrong"`
		if signs {
			sig, err := pair.Sign([]byte(c.info["nonce"].(string)))
			if err != nil {
				t.Fatal(err)
			}
			login = fmt.Sprintf(`"nkey":%q,"sig":%q`, public, base64.RawURLEncoding.EncodeToString(sig))
		}
		fmt.Fprintf(c, "CONNECT {\"verbose\":false,%s}\r\n", login)
		return c
	}
	signer, shower := in(true), in(false)
	stay := func(what string, signs, shows bool) {
		t.Helper()
		if a, b := signer.ping(), shower.ping(); a != signs || b != shows {
			t.Fatalf("%s: who signs is in: %v, who shows a certificate: %v; want %v, %v", what, a, b, signs, shows)
		}
	}
	stay("at first", true, true)
	for _, step := range []struct {
		what, users  string
		signs, shows bool
	}{
		{"nothing new", device + key, true, true},
		{"rights of one change", device + strings.Replace(key, " }", ", permissions { publish: x } }", 1), false, true},
		{"one is gone", key, false, false},
	} {
		if err := reload(conf(step.users)); err != nil {
			t.Fatal(err)
		}
		stay(step.what, step.signs, step.shows)
	}
}

// dialTLS connects to a listener whose handshake comes first.
func dialTLS(t *testing.T, g *gateway.Gateway, conf *tls.Config) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", g.Addr("natsproto")[0].String(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return greeted(t, &client{t: t, Conn: conn, lines: bufio.NewReader(conn)})
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"

	"leafgate/config"
	"leafgate/gateway/gatewaytest"
)

// typed runs a command with something on standard input.
func typed(command func([]string, console) int, in string, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = command(args, console{strings.NewReader(in), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestPasswd(t *testing.T) {
	tests := []struct {
		name, in, password string // no password: refused
		code               int
		says               string
	}{
		{"line", "s3cret\nmore\n", "s3cret", exitClean, ""},
		{"no end of line", "s3cret", "s3cret", exitClean, ""},
		{"from Windows", "s3cret\r\n", "s3cret", exitClean, ""},
		{"blanks", " s3 cret \n", " s3 cret ", exitClean, ""},
		{"72 bytes", strings.Repeat("x", 72), strings.Repeat("x", 72), exitClean, ""},
		{"73 bytes", strings.Repeat("x", 73), "", exitConfig, "72 bytes at most"},
		{"nothing", "", "", exitRunTime, "it is empty"},
		{"empty line", "\ns3cret", "", exitRunTime, "it is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := typed(passwd, tt.in, "-cost", "4")
			if code != tt.code || !strings.Contains(errs, tt.says) || strings.Contains(errs+out, "cret") { // a hash may well have "s3"
				t.Fatalf("exit code %d, %q, %q", code, out, errs)
			}
			hash := []byte(strings.TrimSpace(out))
			if cost, _ := bcrypt.Cost(hash); tt.password != "" && (cost != 4 || bcrypt.CompareHashAndPassword(hash, []byte(tt.password)) != nil) {
				t.Errorf("%s is not the hash of %q", out, tt.password)
			}
		})
	}
}

func TestPasswdAsksTwice(t *testing.T) {
	var stderr bytes.Buffer
	c := console{err: &stderr}
	answers := [][]byte{[]byte("a"), []byte("a"), []byte("a"), []byte("b")}
	next := func() (b []byte, err error) { b, answers = answers[0], answers[1:]; return b, nil }
	if b, err := c.askTwice(next); string(b) != "a" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := c.askTwice(next); err == nil {
		t.Error("two passwords that differ are taken")
	}
	broken := errors.New("broken")
	if _, err := c.askTwice(func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(stderr.String(), "password: \nonce more: \n") {
		t.Errorf("asked %q", stderr.String())
	}
}

func TestNkey(t *testing.T) {
	for kind, first := range map[string]string{"user": "U", "account": "A", "operator": "O", "server": "N", "cluster": "C"} {
		code, out, errs := typed(nkey, "", "-type", kind)
		lines := strings.Fields(out)
		if code != exitClean || errs != "" || len(lines) != 2 || !strings.HasPrefix(lines[1], first) {
			t.Fatalf("%s: exit code %d, %q, %q", kind, code, out, errs)
		}
		pair, err := nkeys.FromSeed([]byte(lines[0]))
		if err != nil {
			t.Fatal(err)
		}
		if public, _ := pair.PublicKey(); public != lines[1] {
			t.Errorf("%s: the public key of the seed is %s, not %s", kind, public, lines[1])
		}
		for _, text := range []string{lines[0], "\n" + lines[0] + "\n\n", "-----BEGIN USER NKEY SEED-----\n" + lines[0] + "\n------END USER NKEY SEED------\n"} {
			if strings.HasPrefix(text, "-") && kind != "user" {
				continue
			}
			file := filepath.Join(t.TempDir(), "seed")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out, errs := typed(nkey, "", "-inkey", file); code != exitClean || out != lines[1]+"\n" {
				t.Errorf("%s, -inkey: exit code %d, %q, %q", kind, code, out, errs)
			}
		}
	}
}

// TestCheckWarns has every cause of a warning, and no cause for any.
func TestCheckWarns(t *testing.T) {
	certFile, keyFile := gatewaytest.Certificate(t)
	file := filepath.Join(t.TempDir(), "gw.conf")
	warnings := func(mode os.FileMode, text string) (all []string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{file, keyFile} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
		code, out, errs := typed(check, "", file)
		if code != exitClean || strings.Contains(out+errs, "s3cret") {
			t.Errorf("exit code %d\n%s\n%s", code, out, errs)
		}
		for line := range strings.Lines(errs) {
			all = append(all, strings.TrimPrefix(strings.TrimSpace(line), "leafgate: warning: "))
		}
		return all
	}
	const users = `authorization { users: [ { user: "CN=a" }, { user: bob, password: s3cret } ] }` + "\n"
	tls := fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify_and_map: true }\n", certFile, keyFile, certFile)
	got := strings.Join(warnings(0o604, users+tls+`mqtt { listen: "127.0.0.1:1883", authorization {} }`), "\n")
	want := []string{"the password of bob stands in clear", "nats on 0.0.0.0:4222: the certificate expires soon",
		"mqtt on 127.0.0.1:1883: nobody has to authenticate"}
	if runtime.GOOS != "windows" {
		want = append(want, file+" holds secrets", keyFile+" holds secrets")
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("no warning %q in\n%s", w, got)
		}
	}
	if strings.Contains(got, "CN=a needs no password") {
		t.Errorf("a certificate user is taken for one who needs nothing:\n%s", got)
	}
	if got := warnings(0o600, `authorization { user: ann, password: "$2a$04$8IUWUVMvNwcbLCFVG6z8Xe5IePyFXTnqvoZDvFvwXjQm5dGhFOV/a" }`); got != nil {
		t.Errorf("warned: %q", got)
	}
}

// TestNoSecretsShown puts secrets wherever a configuration may have them, right and wrong.
func TestNoSecretsShown(t *testing.T) {
	const seed = "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY"
	const hash = "$2a$04$8IUWUVMvNwcbLCFVG6z8Xe5IePyFXTnqvoZDvFvwXjQm5dGhFOV/a"
	for _, text := range []string{
		"authorization { users: [ { user: a, password: hidden }, { user: b, password: \"" + hash + "\" }, { user: c } ] }",
		"authorization { token: hidden }",
		"authorization { users: [ { nkey: " + seed + " } ] }",
		"authorization { users: [ { nkey: " + seed + ", user: a, password: hidden } ] }",
		"authorization { users: [ { user: a, nkey: " + seed + " } ] }\nhidden_key: " + seed,
		"authorization { user: a, password: \"" + hash + "x\", token: hidden }",
		"authorization { users: [ { user: a, password: [hidden] } ] }",
		"authorization { users: [ { user: a, password: hidden ] }",
		"authorization { users: [ { user: a, password: $hidden } ] }\nhidden = 5x",
	} {
		file := filepath.Join(t.TempDir(), "gw.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"check", file}, {"-t", "-c", file}} {
			var out bytes.Buffer
			run(args, &out, &out)
			said := strings.ReplaceAll(strings.ReplaceAll(out.String(), "hidden_key", ""), "$hidden", "")
			for _, secret := range []string{"hidden", seed, hash, hash[7:20]} {
				if strings.Contains(said, secret) {
					t.Errorf("%v shows %q:\n%s", args, secret, said)
				}
			}
		}
	}
}

func TestCrossings(t *testing.T) {
	conf, err := config.Parse("t.conf", `accounts {
  A { exports: [ {stream: puba.>}, {service: q.b, accounts: [B, C]} ] }
  B { imports: [ {stream: {account: A, subject: puba.>}, prefix: from_a}, {service: {account: A, subject: q.b}, to: Q}, {stream: {account: A, subject: x}} ] }
  C { users: [] }
}`)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, name := range []string{"A", "B", "C", "$SYS"} {
		got = append(got, crossings(name, accountsBlock(conf).Block(name))...)
	}
	want := [][]string{
		{"A", "exports", "stream", "puba.>", "everybody"}, {"A", "exports", "service", "q.b", "B C"},
		{"B", "imports", "stream", "puba.>", "A", "from_a.puba.>"}, {"B", "imports", "service", "q.b", "A", "Q"},
		{"B", "imports", "stream", "x", "A", ""}, {"C"}, {"$SYS"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	names, err := config.Parse("t.conf", "accounts: [A, B]")
	if err != nil {
		t.Fatal(err)
	}
	if accountsBlock(names) != nil {
		t.Error("a list of names is taken for a map")
	}
}

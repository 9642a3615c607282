package tlsconf_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/config"
	"leafgate/internal/tlsconf"
)

// A journal is a log to look at.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.buf.String(), text)
}

// eventually polls: files are looked at once in a second.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// TestFilesChange changes every file a listener has, for the better and for the worse.
func TestFilesChange(t *testing.T) {
	ca := newAuthority(t, "ca")
	soon := time.Now().Add(30 * time.Minute).Truncate(time.Second).UTC()
	certFile, keyFile := ca.serve("one", soon)
	cert, pair := ca.leaf("client", time.Time{})
	var log journal
	conf, err := config.Parse("t.conf", fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, crl_file: %q, verify: true }",
		certFile, keyFile, ca.dir+"/ca.pem", ca.revoke()))
	if err != nil {
		t.Fatal(err)
	}
	s := tlsconf.ReadServer(conf.Block("tls"), slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	if !s.Expires().Equal(soon) {
		t.Errorf("expires %v, want %v", s.Expires(), soon)
	}
	client := presenting(pair)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	serves := func(want string) func() bool {
		return func() bool { name, err := shake(t, s, client); return err == nil && name == want }
	}
	if !serves("one")() {
		t.Fatal("does not serve")
	}

	ca.write("server.pem", "CERTIFICATE", []byte("broken"))
	eventually(t, "no warning", func() bool { _ = s.Expires(); return log.count("level=WARN") == 1 })
	if !serves("one")() {
		t.Error("a broken file replaces one that works")
	}
	later := soon.Add(time.Minute)
	ca.serve("two", later)
	eventually(t, "the new certificate is not served", func() bool { client.ClientSessionCache = nil; return serves("two")() })
	if !s.Expires().Equal(later) {
		t.Errorf("expires %v, want %v", s.Expires(), later)
	}

	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for range 2 { // the second time by ticket
		if !serves("two")() {
			t.Fatal("does not serve any more")
		}
	}
	ca.revoke(cert)
	if s.Look(); serves("two")() {
		t.Error("a revoked client comes in by its ticket")
	}
	ca.revoke()
	if s.Look(); !serves("two")() {
		t.Error("nobody is revoked any more, and the client does not come in")
	}
	other := newAuthority(t, "other")
	ca.write("crl.pem", "X509 CRL", other.list())
	ca.write("ca.pem", "CERTIFICATE", other.cert.Raw)
	if s.Look(); serves("two")() {
		t.Error("a client of a former authority comes in")
	}
	for _, secret := range []string{"PRIVATE", "BEGIN"} {
		if log.count(secret) > 0 {
			t.Errorf("the log shows %s", secret)
		}
	}
}

// A file that stays broken is one warning, however often it is looked at.
func TestOneWarning(t *testing.T) {
	ca := newAuthority(t, "ca")
	certFile, keyFile := ca.serve("one", time.Time{})
	var log journal
	conf, err := config.Parse("t.conf", fmt.Sprintf("tls { cert_file: %q, key_file: %q }", certFile, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	s := tlsconf.ReadServer(conf.Block("tls"), slog.New(slog.NewTextHandler(&log, nil)), nil)
	for want := 1; want <= 2; want++ {
		ca.write("server.key", "PRIVATE KEY", bytes.Repeat([]byte("x"), want))
		for range 3 {
			s.Look()
		}
		if n := log.count("level=WARN"); n != want {
			t.Errorf("%d warnings, want %d", n, want)
		}
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	s.Look()
	if n := log.count("level=WARN"); n != 3 {
		t.Errorf("%d warnings, want one for a file that is gone", n)
	}
}

func TestClient(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	certFile, keyFile := ca.serve("hub", time.Time{})
	hub, err := read(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", certFile, keyFile, ca.dir+"/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text, server string
		fails              bool
	}{
		{"all", fmt.Sprintf("ca_file: %q, cert_file: %q, key_file: %q, min_version: \"1.3\", handshake_first: true", ca.dir+"/ca.pem", certFile, keyFile), "hub", false},
		{"another name", fmt.Sprintf("ca_file: %q, cert_file: %q, key_file: %q", ca.dir+"/ca.pem", certFile, keyFile), "spoke", true},
		{"another authority", fmt.Sprintf("ca_file: %q, cert_file: %q, key_file: %q", other.dir+"/ca.pem", certFile, keyFile), "hub", true},
		{"no certificate", fmt.Sprintf("ca_file: %q", ca.dir+"/ca.pem"), "hub", true},
		{"insecure", fmt.Sprintf("insecure: true, cert_file: %q, key_file: %q", certFile, keyFile), "spoke", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log journal
			conf, err := config.Parse("t.conf", "tls { "+tt.text+" }")
			if err != nil {
				t.Fatal(err)
			}
			c := tlsconf.ReadClient(conf.Block("tls"), slog.New(slog.NewTextHandler(&log, nil)), nil)
			if err := conf.Finish(); err != nil {
				t.Fatal(err)
			}
			if c.First != strings.Contains(tt.text, "first") || c.Timeout != 2*time.Second || c.Expires().IsZero() == strings.Contains(tt.text, "cert_file") {
				t.Errorf("first %v, timeout %v, expires %v", c.First, c.Timeout, c.Expires())
			}
			if got := log.count("insecure is set") == 1; got != (tt.name == "insecure") {
				t.Errorf("warned: %v", got)
			}
			name, err := shake(t, hub, c.Config(tt.server))
			if failed := err != nil || name != "hub"; failed != tt.fails {
				t.Errorf("%q, %v", name, err)
			}
		})
	}
	if tlsconf.ReadClient(nil, slog.New(slog.DiscardHandler), nil) != nil {
		t.Error("a client without a block")
	}
}

func TestClientErrors(t *testing.T) {
	cert, key := pair(t, "x")
	for _, c := range []struct{ text, want string }{
		{fmt.Sprintf("cert_file: %q", cert), "missing 'key_file'"},
		{fmt.Sprintf("key_file: %q", key), "missing 'cert_file'"},
		{"ca_file: \"/nowhere\"", "read certificate authorities"},
		{"verify: true", "only for listeners"},
		{"handshake_first: auto", "want a boolean"},
		{"unheard: 1", "unknown field"},
	} {
		conf, err := config.Parse("t.conf", "tls { "+c.text+" }")
		if err != nil {
			t.Fatal(err)
		}
		tlsconf.ReadClient(conf.Block("tls"), slog.New(slog.DiscardHandler), nil)
		if err := conf.Finish(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "t.conf:1") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

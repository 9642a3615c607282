package tlsconf_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/config"
	"leafgate/internal/tlsconf"
)

// pair writes a self-signed certificate and its key.
func pair(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), DNSNames: []string{name}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func read(t *testing.T, text string) (*tlsconf.Server, error) {
	t.Helper()
	conf, err := config.Parse("t.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	s := tlsconf.ReadServer(conf.Block("tls"), slog.New(slog.DiscardHandler), nil)
	return s, conf.Finish()
}

// certificate is the name on the certificate a client sees.
func certificate(t *testing.T, s *tlsconf.Server) string {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	done := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { done <- tls.Server(server, s.Config()).Handshake() })
	c := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestReplace(t *testing.T) {
	oneCert, oneKey := pair(t, "one")
	twoCert, twoKey := pair(t, "two")
	s, err := read(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", oneCert, oneKey))
	if err != nil {
		t.Fatal(err)
	}
	next, err := read(t, fmt.Sprintf("tls { certs: [ { cert_file: %q, key_file: %q } ], verify: true, ca_file: %q }", twoCert, twoKey, twoCert))
	if err != nil {
		t.Fatal(err)
	}
	if name := certificate(t, s); name != "one" || s.Verify() {
		t.Errorf("%s, verify %v", name, s.Verify())
	}
	s.Replace(next)
	if !s.Verify() {
		t.Error("does not verify after Replace")
	}
	plain, err := read(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", twoCert, twoKey))
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(plain)
	if name := certificate(t, s); name != "two" {
		t.Errorf("%s after Replace, want two", name)
	}
}

func TestHandshakeFirst(t *testing.T) {
	cert, key := pair(t, "x")
	for in, want := range map[string]struct {
		first bool
		wait  time.Duration
	}{
		"true": {true, 0}, "false": {}, `"on"`: {true, 0}, `"off"`: {}, "auto": {true, 50 * time.Millisecond},
		`"300ms"`: {true, 300 * time.Millisecond},
	} {
		s, err := read(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q, handshake_first: %s, timeout: 3 }", cert, key, in))
		if err != nil || s.First != want.first || s.Wait != want.wait || s.Timeout != 3*time.Second {
			t.Errorf("%s: first %v, wait %v, timeout %v, %v", in, s.First, s.Wait, s.Timeout, err)
		}
	}
}

func TestErrors(t *testing.T) {
	cert, key := pair(t, "x")
	other, _ := pair(t, "other")
	good := fmt.Sprintf("cert_file: %q, key_file: %q", cert, key)
	for _, c := range []struct{ text, want string }{
		{"", "missing 'cert_file'"},
		{fmt.Sprintf("cert_file: %q", cert), "missing 'key_file'"},
		{fmt.Sprintf("cert_file: %q, key_file: %q", other, key), "load certificate and key"},
		{good + ", certs: [ { } ]", "cannot combine cert_file with certs"},
		{good + ", min_version: \"1.1\"", "want \"1.2\" or \"1.3\""},
		{good + ", cipher_suites: [\"NONE\"]", "unrecognized cipher NONE"},
		{good + ", cipher_suites: []", "cannot be empty"},
		{good + ", cipher_suites: [\"TLS_RSA_WITH_RC4_128_SHA\"]", "insecure cipher suites configured without"},
		{good + ", curve_preferences: [\"X\"]", "unrecognized curve preference X"},
		{good + ", handshake_first: maybe", "want a boolean, \"auto\" or a duration"},
		{good + ", handshake_first: 3", "want a boolean, \"auto\" or a duration"},
		{good + ", timeout: 0", "want a positive duration"},
		{good + ", ca_file: \"/nowhere\"", "read certificate authorities"},
		{good + fmt.Sprintf(", ca_file: %q", key), "no certificate authority in"},
		{good + fmt.Sprintf(", ca_file: %q, verify: true, crl_file: \"/nowhere\"", cert), "read revocation lists"},
		{good + fmt.Sprintf(", ca_file: %q, verify: true, crl_file: %q", cert, cert), "read revocation lists in"},
		{good + ", crl_file: \"/nowhere\"", "crl_file: needs verify"},
		{good + ", verify: true, crl_file: \"/nowhere\"", "crl_file: needs ca_file"},
		{good + ", verify: true, pinned_certs: [\"abc\"]", "\"abc\" is not the SHA-256 sum"},
		{good + ", pinned_certs: [\"" + strings.Repeat("0", 64) + "\"]", "pinned_certs: needs verify"},
		{good + ", insecure: true", "only for outgoing connections"},
		{good + ", ocsp_peer: true", "not supported"},
		{good + ", unheard: 1", "unknown field \"unheard\""},
	} {
		_, err := read(t, "tls { "+c.text+" }")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "t.conf:1") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	if s, err := read(t, "tls { "+good+`, min_version: "1.3", cipher_suites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], curve_preferences: [X25519] }`); err != nil || certificate(t, s) != "x" {
		t.Errorf("all well: %v", err)
	}
}

func TestNone(t *testing.T) {
	if s := tlsconf.ReadServer(nil, slog.New(slog.DiscardHandler), nil); s != nil {
		t.Error("a server without a block")
	}
}

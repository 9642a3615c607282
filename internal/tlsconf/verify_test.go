package tlsconf_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"leafgate/config"
	"leafgate/internal/tlsconf"
)

func presenting(cert tls.Certificate) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}}
}

func TestVerify(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "ca")
	certFile, keyFile := ca.serve("server", time.Time{})
	good, goodPair := ca.leaf("good", time.Time{})
	bad, badPair := ca.leaf("bad", time.Time{})
	_, strangePair := other.leaf("good", time.Time{})
	_, oldPair := ca.leaf("old", time.Now().Add(-time.Minute))
	base := fmt.Sprintf("cert_file: %q, key_file: %q, ca_file: %q", certFile, keyFile, ca.dir+"/ca.pem")
	sum := func(c *x509.Certificate) string { return fmt.Sprintf("%X", sha256.Sum256(c.RawSubjectPublicKeyInfo)) }
	tests := []struct {
		name, more string
		client     tls.Certificate
		want       string // of the error; empty: none
	}{
		{"not asked", "", strangePair, ""},
		{"verified", ", verify: true", goodPair, ""},
		{"mapped", ", verify_and_map: true", goodPair, ""},
		{"none shown", ", verify: true", tls.Certificate{}, "didn't provide a certificate"},
		{"none shown, mapped", ", verify_and_map: true", tls.Certificate{}, "didn't provide a certificate"},
		{"another authority of the same name", ", verify: true", strangePair, "verify certificate"},
		{"expired", ", verify: true", oldPair, "expired"},
		{"pinned", fmt.Sprintf(", verify: true, pinned_certs: [%q, %q]", strings.Repeat("0", 64), sum(good)), goodPair, ""},
		{"not pinned", fmt.Sprintf(", verify: true, pinned_certs: [%q]", sum(bad)), goodPair, "not pinned"},
		{"nothing pinned", ", verify: true, pinned_certs: []", goodPair, ""},
		{"revoked", fmt.Sprintf(", verify: true, crl_file: %q", ca.revoke(bad)), badPair, "revoked"},
		{"another is revoked", fmt.Sprintf(", verify: true, crl_file: %q", ca.revoke(bad)), goodPair, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := read(t, "tls { "+base+tt.more+" }")
			if err != nil {
				t.Fatal(err)
			}
			if s.Maps() != strings.Contains(tt.more, "map") || s.Verify() != strings.Contains(tt.more, "verify") {
				t.Errorf("Maps %v, Verify %v", s.Maps(), s.Verify())
			}
			_, err = shake(t, s, presenting(tt.client))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("handshake: %v, want %q", err, tt.want)
			}
		})
	}
}

// A list counts only where an authority has signed it; any number may be in a file.
func TestRevocationLists(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	certFile, keyFile := ca.serve("server", time.Time{})
	bad, badPair := ca.leaf("bad", time.Time{})
	settings := func(caFile, crlFile string) string {
		return fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true, crl_file: %q }", certFile, keyFile, caFile, crlFile)
	}
	strange := other.revoke(bad)
	if _, err := read(t, settings(ca.dir+"/ca.pem", strange)); err == nil || !strings.Contains(err.Error(), "no authority in ca_file has signed") {
		t.Errorf("a list of somebody else: %v", err)
	}
	both := ca.write("both.pem", "CERTIFICATE", other.cert.Raw, ca.cert.Raw)
	lists := ca.write("lists.pem", "X509 CRL", other.list(), ca.list(bad))
	s, err := read(t, settings(both, lists))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = shake(t, s, presenting(badPair)); err == nil {
		t.Error("revoked in the second list, and let in")
	}
	if s, err = read(t, settings(both, strange)); err != nil {
		t.Fatal(err)
	}
	if _, err = shake(t, s, presenting(badPair)); err != nil {
		t.Errorf("another authority has revoked the number: %v", err)
	}
}

// A gateway judges certificates by the time that it is told: a machine that starts in 1970 locks nobody out.
func TestVerifyTime(t *testing.T) {
	ca := newAuthority(t, "ca")
	certFile, keyFile := ca.serve("server", time.Time{})
	_, pair := ca.leaf("good", time.Time{})
	conf, err := config.Parse("t.conf", fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", certFile, keyFile, ca.dir+"/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		now  func() time.Time
		want string
	}{
		{"the machine's", nil, ""},
		{"now", time.Now, ""},
		{"1970", func() time.Time { return time.Unix(0, 0) }, "not yet valid"},
	} {
		s := tlsconf.ReadServer(conf.Block("tls"), slog.New(slog.DiscardHandler), tt.now)
		_, err = shake(t, s, presenting(pair))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: handshake: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Package tlsconf reads tls {} blocks, the same way for every listener.
package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"leafgate/config"
)

const (
	defaultTimeout = 2 * time.Second
	autoWait       = 50 * time.Millisecond
)

// A Server is the TLS side of a listener. Its Config stays the same for as long as the listener lives; Replace changes
// what it does for new connections.
type Server struct {
	Timeout time.Duration // for the handshake
	First   bool          // handshake before the greeting
	Wait    time.Duration // with First: greet in clear when no client byte came in that time; 0: never

	current atomic.Pointer[tls.Config]
}

// ReadServer reads b, a tls block; nil without one. Errors collect in b.
func ReadServer(b *config.Block) *Server {
	if b == nil {
		return nil
	}
	s := &Server{Timeout: b.Duration(defaultTimeout, "timeout")}
	if s.Timeout <= 0 {
		b.Errorf("timeout", "want a positive duration")
	}
	s.readFirst(b)
	refuse(b)
	c := &tls.Config{MinVersion: readMinVersion(b), CipherSuites: readCiphers(b), CurvePreferences: readCurves(b)}
	c.Certificates = readCertificates(b)
	c.ClientCAs = readCAs(b)
	if b.Bool(false, "verify") {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	s.current.Store(c)
	return s
}

// refuse names the settings of the peer's that are not supported here.
func refuse(b *config.Block) {
	b.Unsupported("users come from credentials", "verify_and_map")
	b.Unsupported("only for cluster routes", "verify_cert_and_check_known_urls")
	b.Unsupported("only for outgoing connections", "insecure")
	b.Unsupported("use ca_file with verify", "pinned_certs")
	b.Unsupported("limit connections in front of the gateway", "connection_rate_limit")
	b.Unsupported("", "ocsp_peer")
	b.Unsupported("use cert_file and key_file", "cert_store", "cert_match", "cert_match_by", "cert_match_skip_invalid", "ca_certs_match")
}

// Config is what a listener serves with.
func (s *Server) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.current.Load(), nil },
	}
}

// Replace makes new connections use what next was read from: certificates, authorities, versions.
func (s *Server) Replace(next *Server) { s.current.Store(next.current.Load()) }

// Verify says whether clients must show a certificate.
func (s *Server) Verify() bool { return s.current.Load().ClientAuth == tls.RequireAndVerifyClientCert }

// readFirst reads handshake_first: a boolean, "auto", or how long to wait for a client that begins by itself.
func (s *Server) readFirst(b *config.Block) {
	names := []string{"handshake_first", "first", "immediate"}
	v, ok := b.Value(names...)
	if !ok {
		return
	}
	switch v := v.(type) {
	case bool:
		s.First = v
		return
	case string:
		switch strings.ToLower(v) {
		case "true", "on":
			s.First = true
			return
		case "false", "off":
			return
		case "auto", "auto_fallback":
			s.First, s.Wait = true, autoWait
			return
		}
		if d, err := time.ParseDuration(v); err == nil && d > 0 {
			s.First, s.Wait = true, d
			return
		}
	}
	b.Errorf(present(b, names), "want a boolean, \"auto\" or a duration")
}

func present(b *config.Block, names []string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return ""
}

func readMinVersion(b *config.Block) uint16 {
	switch v := b.String("1.2", "min_version"); v {
	case "1.2":
		return tls.VersionTLS12
	case "1.3":
		return tls.VersionTLS13
	default:
		b.Errorf("min_version", "want \"1.2\" or \"1.3\", got %q", v)
		return tls.VersionTLS12
	}
}

func readCertificates(b *config.Block) []tls.Certificate {
	list := b.Blocks("certs", "certificates")
	switch {
	case len(list) > 0 && b.Has("cert_file"):
		b.Errorf("cert_file", "cannot combine cert_file with certs")
	case len(list) == 0:
		list = []*config.Block{b}
	}
	var all []tls.Certificate
	for _, c := range list {
		if cert, err := readPair(c); err != nil {
			c.Errorf(present(c, []string{"cert_file", "key_file"}), "%v", err)
		} else {
			all = append(all, cert)
		}
	}
	return all
}

func readPair(b *config.Block) (cert tls.Certificate, err error) {
	certFile, keyFile := b.String("", "cert_file"), b.String("", "key_file")
	switch {
	case certFile == "":
		return cert, errors.New("missing 'cert_file' in TLS configuration")
	case keyFile == "":
		return cert, errors.New("missing 'key_file' in TLS configuration")
	}
	if cert, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		return cert, fmt.Errorf("load certificate and key: %w", err)
	}
	return cert, nil
}

// readCAs reads the authorities that client certificates are checked against; nil: the system's.
func readCAs(b *config.Block) *x509.CertPool {
	file := b.String("", "ca_file")
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		b.Errorf("ca_file", "read certificate authorities: %v", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		b.Errorf("ca_file", "no certificate authority in %s", file)
	}
	return pool
}

// readCiphers reads the suites allowed for TLS 1.2 and older; nil: Go's choice.
func readCiphers(b *config.Block) (ids []uint16) {
	insecure := b.Bool(false, "allow_insecure_cipher_suites")
	for _, name := range b.Strings("cipher_suites") {
		id, weak, ok := cipher(name)
		switch {
		case !ok:
			b.Errorf("cipher_suites", "unrecognized cipher %s", name)
		case weak && !insecure:
			b.Errorf("cipher_suites", "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: %s", name)
		}
		ids = append(ids, id)
	}
	if b.Has("cipher_suites") && len(ids) == 0 {
		b.Errorf("cipher_suites", "'cipher_suites' cannot be empty")
	}
	return ids
}

func cipher(name string) (id uint16, weak, ok bool) {
	for _, c := range tls.CipherSuites() {
		if c.Name == name {
			return c.ID, false, true
		}
	}
	for _, c := range tls.InsecureCipherSuites() {
		if c.Name == name {
			return c.ID, true, true
		}
	}
	return 0, false, false
}

// readCurves reads the key exchanges allowed; nil: Go's choice.
func readCurves(b *config.Block) (ids []tls.CurveID) {
	known := map[string]tls.CurveID{
		"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768,
		"SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024, "X25519": tls.X25519,
		"CurveP256": tls.CurveP256, "CurveP384": tls.CurveP384, "CurveP521": tls.CurveP521,
	}
	for _, name := range b.Strings("curve_preferences") {
		id, ok := known[name]
		if !ok {
			b.Errorf("curve_preferences", "unrecognized curve preference %s", name)
		}
		ids = append(ids, id)
	}
	if b.Has("curve_preferences") && len(ids) == 0 {
		b.Errorf("curve_preferences", "'curve_preferences' cannot be empty")
	}
	return ids
}

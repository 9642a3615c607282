// Package tlsconf reads tls {} blocks, the same way for every listener and for every outgoing link, and reads the files
// named in them again when they change.
package tlsconf

import (
	"crypto/tls"
	"log/slog"
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
// what it does for new connections, and so do the files it was read from. Its methods may be called from any goroutine.
type Server struct {
	Timeout time.Duration // for the handshake
	First   bool          // handshake before the greeting
	Wait    time.Duration // with First: greet in clear when no client byte came in that time; 0: never

	current atomic.Pointer[source]
}

// ReadServer reads b, a tls block; nil without one. Errors collect in b. What files do later goes to log; certificates
// are judged by the time that now tells, nil: the machine's.
func ReadServer(b *config.Block, log *slog.Logger, now func() time.Time) *Server {
	if b == nil {
		return nil
	}
	s := &Server{Timeout: readTimeout(b)}
	s.readFirst(b)
	refuseForServer(b)
	src := newSource(b, log, now)
	src.caFile, src.crlFile = b.String("", "ca_file"), b.String("", "crl_file")
	src.pins = readPins(b)
	src.maps = b.Bool(false, "verify_and_map")
	if b.Bool(false, "verify") || src.maps {
		src.base.ClientAuth = tls.RequireAndVerifyClientCert
	}
	src.checkServer(b)
	src.readPairs(b)
	src.first(b)
	s.current.Store(src)
	return s
}

// checkServer compares settings with each other.
func (s *source) checkServer(b *config.Block) {
	verifies := s.base.ClientAuth == tls.RequireAndVerifyClientCert
	switch {
	case s.pins != nil && !verifies:
		b.Errorf("pinned_certs", "needs verify: true")
	case s.crlFile != "" && !verifies:
		b.Errorf("crl_file", "needs verify: true")
	case s.crlFile != "" && s.caFile == "":
		b.Errorf("crl_file", "needs ca_file: the authorities who sign the lists")
	}
}

// refuseForServer names the settings of the peer's that are not supported here.
func refuseForServer(b *config.Block) {
	b.Unsupported("only for cluster routes", "verify_cert_and_check_known_urls")
	b.Unsupported("only for outgoing connections", "insecure")
	b.Unsupported("limit connections in front of the gateway", "connection_rate_limit")
	refuse(b)
}

func refuse(b *config.Block) {
	b.Unsupported("", "ocsp_peer")
	b.Unsupported("use cert_file and key_file", "cert_store", "cert_match", "cert_match_by", "cert_match_skip_invalid", "ca_certs_match")
}

func readTimeout(b *config.Block) time.Duration {
	d := b.Duration(defaultTimeout, "timeout")
	if d <= 0 {
		b.Errorf("timeout", "want a positive duration")
	}
	return d
}

// Config is what a listener serves with.
func (s *Server) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return s.current.Load().material().config, nil
		},
	}
}

// Replace makes new connections use what next was read from: certificates, authorities, versions.
func (s *Server) Replace(next *Server) { s.current.Store(next.current.Load()) }

// Verify says whether clients must show a certificate.
func (s *Server) Verify() bool {
	return s.current.Load().base.ClientAuth == tls.RequireAndVerifyClientCert
}

// Maps says whether that certificate says who the client is.
func (s *Server) Maps() bool { return s.current.Load().maps }

// String names the settings that say what clients must show.
func (s *Server) String() string {
	switch {
	case s.Maps():
		return "tls verify_and_map"
	case s.Verify():
		return "tls verify"
	}
	return "tls"
}

// Expires is when the first of the certificates that clients are shown expires.
func (s *Server) Expires() time.Time { return s.current.Load().material().expires }

// readFirst reads handshake_first: a boolean, "auto", or how long to wait for a client that begins by itself.
func (s *Server) readFirst(b *config.Block) {
	v, ok := b.Value(firstNames...)
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
	b.Errorf(present(b, firstNames), "want a boolean, \"auto\" or a duration")
}

var firstNames = []string{"handshake_first", "first", "immediate"}

func present(b *config.Block, names []string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return ""
}

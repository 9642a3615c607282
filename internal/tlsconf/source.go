package tlsconf

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/config"
)

// lookEvery is how much time there is at least between two looks at the files.
const lookEvery = time.Second

// A source is a tls block as it was read, with the files it names. It looks at them when somebody asks for what is in them,
// at most once in lookEvery: there is no goroutine, and what nobody uses costs nothing.
type source struct {
	base    *tls.Config // what does not come from files; never changes
	pairs   []pair
	caFile  string
	crlFile string
	pins    pins
	maps    bool
	forPeer bool // authorities are those of servers, not of clients
	log     *slog.Logger

	current atomic.Pointer[material]
	looked  atomic.Int64 // when somebody last looked at the files, since started

	mu     sync.Mutex // one look at a time; guards the fields below
	stamps []stamp    // of the files as they were last read, well or not
}

// A pair is the files of one certificate and where they are named.
type pair struct {
	at        *config.Block // nil once the block has been read
	cert, key string
}

// material is what the files were made into.
type material struct {
	config  *tls.Config
	expires time.Time // of the first certificate to expire; zero: there is none
}

// A stamp changes when a file does.
type stamp struct {
	modified time.Time
	size     int64
	there    bool
}

// A fault is what is wrong with the file under a key.
type fault struct {
	pair *pair // nil: it is not one of a pair
	key  string
	error
}

// started is what looks are timed by: a clock that does not jump.
var started = time.Now()

func newSource(b *config.Block, log *slog.Logger, now func() time.Time) *source {
	return &source{log: log, base: &tls.Config{
		Time:       now,
		MinVersion: readMinVersion(b), CipherSuites: readCiphers(b), CurvePreferences: readCurves(b)}}
}

// readPairs reads cert_file and key_file, or the certs array.
func (s *source) readPairs(b *config.Block) {
	list := b.Blocks("certs", "certificates")
	switch {
	case len(list) > 0 && b.Has("cert_file"):
		b.Errorf("cert_file", "cannot combine cert_file with certs")
	case len(list) == 0:
		list = []*config.Block{b}
	}
	for _, c := range list {
		s.readPair(c)
	}
}

func (s *source) readPair(b *config.Block) {
	p := pair{at: b, cert: b.String("", "cert_file"), key: b.String("", "key_file")}
	switch {
	case p.cert == "":
		b.Errorf(present(b, []string{"key_file"}), "missing 'cert_file' in TLS configuration")
	case p.key == "":
		b.Errorf("cert_file", "missing 'key_file' in TLS configuration")
	default:
		s.pairs = append(s.pairs, p)
	}
}

// first reads the files for the first time. Errors collect in b.
func (s *source) first(b *config.Block) {
	s.stamps = s.look()
	s.looked.Store(int64(time.Since(started)))
	m, faults := s.load()
	for _, f := range faults {
		at := b
		if f.pair != nil {
			at = f.pair.at
		}
		at.Errorf(f.key, "%v", f.error)
	}
	for i := range s.pairs {
		s.pairs[i].at = nil
	}
	s.current.Store(m)
}

// material is what the files are now.
func (s *source) material() *material {
	now, last := int64(time.Since(started)), s.looked.Load()
	if now-last >= int64(lookEvery) && s.looked.CompareAndSwap(last, now) {
		s.refresh()
	}
	return s.current.Load()
}

// refresh reads files that have changed. One that cannot be used changes nothing.
func (s *source) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamps := s.look()
	if slices.Equal(stamps, s.stamps) {
		return
	}
	s.stamps = stamps
	m, faults := s.load()
	for _, f := range faults {
		s.log.Warn("a TLS file has changed and cannot be used: the one before stays", "key", f.key, "err", f.error)
	}
	if len(faults) > 0 {
		return
	}
	s.current.Store(m)
	s.log.Info("TLS files have changed and were read again", "expires", m.expires)
}

func (s *source) files() []string {
	var all []string
	for _, p := range s.pairs {
		all = append(all, p.cert, p.key)
	}
	for _, name := range []string{s.caFile, s.crlFile} {
		if name != "" {
			all = append(all, name)
		}
	}
	return all
}

func (s *source) look() []stamp {
	files := s.files()
	stamps := make([]stamp, len(files))
	for i, name := range files {
		if info, err := os.Stat(name); err == nil {
			stamps[i] = stamp{info.ModTime(), info.Size(), true}
		}
	}
	return stamps
}

// load makes what the files are now, and says what is wrong with them.
func (s *source) load() (m *material, faults []fault) {
	m = &material{config: s.base.Clone()}
	for i := range s.pairs {
		p := &s.pairs[i]
		cert, expires, err := p.load()
		if err != nil {
			faults = append(faults, fault{p, "cert_file", err})
			continue
		}
		m.config.Certificates = append(m.config.Certificates, cert)
		if m.expires.IsZero() || expires.Before(m.expires) {
			m.expires = expires
		}
	}
	authorities, pool, err := readAuthorities(s.caFile)
	if err != nil {
		faults = append(faults, fault{nil, "ca_file", err})
	}
	if s.forPeer {
		m.config.RootCAs = pool
	} else {
		m.config.ClientCAs = pool
	}
	revoked, err := readRevoked(s.crlFile, authorities)
	if err != nil {
		faults = append(faults, fault{nil, "crl_file", err})
	}
	if s.pins != nil || revoked != nil {
		m.config.VerifyConnection = func(c tls.ConnectionState) error {
			return errors.Join(s.pins.check(&c), revoked.check(&c))
		}
	}
	return m, faults
}

// load also says when the first certificate of the chain expires.
func (p *pair) load() (cert tls.Certificate, expires time.Time, err error) {
	if cert, err = tls.LoadX509KeyPair(p.cert, p.key); err != nil {
		return cert, expires, fmt.Errorf("load certificate and key: %w", err)
	}
	for _, der := range cert.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return cert, expires, fmt.Errorf("read the chain of %s: %w", p.cert, err)
		}
		if expires.IsZero() || c.NotAfter.Before(expires) {
			expires = c.NotAfter
		}
	}
	return cert, expires, nil
}

// readAuthorities reads who signs the other side's certificates; nil: those that the system trusts.
func readAuthorities(file string) (list []*x509.Certificate, pool *x509.CertPool, err error) {
	if file == "" {
		return nil, nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read certificate authorities: %w", err)
	}
	pool = x509.NewCertPool()
	for der := range pemBlocks(text, "CERTIFICATE") {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("read certificate authorities in %s: %w", file, err)
		}
		list = append(list, c)
		pool.AddCert(c)
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("no certificate authority in %s", file)
	}
	return list, pool, nil
}

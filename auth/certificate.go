package auth

import (
	"crypto/x509"
	"fmt"

	"leafgate/config"
	"leafgate/core"
)

// certificates find the users that client certificates stand for.
type certificates struct {
	users map[string]*member // by name
	exact map[string]*member // by distinguished name
	sets  map[string]*member // by distinguished name in any order; nil where several users have the same
}

// withCertificates is r for a listener whose clients are who their certificates say.
func (r *Rules) withCertificates(listener *config.Block) *Rules {
	c := &certificates{users: r.users, exact: make(map[string]*member), sets: make(map[string]*member)}
	if len(r.users) == 0 {
		listener.Block("tls").Errorf("verify_and_map", "there are no users that certificates could stand for")
	}
	for name, m := range r.users {
		dn, err := parseDN(name)
		if err != nil {
			continue // a user name like any other
		}
		if c.exact[dn.exact()] != nil {
			listener.Block("tls").Errorf("verify_and_map", "another user has the same distinguished name as %q", name)
		}
		c.exact[dn.exact()] = m
		if _, twice := c.sets[dn.set()]; twice {
			m = nil
		}
		c.sets[dn.set()] = m
	}
	r.mapped.Store(true)
	own := *r
	own.certs = c
	return &own
}

// byCertificate lets in the user that a verified client certificate stands for. A password counts only where the user has
// one.
func (r *Rules) byCertificate(c *Credentials) (*core.Identity, error) {
	if c.TLS == nil || len(c.TLS.VerifiedChains) == 0 || len(c.TLS.PeerCertificates) == 0 {
		return nil, fmt.Errorf("%w: no verified client certificate", ErrDenied)
	}
	m := r.certs.find(c.TLS.PeerCertificates[0], c.Protocol)
	if m == nil {
		return nil, fmt.Errorf("%w: no user for the client certificate of %q", ErrDenied, c.TLS.PeerCertificates[0].Subject)
	}
	if !m.secret.none {
		if ok, err := r.check(m, c.Pass, c.By); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDenied, err)
		} else if !ok {
			return nil, fmt.Errorf("%w: wrong password beside the certificate of %q", ErrDenied, m.identity.User)
		}
	}
	return m.admit(c)
}

// find looks for a user by email address, DNS name and URI, in this order, then by the distinguished name of the subject.
// Users who may not come by the protocol are passed over, or nil is the answer.
func (c *certificates) find(cert *x509.Certificate, protocol string) *member {
	names := append(append([]string(nil), cert.EmailAddresses...), cert.DNSNames...)
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	for _, name := range names {
		if m := c.users[name]; m != nil && m.allows(protocol) {
			return m
		}
	}
	dn, err := subjectDN(cert.RawSubject)
	if err != nil {
		return nil
	}
	for _, m := range []*member{c.exact[dn.exact()], c.sets[dn.set()]} {
		if m != nil && m.allows(protocol) {
			return m
		}
	}
	return nil
}

package tlsconf

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"

	"leafgate/config"
)

// Why a certificate is not enough that an authority has signed.
var (
	errNotPinned = errors.New("client certificate is not pinned")
	errRevoked   = errors.New("client certificate has been revoked")
)

// pins are the SHA-256 sums of the public keys that clients may have; nil: any.
type pins map[[sha256.Size]byte]bool

func readPins(b *config.Block) pins {
	var all pins
	for _, text := range b.Strings("pinned_certs") {
		sum, err := hex.DecodeString(text)
		if err != nil || len(sum) != sha256.Size {
			b.Errorf("pinned_certs", "%q is not the SHA-256 sum of a public key in 64 hexadecimal digits", text)
			continue
		}
		if all == nil {
			all = make(pins)
		}
		all[[sha256.Size]byte(sum)] = true
	}
	return all
}

func (p pins) check(c *tls.ConnectionState) error {
	if p == nil || len(c.PeerCertificates) > 0 && p[sha256.Sum256(c.PeerCertificates[0].RawSubjectPublicKeyInfo)] {
		return nil
	}
	return errNotPinned
}

// revoked are the serial numbers that authorities, by their names, have revoked.
type revoked map[string]map[string]bool

// readRevoked reads a file of revocation lists, in PEM or one in DER. Each must be signed by one of authorities: a list
// that does not count would go unnoticed.
func readRevoked(file string, authorities []*x509.Certificate) (revoked, error) {
	if file == "" || authorities == nil {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read revocation lists: %w", err)
	}
	lists := slices.Collect(pemBlocks(text, "X509 CRL"))
	if len(lists) == 0 {
		lists = [][]byte{text}
	}
	r := make(revoked)
	for _, der := range lists {
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, fmt.Errorf("read revocation lists in %s: %w", file, err)
		}
		signed := func(a *x509.Certificate) bool {
			return bytes.Equal(a.RawSubject, l.RawIssuer) && l.CheckSignatureFrom(a) == nil
		}
		if !slices.ContainsFunc(authorities, signed) {
			return nil, fmt.Errorf("%s: no authority in ca_file has signed the list of %q", file, l.Issuer)
		}
		r.add(l)
	}
	return r, nil
}

func (r revoked) add(l *x509.RevocationList) {
	serials := r[string(l.RawIssuer)]
	if serials == nil {
		serials = make(map[string]bool)
		r[string(l.RawIssuer)] = serials
	}
	for _, e := range l.RevokedCertificateEntries {
		serials[e.SerialNumber.String()] = true
	}
}

// check wants one chain up to an authority in which nothing has been revoked. It sees resumed sessions too.
func (r revoked) check(c *tls.ConnectionState) error {
	if r == nil {
		return nil
	}
	bad := func(c *x509.Certificate) bool { return r[string(c.RawIssuer)][c.SerialNumber.String()] }
	for _, chain := range c.VerifiedChains {
		if !slices.ContainsFunc(chain, bad) {
			return nil
		}
	}
	return errRevoked
}

// pemBlocks yields the contents of the blocks of a kind.
func pemBlocks(text []byte, kind string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				return
			}
			if block.Type == kind && !yield(block.Bytes) {
				return
			}
		}
	}
}

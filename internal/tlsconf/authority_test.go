package tlsconf_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"leafgate/internal/tlsconf"
)

// An authority signs certificates and takes them back.
type authority struct {
	*testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
	next int64
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{T: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign})
	a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

// sign makes a certificate: a's own at first.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	a.next++
	template.SerialNumber, template.NotBefore = big.NewInt(a.next), time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.Fatal(err)
	}
	return cert, key
}

// leaf makes a certificate for a client or server, for an hour or until then.
func (a *authority) leaf(name string, until time.Time) (*x509.Certificate, tls.Certificate) {
	a.Helper()
	cert, key := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: until})
	return cert, tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// write makes a PEM file, or changes it so that it cannot go unnoticed.
func (a *authority) write(name, kind string, content ...[]byte) string {
	a.Helper()
	file := filepath.Join(a.dir, name)
	before, _ := os.Stat(file)
	var text []byte
	for _, b := range content {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})...)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		a.Fatal(err)
	}
	if before != nil {
		later := before.ModTime().Add(time.Second)
		if err := os.Chtimes(file, later, later); err != nil {
			a.Fatal(err)
		}
	}
	return file
}

// serve writes what a server needs and returns the settings that name it.
func (a *authority) serve(name string, until time.Time) (certFile, keyFile string) {
	a.Helper()
	_, pair := a.leaf(name, until)
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		a.Fatal(err)
	}
	return a.write("server.pem", "CERTIFICATE", pair.Certificate...), a.write("server.key", "PRIVATE KEY", der)
}

// revoke writes a list of revoked certificates.
func (a *authority) revoke(certs ...*x509.Certificate) (file string) {
	a.Helper()
	return a.write("crl.pem", "X509 CRL", a.list(certs...))
}

func (a *authority) list(certs ...*x509.Certificate) []byte {
	a.Helper()
	a.next++
	l := &x509.RevocationList{Number: big.NewInt(a.next), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	for _, c := range certs {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, a.cert, a.key)
	if err != nil {
		a.Fatal(err)
	}
	return der
}

// shake lets a client and a server meet, and returns what the server thinks of it. The client sees name.
func shake(t *testing.T, s *tlsconf.Server, client *tls.Config) (name string, err error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		here, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		defer here.Close()
		conn := tls.Server(here, s.Config())
		err = conn.Handshake()
		done <- err
		if err == nil {
			_, _ = conn.Write([]byte{1}) // with it come session tickets
		}
	})
	there, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	conn := tls.Client(there, client)
	if conn.Handshake() == nil {
		name = conn.ConnectionState().PeerCertificates[0].Subject.CommonName
		_, _ = conn.Read(make([]byte, 1))
	}
	return name, <-done
}

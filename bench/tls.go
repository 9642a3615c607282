package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Clients that come encrypted. They only make calls that block: idle rows have no others.

// A tlsDialect is a dialect in TLS, which begins with the first byte or, as NATS has it, after the server's INFO.
type tlsDialect struct {
	dialect
	infoFirst bool
}

// encrypt makes the handshake on a fresh connection, whose socket is blocking. Whose certificate it is does not matter here:
// what is measured is the server's side.
func (c *conn) encrypt() error {
	d, ok := c.d.(tlsDialect)
	if !ok {
		return nil
	}
	if d.infoFirst {
		if err := c.readInfo(); err != nil {
			return err
		}
	}
	secure := tls.Client(socket(c.fd), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if err := secure.Handshake(); err != nil {
		return fmt.Errorf("make the TLS handshake: %w", err)
	}
	c.secure = secure
	return nil
}

// readInfo reads the line before the handshake. Nothing follows it until the client begins.
func (c *conn) readInfo() error {
	for !bytes.HasSuffix(c.in.buf[:c.in.end], []byte{'\n'}) {
		n, err := receiveBlocking(c.fd, c.in.room())
		if err = c.in.filled(n, err); err != nil {
			return fmt.Errorf("read INFO: %w", err)
		}
	}
	c.in.end = 0
	return nil
}

// A socket is a raw blocking socket as crypto/tls wants it. Its owner closes it.
type socket int

func (s socket) Read(b []byte) (int, error) {
	n, err := receiveBlocking(int(s), b)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err
}

func (s socket) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = sendBlocking(int(s), b[n:])
		n += max(m, 0)
	}
	return n, err
}

func (socket) Close() error                     { return nil }
func (socket) LocalAddr() net.Addr              { return nil }
func (socket) RemoteAddr() net.Addr             { return nil }
func (socket) SetDeadline(time.Time) error      { return nil }
func (socket) SetReadDeadline(time.Time) error  { return nil }
func (socket) SetWriteDeadline(time.Time) error { return nil }

// certificate writes a server's certificate and key, both good for a day, into dir.
func certificate(dir string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	public, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err = os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}), 0o600); err == nil {
		err = os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
	}
	if err != nil {
		return "", "", fmt.Errorf("write a certificate: %w", err)
	}
	return cert, key, nil
}

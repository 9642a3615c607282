package main

import (
	"crypto/tls"
	"net"
	"testing"
)

// byTLS serves clients that come encrypted as serve does others, after a word in the clear.
func byTLS(t *testing.T, word string, serve func(net.Conn)) func(net.Conn) {
	t.Helper()
	certFile, keyFile, err := certificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return func(c net.Conn) {
		if _, err := c.Write([]byte(word)); err == nil {
			serve(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}))
		}
	}
}

// TestEncrypted: what a client says is not in the clear, and a server without TLS is found out.
func TestEncrypted(t *testing.T) {
	srv := startFake(t, nil).server()
	for _, p := range []protocol{tlsNATS, tlsMQTT} {
		c, err := srv.entrance(p, 0).dial("client", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.secure == nil || !c.secure.ConnectionState().HandshakeComplete {
			t.Errorf("protocol %d is not encrypted", p)
		}
		c.close()
	}
	e := srv.entrance(tlsMQTT, 0) // it is greeted in the clear, and need not wait to find out
	e.addr = srv.addrs[nats]
	if c, err := e.dial("client", nil); err == nil {
		c.close()
		t.Error("a server that speaks in the clear was taken for one of TLS")
	}
}

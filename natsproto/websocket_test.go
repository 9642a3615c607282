package natsproto_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	"leafgate/gateway/gatewaytest"
)

// Clients that come by WebSocket pass the suite that every frontend passes.
func TestConformanceWebSocket(t *testing.T) {
	gatewaytest.Conformance(t, overWebSocket("no_tls: true", nil))
}

func TestConformanceWebSocketTLS(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	d := overWebSocket(fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key), &tls.Config{InsecureSkipVerify: true})
	d.IdleBytes, d.BurstAllocs = 14_500, 3
	gatewaytest.Conformance(t, d)
}

func overWebSocket(settings string, secure *tls.Config) gatewaytest.Driver {
	d := driver
	d.Module, d.IdleBytes = "websocket", 8000
	d.Config = func(l gatewaytest.Limits) string {
		return driver.Config(l) + fmt.Sprintf("\nwebsocket { listen: \"127.0.0.1:-1\", %s }", settings)
	}
	d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		if secure != nil {
			conn = tls.Client(conn, secure)
		}
		f, err := gatewaytest.NewFramed(conn, "/", "")
		if err != nil {
			return nil, err
		}
		return open(f, user, password, nil)
	}
	return d
}

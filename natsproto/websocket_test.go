package natsproto_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// Clients that come by WebSocket pass the suite that every frontend passes.
func TestConformanceWebSocket(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		t.Run(fmt.Sprintf("compression=%t", deflate), func(t *testing.T) {
			gatewaytest.Conformance(t, overWebSocket("no_tls: true", nil, deflate))
		})
	}
}

func TestConformanceWebSocketTLS(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	for _, deflate := range []bool{false, true} {
		t.Run(fmt.Sprintf("compression=%t", deflate), func(t *testing.T) {
			d := overWebSocket(fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key), &tls.Config{InsecureSkipVerify: true}, deflate)
			d.IdleBytes, d.BurstAllocs = 14_500, 3
			gatewaytest.Conformance(t, d)
		})
	}
}

func overWebSocket(settings string, secure *tls.Config, deflate bool) gatewaytest.Driver {
	d := driver
	d.Module, d.IdleBytes = "websocket", 8000
	d.Config = func(l gatewaytest.Limits) string { return driver.Config(l) + webBlock(settings) }
	d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		if secure != nil {
			conn = tls.Client(conn, secure)
		}
		f, err := gatewaytest.NewFramed(conn, gatewaytest.Handshake{Path: "/", Deflate: deflate})
		if err != nil {
			return nil, err
		}
		return open(f, user, password, nil)
	}
	return d
}

// webBlock is a listener for WebSockets.
func webBlock(settings string) string {
	return fmt.Sprintf("\nwebsocket { listen: \"127.0.0.1:-1\", compression: true, %s }", settings)
}

// dialWeb connects to the listener of webBlock.
func dialWeb(tb testing.TB, g *gateway.Gateway, deflate bool) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", g.Addr("websocket")[0].String())
	if err != nil {
		tb.Fatal(err)
	}
	f, err := gatewaytest.NewFramed(conn, gatewaytest.Handshake{Path: "/", Deflate: deflate})
	if err != nil {
		tb.Fatal(err)
	}
	return wrap(tb, f)
}

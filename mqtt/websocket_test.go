package mqtt_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Clients that come by WebSocket pass the suite that every frontend passes.
func TestConformanceWebSocket(t *testing.T) {
	for _, v := range []packet.Version{v311, v5} {
		t.Run(v.String(), func(t *testing.T) { gatewaytest.Conformance(t, overWebSocket(v, "no_tls: true", nil)) })
	}
}

func TestConformanceWebSocketTLS(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	d := overWebSocket(v5, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key), &tls.Config{InsecureSkipVerify: true})
	d.IdleBytes, d.BurstAllocs = 14_500, 3
	gatewaytest.Conformance(t, d)
}

func overWebSocket(v packet.Version, settings string, secure *tls.Config) gatewaytest.Driver {
	d := driver(v)
	d.Module, d.IdleBytes = "websocket", 8000
	d.Config = func(l gatewaytest.Limits) string {
		if l.Stall == 0 { // the race detector makes masks slow
			l.Stall = time.Minute
		}
		return limited(l, "") + fmt.Sprintf("\nwebsocket { listen: \"127.0.0.1:-1\", %s }", settings)
	}
	d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		if secure != nil {
			conn = tls.Client(conn, secure)
		}
		f, err := gatewaytest.NewFramed(conn, "/mqtt", "mqtt")
		if err != nil {
			return nil, err
		}
		return open(f, v, user, password)
	}
	return d
}

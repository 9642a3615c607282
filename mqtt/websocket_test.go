package mqtt_test

import (
	"crypto/tls"
	"fmt"
	"io"
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
		f, err := gatewaytest.NewFramed(conn, gatewaytest.Handshake{Path: "/mqtt", Subprotocol: "mqtt"})
		if err != nil {
			return nil, err
		}
		return open(f, v, user, password)
	}
	return d
}

// A webCase is what a client writes behind its handshake, as frames, and what comes of it.
type webCase struct {
	name   string
	frames []webFrame
	want   string // payloads that come; then, if closed, the end
	closed bool
}

type webFrame struct {
	op      byte // with FIN
	payload string
}

func (c *webCase) run(t *testing.T, v packet.Version) {
	t.Helper()
	g := gatewaytest.Start(t, conf("")+"websocket { listen: \"127.0.0.1:-1\", no_tls: true }")
	conn, err := net.Dial("tcp", g.Addr("websocket")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	f, err := gatewaytest.NewFramed(conn, gatewaytest.Handshake{Path: "/any", Subprotocol: "mqtt"})
	if err != nil {
		t.Fatal(err)
	}
	if f.Subprotocol != "mqtt" {
		t.Fatalf("subprotocol %q", f.Subprotocol)
	}
	for _, frame := range append([]webFrame{{0x82, connect(v, "web", func(*packet.Connect) {})}}, c.frames...) {
		if _, err := conn.Write(append([]byte{frame.op, 0x80 | byte(len(frame.payload)), 0, 0, 0, 0}, frame.payload...)); err != nil {
			t.Fatal(err)
		}
	}
	connack := make([]byte, 2)
	if _, err = io.ReadFull(f, connack); err == nil {
		_, err = io.ReadFull(f, make([]byte, connack[1]))
	}
	got := make([]byte, len(c.want))
	if err == nil {
		_, err = io.ReadFull(f, got)
	}
	if err != nil || string(got) != c.want {
		t.Fatalf("%q, %v, want %q", got, err, c.want)
	}
	if !c.closed {
		return
	}
	if _, err = io.Copy(io.Discard, f); err != nil || f.Code != 1003 {
		t.Errorf("it ended with %v, code %d", err, f.Code)
	}
}

func TestV3WebSocket(t *testing.T) {
	for _, c := range []webCase{
		{"[MQTT-6.0.0-1] text frames close the connection", []webFrame{{0x81, pingreq}}, "", true},
		{"[MQTT-6.0.0-2] packets span frames and share them", []webFrame{{0x82, pingreq + pingreq[:1]}, {0x02, ""}, {0x80, pingreq[1:]}}, pingresp + pingresp, false},
		{"[MQTT-6.0.0-4] the subprotocol is selected", []webFrame{{0x82, pingreq}}, pingresp, false},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, v311) })
	}
}

func TestV5WebSocket(t *testing.T) {
	for _, c := range []webCase{
		{"[MQTT-6.0.0-1] text frames close the connection", []webFrame{{0x81, pingreq}}, "", true},
		{"[MQTT-6.0.0-2] packets span frames and share them", []webFrame{{0x82, pingreq + pingreq[:1]}, {0x02, ""}, {0x80, pingreq[1:]}}, pingresp + pingresp, false},
		{"[MQTT-6.0.0-4] the subprotocol is selected", []webFrame{{0x82, pingreq}}, pingresp, false},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, v5) })
	}
}

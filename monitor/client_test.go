package monitor_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"leafgate/gateway"
)

const patience = 30 * time.Second

// natsClient connects and waits until everything it says was taken.
func natsClient(t *testing.T, addr, connect string, lines ...string) net.Conn {
	t.Helper()
	conn := dial(t, addr)
	fmt.Fprintf(conn, "CONNECT %s\r\n%sPING\r\n", connect, strings.Join(lines, ""))
	for r := bufio.NewReader(conn); ; {
		switch line, err := r.ReadString('\n'); {
		case err != nil:
			t.Fatalf("connect with %s: %v", connect, err)
		case line == "PONG\r\n":
			return conn
		}
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// mqttClient sends the CONNECT of MQTT 3.1.1 and returns the return code.
func mqttClient(t *testing.T, addr, id, user, pass string) (net.Conn, byte) {
	t.Helper()
	flags, payload := byte(0x02), field(id)
	if user != "" {
		flags, payload = 0xc2, payload+field(user)+field(pass)
	}
	body := field("MQTT") + string([]byte{4, flags, 0, 60}) + payload
	conn := dial(t, addr)
	fmt.Fprintf(conn, "\x10%c%s", len(body), body)
	var connack [4]byte
	if _, err := io.ReadFull(conn, connack[:]); err != nil || connack[0] != 0x20 {
		t.Fatalf("CONNACK %x, %v", connack, err)
	}
	return conn, connack[3]
}

func field(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }

// object fetches a page that is a JSON object.
func object(t *testing.T, g *gateway.Gateway, path string) map[string]any {
	t.Helper()
	status, _, body := get(t, g, path)
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != 200 {
		t.Fatalf("%s: %d, %v: %s", path, status, err, body)
	}
	return v
}

// page fetches a JSON object by its whole URL; nothing if it is none.
func page(t *testing.T, url string) (status int, v map[string]any) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(&v)
	return res.StatusCode, v
}

// list is an array of objects in v.
func list(t *testing.T, v map[string]any, name string) (all []map[string]any) {
	t.Helper()
	items, ok := v[name].([]any)
	if !ok {
		t.Fatalf("%s is %v", name, v[name])
	}
	for _, i := range items {
		all = append(all, i.(map[string]any))
	}
	return all
}

// until polls a page until ok.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting until %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func addr(g *gateway.Gateway, module string) string { return g.Addr(module)[0].String() }

package websocket_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/internal/wsframe"
)

const guarded = "authorization { user: u, password: pw, timeout: 20 }\n"

// Before authentication and after, on both protocols.
type stance struct {
	name, conf, path string
	begin            string // of something large that is not refused at once, empty: units are
	in               func(t *testing.T, g *gateway.Gateway, c net.Conn)
}

var stances = []stance{
	{"a stranger to NATS", guarded + plain, "/", "CONNECT ", func(*testing.T, *gateway.Gateway, net.Conn) {}},
	{"a stranger to MQTT", guarded + plain + mqttToo, "/mqtt", "\x10\x80\x80\x0c", func(*testing.T, *gateway.Gateway, net.Conn) {}},
	{"a NATS client", plain, "/", "", func(t *testing.T, _ *gateway.Gateway, c net.Conn) { write(t, c, masked(2, "CONNECT {}\r\n")) }},
	{"an MQTT client", plain + mqttToo, "/mqtt", "", func(t *testing.T, _ *gateway.Gateway, c net.Conn) {
		write(t, c, masked(2, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a"))
	}},
}

// masked is a whole message of a client's. op has FIN, or not, as the first four bits.
func masked(op byte, payload string) string {
	if op < 0x10 {
		op |= 0x80
	}
	h := wsframe.Header{Masked: true, Payload: int64(len(payload))}
	b := h.Append(nil)
	b[0] = op
	return string(b) + payload
}

func fragment(op byte, payload string) string {
	b := []byte(masked(op, payload))
	b[0] &= 0x7f
	return string(b)
}

func write(t *testing.T, c net.Conn, b string) {
	t.Helper()
	if _, err := io.WriteString(c, b); err != nil {
		t.Fatal(err)
	}
}

// raw is a client that has made its handshake and writes frames itself.
func raw(t *testing.T, g *gateway.Gateway, path, more string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr(g))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	write(t, c, "GET "+path+" HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+more+"\r\n")
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b[0]) {
		if _, err := c.Read(b); err != nil {
			t.Fatalf("%q, %v", head, err)
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		t.Fatalf("%q", head)
	}
	return c
}

// closes reads to the end, which is to come with a close frame of that code.
func closes(t *testing.T, c net.Conn, want wsframe.Code) {
	t.Helper()
	var last []byte
	b, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection stays")
	}
	for len(b) > 0 {
		h, err := wsframe.Parse(b)
		if err != nil || h.Len == 0 || int64(len(b)) < int64(h.Len)+h.Payload {
			t.Fatalf("%q, %+v, %v", b, h, err)
		}
		if b, last = b[int64(h.Len)+h.Payload:], b[:int64(h.Len)+h.Payload]; h.Op == wsframe.Close && len(b) > 0 {
			t.Fatalf("%q behind a close frame", b)
		}
	}
	if len(last) != 4 || last[0] != 0x88 || wsframe.Code(binary.BigEndian.Uint16(last[2:])) != want {
		t.Errorf("ended with %q, want a close frame of %d", last, want)
	}
}

// alive checks that nobody else has noticed.
func alive(t *testing.T, g *gateway.Gateway, options string) {
	t.Helper()
	l := hello(t, g, request{}, options)
	l.say("SUB a 1\r\nPUB a 2\r\nok\r\n")
	l.want("MSG a 1 2")
	l.want("ok")
	l.Close()
}

func TestWSFrameLength(t *testing.T) {
	for _, s := range stances {
		for _, tc := range []struct {
			name, frame string
			want        wsframe.Code
		}{
			{"2^63-1", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", wsframe.TooLarge},
			{"negative", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", wsframe.ProtocolError},
			{"not the shortest form", "\x82\xfe\x00\x05\x00\x00\x00\x00hello", wsframe.ProtocolError},
		} {
			t.Run(s.name+", "+tc.name, func(t *testing.T) {
				g := gatewaytest.Start(t, s.conf)
				c := raw(t, g, s.path, "")
				s.in(t, g, c)
				write(t, c, tc.frame)
				closes(t, c, tc.want)
			})
		}
	}
}

// TestWSFrameAndPacketLength: a frame longer than the packet in it, and shorter.
func TestWSFrameAndPacketLength(t *testing.T) {
	g := gatewaytest.Start(t, plain+mqttToo)
	w := dial(t, g, request{path: "/mqtt"})
	w.say("%s", "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a\xc0\x00\xc0") // CONNECT, PINGREQ, half of another
	w.say("\x00")
	const want = "\x20\x02\x00\x00\xd0\x00\xd0\x00"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(w, got); err != nil || string(got) != want { // [MQTT-6.0.0-2]
		t.Fatalf("%q, %v", got, err)
	}
	w.say("%s", "\x30\xff\xff\xff\xff\x7f") // five bytes of length
	w.closed(websocket.CloseProtocolError)
	c := raw(t, g, "/mqtt", "")
	write(t, c, masked(2, "\x10\xff\xff\xff\x7f\x00\x04MQTT")) // a CONNECT of 256 MiB
	closes(t, c, wsframe.TooLarge)
	alive(t, g, "")
}

func TestWSUnboundedFragments(t *testing.T) {
	for _, s := range stances {
		t.Run(s.name, func(t *testing.T) {
			g := gatewaytest.Start(t, s.conf)
			c := raw(t, g, s.path, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
			s.in(t, g, c)
			write(t, c, fragment(2, "")+strings.Repeat(fragment(0, ""), 100))
			closes(t, c, wsframe.PolicyViolation)
		})
	}
	t.Run("compressed", func(t *testing.T) {
		for _, s := range stances {
			g := gatewaytest.Start(t, strings.Replace(s.conf, "no_tls: true", "no_tls: true, compression: true", 1))
			c := raw(t, g, s.path, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
			s.in(t, g, c)
			before := heap()
			first := []byte(fragment(2, strings.Repeat("x", 1000)))
			first[0] |= 0x40
			piece := []byte(fragment(0, strings.Repeat("x", 1000)))
			_, _ = c.Write(first)
			for range 10_000 { // the gateway ends it in between
				if _, err := c.Write(piece); err != nil {
					break
				}
			}
			if n := heap() - before; n > 16<<20 {
				t.Errorf("%s: it keeps %d bytes", s.name, n)
			}
			alive(t, g, ifGuarded(s.conf))
		}
	})
}

// heap is what is in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func ifGuarded(conf string) string {
	if strings.HasPrefix(conf, guarded) {
		return `,"user":"u","pass":"pw"`
	}
	return ""
}

// TestWSDeflateBomb: compressed messages are unpacked up to a bound, a small one before authentication.
func TestWSDeflateBomb(t *testing.T) {
	pack := func(begin, unit string, size int) string {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, 9)
		if err == nil {
			_, err = io.WriteString(w, begin)
		}
		if err == nil {
			_, err = io.WriteString(w, strings.Repeat(unit, size/len(unit)))
		}
		if err != nil || w.Flush() != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
	}
	for _, s := range stances {
		size, unit := 5<<20, "PUB a 9\r\nxxxxxxxxx\r\n"
		if s.path == "/mqtt" {
			unit = "\x30\x0c\x00\x01axxxxxxxxx"
		}
		if strings.HasPrefix(s.conf, guarded) {
			size, unit = 129<<10, "x"
		}
		t.Run(s.name, func(t *testing.T) {
			g := gatewaytest.Start(t, strings.Replace(s.conf, "no_tls: true", "no_tls: true, compression: true", 1)+"\nmax_control_line: 8mb")
			c := raw(t, g, s.path, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
			s.in(t, g, c)
			write(t, c, masked(0xc2, pack(s.begin, unit, size)))
			closes(t, c, wsframe.TooLarge)
			alive(t, g, ifGuarded(s.conf))
		})
	}
}

// TestWSFrameRules: masks, reserved bits, opcodes, control frames, text.
func TestWSFrameRules(t *testing.T) {
	for _, s := range stances {
		g := gatewaytest.Start(t, s.conf)
		for _, tc := range []struct {
			name, frames string
			want         wsframe.Code
		}{
			{"not masked", "\x82\x02hi", wsframe.ProtocolError},
			{"a ping that is not masked", "\x89\x00", wsframe.ProtocolError},
			{"reserved bits", masked(0xb2, "hi"), wsframe.ProtocolError},
			{"compression that was not agreed on", masked(0xc2, "hi"), wsframe.ProtocolError},
			{"an opcode that is none", masked(0x83, "hi"), wsframe.ProtocolError},
			{"a control frame that is none", masked(0x8b, ""), wsframe.ProtocolError},
			{"a ping of 126 bytes", masked(0x89, strings.Repeat("x", 126)), wsframe.ProtocolError},
			{"a ping in fragments", fragment(9, "hi"), wsframe.ProtocolError},
			{"a continuation of nothing", masked(0x80, "hi"), wsframe.ProtocolError},
			{"a message in another", fragment(2, "C") + masked(0x82, "hi"), wsframe.ProtocolError},
			{"text", masked(0x81, "PING\r\n"), wsframe.UnsupportedData}, // [MQTT-6.0.0-1]
			{"a close frame of one byte", masked(0x88, "x"), wsframe.ProtocolError},
			{"a close code that is none", masked(0x88, "\x03\xed"), wsframe.ProtocolError},
			{"a close reason that is not UTF-8", masked(0x88, "\x03\xe8\xff"), wsframe.InvalidPayload},
			{"a close", masked(0x88, "\x03\xe8bye"), wsframe.Normal},
			{"a close of the client's own", masked(0x88, "\x0f\xa0"), 4000},
		} {
			t.Run(s.name+", "+tc.name, func(t *testing.T) {
				c := raw(t, g, s.path, "")
				s.in(t, g, c)
				write(t, c, tc.frames)
				closes(t, c, tc.want)
			})
		}
		alive(t, g, ifGuarded(s.conf))
	}
}

// TestWSPings: pings are answered, in between too; a flood of them costs only who floods.
func TestWSPings(t *testing.T) {
	g := gatewaytest.Start(t, guarded+plain)
	c := raw(t, g, "/", "")
	hello := strings.Index(readInfo(t, c), "INFO {")
	if hello < 0 {
		t.Fatal("no INFO")
	}
	write(t, c, fragment(2, "CONNECT {\"verb")+masked(0x89, "first")+masked(0x8a, "never asked")+masked(0x89, "")+
		masked(0x80, "ose\":false,\"user\":\"u\",\"pass\":\"pw\"}\r\nPING\r\n"))
	want := "\x8a\x05first\x8a\x00"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v", got, err)
	}
	flooder := raw(t, g, "/", "")
	flood := []byte(strings.Repeat(masked(0x89, strings.Repeat("x", 125)), 1000))
	before := heap()
	flooder.SetWriteDeadline(time.Now().Add(time.Second))
	for range 100 {
		if _, err := flooder.Write(flood); err != nil { // nobody has to read it all
			break
		}
	}
	if n := heap() - before; n > 8<<20 {
		t.Errorf("a flood keeps %d bytes", n)
	}
	alive(t, g, `,"user":"u","pass":"pw"`)
}

func readInfo(t *testing.T, c net.Conn) string {
	t.Helper()
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil || head[0] != 0x82 || head[1] != 126 {
		t.Fatalf("%q, %v", head, err)
	}
	b := make([]byte, binary.BigEndian.Uint16(head[2:]))
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWSPathModuleOff(t *testing.T) {
	g := gatewaytest.Start(t, plain)
	for _, r := range []request{{path: "/mqtt"}, {path: "/a/mqtt"}, {path: "/", protocol: "mqtt"}, {protocol: "mqttv3.1"}, {path: "/leafnode"}, {path: "/x/leafnode"}} {
		if _, answer, err := r.ask(g); err == nil || answer == nil || answer.StatusCode != http.StatusNotFound {
			t.Errorf("%+v: %v, %v", r, answer, err)
		}
	}
	for ep := range g.Engine().Endpoints() {
		if ep.RemoteAddr().IsValid() {
			t.Errorf("%+v is a peer", ep.Peer())
		}
	}
	alive(t, g, "")
}

// TestWSHalfHandshake: whoever does not finish the request loses the connection by a deadline, however many there are.
func TestWSHalfHandshake(t *testing.T) {
	g := gatewaytest.Start(t, block(`handshake_timeout: "300ms"`))
	var all []net.Conn
	for i := range 200 {
		c, err := net.Dial("tcp", addr(g))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		write(t, c, "GET / HTTP/1.1\r\nHost: gw\r\nX: "[:i%30])
		all = append(all, c)
	}
	for _, c := range all {
		if b, err := io.ReadAll(c); len(b) > 0 && err != nil {
			t.Fatalf("%q, %v", b, err)
		}
	}
	alive(t, g, "")
}

func TestWSBadRequests(t *testing.T) {
	g := gatewaytest.Start(t, plain)
	const head = "GET / HTTP/1.1\r\nHost: gw\r\n"
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	for _, tc := range []struct {
		name, in string
		status   int
	}{
		{"no upgrade", head + "\r\n", 400},
		{"no version", head + upgrade + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", 400},
		{"no key", head + upgrade + "Sec-WebSocket-Version: 13\r\n\r\n", 400},
		{"a key that is none", head + upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n", 400},
		{"another method", strings.Replace(head, "GET", "PUT", 1) + upgrade + key + "\r\n", 405},
		{"no HTTP", "GET /\r\n\r\n", 400},
		{"a NATS client", "CONNECT {\"verbose\":false}\r\nPING\r\n\r\n", 400},
		{"an MQTT client", "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a", 400},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
		{"a header that is none", head + "no colon here\r\n\r\n", 400},
		{"a long request", head + "X: " + strings.Repeat("x", 9000) + "\r\n\r\n", 431},
		{"an endless request", head + strings.Repeat("X: y\r\n", 3000), 431},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := net.Dial("tcp", addr(g))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			write(t, c, tc.in)
			b, err := io.ReadAll(c)
			if want := fmt.Sprintf("HTTP/1.1 %d ", tc.status); !strings.HasPrefix(string(b), want) || err != nil {
				t.Errorf("%q, %v, want %q", b, err, want)
			}
		})
	}
	alive(t, g, "")
}

// TestWSNoAuthUserFirstOp: who begins with anything but CONNECT meets the same rules.
func TestWSNoAuthUserFirstOp(t *testing.T) {
	g := gatewaytest.Start(t, `
		authorization { users [ { user: tcp, password: pw, allowed_connection_types: [ STANDARD ] }, { user: web, password: pw } ] }
		`+block("no_auth_user: tcp"))
	for _, first := range []string{"CONNECT {}\r\nPING\r\n", "SUB a 1\r\n", "PING\r\n"} {
		l := dial(t, g, request{}).lines()
		l.want("INFO {")
		l.say("%s", first)
		l.want("-ERR 'Authorization Violation'")
		l.closed(websocket.ClosePolicyViolation)
	}
	alive(t, g, `,"user":"web","pass":"pw"`)
}

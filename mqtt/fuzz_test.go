package mqtt_test

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"leafgate/mqtt"
	"leafgate/mqtt/packet"
)

// FuzzMQTTSession says any bytes to a session, once as they are and once in pieces, and wants the same answer. Acknowledgements
// of publications may come later among the other packets, but keep their own order.
func FuzzMQTTSession(f *testing.F) {
	for _, v := range []packet.Version{v31, v311, v5} {
		for _, in := range fuzzSeeds(v) {
			f.Add([]byte(in), []byte{})
			f.Add([]byte(in), []byte{2, 0, 11})
		}
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		if len(in) > 16<<10 {
			t.Skip("more than a connection holds that nobody reads")
		}
		const limits = "max_subscriptions: 8, max_retained: 8, receive_maximum: 5, sys_interval: \"1h\""
		whole, pieces := answers(t, in, limits, nil), answers(t, in, limits, append([]byte{}, cuts...))
		if whole != pieces {
			t.Errorf("%q in pieces of %v\ngets %q\nwant %q", in, cuts, pieces, whole)
		}
	})
}

// fuzzSeeds are clients that do something of everything.
func fuzzSeeds(v packet.Version) []string {
	hello := connect(v, "f", will("w/x", "gone", 1, true))
	all := []string{
		hello + subscribe(v, 1, "t/#", 2, also("$SYS/x", 0), also("$share/g/t/+", 1)) + publish(v, "t/1", "x", 0, 0) + publish(v, "t/2", "y", 1, 1) + pingreq,
		hello + subscribe(v, 1, "+", 1) + publish(v, "a", "1", 2, 1) + publish(v, "a", "1", 2, 1, dup) + ack(packet.PUBREL, v, 1, 0) + ack(packet.PUBACK, v, 1, 0) + disconnect(v),
		hello + publish(v, "r", "kept", 1, 1, retained) + subscribe(v, 2, "r", 1) + publish(v, "r", "", 0, 0, retained) + unsubscribe(v, 3, "r", "s") + pingreq,
		hello + subscribe(v, 1, "q", 2) + publish(v, "q", "2", 2, 1) + ack(packet.PUBREC, v, 1, 0) + ack(packet.PUBCOMP, v, 1, 0) + ack(packet.PUBREL, v, 1, 0),
		hello + hello, hello + publish(v, "$JS/x", "", 1, 1) + publish(v, "#", "", 1, 1), hello + publish(v, "", "", 0, 0), pingreq,
		hello + framed(0x82, "\x00\x01\x00\x01a"), hello + framed(0x32, "\x00\x01a"), hello + "\x30\xff\xff\xff\xff\x01",
		connect(v, "") + pingreq, connect(v, "k", resume) + subscribe(v, 1, "k", 1) + publish(v, "k", "x", 1, 1) + connect(v, "k"),
	}
	if v == v5 {
		all = append(all, hello+subscribe(v, 1, "t", 1, subscriptionID(7))+publish(v, "t", "x", 1, 1, everything)+publish(v, "t", "x", 0, 0, alias(3))+
			publish(v, "", "y", 0, 0, alias(3))+publish(v, "t", "z", 0, 0, expiry(100), user("a", "b"))+leavesWith(0),
			hello+string(packet.AppendAuth(nil, &packet.Auth{Reason: packet.ReAuthenticate, Method: []byte("x")})))
	}
	return all
}

var assigned = regexp.MustCompile(`auto-[A-Z2-7]{26}`)

// answers is all that comes back from a frontend of its own: the acknowledgements of publications, and the rest.
func answers(t *testing.T, in []byte, text string, cuts []byte) string {
	t.Helper()
	s := mqtt.NewSplitter(t, text, cuts)
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = conn.Write(in) // it may be closed before all has been written
	_ = conn.(*net.TCPConn).CloseWrite()
	out, err := io.ReadAll(conn)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("%q: %q, %v", in, out, err)
	}
	return sorted(assigned.ReplaceAllString(string(out), "auto-"))
}

// sorted puts acknowledgements of publications behind the other packets.
func sorted(s string) string {
	var acks, others strings.Builder
	for len(s) > 1 {
		head := 1
		for head < len(s)-1 && s[head] >= 0x80 {
			head++
		}
		n := min(len(s), head+1+remaining(s[:head+1]))
		switch packet.Type(s[0] >> 4) {
		case packet.PUBACK, packet.PUBREC, packet.PUBCOMP:
			acks.WriteString(s[:n])
		default:
			others.WriteString(s[:n])
		}
		s = s[n:]
	}
	return others.String() + "|" + acks.String() + "|" + s
}

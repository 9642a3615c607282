package peers

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const lie = `{"acc":"X","user":"admin"}`

// spoofs are headers in which somebody says that somebody else asks.
var spoofs = []struct {
	name, header string
	keeps        string // a field that arrives
	peer         bool   // nats-server strips it as well
}{
	{name: "in front", header: "NATS/1.0\r\nNats-Request-Info: " + lie + "\r\nKeep: me\r\n\r\n", keeps: "me", peer: true},
	{name: "behind", header: "NATS/1.0\r\nKeep: me\r\nNats-Request-Info: " + lie + "\r\n\r\n", keeps: "me", peer: true},
	{name: "alone", header: "NATS/1.0\r\nNats-Request-Info:" + lie + "\r\n\r\n", peer: true},
	{name: "twice", header: "NATS/1.0\r\nNats-Request-Info: " + lie + "\r\nKeep: me\r\nNats-Request-Info: " + lie + "\r\n\r\n", keeps: "me"},
	{name: "in other letters", header: "NATS/1.0\r\nnats-request-info: " + lie + "\r\nNATS-REQUEST-INFO: " + lie + "\r\nKeep: me\r\n\r\n", keeps: "me"},
	{name: "with blanks", header: "NATS/1.0\r\nNats-Request-Info : " + lie + "\r\nKeep: me\r\n\r\n", keeps: "me"},
	{name: "as a continuation", header: "NATS/1.0\r\nKeep: me\r\n Nats-Request-Info: " + lie + "\r\n\r\n", keeps: "me"},
	{name: "behind a line feed", header: "NATS/1.0\r\nKeep: me\nNats-Request-Info: " + lie + "\r\n\r\n", keeps: "me"},
	{name: "behind a carriage return", header: "NATS/1.0\r\nKeep: me\rNats-Request-Info: " + lie + "\r\n\r\n", keeps: "me"},
	{name: "behind the end", header: "NATS/1.0\r\nKeep: me\r\n\r\nNats-Request-Info: " + lie + "\r\n\r\n", keeps: "me"},
	{name: "without an end", header: "NATS/1.0\r\nKeep: me", keeps: "me"},
}

// Who asks is what the server says, whatever requests pretend.
func TestSpoofedHeaders(t *testing.T) {
	onEach(t, "server_name: tenants\n"+tenants, func(t *testing.T, s *peer.Server) {
		server := connect(t, s, nats.UserInfo("x", "x"))
		asked := make(chan *nats.Msg, 9)
		for _, subject := range []string{"shared", "single.*"} {
			_, err := server.ChanSubscribe(subject, asked)
			must(t, err)
		}
		must(t, server.Flush())
		for _, tt := range spoofs {
			if !tt.peer && s.Name == "nats-server" {
				continue
			}
			for subject, user := range map[string]string{"shared": "y", "ask.b": "y", "far": "z"} {
				t.Run(tt.name+" to "+subject, func(t *testing.T) {
					line := fmt.Sprintf("HPUB %s r %d %d\r\n%s?\r\n", subject, len(tt.header), len(tt.header)+1, tt.header)
					if got := raw(t, s.Addr(), user, line); fmt.Sprint(got) != "[+OK]" {
						t.Fatalf("got %q", got)
					}
					m := await(t, "request", asked)
					h := headerLine(m.Header)
					if strings.Count(strings.ToLower(h), "nats-request-info:") != 1 || strings.Contains(h, "admin") ||
						!strings.Contains(m.Header.Get("Nats-Request-Info"), fmt.Sprintf(`"acc":%q`, strings.ToUpper(user))) || m.Header.Get("Keep") != tt.keeps {
						t.Errorf("the service gets %q", h)
					}
				})
			}
		}
	})
}

// What an account says inside itself is its own matter.
func TestHeadersAtHome(t *testing.T) {
	onEach(t, "server_name: tenants\n"+tenants, func(t *testing.T, s *peer.Server) {
		c, err := net.Dial("tcp", s.Addr())
		must(t, err)
		defer c.Close()
		must(t, c.SetDeadline(time.Now().Add(patience)))
		h := "NATS/1.0\r\nNats-Request-Info: x\r\n\r\n"
		_, err = fmt.Fprintf(c, "CONNECT {\"verbose\":false,\"headers\":true,\"user\":\"y\",\"pass\":\"y\"}\r\nSUB home 1\r\nHPUB home %d %d\r\n%s?\r\n", len(h), len(h)+1, h)
		must(t, err)
		in, got := bufio.NewReader(c), ""
		for !strings.HasSuffix(got, "?\r\n") {
			line, err := in.ReadString('\n')
			must(t, err)
			got += line
		}
		if !strings.HasSuffix(got, h+"?\r\n") {
			t.Errorf("got %q", got)
		}
	})
}

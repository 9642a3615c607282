package leafnode_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"leafgate/internal/peer"
)

const differentialConf = `server_name: HUB
accounts { A { users: [ { user: a, password: p, permissions { publish { allow: ["up.>", "both"], deny: "up.secret" }, subscribe { allow: ["down.>", "both"], deny: "down.secret" } } }
	{ user: op, password: p } ] } }
max_payload: 1000
leafnodes { listen: "127.0.0.1:$LEAF_PORT", min_version: "2.10.0", compression: off }
`

// says is what a server says after its INFO until it closes, or until it has answered a PING: its errors, and whether it
// closed.
func says(t *testing.T, addr, in string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(patience)))
	r := bufio.NewReader(c)
	_, err = r.ReadString('\n')
	must(t, err)
	_, _ = io.WriteString(c, in+"PING\r\n")
	var all []string
	for {
		line, err := r.ReadString('\n')
		switch {
		case err != nil:
			return strings.Join(append(all, "closed"), " ")
		case strings.HasPrefix(line, "PONG"):
			return strings.Join(append(all, "open"), " ")
		case strings.HasPrefix(line, "-ERR"):
			all = append(all, strings.TrimSpace(line))
		}
	}
}

// TestDifferentialAccept: what servers below do wrong is answered as nats-server does.
func TestDifferentialAccept(t *testing.T) {
	ours, theirs := peer.Start(t, "leafgate", differentialConf), peer.Start(t, "nats-server", differentialConf)
	connect := func(more string) string {
		return `CONNECT {"version":"2.15.2","server_id":"X","name":"X","cluster":"X","user":"a","pass":"p","headers":true` + more + "}\r\n"
	}
	for _, tc := range []struct{ name, in string }{
		{"let in", connect("")},
		{"wrong password", connect(`,"pass":"x"`)},
		{"unknown user", connect(`,"user":"x"`)},
		{"nobody", "CONNECT {\"version\":\"2.15.2\"}\r\n"},
		{"interest first", "LS+ a\r\n"},
		{"PING first", ""},
		{"a client", connect(`,"lang":"go"`)},
		{"an old server", connect(`,"version":"2.9.9"`)},
		{"a gateway", connect(`,"gateway":"G"`)},
		{"a cluster with spaces", connect(`,"cluster":"a b"`)},
		{"subscription it may not have", connect("") + "LS+ other\r\n"},
		{"subscription denied", connect("") + "LS+ down.secret\r\n"},
		{"wildcards", connect("") + "LS+ >\r\nLS+ down.*\r\nLS+ *.secret q 1\r\nLS+ other.* q 1\r\n"},
		{"publication it may not make", connect("") + "LMSG other 1\r\nx\r\n"},
		{"publication denied", connect("") + "LMSG up.secret 1\r\nx\r\n"},
		{"publication", connect("") + "LMSG up.x 1\r\nx\r\nLMSG both + r q 1\r\nx\r\nHMSG up.x 12 13\r\nNATS/1.0\r\n\r\nx\r\n"},
		{"answers", connect("") + "LMSG _R_.abc.def 1\r\nx\r\nLMSG $JS.ACK.a 0\r\n\r\n"},
		{"too much", connect("") + "LMSG up.x 1001\r\n" + strings.Repeat("x", 1001) + "\r\n"},
		{"as much as it may", connect("") + "LMSG up.x 1000\r\n" + strings.Repeat("x", 1000) + "\r\n"},
		{"a subject that is none", connect("") + "LS+ down..x\r\n"},
		{"bad arguments", connect("") + "LS+ a q\r\n"},
		{"an unknown verb", connect("") + "FOO\r\n"},
		{"strange but harmless", connect("") + "LS- never\r\n+OK\r\n-ERR 'x'\r\nPONG\r\nINFO {}\r\n"},
		{"beacons of others", connect("") + "LS+ $LDS.abc\r\nLS- $LDS.abc\r\n"},
		{"system interest", connect("") + "LS+ $SYS.REQ.USER.INFO\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // nats-server takes its time with some
			if a, b := says(t, ours.Leaf, tc.in), says(t, theirs.Leaf, tc.in); a != b {
				t.Errorf("we say %q, nats-server %q", a, b)
			}
		})
	}
}

package natsproto_test

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leafgate/natsproto"
	"leafgate/natsproto/wire"
)

// FuzzSession says any bytes to a session, once as they are and once in pieces, and wants the same answer.
func FuzzSession(f *testing.F) {
	splitters := map[bool]*natsproto.Splitter{
		false: natsproto.NewSplitter(f, "max_payload: 10000, max_subscriptions: 8"),
		true:  natsproto.NewSplitter(f, perms+"no_auth_user: a"),
	}
	for _, c := range slices.Concat(conversations, spellings) {
		in, restricted := []byte(text(c.script)), strings.Contains(c.conf, "authorization")
		f.Add(in, []byte{}, restricted)
		f.Add(in, []byte{2, 0, 11}, restricted)
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte, restricted bool) {
		if len(in) > 32<<10 {
			t.Skip("more than a connection holds that nobody reads")
		}
		s := splitters[restricted]
		s.Cut(cuts)
		whole, pieces := answer(t, s.Whole, in), answer(t, s.Pieces, in)
		if !bytes.Equal(whole, pieces) && !chancy(in) {
			t.Errorf("%q in pieces of %v\ngets %q\nwant %q", in, cuts, pieces, whole)
		}
		for ep := range s.Engine.Endpoints() {
			t.Errorf("%q leaves %+v behind", in, ep.Peer())
		}
	})
}

var clientID = regexp.MustCompile(`"client_id":\d+`)

// answer is all that comes back.
func answer(t *testing.T, addr string, in []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = conn.Write(in) // it may be closed before all has been written
	_ = conn.(*net.TCPConn).CloseWrite()
	out, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%q: %q, %v", in, out, err)
	}
	return clientID.ReplaceAll(out, nil)
}

// chancy says whether chance decides who gets a message: there is more than one queue subscription.
func chancy(in []byte) bool {
	queues := 0
	for len(in) > 0 {
		var u wire.Unit
		n, err := wire.Next(in, wire.Limits{ControlLine: 4096, Payload: 1 << 20}, &u)
		if n == 0 || err != nil {
			break
		}
		if s, err := wire.ParseSub(u.Args); u.Verb == wire.SUB && err == nil && s.Queue != nil {
			queues++
		}
		in = in[n:]
	}
	return queues > 1
}

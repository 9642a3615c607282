package wire_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leafgate/leafnode/wire"
)

var limits = wire.Limits{ControlLine: 64, Payload: 100}

// conversations are inputs with what a reader must find in them.
var conversations = []struct {
	name, in string
	want     []string // one for each unit, see describe
	err      error
	rest     string // bytes left over, where there is no error
}{
	{name: "nothing"},
	{name: "sub", in: "LS+ a.b\r\n", want: []string{"LS+ a.b"}},
	{name: "sub queue", in: "LS+ a.* q 3\r\n", want: []string{"LS+ a.* q 3"}},
	{name: "sub lower case, blanks, bare newline", in: "ls+ \t a  q\t3 \n", want: []string{"LS+ a q 3"}},
	{name: "sub with two arguments", in: "LS+ a q\r\n", err: wire.ErrArgs},
	{name: "sub with four", in: "LS+ a q 1 2\r\n", err: wire.ErrArgs},
	{name: "sub with none", in: "LS+ \r\n", err: wire.ErrArgs},
	{name: "sub with weight 0", in: "LS+ a q 0\r\n", err: wire.ErrArgs},
	{name: "sub with strange weight", in: "LS+ a q -1\r\n", err: wire.ErrArgs},
	{name: "sub with NUL", in: "LS+ a\x00b\r\n", err: wire.ErrArgs},
	{name: "sub with CR", in: "LS+ a\rb\r\n", err: wire.ErrArgs},
	{name: "unsub", in: "LS- a\r\nLS- a q\r\n", want: []string{"LS- a", "LS- a q"}},
	{name: "unsub with three arguments", in: "LS- a q 1\r\n", err: wire.ErrArgs},
	{name: "unsub with none", in: "LS- \r\n", err: wire.ErrArgs},
	{name: "message", in: "LMSG a 2\r\nhi\r\n", want: []string{"LMSG a - [] 0 hi"}},
	{name: "message with reply", in: "LMSG a r 2\r\nhi\r\n", want: []string{"LMSG a r [] 0 hi"}},
	{name: "message with reply and queues", in: "LMSG a + r q1 q2 2\r\nhi\r\n", want: []string{"LMSG a r [q1 q2] 0 hi"}},
	{name: "message with queue", in: "LMSG a | q1 2\r\nhi\r\n", want: []string{"LMSG a - [q1] 0 hi"}},
	{name: "empty message", in: "LMSG a 0\r\n\r\n", want: []string{"LMSG a - [] 0 "}},
	{name: "message of line ends", in: "LMSG a 4\r\n\r\n\r\n\r\n", want: []string{"LMSG a - [] 0 \r\n\r\n"}},
	{name: "headers", in: "HMSG a 3 5\r\nNATHI\r\n", want: []string{"HMSG a - [] 3 NATHI"}},
	{name: "headers with reply", in: "HMSG a r 3 5\r\nNATHI\r\n", want: []string{"HMSG a r [] 3 NATHI"}},
	{name: "headers with reply and queue", in: "HMSG a + r q 3 5\r\nNATHI\r\n", want: []string{"HMSG a r [q] 3 NATHI"}},
	{name: "headers with queues", in: "HMSG a | q1 q2 3 5\r\nNATHI\r\n", want: []string{"HMSG a - [q1 q2] 3 NATHI"}},
	{name: "headers of nothing", in: "HMSG a 0 2\r\nHI\r\n", want: []string{"HMSG a - [] 0 HI"}},
	{name: "headers longer than all", in: "HMSG a 6 5\r\nNATHI\r\n", err: wire.ErrArgs},
	{name: "headers with one size", in: "HMSG a 5\r\nNATHI\r\n", err: wire.ErrArgs},
	{name: "queue missing", in: "LMSG a | 2\r\nhi\r\n", err: wire.ErrArgs},
	{name: "queue missing behind reply", in: "LMSG a + r 2\r\nhi\r\n", err: wire.ErrArgs},
	{name: "all missing behind plus", in: "LMSG a +\r\n", err: wire.ErrArgs},
	{name: "too many without mark", in: "LMSG a r q 2\r\nhi\r\n", err: wire.ErrArgs},
	{name: "size missing", in: "LMSG a\r\n", err: wire.ErrArgs},
	{name: "size strange", in: "LMSG a 0x1\r\n", err: wire.ErrArgs},
	{name: "size of ten digits", in: "LMSG a 1000000000\r\n", err: wire.ErrArgs},
	{name: "message at the limit", in: "LMSG a 100\r\n" + strings.Repeat("x", 100) + "\r\n", want: []string{"LMSG a - [] 0 " + strings.Repeat("x", 100)}},
	{name: "message above", in: "LMSG a 101\r\n", err: wire.ErrPayload},
	{name: "message longer than its size", in: "LMSG a 2\r\nhix\r\n", err: wire.ErrArgs},
	{name: "message with CR only", in: "LMSG a 2\r\nhi\rLS+ a\r\n", err: wire.ErrArgs},
	{name: "message unfinished", in: "LMSG a 2\r\nh", rest: "LMSG a 2\r\nh"},
	{name: "ping and pong", in: "PING\r\npong\nPING \r\n", want: []string{"PING", "PONG", "PING"}},
	{name: "ping with arguments", in: "PING 1\r\n", err: wire.ErrArgs},
	{name: "info", in: "INFO {\"a\":1} \r\n", want: []string{`INFO {"a":1}`}},
	{name: "connect", in: "CONNECT {}\r\n", want: []string{"CONNECT {}"}},
	{name: "ok and err", in: "+OK\r\n-ERR 'x y'\r\n", want: []string{"+OK", "-ERR 'x y'"}},
	{name: "verb of another protocol", in: "PUB a 2\r\nhi\r\n", err: wire.ErrUnknown},
	{name: "garbage", in: "\x16\x03\x01", err: wire.ErrUnknown},
	{name: "verb that goes on", in: "PINGS\r\n", err: wire.ErrUnknown},
	{name: "verb without blank", in: "LS+a\r\n", err: wire.ErrUnknown},
	{name: "line too long", in: "LS+ " + strings.Repeat("a", 61) + "\r\n", err: wire.ErrControlLine},
	{name: "line too long, unfinished", in: "LS+ " + strings.Repeat("a", 62), err: wire.ErrControlLine},
	{name: "line at the limit", in: "LS+ " + strings.Repeat("a", 60) + "\r\n", want: []string{"LS+ " + strings.Repeat("a", 60)}},
	{name: "unfinished verb", in: "LM", rest: "LM"},
}

func describe(b []byte, u *wire.Unit) string {
	switch u.Verb {
	case wire.LSub, wire.LUnsub:
		s := map[wire.Verb]string{wire.LSub: "LS+ ", wire.LUnsub: "LS- "}[u.Verb] + string(u.Subject)
		if u.Queue != nil {
			s += " " + string(u.Queue)
		}
		if u.Weight > 0 {
			s += fmt.Sprintf(" %d", u.Weight)
		}
		return s
	case wire.LMsg, wire.HMsg:
		reply := "-"
		if u.Reply != nil {
			reply = string(u.Reply)
		}
		verb := map[wire.Verb]string{wire.LMsg: "LMSG", wire.HMsg: "HMSG"}[u.Verb]
		return fmt.Sprintf("%s %s %s %s %d %s", verb, u.Subject, reply, u.Queues, u.HeaderSize, b[u.Line:u.Line+u.Size])
	case wire.INFO:
		return "INFO " + string(u.Args)
	case wire.CONNECT:
		return "CONNECT " + string(u.Args)
	case wire.ERR:
		return "-ERR " + string(u.Args)
	}
	return map[wire.Verb]string{wire.PING: "PING", wire.PONG: "PONG", wire.OK: "+OK"}[u.Verb]
}

// read takes all units off in, which comes in pieces of step bytes.
func read(in string, step int) (got []string, rest string, err error) {
	var u wire.Unit
	have := ""
	for len(in) > 0 {
		n := min(step, len(in))
		have, in = have+in[:n], in[n:]
		for {
			b := []byte(have)
			n, err := wire.Next(b, limits, &u)
			if err != nil {
				return got, have, err
			}
			if n == 0 {
				break
			}
			got = append(got, describe(b, &u))
			have = have[n:]
		}
	}
	return got, have, nil
}

func TestNext(t *testing.T) {
	for _, tc := range conversations {
		for _, step := range []int{1, 3, 1000} {
			got, rest, err := read(tc.in, step)
			if !errors.Is(err, tc.err) || err == nil && (!slices.Equal(got, tc.want) || rest != tc.rest) {
				t.Errorf("%s, %d bytes at a time: got %q, rest %q, %v", tc.name, step, got, rest, err)
			}
		}
	}
}

func TestAppend(t *testing.T) {
	line := func(l wire.Line) []byte { return wire.AppendLine(nil, &l) }
	s, r, q := []byte("a.b"), []byte("r"), []string{"q1", "q2"}
	for _, tc := range []struct {
		got  []byte
		want string
	}{
		{wire.AppendSub(nil, "a", "", 1), "LS+ a\r\n"},
		{wire.AppendSub(nil, "a", "q", 12), "LS+ a q 12\r\n"},
		{wire.AppendUnsub(nil, "a", ""), "LS- a\r\n"},
		{wire.AppendUnsub(nil, "a", "q"), "LS- a q\r\n"},
		{wire.AppendErr(nil, "x"), "-ERR 'x'\r\n"},
		{line(wire.Line{Subject: s, Size: 5}), "LMSG a.b 5\r\n"},
		{line(wire.Line{Subject: s, Reply: r, Size: 5}), "LMSG a.b r 5\r\n"},
		{line(wire.Line{Subject: s, Reply: r, Queues: q, Size: 5}), "LMSG a.b + r q1 q2 5\r\n"},
		{line(wire.Line{Subject: s, Queues: q, Size: 5}), "LMSG a.b | q1 q2 5\r\n"},
		{line(wire.Line{Subject: s, Header: 3, Size: 5}), "HMSG a.b 3 5\r\n"},
		{line(wire.Line{Subject: s, Reply: r, Queues: q, Header: 3, Size: 5}), "HMSG a.b + r q1 q2 3 5\r\n"},
		{wire.AppendConnect(nil, &wire.Connect{Version: "1", ServerID: "S", Name: "n", Headers: true, Compression: "off"}),
			`CONNECT {"version":"1","server_id":"S","name":"n","headers":true,"compress_mode":"off"}` + "\r\n"},
	} {
		if string(tc.got) != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestInfo(t *testing.T) {
	var i wire.Info
	if err := i.Parse([]byte(`{"client_id":8,"leafnode_urls":[],"max_payload":10,"import":{"allow":["a"]}}`)); err != nil {
		t.Fatal(err)
	}
	if i.ClientID != 8 || i.LeafnodeURLs == nil || i.MaxPayload != 10 || i.Import.Allow[0] != "a" || i.Export != nil {
		t.Errorf("got %+v", i)
	}
	if err := i.Parse([]byte(`{"client_id":"secret"`)); !errors.Is(err, wire.ErrArgs) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestNextAllocs(t *testing.T) {
	b := []byte(strings.Repeat("LMSG a.b + r q1 q2 5\r\nhello\r\n", 1000))
	var u wire.Unit
	n := testing.AllocsPerRun(10, func() {
		for rest := b; len(rest) > 0; {
			took, err := wire.Next(rest, limits, &u)
			if err != nil || took == 0 {
				t.Fatal(took, err)
			}
			rest = rest[took:]
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for 1,000 messages", n)
	}
}

// FuzzLeafParser: whatever comes, however it is cut, is read the same way, and what is read can be written again.
func FuzzLeafParser(f *testing.F) {
	for _, tc := range conversations {
		f.Add(tc.in, 1)
		f.Add(tc.in, 5)
	}
	f.Fuzz(func(t *testing.T, in string, step int) {
		whole, rest, err := read(in, max(1, len(in)))
		parts, otherRest, otherErr := read(in, max(1, step%64))
		if !slices.Equal(whole, parts) || (err == nil) != (otherErr == nil) || err == nil && rest != otherRest {
			t.Fatalf("whole: %q %q %v\nparts: %q %q %v", whole, rest, err, parts, otherRest, otherErr)
		}
		var u wire.Unit
		b := []byte(in)
		n, err := wire.Next(b, limits, &u)
		if err != nil || n == 0 || u.Verb != wire.LMsg && u.Verb != wire.HMsg {
			return
		}
		l := wire.Line{Subject: u.Subject, Reply: u.Reply, Header: u.HeaderSize, Size: u.Size}
		for _, q := range u.Queues {
			l.Queues = append(l.Queues, string(q))
		}
		was := describe(b, &u)
		again := append(append(wire.AppendLine(nil, &l), b[u.Line:u.Line+u.Size]...), "\r\n"...)
		if n, err := wire.Next(again, wire.Limits{ControlLine: 200, Payload: 100}, &u); err != nil || n != len(again) || describe(again, &u)[4:] != was[4:] {
			t.Fatalf("%q was written as %q: %v", in, again, err)
		}
	})
}

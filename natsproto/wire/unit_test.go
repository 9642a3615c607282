package wire_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leafgate/natsproto/wire"
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
	{name: "pub", in: "PUB a 2\r\nhi\r\n", want: []string{"PUB a - 0 hi tail=2 hi"}},
	{name: "pub reply", in: "PUB a.b r 2\r\nhi\r\n", want: []string{"PUB a.b r 0 hi tail=r 2 hi"}},
	{name: "pub empty", in: "PUB a 0\r\n\r\n", want: []string{"PUB a - 0  tail=0 "}},
	{name: "pub payload with line ends", in: "PUB a 4\r\n\r\n\r\n\r\n", want: []string{"PUB a - 0 \r\n\r\n tail=4 \r\n\r\n"}},
	{name: "pub lower case", in: "pub a 2\r\nhi\r\n", want: []string{"PUB a - 0 hi tail=2 hi"}},
	{name: "pub mixed case", in: "pUb a 2\r\nhi\r\n", want: []string{"PUB a - 0 hi tail=2 hi"}},
	{name: "pub blanks", in: "PUB  a   2 \r\nhi\r\n", want: []string{"PUB a - 0 hi"}},
	{name: "pub tabs", in: "PUB\ta\tr\t2\r\nhi\r\n", want: []string{"PUB a r 0 hi"}},
	{name: "pub tab inside", in: "PUB a\tr 2\r\nhi\r\n", want: []string{"PUB a r 0 hi"}},
	{name: "pub bare newline", in: "PUB a 2\nhi\r\n", want: []string{"PUB a - 0 hi"}},
	{name: "pub leading zeros", in: "PUB a 002\r\nhi\r\n", want: []string{"PUB a - 0 hi tail=002 hi"}},
	{name: "pub wildcards", in: "PUB foo.* 2\r\nhi\r\n", want: []string{"PUB foo.* - 0 hi tail=2 hi"}},
	{name: "pub dots", in: "PUB .. 2\r\nhi\r\n", want: []string{"PUB .. - 0 hi tail=2 hi"}},
	{name: "pub non-UTF-8", in: "PUB \xff\xfe 2\r\nhi\r\n", want: []string{"PUB \xff\xfe - 0 hi tail=2 hi"}},
	{name: "pub NUL in subject", in: "PUB a\x00b 2\r\nhi\r\n", want: []string{"PUB a\x00b - 0 hi unclean"}},
	{name: "pub DEL in subject", in: "PUB abcdefgh\x7fb 2\r\nhi\r\n", want: []string{"PUB abcdefgh\x7fb - 0 hi unclean"}},
	{name: "pub CR in reply", in: "PUB a r\rs 2\r\nhi\r\n", want: []string{"PUB a r\rs 0 hi unclean"}},
	{name: "pub long subject", in: "PUB " + strings.Repeat("s", 60) + " 2\r\nhi\r\n",
		want: []string{"PUB " + strings.Repeat("s", 60) + " - 0 hi tail=2 hi"}},
	{name: "pub at the payload limit", in: "PUB a 100\r\n" + strings.Repeat("x", 100) + "\r\n",
		want: []string{"PUB a - 0 " + strings.Repeat("x", 100) + " tail=100 " + strings.Repeat("x", 100)}},
	{name: "pub above it", in: "PUB a 101\r\n", err: wire.ErrPayload},
	{name: "pub nine digits", in: "PUB a 999999999\r\n", err: wire.ErrPayload},
	{name: "pub ten digits", in: "PUB a 1000000000\r\n", err: wire.ErrArgs},
	{name: "pub huge", in: "PUB a 99999999999999999999\r\n", err: wire.ErrArgs},
	{name: "pub negative", in: "PUB a -1\r\n", err: wire.ErrArgs},
	{name: "pub plus", in: "PUB a +1\r\n", err: wire.ErrArgs},
	{name: "pub hex", in: "PUB a 0x1\r\n", err: wire.ErrArgs},
	{name: "pub no size", in: "PUB a\r\n", err: wire.ErrArgs},
	{name: "pub nothing", in: "PUB \r\n", err: wire.ErrArgs},
	{name: "pub too many", in: "PUB a b c 2\r\n", err: wire.ErrArgs},
	{name: "pub without blank", in: "PUBa 2\r\n", err: wire.ErrUnknown},
	{name: "pub end at once", in: "PUB\r\n", err: wire.ErrUnknown},
	{name: "pub payload too long", in: "PUB a 2\r\nhix\r\n", err: wire.ErrUnknown},
	{name: "pub payload ends in newline only", in: "PUB a 2\r\nhi\nPING\r\n", err: wire.ErrUnknown},
	{name: "pub payload ends in CR only", in: "PUB a 2\r\nhi\rPING\r\n", err: wire.ErrUnknown},
	{name: "pub unfinished line", in: "PUB a 2", rest: "PUB a 2"},
	{name: "pub unfinished payload", in: "PUB a 2\r\nh", rest: "PUB a 2\r\nh"},
	{name: "hpub", in: "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", want: []string{"HPUB a - 12 NATS/1.0\r\n\r\nhi tail=12 14 NATS/1.0\r\n\r\nhi"}},
	{name: "hpub reply", in: "hpub a r 12 12\r\nNATS/1.0\r\n\r\n\r\n", want: []string{"HPUB a r 12 NATS/1.0\r\n\r\n tail=r 12 12 NATS/1.0\r\n\r\n"}},
	{name: "hpub blanks", in: "HPUB a\t12  12 \nNATS/1.0\r\n\r\n\r\n", want: []string{"HPUB a - 12 NATS/1.0\r\n\r\n"}},
	{name: "hpub header longer than all", in: "HPUB a 12 11\r\n", err: wire.ErrArgs},
	{name: "hpub one size", in: "HPUB a 12\r\n", err: wire.ErrArgs},
	{name: "hpub bad header size", in: "HPUB a x 12\r\n", err: wire.ErrArgs},
	{name: "hpub bad size", in: "HPUB a 12 x\r\n", err: wire.ErrArgs},
	{name: "hpub too many", in: "HPUB a b c 12 12\r\n", err: wire.ErrArgs},
	{name: "hpub above the limit", in: "HPUB a 12 101\r\n", err: wire.ErrPayload},
	{name: "sub", in: "SUB a 1\r\n", want: []string{"SUB a 1"}},
	{name: "sub queue", in: "sub a\tq  1 \r\n", want: []string{"SUB a\tq  1"}},
	{name: "unsub", in: "UNSUB 1 5\r\n", want: []string{"UNSUB 1 5"}},
	{name: "sub end at once", in: "SUB\r\n", err: wire.ErrUnknown},
	{name: "ping", in: "PING\r\n", want: []string{"PING "}},
	{name: "ping bare newline", in: "ping\n", want: []string{"PING "}},
	{name: "ping with words", in: "PING hello\r\n", want: []string{"PING hello"}},
	{name: "pong", in: "PONG\r\n", want: []string{"PONG "}},
	{name: "connect", in: "CONNECT {\"a\":1}\r\n", want: []string{"CONNECT {\"a\":1}"}},
	{name: "connect without blank", in: "CONNECT{}\r\n", want: []string{"CONNECT {}"}},
	{name: "info ok err", in: "INFO {}\r\n+OK\r\n-ERR 'x'\r\n", want: []string{"INFO {}", "+OK ", "-ERR 'x'"}},
	{name: "err without blank", in: "-ERR\r\n", err: wire.ErrUnknown},
	{name: "several", in: "PING\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nPONG\r\n",
		want: []string{"PING ", "PUB a - 0 x tail=1 x", "PUB a - 0 y tail=1 y", "PONG "}},
	{name: "server verbs", in: "MSG a 1 2\r\n", err: wire.ErrUnknown},
	{name: "server verbs with headers", in: "HMSG a 1 12 12\r\n", err: wire.ErrUnknown},
	{name: "route verbs", in: "RS+ a b\r\n", err: wire.ErrUnknown},
	{name: "leaf verbs", in: "LS+ a\r\n", err: wire.ErrUnknown},
	{name: "http", in: "GET / HTTP/1.1\r\n", err: wire.ErrUnknown},
	{name: "empty line", in: "\r\n", err: wire.ErrUnknown},
	{name: "blank first", in: " PING\r\n", err: wire.ErrUnknown},
	{name: "NUL", in: "\x00", err: wire.ErrUnknown},
	{name: "wrong at the end of the verb", in: "PINK\r\n", err: wire.ErrUnknown},
	{name: "line at the limit", in: "SUB " + strings.Repeat("a", 64) + "\r\n", want: []string{"SUB " + strings.Repeat("a", 64)}},
	{name: "line above it", in: "SUB " + strings.Repeat("a", 65) + "\r\n", err: wire.ErrControlLine},
	{name: "line above it, without end", in: "SUB " + strings.Repeat("a", 65), err: wire.ErrControlLine},
	{name: "pub line above it", in: "PUB " + strings.Repeat("a", 63) + " 1\r\n", err: wire.ErrControlLine},
	{name: "blanks without end", in: "PUB " + strings.Repeat(" ", 65), err: wire.ErrControlLine},
	{name: "ping without end", in: "PING" + strings.Repeat("x", 65), err: wire.ErrControlLine},
}

// describe says everything a unit holds.
func describe(b []byte, u *wire.Unit) string {
	if u.Verb != wire.PUB && u.Verb != wire.HPUB {
		return fmt.Sprintf("%s %s", u.Verb, u.Args)
	}
	reply := "-"
	if u.Reply != nil {
		reply = string(u.Reply)
	}
	d := fmt.Sprintf("%s %s %s %d %s", u.Verb, u.Subject, reply, u.HeaderSize, b[u.Line:u.Line+u.Size])
	if u.Tail > 0 {
		d += " tail=" + strings.Replace(strings.TrimSuffix(string(b[u.Tail:u.Len]), "\r\n"), "\r\n", " ", 1)
	}
	if u.Unclean {
		d += " unclean"
	}
	return d
}

// read feeds in to Next, at most step bytes at a time, as a driver would.
func read(t testing.TB, in []byte, step int) (units []string, rest string, err error) {
	var carry []byte
	for at := 0; at < len(in); at += step {
		carry = append(carry, in[at:min(at+step, len(in))]...)
		for len(carry) > 0 {
			var u wire.Unit
			n, err := wire.Next(carry, limits, &u)
			if err != nil {
				return units, "", err
			}
			if n == 0 {
				checkUnfinished(t, carry, &u)
				break
			}
			units = append(units, describe(carry, &u))
			carry = carry[n:]
		}
	}
	return units, string(carry), nil
}

// checkUnfinished: what a driver has to keep is bounded.
func checkUnfinished(t testing.TB, carry []byte, u *wire.Unit) {
	t.Helper()
	most := limits.ControlLine + len("connect \r")
	if u.Len > 0 {
		most = u.Len - 1
	}
	if len(carry) > most || u.Len > limits.ControlLine+len("HPUB \r\n")+limits.Payload+len("\r\n") {
		t.Errorf("keeps %d bytes of %q for a unit of %d", len(carry), carry, u.Len)
	}
}

func TestNext(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1 << 20, 1, 2, 3, 7} {
				units, rest, err := read(t, []byte(c.in), step)
				if !errors.Is(err, c.err) {
					t.Fatalf("step %d: error %v, want %v", step, err, c.err)
				}
				if !slices.Equal(units, c.want) || rest != c.rest {
					t.Errorf("step %d: %q and %q left, want %q and %q", step, units, rest, c.want, c.rest)
				}
			}
		})
	}
}

func TestNextKnowsEarly(t *testing.T) {
	for _, c := range []struct {
		in   string
		verb wire.Verb
		size int
	}{
		{"P", wire.Unknown, 0},
		{"PUB", wire.Unknown, 0},
		{"PUB ", wire.PUB, 0},
		{"PUB a 5\r", wire.PUB, 0},
		{"PUB a 5\r\n", wire.PUB, 16},
		{"PUB  a 5\n", wire.PUB, 16},
		{"HPUB a 5 5\r\n", wire.HPUB, 19},
		{"CONNECT", wire.CONNECT, 0},
	} {
		var u wire.Unit
		n, err := wire.Next([]byte(c.in), limits, &u)
		if n != 0 || err != nil || u.Verb != c.verb || u.Len != c.size {
			t.Errorf("%q: %d, %v, verb %v, length %d; want verb %v, length %d", c.in, n, err, u.Verb, u.Len, c.verb, c.size)
		}
	}
}

func TestNextAllocs(t *testing.T) {
	in := []byte("PUB a.b.c reply 5\r\nhello\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPUB  a  2\nhi\r\nSUB a.b q 1\r\nUNSUB 1 2\r\nPING\r\n")
	allocs := testing.AllocsPerRun(100, func() {
		for b := in; len(b) > 0; {
			var u wire.Unit
			n, err := wire.Next(b, limits, &u)
			if n == 0 || err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			switch u.Verb {
			case wire.SUB:
				_, err = wire.ParseSub(u.Args)
			case wire.UNSUB:
				_, err = wire.ParseUnsub(u.Args)
			}
			if err != nil {
				t.Fatal(err)
			}
			b = b[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

func FuzzClientParser(f *testing.F) {
	for _, c := range conversations {
		f.Add([]byte(c.in), 1)
		f.Add([]byte(c.in), 5)
	}
	var all strings.Builder
	for _, c := range conversations {
		if c.err == nil && c.rest == "" {
			all.WriteString(c.in)
		}
	}
	f.Add([]byte(all.String()), 11)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		if step < 1 || step > 1<<20 {
			return
		}
		whole, rest, err := read(t, in, len(in)+1)
		units, srest, serr := read(t, in, step)
		if !slices.Equal(whole, units) || rest != srest || !errors.Is(serr, err) {
			t.Errorf("whole: %q, %q left, %v\nin steps of %d: %q, %q left, %v", whole, rest, err, step, units, srest, serr)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for _, in := range []string{"PUB dev.17.temp 16\r\n0123456789abcdef\r\n", "PUB  dev.17.temp  16\r\n0123456789abcdef\r\n",
		"HPUB dev.17.temp _INBOX.abcdefgh 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"} {
		b.Run(in[:8], func(b *testing.B) {
			buf := []byte(in)
			for b.Loop() {
				var u wire.Unit
				if n, err := wire.Next(buf, limits, &u); n != len(buf) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

package main

import (
	"strings"
	"testing"
)

const natsTalk = "INFO {\"a\":1}\r\n+OK\r\nMSG a.b 1 3\r\nxyz\r\nPING\r\nMSG a.b 1 r.e 0\r\n\r\nPONG\r\n" +
	"HMSG in 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n" +
	"HMSG a.b 1 r.e 21 24\r\nNATS/1.0\r\nA:12345\r\n\r\nxyz\r\n-ERR 'Stale Connection'\r\n"

var kindNames = []string{"other", "message", "ping", "pong", "refusal", "received", "released", "settled"}

// readAll feeds b in steps of n bytes and tells what came out.
func readAll(d dialect, b []byte, n int) (units []string, err error) {
	var in inbox
	var u unit
	for len(b) > 0 && err == nil {
		in.end += copy(in.room(), b[:min(n, len(b))])
		b = b[min(n, len(b)):]
		for ok := true; ok && err == nil; {
			if ok, err = in.next(d, &u); ok {
				units = append(units, strings.Join([]string{kindNames[u.kind],
					string(u.subject), string(u.reply), string(u.payload)}, "|"))
			}
		}
	}
	return units, err
}

func TestNatsNext(t *testing.T) {
	want := "other||| other||| message|a.b||xyz ping||| message|a.b|r.e| pong||| " +
		"refusal|in||NATS/1.0_503____ message|a.b|r.e|xyz refusal|||'Stale_Connection'"
	for n := 1; n <= len(natsTalk); n++ {
		units, err := readAll(natsDialect{}, []byte(natsTalk), n)
		got := strings.NewReplacer("\r", "_", "\n", "_").Replace(strings.ReplaceAll(strings.Join(units, " "), "0 503", "0_503"))
		got = strings.ReplaceAll(got, "Stale Connection", "Stale_Connection")
		if err != nil || got != want {
			t.Fatalf("in steps of %d: %v\n got %s\nwant %s", n, err, got, want)
		}
	}
}

func TestNatsNextRefuses(t *testing.T) {
	for _, line := range []string{
		"\r\n", "FOO\r\n", "MSG a 1\r\n", "MSG a 1 b c 3\r\nxyz\r\n", "MSG a 1 -1\r\n", "MSG a 1 x\r\n", "MSG a 1 3\r\nxyzuv",
		"MSG a 1 99999999999999999999\r\n", "HMSG a 1 3\r\n", "HMSG a 1 4 3\r\nxyz\r\n", "HMSG a 1 x 3\r\nxyz\r\n",
	} {
		if units, err := readAll(natsDialect{}, []byte(line), len(line)); err == nil {
			t.Errorf("%q gave %q, want an error", line, units)
		}
	}
}

// TestNatsDelivered: the size that measured mode divides by is the size that the wire has.
func TestNatsDelivered(t *testing.T) {
	for size, want := range map[int]string{
		3:   "MSG a.b 1 3\r\nxyz\r\n",
		100: "MSG a.b 1 100\r\n" + strings.Repeat("x", 100) + "\r\n",
	} {
		if got := (natsDialect{}).Delivered([]byte("a.b"), 1, size); got != len(want) {
			t.Errorf("payload of %d: %d bytes, want %d", size, got, len(want))
		}
	}
}

func TestNatsSays(t *testing.T) {
	d := natsDialect{}
	for _, c := range []struct{ got, want string }{
		{string(d.Subscribe(nil, []byte("a.b"), "", 7)), "SUB a.b 7\r\n"},
		{string(d.Subscribe(nil, []byte("a.b"), "q", 7)), "SUB a.b q 7\r\n"},
		{string(d.Unsubscribe(nil, []byte("a.b"), 7)), "UNSUB 7\r\n"},
		{string(d.Publish(nil, &unit{subject: []byte("a.b"), payload: []byte("xyz")})), "PUB a.b 3\r\nxyz\r\n"},
		{string(d.Publish(nil, &unit{subject: []byte("a.b"), reply: []byte("r")})), "PUB a.b r 0\r\n\r\n"},
		{string(d.Answer(d.Ping(nil), &unit{kind: ping})), "PING\r\nPONG\r\n"},
		{string(d.Answer(nil, &unit{kind: message, qos: 1})), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// FuzzNatsNext: no input breaks the reader, and how it is cut does not change what it reads.
func FuzzNatsNext(f *testing.F) {
	f.Add([]byte(natsTalk), 3)
	f.Add([]byte("MSG a 1 3\r\nxyzuv"), 1)
	f.Add([]byte("HMSG a 1 r 0 0\r\n\r\n"), 5)
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		if step < 1 || step > 1<<10 || len(b) > 1<<10 {
			return
		}
		whole, err1 := readAll(natsDialect{}, b, 1<<10)
		parts, err2 := readAll(natsDialect{}, b, step)
		if (err1 == nil) != (err2 == nil) || strings.Join(whole, "\n") != strings.Join(parts, "\n") {
			t.Errorf("whole: %q %v; in steps of %d: %q %v", whole, err1, step, parts, err2)
		}
	})
}

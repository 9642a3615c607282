package wire_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"leafgate/natsproto/wire"
)

func TestAppend(t *testing.T) {
	prefix := wire.AppendPrefix(nil, []byte("a.b"), "7")
	for _, c := range []struct{ name, got, want string }{
		{"prefix", string(prefix), "HMSG a.b 7 "},
		{"plain", string(wire.Plain(prefix)), "MSG a.b 7 "},
		{"msg", string(wire.AppendMsg(nil, prefix, nil, 5)), "MSG a.b 7 5\r\n"},
		{"msg reply", string(wire.AppendMsg(nil, prefix, []byte("r"), 0)), "MSG a.b 7 r 0\r\n"},
		{"hmsg", string(wire.AppendHMsg(nil, prefix, nil, 12, 17)), "HMSG a.b 7 12 17\r\n"},
		{"hmsg reply", string(wire.AppendHMsg(nil, prefix, []byte("r"), 12, 17)), "HMSG a.b 7 r 12 17\r\n"},
		{"behind others", string(wire.AppendErr([]byte("PING\r\n"), "Stale Connection")), "PING\r\n-ERR 'Stale Connection'\r\n"},
		{"no responders", string(wire.AppendNoResponders(nil, []byte("_INBOX.x.1"), "1", []byte("nobody"))),
			"HMSG _INBOX.x.1 1 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\n"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestAppendAllocs(t *testing.T) {
	dst, prefix, reply := make([]byte, 0, 256), wire.AppendPrefix(nil, []byte("a.b"), "7"), []byte("r")
	allocs := testing.AllocsPerRun(100, func() {
		dst = wire.AppendMsg(dst[:0], prefix, reply, 12345)
		dst = wire.AppendHMsg(dst, prefix, reply, 12, 12345)
		dst = wire.AppendErr(dst, "Stale Connection")
		dst = wire.AppendNoResponders(dst, reply, "1", reply)
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

func TestAppendInfo(t *testing.T) {
	line := string(wire.AppendInfo(nil, &wire.Info{ServerID: "N", ServerName: "n", Version: "2.15.2", Proto: 1, Go: "go1",
		Host: "0.0.0.0", Port: 4222, Headers: true, MaxPayload: 1 << 20}))
	want := `INFO {"server_id":"N","server_name":"n","version":"2.15.2","proto":1,"go":"go1","host":"0.0.0.0","port":4222,` +
		`"headers":true,"max_payload":1048576} ` + "\r\n"
	if line != want {
		t.Errorf("got  %q\nwant %q", line, want)
	}
}

func TestConnect(t *testing.T) {
	c := wire.NewConnect()
	if err := c.Parse([]byte(`{}`)); err != nil || !c.Verbose || !c.Pedantic || !c.Echo || c.Headers || c.Protocol != 0 {
		t.Errorf("{}: %+v, %v", c, err)
	}
	body := `{"verbose":false,"pedantic":false,"echo":false,"protocol":1,"headers":true,"no_responders":true,"user":"u",` +
		`"pass":"p","auth_token":"t","name":"n","lang":"go","version":"1","unknown":[1,{}]}`
	want := wire.Connect{Protocol: 1, Headers: true, NoResponders: true, User: "u", Pass: "p", Token: "t", Name: "n", Lang: "go", Version: "1"}
	if err := c.Parse([]byte(body)); err != nil || c != want {
		t.Errorf("got  %+v, %v\nwant %+v", c, err, want)
	}
	for _, bad := range []string{"", "x", "{", `{"verbose":1}`, "[]", "{} {}"} {
		var syntax *json.SyntaxError
		var types *json.UnmarshalTypeError
		c := wire.NewConnect()
		if err := c.Parse([]byte(bad)); !errors.As(err, &syntax) && !errors.As(err, &types) {
			t.Errorf("%q: error %v, want one of JSON", bad, err)
		}
	}
}

func TestSubscribeArguments(t *testing.T) {
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{in: "a 1", want: "a||1"},
		{in: "a.> q 1", want: "a.>|q|1"},
		{in: "a\tq \t 1", want: "a|q|1"},
		{in: "a", err: wire.ErrArgs},
		{in: "", err: wire.ErrArgs},
		{in: "a b c d", err: wire.ErrArgs},
		{in: "a b c d e f g", err: wire.ErrArgs},
	} {
		s, err := wire.ParseSub([]byte(c.in))
		got := strings.Join([]string{string(s.Subject), string(s.Queue), string(s.SID)}, "|")
		if !errors.Is(err, c.err) || err == nil && got != c.want {
			t.Errorf("SUB %q: %q, %v; want %q, %v", c.in, got, err, c.want, c.err)
		}
	}
	for _, c := range []struct {
		in, sid string
		max     int
		err     error
	}{
		{in: "1", sid: "1"},
		{in: "1 5", sid: "1", max: 5},
		{in: "1 0", sid: "1"},
		{in: "1 -5", sid: "1"},
		{in: "1 x", sid: "1"},
		{in: "1 99999999999", sid: "1"},
		{in: "", err: wire.ErrArgs},
		{in: "1 2 3", err: wire.ErrArgs},
	} {
		u, err := wire.ParseUnsub([]byte(c.in))
		if !errors.Is(err, c.err) || err == nil && (string(u.SID) != c.sid || u.Max != c.max) {
			t.Errorf("UNSUB %q: %q %d, %v; want %q %d, %v", c.in, u.SID, u.Max, err, c.sid, c.max, c.err)
		}
	}
}

func TestHeader(t *testing.T) {
	h := wire.Header("NATS/1.0 503 No Responders\r\nA: 1\r\na:2\r\nA:  3 \r\nnonsense\r\n\r\n")
	code, text := h.Status()
	if string(code) != "503" || string(text) != "No Responders" {
		t.Errorf("status %q %q", code, text)
	}
	var all []string
	for k, v := range h.All() {
		all = append(all, string(k)+"="+string(v))
	}
	if got := strings.Join(all, " "); got != "A=1 a=2 A=3" {
		t.Errorf("all: %q", got)
	}
	for key, want := range map[string]string{"A": "1", "a": "2"} {
		if v, ok := h.Get(key); !ok || string(v) != want {
			t.Errorf("%s: %q, %v", key, v, ok)
		}
	}
	if v, ok := h.Get("b"); ok {
		t.Errorf("b: %q", v)
	}
	if !h.Valid() {
		t.Error("not valid")
	}
	for _, bad := range []wire.Header{nil, wire.Header("NATS/1.0"), wire.Header("NATS/1.0\r\n"), wire.Header("XATS/1.0\r\n\r\n"), wire.Header("NATS/1.0\r\nA: 1\r\n")} {
		if bad.Valid() {
			t.Errorf("%q is valid", bad)
		}
		if code, _ := bad.Status(); len(code) > 0 {
			t.Errorf("%q has status %q", bad, code)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("NATS/1.0 503 No Responders\r\nA: 1\r\na:2\r\n\r\n"))
	f.Add([]byte("NATS/1.0\r\n\r\n"))
	f.Add([]byte("\r\n:\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := wire.Header(b)
		h.Status()
		for k, v := range h.All() {
			if len(k)+len(v) > len(b) {
				t.Errorf("%q: %q and %q", b, k, v)
			}
			if _, ok := h.Get(string(k)); !ok {
				t.Errorf("%q: %q is there and is not", b, k)
			}
		}
	})
}

func TestLastNumber(t *testing.T) {
	for in, want := range map[string]int{"MSG a 1 5\r\n": 5, "HMSG a 1 r 12 17\r\n": 17, "MSG a 1 0\r\n": 0} {
		if n, ok := wire.LastNumber([]byte(in)); !ok || n != want {
			t.Errorf("%q: %d, %v", in, n, ok)
		}
	}
	if _, ok := wire.LastNumber([]byte("PING\r\n")); ok {
		t.Error("PING has a number")
	}
}

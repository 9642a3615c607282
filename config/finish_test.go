package config_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"leafgate/config"
)

var update = flag.Bool("update", false, "write the golden files")

func TestAliases(t *testing.T) {
	b := parse(t, "pass: a\npassword: b\nPASSWD: c")
	if s := b.String("", "password", "pass", "passwd"); s != "b" {
		t.Error(s)
	}
	wantErr(t, b.Finish(), // each once, though asked again
		`t.conf:1:1: pass: given twice: "password" is another name for it`,
		`t.conf:3:1: PASSWD: given twice: "password" is another name for it`)
	b.Has("password", "pass", "passwd")
	wantErr(t, b.Finish(),
		`t.conf:1:1: pass: given twice: "password" is another name for it`,
		`t.conf:3:1: PASSWD: given twice: "password" is another name for it`)
}

func TestSpellings(t *testing.T) {
	tests := []struct {
		name, text string
		port       int64
		want       []string
	}{
		{"another case", "PORT: 1", 1, nil},
		{"asked for in another case", "Port: 1", 1, nil},
		{"two", "Port: 1\nport: 2", 2, []string{"t.conf:2:1: port: given twice, in different spelling"}},
		{"three", "PORT: 1\nPort: 2\npOrt: 3", 1, []string{
			"t.conf:2:1: Port: given twice, in different spelling", "t.conf:3:1: pOrt: given twice, in different spelling"}},
		{"a variable of that name", "PORT = 1\nport: $PORT", 1, nil},
		{"a variable of that name, both in other spelling", "pORT = 1\nPORT: 2, host: $pORT", 2, nil},
		{"nobody's", "x: 1\nX: 2", 0, []string{`t.conf:1:1: unknown field "x"`, "t.conf:2:1: X: given twice, in different spelling"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 10 { // whatever order a map has
				b := parse(t, tt.text)
				b.Has("host")
				if n := b.Int(0, "port"); n != tt.port {
					t.Errorf("port %d, want %d", n, tt.port)
				}
				wantErr(t, b.Finish(), tt.want...)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	b := parse(t, "accounts {\n  b: 1, B: 2\n  a: 3\n  \"x y\": 4\n}")
	accounts := b.Block("accounts")
	if keys := accounts.Keys(); !slices.Equal(keys, []string{"b", "B", "a", "x y"}) {
		t.Errorf("keys %q", keys)
	}
	for name, want := range map[string]int64{"b": 1, "B": 2, "a": 3, "x y": 4} {
		if n := accounts.Int(0, name); n != want {
			t.Errorf("%s is %d, want %d", name, n, want)
		}
	}
	if pos := accounts.Pos("B"); pos != "t.conf:2:9" {
		t.Error(pos)
	}
	wantErr(t, b.Finish())
}

func TestUnknown(t *testing.T) {
	known := []string{"port", "max_payload", "debug", "http", "tls", "mqtt"}
	for key, near := range map[string]string{
		"prot": "port", "por": "port", "ports": "port", "max_paylod": "max_payload", "max_payloads": "max_payload", "maxpayload": "max_payload",
		"Max_Paylaod": "max_payload", "debgu": "debug", "htp": "http", "mqt": "mqtt",
		"tsl": "tls",
		"x":   "", "tz": "", // short words are near to too much
		"listen": "", "payload": "", "jetstream": "",
	} {
		b := parse(t, key+": 1")
		for _, k := range known {
			b.Has(k)
		}
		want := `t.conf:1:1: unknown field "` + key + `"`
		if near != "" {
			want += ` (did you mean "` + near + `"?)`
		}
		wantErr(t, b.Finish(), want)
	}
}

func TestVariablesAreKnown(t *testing.T) {
	b := parse(t, "used = 1\nport: $used\nunused = 2\ntls { inner: 3, timeout: $inner, other: 4 }")
	b.Int(0, "port")
	b.Block("tls").Int(0, "timeout")
	wantErr(t, b.Finish(), `t.conf:3:1: unknown field "unused"`, `t.conf:4:34: unknown field "other"`)
}

// Only blocks that somebody has read can have unknown keys.
func TestFinishLooksWhereSomebodyLooked(t *testing.T) {
	const text = "a { x: 1 }\nb { x: 1 }\nc { x: { y: 1 } }\nd: [ { x: 1 }, { z: [ { q: 1 } ] } ]\ne { x: 1, X: 2 }"
	b := parse(t, text)
	b.Block("a")
	b.Has("b")
	b.Ignore("c")
	b.Unsupported("not here", "d")
	b.Ignore("e")
	wantErr(t, b.Finish(), `t.conf:1:5: unknown field "x"`, `t.conf:4:1: d: not supported: not here`)

	b = parse(t, text)
	b.Ignore("a", "b", "c", "e")
	b.Blocks("d")
	wantErr(t, b.Finish(), `t.conf:4:8: unknown field "x"`, `t.conf:4:18: unknown field "z"`)

	b = parse(t, text)
	b.Ignore("b", "c", "d")
	b.Value("a") // hands the block out
	if len(b.Block("e").Keys()) != 2 {
		t.Error("e has two keys")
	}
	wantErr(t, b.Finish(), `t.conf:1:5: unknown field "x"`)
	wantErr(t, b.Err()) // Finish notes nothing itself

	b = parse(t, text)
	b.Has("port")
	if n := strings.Count(b.Finish().Error(), "\n"); n != 4 {
		t.Errorf("%d more lines than the first, want 4", n)
	}
}

func TestErrorf(t *testing.T) {
	b := parse(t, "a: 1\n\nm {\n  x: 2\n}\nl: [\n  { y: 1\n    b: 2 }\n  {}\n]")
	b.Errorf("A", "one")
	b.Errorf("", "whole file")
	b.Errorf("port", "missing")
	m := b.Block("m")
	m.Errorf("x", "%d is wrong", 2)
	m.Errorf("", "two")
	m.Errorf("z", "missing")
	for i, item := range b.Blocks("l") {
		item.Errorf("", "item %d", i)
		item.Errorf("b", "of %d", i)
	}
	m.Unsupported("", "x")
	want := []string{
		"t.conf:1:1: whole file", "t.conf:1:1: a: one", "t.conf:1:1: port: missing",
		"t.conf:3:1: m: two", "t.conf:3:1: m.z: missing",
		"t.conf:4:3: m.x: 2 is wrong", "t.conf:4:3: m.x: not supported",
		"t.conf:7:5: l: item 0", "t.conf:8:5: l.b: of 0",
		"t.conf:9:5: l: item 1", "t.conf:9:5: l.b: of 1", // behind the end, where nothing begins
	}
	wantErr(t, b.Err(), want...)
	if p, q, r := b.Pos("a"), m.Pos("X"), m.Pos("nothing"); p != "t.conf:1:1" || q != "t.conf:4:3" || r != "t.conf:3:1" {
		t.Error(p, q, r)
	}
}

func TestOverride(t *testing.T) {
	b := parse(t, "port: 1\nPORT: 2\nhost: x")
	b.Override("Port", 4222)
	b.Override("routes", []string{"a", "b"})
	b.Override("debug", true)
	b.Override("size", int64(7))
	b.Override("prot", "typo")
	b.Remove("HOST", "nothing")
	if n, s, d, z := b.Int(0, "port"), b.Strings("routes"), b.Bool(false, "debug"), b.Int(0, "size"); n != 4222 || !slices.Equal(s, []string{"a", "b"}) || !d || z != 7 {
		t.Error(n, s, d, z)
	}
	if b.Has("host") {
		t.Error("host is still there")
	}
	b.Blocks("routes")
	b.IntRange(0, 1, 2, "port")
	b.String("", "debug")
	wantErr(t, b.Finish(),
		`flag: unknown field "prot" (did you mean "port"?)`,
		"flag: Port: want 1..2, got 4222",
		"flag: debug: want a string, got a boolean",
		"flag: routes: want a map {...}, got a string")

	defer func() {
		if recover() == nil {
			t.Error("no panic for a type nobody could read")
		}
	}()
	b.Override("port", 1.5)
}

// TestMistakes reads a file the way modules do, and compares all that is wrong with testdata/mistakes.txt.
func TestMistakes(t *testing.T) {
	b, err := config.Load("testdata/mistakes.conf")
	if err != nil {
		t.Fatal(err)
	}
	b.IntRange(4222, -1, 65535, "port")
	b.Duration(0, "ping_interval")
	b.Bool(false, "debug")
	b.String("", "server_name")
	b.Int(0, "max_payload")
	b.Int(0, "max_connections", "max_conn")
	b.Unsupported("streams are not there", "jetstream")
	auth := b.Block("authorization")
	auth.String("", "user", "username")
	auth.String("", "pass", "password")
	auth.Duration(0, "timeout")
	for _, user := range auth.Blocks("users") {
		user.String("", "user")
		user.String("", "password")
		if !user.Has("user") {
			user.Errorf("", "a user needs a name")
		}
		user.Block("permissions").Strings("publish")
	}
	tls := b.Block("tls")
	tls.String("", "cert_file")
	tls.Bool(false, "verify")
	for _, name := range b.Block("accounts").Keys() {
		b.Block("accounts").Block(name)
	}
	err = b.Finish()
	if err == nil {
		t.Fatal("no mistakes")
	}
	if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "271828") {
		t.Error("a secret in an error")
	}
	const golden = "testdata/mistakes.txt"
	got := strings.ReplaceAll(err.Error(), `\`, "/") + "\n" // of Windows' paths
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || got != string(want) {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
}

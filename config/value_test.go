package config_test

import (
	"slices"
	"testing"
	"time"

	"leafgate/config"
)

// one of each type, by name.
const types = `
string: abc
bool: true
int: 7
float: 1.5
date: 2016-05-04T18:53:41Z
map { a: 1 }
array: [ a, b ]
mixed: [ a, 1, { b: c } ]
`

func TestWrongTypes(t *testing.T) {
	getters := []struct {
		name  string
		get   func(b *config.Block, key string) bool // whether it answers the default
		want  string
		right []string
	}{
		{"String", func(b *config.Block, k string) bool { return b.String("def", k) == "def" }, "a string", []string{"string"}},
		{"Bool", func(b *config.Block, k string) bool { return !b.Bool(false, k) }, "a boolean", []string{"bool"}},
		{"Int", func(b *config.Block, k string) bool { return b.Int(3, k) == 3 }, "an integer", []string{"int"}},
		{"IntRange", func(b *config.Block, k string) bool { return b.IntRange(99, 1, 10, k) == 99 }, "an integer", []string{"int"}},
		{"Duration", func(b *config.Block, k string) bool { return b.Duration(3, k) == 3 }, `a duration such as "2m"`, []string{"int", "float"}},
		{"Block", func(b *config.Block, k string) bool { return b.Block(k) == nil }, "a map {...}", []string{"map"}},
		{"Blocks", func(b *config.Block, k string) bool { return b.Blocks(k) == nil }, "a map {...}", []string{"map", "array", "mixed"}},
		{"Strings", func(b *config.Block, k string) bool { return len(b.Strings(k)) == 0 }, "a string", []string{"string", "array", "mixed"}},
	}
	kinds := map[string]string{
		"string": "a string", "bool": "a boolean", "int": "an integer", "float": "a number", "date": "a date", "map": "a map",
		"array": "an array", "mixed": "an array",
	}
	lines := map[string]string{"string": "2", "bool": "3", "int": "4", "float": "5", "date": "6", "map": "7", "array": "8", "mixed": "9"}
	for _, g := range getters {
		for key, kind := range kinds {
			if slices.Contains(g.right, key) {
				continue
			}
			b := parse(t, types)
			if !g.get(b, key) {
				t.Errorf("%s(%s) is not the default", g.name, key)
			}
			if g.name == "Duration" && key == "string" {
				kind = "another string"
			}
			wantErr(t, b.Err(), "t.conf:"+lines[key]+":1: "+key+": want "+g.want+", got "+kind)
		}
	}
}

func TestRightTypes(t *testing.T) {
	b := parse(t, types)
	if s, ok, n := b.String("", "string"), b.Bool(false, "bool"), b.Int(0, "int"); s != "abc" || !ok || n != 7 {
		t.Error(s, ok, n)
	}
	if n := b.IntRange(0, 7, 7, "int"); n != 7 {
		t.Error(n)
	}
	if d := b.Duration(0, "float"); d != 1500*time.Millisecond {
		t.Error(d)
	}
	if m := b.Block("map"); m.Int(0, "a") != 1 {
		t.Error(show(m))
	}
	if all := b.Blocks("map"); len(all) != 1 || all[0].Int(0, "a") != 1 {
		t.Error(all)
	}
	if all := b.Strings("string"); !slices.Equal(all, []string{"abc"}) {
		t.Error(all)
	}
	if all := b.Strings("array"); !slices.Equal(all, []string{"a", "b"}) {
		t.Error(all)
	}
	if _, ok := b.Value("nothing"); ok {
		t.Error("Value without a key")
	}
	wantErr(t, b.Err())
}

func TestMixedArrays(t *testing.T) {
	b := parse(t, types)
	if all := b.Strings("mixed"); !slices.Equal(all, []string{"a"}) {
		t.Error(all)
	}
	if all := b.Blocks("mixed"); len(all) != 1 || all[0].String("", "b") != "c" {
		t.Error(all)
	}
	wantErr(t, b.Finish(),
		`t.conf:2:1: unknown field "string"`, `t.conf:3:1: unknown field "bool"`, `t.conf:4:1: unknown field "int"`,
		`t.conf:5:1: unknown field "float"`, `t.conf:6:1: unknown field "date"`, `t.conf:7:1: unknown field "map"`,
		`t.conf:8:1: unknown field "array"`,
		"t.conf:9:10: mixed: want a map {...}, got a string",
		"t.conf:9:13: mixed: want a map {...}, got an integer",
		"t.conf:9:13: mixed: want a string, got an integer",
		"t.conf:9:18: mixed: want a string, got a map")
}

func TestDefaults(t *testing.T) {
	for name, b := range map[string]*config.Block{"nil": nil, "empty": parse(t, "")} {
		if s, ok, n, r := b.String("d", "x"), b.Bool(true, "x"), b.Int(7, "x"), b.IntRange(-1, 0, 1, "x"); s != "d" || !ok || n != 7 || r != -1 {
			t.Error(name, s, ok, n, r)
		}
		if d := b.Duration(time.Hour, "x"); d != time.Hour {
			t.Error(name, d)
		}
		if m, all, list, keys := b.Block("x"), b.Blocks("x"), b.Strings("x"), b.Keys(); m != nil || all != nil || list != nil || len(keys) != 0 {
			t.Error(name, m, all, list, keys)
		}
		if v, ok := b.Value("x"); v != nil || ok || b.Has("x") {
			t.Error(name, v, ok)
		}
		b.Unsupported("why", "x")
		b.Ignore("x")
		b.Remove("x")
		wantErr(t, b.Err())
		wantErr(t, b.Finish())
	}
	var none *config.Block
	none.Errorf("x", "nobody hears this")
	if none.Digest() != "" || none.Pos("x") != "" {
		t.Error("a nil block has a place or a digest")
	}
}

func TestIntRange(t *testing.T) {
	for text, want := range map[string]string{
		"1": "", "9": "", "0": "want 1..9, got 0", "10": "want 1..9, got 10", "-1": "want 1..9, got -1", "1kb": "want 1..9, got 1024",
	} {
		b := parse(t, "a: "+text)
		n := b.IntRange(5, 1, 9, "a")
		if want == "" {
			wantErr(t, b.Err())
			continue
		}
		wantErr(t, b.Err(), "t.conf:1:1: a: "+want)
		if n != 5 {
			t.Errorf("%s: %d, want the default", text, n)
		}
	}
}

func TestDuration(t *testing.T) {
	const want = `want a duration such as "2m", got `
	for _, tt := range []struct {
		text string
		want time.Duration
		err  string
	}{
		{`"2m"`, 2 * time.Minute, ""},
		{"10s", 10 * time.Second, ""},
		{"1h30m", 90 * time.Minute, ""},
		{`"0"`, 0, ""},
		{"0", 0, ""},
		{"90", 90 * time.Second, ""},
		{"0.25", 250 * time.Millisecond, ""},
		{"1000001", 1000001 * time.Second, ""},
		{"9223372036854775807", 1<<62 - 1, ""}, // as long as there is
		{"1m", 0, want + "the number 1000000: m without quotes is a million"},
		{"30m", 0, want + "the number 30000000: m without quotes is a million"},
		{"-1", 0, want + "a negative one"},
		{"-9223372036854775807", 0, want + "a negative one"},
		{"-0.5", 0, want + "a negative one"},
		{`"-1s"`, 0, want + "a negative one"},
		{`"2 m"`, 0, want + "another string"},
		{"2d", 0, want + "another string"},
		{"true", 0, want + "a boolean"},
	} {
		b := parse(t, "a: "+tt.text)
		d := b.Duration(time.Hour, "a")
		if tt.err != "" {
			wantErr(t, b.Err(), "t.conf:1:1: a: "+tt.err)
			tt.want = time.Hour
		} else {
			wantErr(t, b.Err())
		}
		if d != tt.want && d != tt.want+1 {
			t.Errorf("%s: %v, want %v", tt.text, d, tt.want)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]struct {
		host string
		port int
		ok   bool
	}{
		``:                                  {"def", 7, true},
		`listen: 4222`:                      {"def", 4222, true},
		`listen: "127.0.0.1:-1"`:            {"127.0.0.1", -1, true},
		`listen: ":0"`:                      {"def", 0, true},
		`listen: "a:1", host: b`:            {"b", 1, true},
		`listen: "a:1", port: 2`:            {"a", 2, true},
		`net: "[::1]", port: 2`:             {"::1", 2, true},
		`listen: "a"`:                       {"def", 7, false},
		`listen: true`:                      {"def", 7, false},
		`listen: 65536`:                     {"def", 65536, false},
		`listen: "a:1:2", host: b, port: 3`: {"b", 3, false},
	} {
		conf, err := config.Parse("", text)
		if err != nil {
			t.Fatal(err)
		}
		host, port, ok := conf.Address("def", 7)
		if host != want.host || port != want.port || ok != want.ok {
			t.Errorf("%s: %s, %d, %v", text, host, port, ok)
		}
	}
}

func TestPrefixes(t *testing.T) {
	conf, err := config.Parse("", `all: [ "10.0.0.0/8", "::1", "x" ]`)
	if err != nil {
		t.Fatal(err)
	}
	got := conf.Prefixes("all")
	if len(got) != 3 || got[0].String() != "10.0.0.0/8" || got[1].String() != "::1/128" || got[2].IsValid() {
		t.Errorf("%v", got)
	}
}

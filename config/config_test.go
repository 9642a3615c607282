package config_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/config"
)

// parse reads text that has to be right as far as its syntax goes.
func parse(t *testing.T, text string) *config.Block {
	t.Helper()
	b, err := config.Parse("t.conf", text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}

// wantErr compares an error with the lines it should have; none: no error.
func wantErr(t *testing.T, err error, lines ...string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if want := strings.Join(lines, "\n"); got != want {
		t.Errorf("got error\n%s\nwant\n%s", got, want)
	}
}

// show prints what a block holds, maps in the order they stand in.
func show(v any) string {
	switch v := v.(type) {
	case *config.Block:
		var all []string
		for _, k := range v.Keys() {
			item, _ := v.Value(k)
			all = append(all, k+":"+show(item))
		}
		return "{" + strings.Join(all, " ") + "}"
	case []any:
		all := make([]string, len(v))
		for i := range v {
			all[i] = show(v[i])
		}
		return "[" + strings.Join(all, " ") + "]"
	case string:
		return fmt.Sprintf("%q", v)
	case float64:
		return fmt.Sprintf("%gf", v)
	}
	return fmt.Sprint(v)
}

func TestGrammar(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", `{}`},
		{"only a comment", "# nothing\n  // at all", `{}`},
		{"equals", "a = 1", `{a:1}`},
		{"colon", "b: 2", `{b:2}`},
		{"white space", "c 3", `{c:3}`},
		{"bare", "d=x", `{d:"x"}`},
		{"separators", "a: 1, b: 2; c: 3\nd: 4", `{a:1 b:2 c:3 d:4}`},
		{"separators in a map", "a {b: 1, c: 2; d: 3\ne: 4}", `{a:{b:1 c:2 d:3 e:4}}`},
		{"map", "a {b: c}", `{a:{b:"c"}}`},
		{"map with a colon", "a: {b: c}", `{a:{b:"c"}}`},
		{"map on the next line", "a\n{b: c}", `{a:{b:"c"}}`},
		{"no space before a map", "a{b:1}", `{a{b:1}`},
		{"around the file", "{ \"a\": 1, \"b\": [\"x\"] }", `{a:1 b:["x"]}`},
		{"array", `a: [x, "y z", 'w']`, `{a:["x" "y z" "w"]}`},
		{"array of lines", "a: [\nx\ny\n]", `{a:["x" "y"]}`},
		{"comma at the end", "a: [x, y, ]", `{a:["x" "y"]}`},
		{"numbers with a space behind", "a: [1, 2 ]", `{a:[1 2]}`},
		{"arrays within each other", "a: [[1, 2 ], [], {b: [c]}]", `{a:[[1 2] [] {b:["c"]}]}`},
		{"comments", "a: 1 # one\nb: 2 // two\nc: x#y\nd: http://h//p", `{a:1 b:2 c:"x#y" d:"http://h//p"}`},
		{"comments in an array", "a: [ # first\n x // second\n]", `{a:["x"]}`},
		{"subjects", "a: foo.>, b: *.x, c: >", `{a:"foo.>" b:"*.x" c:">"}`},
		{"addresses", "a: nats://h:1, b: 127.0.0.1:4222, c: @b", `{a:"nats://h:1" b:"127.0.0.1:4222" c:"@b"}`},
		{"not a variable", "a: x$Y, b: x${Y", `{a:"x$Y" b:"x${Y"}`},
		{"escapes", `a: "\t\n\r\"\\\x41"`, `{a:"\t\n\r\"\\A"}`},
		{"string of two lines", "a: \"x\ny\"", `{a:"x\ny"}`},
		{"literal string", `a: 'x\ty "z"'`, `{a:"x\\ty \"z\""}`},
		{"block", "a: (\nx (1)\n)\n", `{a:"\nx (1)\n"}`},
		{"keys", "a.b-c/d$e: 1, \"k k\": 2, 'l': 3", `{a.b-c/d$e:1 k k:2 l:3}`},
		{"keys keep their case", "Foo: 1", `{Foo:1}`},
		{"last one wins", "a: 1\na: 2", `{a:2}`},
		{"maps are replaced", "a {b: 1}\na {c: 2}", `{a:{c:2}}`},
		{"true", "a: true, b: YES, c: On", `{a:true b:true c:true}`},
		{"false", "a: false, b: No, c: OFF", `{a:false b:false c:false}`},
		{"quoted boolean", `a: "true"`, `{a:"true"}`},
		{"negative", "a: -5", `{a:-5}`},
		{"not integers", "a: +5, b: 0x1, c: 1_000, d: 1.2.3, e: 12abc, f: 1e3", `{a:"+5" b:"0x1" c:"1_000" d:"1.2.3" e:"12abc" f:"1e3"}`},
		{"powers of 1000", "a: 1k, b: 1M, c: 1g, d: 1t, e: 1p, f: 1e",
			`{a:1000 b:1000000 c:1000000000 d:1000000000000 e:1000000000000000 f:1000000000000000000}`},
		{"powers of 1024", "a: 1kb, b: 1Ki, c: 1kib, d: 1MB, e: -2mi, f: 1GB", `{a:1024 b:1024 c:1024 d:1048576 e:-2097152 f:1073741824}`},
		{"no units", "a: \"1kbb\", b: \"at 5ebb now\" # 1kbb\nc: 1kbb.x, d: [1kbb]", `{a:"1kbb" b:"at 5ebb now" c:"1kbb.x" d:["1kbb"]}`},
		{"unit with a space", `a: "1 kb"`, `{a:"1 kb"}`},
		{"durations", `a: "2m", b: 10s, c: 500ms, d: 2h, e: 1h30m, f: 1m`, `{a:"2m" b:"10s" c:"500ms" d:"2h" e:"1h30m" f:1000000}`},
		{"float", "a: 1.5, b: -0.25", `{a:1.5f b:-0.25f}`},
		{"date", "a: 2016-05-04T18:53:41Z", `{a:2016-05-04 18:53:41 +0000 UTC}`},
		{"nothing behind a colon", "a:", `{a:""}`},
		{"variable", "X = 7\na: $X", `{X:7 a:7}`},
		{"variable from inside", "X = 1\na {X: 2, b: $X, c {d: $X}}", `{X:1 a:{X:2 b:2 c:{d:2}}}`},
		{"variable in an array", "X = 1\na: [$X, $X ]", `{X:1 a:[1 1]}`},
		{"variable with a map", "X {b: 1}\na: $X", `{X:{b:1} a:{b:1}}`},
		{"no variable in quotes", `X = 1, a: "$X"`, `{X:1 a:"$X"}`},
		{"bcrypt", "a: $2a$11$abc.", `{a:"$2a$11$abc."}`},
		{"bcrypt in quotes", `a: "$2b$11$abc."`, `{a:"$2b$11$abc."}`},
		{"lines of Windows", "a: 1\r\nb {\r\n  c: [x,\r\n y]\r\n}\r\n", `{a:1 b:{c:["x" "y"]}}`},
		{"not ASCII", "schlüssel: größe", `{schlüssel:"größe"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(parse(t, tt.text)); got != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

// Each map is used twice by the next one: few lines, a billion values.
func TestTooLarge(t *testing.T) {
	text := "v0 { a: 1 }\n"
	for i := range 30 {
		text += fmt.Sprintf("v%d { a: $v%d, b: $v%d }\n", i+1, i, i)
	}
	_, err := config.Parse("t.conf", text)
	wantErr(t, err, "t.conf:1:1: more than 1048576 values")
}

func TestSyntaxErrors(t *testing.T) {
	const end = "expected a top-level value to end with a new line, comment or EOF, but got "
	tests := []struct{ name, text, want string }{
		{"map behind a new line", "a:\n{b: 1}", "1: syntax: expected value but found new line"},
		{"the same on Windows", "a:\r\n{b: 1}", "1: syntax: expected value but found new line"},
		{"space alone", "a {b: 1 c: 2}", `1: syntax: expected a map value terminator "," or a map terminator "}", but got 'c' instead`},
		{"space in an array", "\na: [x y]", `2: syntax: expected an array value terminator "," or an array terminator "]", but got 'y' instead`},
		{"number before a bracket", "a: [1,2]", `1: syntax: expected an array value terminator "," or an array terminator "]", but got the end of the file instead`},
		{"space in a value", "a: b c", "1: syntax: " + end + "'c' instead"},
		{"no value", "a: 1\nport", "2: syntax: the last key has no value"},
		{"unknown escape", `a: "\u0041"`, `1: syntax: invalid escape character 'u'. Only the following escape characters are allowed: \xXX, \t, \n, \r, \", \\`},
		{"open string", "a: \"x", "1: syntax: unexpected EOF"},
		{"open map", "\na {", "2: syntax: unexpected EOF processing map"},
		{"block on Windows", "a: (\r\nx\r\n)\r\n", "4: syntax: unexpected EOF processing block"},
		{"braces", "a: 1\nb: ${X}", "2:4: syntax: variable is neither defined above nor in the environment; a string that begins with $ must be in quotes"},
		{"fraction with a unit", "a: 1.5s", "1: syntax: " + end + "'s' instead"},
		{"no digit in front", "a: .5", "1: syntax: floats must start with a digit"},
		{"minus", "a: -", "1: syntax: expected a digit but got the end of the file"},
		{"minus and a new line", "a: -\nb: 1", "1: syntax: expected a digit but got the end of the line"},
		{"half a date", "a: 2016-05", "1: syntax: expected '-' in ISO8601 datetime, but found the end of the file instead"},
		{"no month", "a: 2016-13-04T18:53:41Z", "1:4: syntax: want Zulu formatted DateTime"},
		{"too large", "x: 1\n  a: 99999999999999999999", "2:6: syntax: integer out of range"},
		{"strange unit", "a: 1k,b: 64mbb", "1:10: syntax: unknown unit: want k, kb, kib, m, mb, mib ...; quotes make it a string"},
		{"strange unit in a map", "a {\n x: -1Gbi}", "2:5: syntax: unknown unit: want k, kb, kib, m, mb, mib ...; quotes make it a string"},
		{"no key", "= 1", "1: syntax: unexpected key separator '='"},
		{"unknown variable", "a: 1\n b: $NO_SUCH_THING", "2:5: syntax: variable $NO_SUCH_THING is neither defined above nor in the environment; " +
			"a string that begins with $ must be in quotes"},
		{"variable below", "a: $x\nx: 1", "1:4: syntax: variable is neither defined above nor in the environment; " +
			"a string that begins with $ must be in quotes"},
		{"NUL", "a: 1\n# \x00b: 2", "2:3: syntax: contains a NUL byte"},
		{"byte order mark", "\ufeffa: 1", "1:1: syntax: begins with a byte order mark: save it as UTF-8 without one"},
		{"too deep", strings.Repeat("a {\n", 101) + "b: 1\n" + strings.Repeat("}\n", 101), "101:1: nested deeper than 100 levels"},
		{"no file", "\n  include 'no.conf'", "2:3: syntax: include: no.conf: no such file or directory"},
		{"a folder", "a { include ./testdata }", "1:5: syntax: include: testdata is not a file that can be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("t.conf", tt.text)
			wantErr(t, err, "t.conf:"+tt.want)
		})
	}
}

// A password without the quotes it needs is an error that does not repeat it.
func TestSyntaxErrorsKeepSecrets(t *testing.T) {
	t.Setenv("LEAFGATE_TEST_SECRET", "$hunter2")
	t.Setenv("LEAFGATE_TEST_OPEN", `"hunter2`)
	for _, password := range []string{
		"$2b$11$hunter2", "$hunter2", "$Hunter2_hunter2", "hunter2 hunter2", "\"hunter2\\u\"", "'hunter2", "[hunter2 hunter2]",
		"$LEAFGATE_TEST_SECRET", "$LEAFGATE_TEST_OPEN", "99999999999999999999 # hunter2",
	} {
		_, err := config.Parse("t.conf", "authorization {\n  user: a\n  password: "+password+"\n}\n")
		if err == nil || !strings.HasPrefix(err.Error(), "t.conf:") || !strings.Contains(err.Error(), ": syntax: ") {
			t.Errorf("%s: %v", password, err)
		} else if text := strings.ToLower(err.Error()); strings.Contains(text, "hunter2") || strings.Contains(text, "9999") {
			t.Errorf("%s: the error repeats it: %v", password, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"INT": "42", "BOOL": "on", "QUOTED": `"12345"`, "BARE": "abc", "MAP": "{ user: ann, tags: [x, y] }", "EMPTY": "", "OPEN": "{",
		"ALIAS": "$LG_INT", "CYCLE": "$LG_CYCLE2", "CYCLE2": "$LG_CYCLE",
	} {
		t.Setenv("LG_"+name, value)
	}
	tests := []struct{ name, text, want string }{
		{"integer", "a: $LG_INT", `{a:42}`},
		{"boolean", "a: $LG_BOOL", `{a:true}`},
		{"quoted", "a: $LG_QUOTED", `{a:"12345"}`},
		{"bare", "a: $LG_BARE", `{a:"abc"}`},
		{"map", "a: $LG_MAP", `{a:{tags:["x" "y"] user:"ann"}}`},
		{"in an array", "a: [$LG_INT, $LG_BARE ]", `{a:[42 "abc"]}`},
		{"another one", "a: $LG_ALIAS", `{a:42}`},
		{"the file wins", "LG_INT = 1, a: $LG_INT", `{LG_INT:1 a:1}`},
		{"none", "a: $LG_NONE", "t.conf:1:4: syntax: variable $LG_NONE is neither defined above nor in the environment; " +
			"a string that begins with $ must be in quotes"},
		{"empty", "a: $LG_EMPTY", `{a:""}`},
		{"half a map", "a: $LG_OPEN", "t.conf:1:4: syntax: variable $LG_OPEN cannot be parsed: a string in the environment may need quotes of its own"},
		{"cycle", "a: $LG_CYCLE", "t.conf:1:4: syntax: variable $LG_CYCLE refers to itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := config.Parse("t.conf", tt.text)
			if strings.HasPrefix(tt.want, "t.conf:") {
				wantErr(t, err, tt.want)
				return
			}
			wantErr(t, err)
			if got := show(b); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	b := parse(t, "\n\na: $LG_MAP")
	b.Block("a").Int(0, "user")
	wantErr(t, b.Finish(), // where the reference stands
		`t.conf:3:1: unknown field "tags"`, "t.conf:3:1: a.user: want an integer, got a string")
}

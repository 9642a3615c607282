package mapping_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"leafgate/mapping"
)

func TestAppendToken(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", "/"},
		{"/", "/s"},
		{"*", "/*"},
		{">", "/>"},
		{"**", "**"},
		{"+", "+"},
		{"#", "#"},
		{"sensor-1", "sensor-1"},
		{"a.>", "a//>"},
		{"a.*.b", "a//*//b"},
		{"a/+/#", "a/s+/s#"},
		{"my device", "my/_device"},
		{"\t\n\r\f\x7f", "/t/n/r/f/d"},
		{"a\x00\x01\v", "a/x00/x01/x0b"},
		{"\u0085\u009f", "/xc2/x85/xc2/x9f"},
		{"\u00a0ü室", "\u00a0ü室"},
		{"a\xff\xc3", "a/xff/xc3"},
		{"/x00", "/sx00"},
		{"$SYS", "$SYS"},
	} {
		if got := mapping.AppendToken([]byte("dst "), []byte(test.in)); string(got) != "dst "+test.want {
			t.Errorf("%q: got %q, want %q", test.in, got[4:], test.want)
		}
	}
}

// What stands for a level in a permission is what the level is in a topic.
func TestTokenIsLevel(t *testing.T) {
	var token, subject []byte
	words("./a *>_\t", depth(5), func(word []byte) {
		if strings.Contains(string(word), "/") {
			return
		}
		token = mapping.AppendToken(token[:0], word)
		if subject, _ = mapping.AppendSubject(subject[:0], word); string(token) != string(subject) {
			t.Fatalf("%q: got %q, in a topic it is %q", word, token, subject)
		}
	})
}

// Different strings have different tokens, which add neither wildcard nor level nor word.
func TestTokensExhaustively(t *testing.T) {
	for _, letters := range []string{"./s *>+", "/x0\x00\xc2\x85_", "\xff\xc3\xbc/xf\n"} {
		seen := map[string]string{}
		var token []byte
		words(letters, depth(5), func(word []byte) {
			token = mapping.AppendToken(token[:0], word)
			if other, ok := seen[string(token)]; ok {
				t.Fatalf("%q and %q are both %q", word, other, token)
			}
			seen[string(token)] = string(word)
			if !isToken(string(token)) {
				t.Fatalf("%q: %q is not one token", word, token)
			}
		})
	}
}

func isToken(s string) bool {
	return s != "" && s != "*" && s != ">" && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '.' || r == ' ' || unicode.IsControl(r) })
}

func TestLevels(t *testing.T) {
	for in, want := range map[string]int{"": 0, "a": 0, "a/b": 1, "//": 2, "a.b": 0, "室/内/": 2} {
		if got := mapping.Levels([]byte(in)); got != want {
			t.Errorf("%q: got %d, want %d", in, got, want)
		}
	}
}

func TestStrictUTF8(t *testing.T) {
	for _, in := range []string{"", "a b/~", "ü室", "\u00a0", "\ufeff", "\ufffd", "\ufdcf", "\ufdf0", "\U0001fffd", "\U00020000"} {
		if !mapping.StrictUTF8([]byte(in)) {
			t.Errorf("%q: refused", in)
		}
	}
	for _, in := range []string{
		"\x01", "a\x1f", "\x7f", "\u0080", "a\u009fb", "\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff",
		"\x00", "\xff", "\xc0\xaf", "\xed\xa0\x80", "a\xe6\xb8",
	} {
		if mapping.StrictUTF8([]byte(in)) {
			t.Errorf("%q: accepted", in)
		}
	}
}

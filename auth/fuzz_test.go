package auth

import (
	"strings"
	"testing"

	"leafgate/core"
	"leafgate/mapping"
)

// Whatever stands in an entry and whatever peers call themselves: an entry that was taken compiles, and a name stays in its
// token.
func FuzzEntry(f *testing.F) {
	for _, entry := range []string{
		"a.b", "a.*.> q", "mqtt:a/+/#", "mqtt:$share/g/a", "a.{{user}}.b-{{clientid}}", "mqtt:{{clientid}}/a b/#",
		"*{{user}}", "a {{clientid}}.*", "{{name()}}", "a/{{user}}", "mqtt:/{{user}}//", "a//{{user}}",
	} {
		f.Add(entry, "ann", "a.>")
		f.Add(entry, "*", "")
		f.Add(entry, "a/\x00\xff", "{{user}} \u00a0")
	}
	f.Fuzz(func(t *testing.T, entry, user, client string) {
		patterns, err := translate(entry, true)
		if err != nil {
			return
		}
		n := names{user: user, client: client}
		rule := core.Rule{Allow: patterns, Deny: patterns}
		if _, err := compiled(&core.PermissionDef{Subscribe: rule}, n); err != nil {
			t.Fatalf("%q with %+v: %v", entry, n, err)
		}
		for _, pattern := range patterns {
			text, whole := n.expand(pattern)
			was, is := strings.FieldsFunc(pattern, separates), strings.FieldsFunc(text, separates)
			if len(was) != len(is) {
				t.Fatalf("%q became %q: other tokens", pattern, text)
			}
			for i := range was {
				if templated := strings.Contains(was[i], "{{"); !templated && was[i] != is[i] ||
					templated && whole && (isWildcard(is[i]) || strings.ContainsAny(is[i], "\t\r\n")) {
					t.Errorf("%q became %q with %+v", pattern, text, n)
				}
			}
		}
	})
}

func separates(r rune) bool { return strings.ContainsRune(separators, r) }

// Different names have different tokens, and a name that can be a level of a topic has that level's.
func FuzzName(f *testing.F) {
	f.Add("a", "b")
	f.Add("*", "/*")
	f.Add("a/b", "a/sb")
	f.Add("\x00", "/x00")
	f.Add("\x01/", "\x01")
	f.Add("+", "#")
	f.Fuzz(func(t *testing.T, one, other string) {
		if one == "" || other == "" {
			return
		}
		a, _ := names{user: one}.expand("{{user}}")
		b, _ := names{client: other}.expand("{{clientid}}")
		if (a == b) != (one == other) {
			t.Errorf("%q and %q have %q and %q", one, other, a, b)
		}
		level, err := mapping.AppendSubject(nil, []byte(one))
		if err == nil && !strings.Contains(one, "/") && string(level) != a {
			t.Errorf("%q has %q, as a level %q", one, a, level)
		}
	})
}

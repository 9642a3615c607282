package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"leafgate/core"
)

func TestTransform(t *testing.T) {
	for _, c := range []struct{ name, src, dst, in, out string }{
		{"literal", "a.b", "c", "a.b", "c"},
		{"literal, another", "a.b", "c", "a.c", "-"},
		{"reordered", "pub.*.*", "p.$2.$1", "pub.u.v", "p.v.u"},
		{"spelled out", "pub.*.*", "p.{{wildcard(2)}}.{{ Wildcard( 1 ) }}", "pub.u.v", "p.v.u"},
		{"too few tokens", "pub.*.*", "p.$2.$1", "pub.u", "-"},
		{"too many tokens", "pub.*.*", "p.$2.$1", "pub.u.v.w", "-"},
		{"unused", "a.*", "b", "a.x", "b"},
		{"used twice", "a.*", "b.$1.$1", "a.x", "b.x.x"},
		{"names with a dollar", "a.*", "$SYS.$1.$", "a.x", "$SYS.x.$"},
		{"no function", "a.*", "{{}}.x{{wildcard(1)}}", "a.x", "{{}}.x{{wildcard(1)}}"},
		{"tail", "a.>", "b.c.>", "a.x.y", "b.c.x.y"},
		{"tail alone", ">", "b.>", "x.y", "b.x.y"},
		{"tail to nothing", "a.b.>", ">", "a.b.c.d", "c.d"},
		{"identity", ">", ">", "x.y", "x.y"},
		{"tail is not nothing", "a.>", "b.>", "a", "-"},
		{"wildcards and tail", "a.*.*.>", "$2.b.$1.>", "a.x.y.z.z", "y.b.x.z.z"},
		{"published wildcard", "a.*", "b.$1", "a.*", "b.*"},
		{"published tail", "a.*", "b.$1", "a.>", "-"},
		{"partition abc", "m.*", "m.{{partition(3,1)}}", "m.abc", "m.2"},
		{"partition def", "m.*", "m.{{partition(3,1)}}", "m.def", "m.0"},
		{"partition zzz", "m.*", "m.{{PARTITION( 3, 1 )}}", "m.zzz", "m.1"},
		{"partition of two", "m.*.*", "m.{{partition(1000,1,2)}}", "m.ab.cd", "m.533"},
		{"partition of two, joined", "m.*", "m.{{partition(1000,1)}}", "m.abcd", "m.533"},
		{"partition of all", "m.*.*", "m.{{partition(1000)}}", "m.ab.cd", "m.322"},
		{"partition of a literal", "m.ab.cd", "m.{{partition(1000,7)}}", "m.ab.cd", "m.322"},
		{"no partitions", "m.*", "m.{{partition(0,1)}}.{{random(0)}}", "m.x", "m.0.0"},
		{"random of one", "m", "m.{{random(1)}}", "m", "m.0"},
		{"left", "m.*", "{{left(1,2)}}", "m.abcde", "ab"},
		{"left of short", "m.*", "{{left(1,5)}}", "m.abcde", "abcde"},
		{"left of none", "m.*", "{{left(1,0)}}.{{left(1,-3)}}", "m.ab", "ab.ab"},
		{"right", "m.*", "{{right(1,2)}}", "m.abcde", "de"},
		{"right of short", "m.*", "{{right(1,9)}}", "m.abcde", "abcde"},
		{"split from left", "m.*", "{{SplitFromLeft(1,2)}}", "m.abcde", "ab.cde"},
		{"split from left, whole", "m.*", "{{splitfromleft(1,5)}}", "m.abcde", "abcde"},
		{"split from right", "m.*", "{{SplitFromRight(1,2)}}", "m.abcde", "abc.de"},
		{"slice from left", "m.*", "{{SliceFromLeft(1,2)}}", "m.abcde", "ab.cd.e"},
		{"slice from left, even", "m.*", "{{slicefromleft(1,2)}}", "m.abcdef", "ab.cd.ef"},
		{"slice from right", "m.*", "{{SliceFromRight(1,2)}}", "m.abcde", "a.bc.de"},
		{"slice from right, even", "m.*", "{{slicefromright(1,2)}}", "m.abcdef", "ab.cd.ef"},
		{"split", "m.*", "x.{{split(1,-)}}.y", "m.a-b-c", "x.a.b.c.y"},
		{"split at more", "m.*", "x.{{split(1, <>)}}", "m.a<>b<c", "x.a.b<c"},
		{"split in characters", "m.*", "x.{{split(1,)}}", "m.aéb", "x.a.é.b"},
		{"split, nothing between", "m.*", "x.{{split(1,-)}}", "m.a--b---c", "x.a.b.c"},
		{"split, nothing behind", "m.*", "x.{{split(1,-)}}.y", "m.a--", "x.a.y"},
		{"split, nothing before", "m.*", "x.{{split(1,-)}}", "m.-a", "x.a"},
		{"split, invalid", "m.*", "x.{{split(1,-)}}", "m.--a", "x..a"},
		{"split, invalid again", "m.*", "x.{{split(1,-)}}", "m.-", "x."},
		{"split, empty", "m.*", "{{split(1,-)}}", "m.-", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, err := core.NewTransform(c.src, c.dst)
			if err != nil {
				t.Fatal(err)
			}
			if tr.Source() != c.src || tr.Destination() != c.dst {
				t.Errorf("from %q to %q", tr.Source(), tr.Destination())
			}
			got, ok := tr.Append([]byte("dst "), []byte(c.in))
			if c.out == "-" {
				if ok || string(got) != "dst " {
					t.Errorf("%q becomes %q, want no match", c.in, got)
				}
			} else if !ok || string(got) != "dst "+c.out {
				t.Errorf("%q becomes %q, %v; want %q", c.in, got, ok, c.out)
			}
		})
	}
}

func TestTransformErrors(t *testing.T) {
	const bad = "invalid mapping destination: "
	for _, c := range []struct{ src, dst, want string }{
		{"a.*", "b.$2", bad + "wildcard index out of range in $2: [2]"},
		{"a.*", "b.$0", bad + "wildcard index out of range in $0: [0]"},
		{"a", "b.$1", bad + "wildcard index out of range in $1: [1]"},
		{"a.>", "b.{{partition(3,1)}}.>", bad + "wildcard index out of range in {{partition(3,1)}}: [1]"},
		{"a.*", "b.{{foo(1)}}", bad + "unknown function in {{foo(1)}}"},
		{"a.*", "b.{{wildcard}}", bad + "unknown function in {{wildcard}}"},
		{"a.*", "b.{{wildcard()}}", bad + "not enough arguments passed to the function in {{wildcard()}}"},
		{"a.*", "b.{{split(1)}}", bad + "not enough arguments passed to the function in {{split(1)}}"},
		{"a.*", "b.{{left(1,2,3)}}", bad + "too many arguments passed to the function in {{left(1,2,3)}}"},
		{"a.*", "b.{{wildcard(x)}}", bad + "function argument is invalid or in the wrong format in {{wildcard(x)}}"},
		{"a.*", "b.{{left(1,x)}}", bad + "function argument is invalid or in the wrong format in {{left(1,x)}}"},
		{"a.*", "b.{{left(x,1)}}", bad + "function argument is invalid or in the wrong format in {{left(x,1)}}"},
		{"a.*", "b.{{split(1,- )}}", bad + "function argument is invalid or in the wrong format in {{split(1,- )}}"},
		{"a.*", "b.{{partition(-1,1)}}", bad + "function argument is invalid or in the wrong format in {{partition(-1,1)}}"},
		{"a.*", "b.{{random(2147483648)}}", bad + "function argument is invalid or in the wrong format in {{random(2147483648)}}"},
		{"a.*", "b.*", `invalid subject "*" in a mapping destination`},
		{"a.>", "b", `invalid subject "b" for "a.>": only both can end in >`},
		{"a.*", "b.>", `invalid subject "b.>" for "a.*": only both can end in >`},
		{"a.*", "b..c", `invalid subject "b..c"`},
		{"a.>", "b.>.>", `invalid subject "b.>.>"`},
		{"a.*", "", `invalid subject ""`},
		{"a.*", "b c", `invalid subject "b c" in a mapping destination`},
		{"a..*", "b", `invalid subject "a..*"`},
		{"", "b", `invalid subject ""`},
	} {
		tr, err := core.NewTransform(c.src, c.dst)
		if err == nil || err.Error() != c.want || tr != nil {
			t.Errorf("%q to %q: got %v, want %s", c.src, c.dst, err, c.want)
		}
		if !errors.Is(err, core.ErrBadSubject) && !errors.Is(err, core.ErrBadDestination) {
			t.Errorf("%v wraps neither error", err)
		}
	}
}

func TestStrictTransform(t *testing.T) {
	const bad = "invalid mapping destination: "
	for _, c := range []struct{ src, dst, in, want, reverse string }{
		{"a", "b", "a", "b", "b to a"},
		{"req.*", "ask.*", "req.q", "ask.q", "ask.* to req.$1"},
		{"req.*.*", "ask.*.x.*", "req.q.r", "ask.q.x.r", "ask.*.x.* to req.$1.$2"},
		{"pub.*.*", "p.$2.$1", "pub.u.v", "p.v.u", "p.*.* to pub.$2.$1"},
		{"t.*.*.*", "$2.{{wildcard(3)}}.$1", "t.a.b.c", "b.c.a", "*.*.* to t.$3.$1.$2"},
		{"a.>", "p.a.>", "a.x.y", "p.a.x.y", "p.a.> to a.>"},
		{"a.*.>", "$1.>", "a.x.y.z", "x.y.z", "*.> to a.$1.>"},
		{"a.*", "b.$1.$1", "a.x", "b.x.x", bad + "using a token wildcard twice in b.$1.$1"},
		{"a.*.*", "b.$1", "", bad + "not using all of the token wildcard(s) in b.$1", ""},
		{"a.*.*", "b.$1.$1", "", bad + "not using all of the token wildcard(s) in b.$1.$1", ""},
		{"a.*", "b", "", bad + "not using all of the token wildcard(s) in b", ""},
		{"a.*", "b.*.*", "", bad + "wildcard index out of range in *: [2]", ""},
		{"a", "b.*", "", bad + "wildcard index out of range in *: [1]", ""},
		{"a.*", "b.{{left(1,2)}}", "", bad + "the only mapping function allowed for import transforms is {{Wildcard()}} in {{left(1,2)}}", ""},
		{"a", "b.{{random(3)}}", "", bad + "the only mapping function allowed for import transforms is {{Wildcard()}} in {{random(3)}}", ""},
		{"a.>", "b", "", `invalid subject "b" for "a.>": only both can end in >`, ""},
	} {
		tr, err := core.NewStrictTransform(c.src, c.dst)
		if err != nil {
			if err.Error() != c.want {
				t.Errorf("%q to %q: got %v, want %s", c.src, c.dst, err, c.want)
			}
			continue
		}
		there, _ := tr.Append(nil, []byte(c.in))
		if string(there) != c.want {
			t.Errorf("%q to %q: %q becomes %q, want %q", c.src, c.dst, c.in, there, c.want)
		}
		back, err := tr.Reverse()
		if err != nil {
			if err.Error() != c.reverse {
				t.Errorf("reverse %q to %q: got %v, want %s", c.src, c.dst, err, c.reverse)
			}
			continue
		}
		if got := back.Source() + " to " + back.Destination(); got != c.reverse {
			t.Errorf("reverse %q to %q: got %s, want %s", c.src, c.dst, got, c.reverse)
		}
		if got, ok := back.Append(nil, there); !ok || string(got) != c.in {
			t.Errorf("%q to %q: %q comes back as %q", c.src, c.dst, c.in, got)
		}
	}
}

// What looks like a reference in the source is a name, and stays one on the way back.
func TestReverseKeepsNames(t *testing.T) {
	tr, err := core.NewStrictTransform("a.$1.*", "b.$1")
	if err != nil {
		t.Fatal(err)
	}
	back, err := tr.Reverse()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := back.Append(nil, []byte("b.x")); !ok || string(got) != "a.$1.x" {
		t.Errorf("got %q", got)
	}
}

func TestReverseRefusals(t *testing.T) {
	for _, dst := range []string{"b", "b.$1", "b.{{left(1,2)}}.$2", "$1.$2.{{random(2)}}"} {
		tr, err := core.NewTransform("a.*.*", dst)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := tr.Reverse(); !errors.Is(err, core.ErrBadDestination) || back != nil {
			t.Errorf("%q: got %v", dst, err)
		}
	}
}

func TestTransformPattern(t *testing.T) {
	for _, c := range []struct{ src, dst, pattern, want string }{
		{"a.*.*", "b.$2.$1", "a.*.x", "b.x.*"},
		{"a.*.*", "b.$2.$1", "a.x.y", "b.y.x"},
		{"a.*.*", "b.$2.$1", "a.*.*", "b.*.*"},
		{"a.*.*", "b.$2.$1", "a.>", "-"},
		{"a.*.*", "b.$2.$1", "*.x.y", "-"},
		{"a.*.>", "b.>", "a.x.>", "b.>"},
		{"a.*.>", "$1.b.>", "a.*.y.*.>", "*.b.y.*.>"},
		{">", "p.>", "x.*", "p.x.*"},
		{"a.*", "b.$1.$1", "a.*", "b.*.*"},
		{"a.*", "b.{{left(1,1)}}", "a.x", "-"},
		{"a", "b.{{random(3)}}", "a", "-"},
	} {
		tr, err := core.NewTransform(c.src, c.dst)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := tr.AppendPattern([]byte("+"), c.pattern)
		if ok != (c.want != "-") || ok && string(got) != "+"+c.want || !ok && string(got) != "+" {
			t.Errorf("%q to %q: %q becomes %q, %v; want %q", c.src, c.dst, c.pattern, got, ok, c.want)
		}
	}
}

func TestDeterministic(t *testing.T) {
	for dst, want := range map[string]bool{"b": true, "b.$1": true, "b.{{partition(3,1)}}": true, "b.{{Random(3)}}.$1": false} {
		tr, err := core.NewTransform("a.*", dst)
		if err != nil {
			t.Fatal(err)
		}
		if tr.Deterministic() != want {
			t.Errorf("%q: %v", dst, !want)
		}
	}
}

// Every number below the limit comes up, and no other.
func TestRandomRange(t *testing.T) {
	tr, err := core.NewTransform("a", "b.{{random(3)}}")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for range 1000 {
		out, _ := tr.Append(nil, []byte("a"))
		seen[string(out)]++
	}
	if len(seen) != 3 || seen["b.0"] == 0 || seen["b.1"] == 0 || seen["b.2"] == 0 {
		t.Errorf("got %v", seen)
	}
}

func TestTransformAllocs(t *testing.T) {
	long := strings.Repeat("-", 40)
	for _, c := range []struct{ src, dst, subject string }{
		{"a", "b", "a"},
		{"a.*.*.>", "b.$2.$1.>", "a.x.y.z"},
		{"a.*.*", "{{partition(7,1,2)}}.{{partition(7)}}.{{random(1000)}}", "a.one.two"},
		{"a.*.*", "{{split(1,-)}}.{{split(2,)}}", "a.one-two-three.four"},
		{"a.*", "{{split(1," + long + ")}}", "a.one" + long + "two"},
		{"a.*", "{{left(1,1)}}.{{right(1,1)}}.{{splitfromleft(1,1)}}.{{splitfromright(1,1)}}", "a.one"},
		{"a.*", "{{slicefromleft(1,2)}}.{{slicefromright(1,2)}}", "a.three"},
	} {
		tr, err := core.NewTransform(c.src, c.dst)
		if err != nil {
			t.Fatal(err)
		}
		subject, other := []byte(c.subject), []byte("x.y.z")
		if n := testing.AllocsPerRun(10, func() {
			for range 1000 {
				var buf [128]byte
				_, ok := tr.Append(buf[:0], subject)
				if _, wrong := tr.Append(buf[:0], other); !ok || wrong {
					t.Fatalf("%q to %q: %v, %v", c.src, c.dst, ok, wrong)
				}
			}
		}); n != 0 {
			t.Errorf("%q to %q: %v allocations per 1000", c.src, c.dst, n)
		}
	}
}

// FuzzTransform wants valid subjects out of valid subjects, and patterns and ways back that agree with them.
func FuzzTransform(f *testing.F) {
	for _, s := range [][3]string{{"a.*.>", "b.$1.>", "a.x.y"}, {"a.*.*", "{{split(1,-)}}.{{left(2,2)}}", "a.x-y.z"}, {"a.*", "{{slicefromright(1,2)}}", "a.xyz"},
		{"*.*", "$2.{{ wildcard( 1 )}}", "x.y"}, {"a", "{{partition(3,1)}}.{{random(2)}}", "a"}, {"a.*", "*.b", "a.*"}, {"*", "{{split(1,)}}", "é\xff"},
		{"*", "{{splitfromleft(1,1)}}.{{splitfromright(1,-1)}}", "xy"}, {"*", "{{partition(4294967296,1)}}", "x"}, {">", ">", ">"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, src, dst, subject string) {
		strict, strictErr := core.NewStrictTransform(src, dst)
		tr, err := core.NewTransform(src, dst)
		if strictErr == nil {
			fuzzStrict(t, strict, subject)
		}
		if err != nil {
			return
		}
		out, ok := tr.Append(nil, []byte(subject))
		if !core.ValidSubject([]byte(subject)) {
			return
		}
		if want := naive(src, subject); core.IsLiteral(subject) && ok != want {
			t.Fatalf("%q matches %q: %v", subject, src, ok)
		}
		if ok && !core.ValidSubject(out) {
			rest := strings.ReplaceAll(strings.Trim(string(out), "."), "..", ".")
			if !strings.Contains(strings.ToLower(dst), "split") || rest != "" && !core.ValidSubject([]byte(rest)) {
				t.Fatalf("%q to %q: %q becomes %q", src, dst, subject, out)
			}
		}
	})
}

func fuzzStrict(t *testing.T, tr *core.Transform, subject string) {
	if !core.ValidPattern(subject) {
		return
	}
	out, ok := tr.Append(nil, []byte(subject))
	pattern, okPattern := tr.AppendPattern(nil, subject)
	if ok != okPattern || string(out) != string(pattern) {
		t.Fatalf("subject %q, pattern %q", out, pattern)
	}
	back, err := tr.Reverse()
	if err != nil || !ok {
		return
	}
	if in, ok := back.AppendPattern(nil, string(out)); !ok || string(in) != subject {
		t.Fatalf("%q to %q: %q becomes %q and back %q", tr.Source(), tr.Destination(), subject, out, in)
	}
}

func TestIntersect(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"a.*.>", "*.b.>", "a.b.>"},
		{"a", "a", "a"},
		{"a", "b", "-"},
		{"a", "a.b", "-"},
		{"a.>", "a", "-"},
		{"a.>", "a.b", "a.b"},
		{">", "*.b", "*.b"},
		{"*.*", "a.>", "a.*"},
		{"a.*.*", "*.>", "a.*.*"},
		{"a.*", "a.*.>", "-"},
		{"*.b.*", "a.*.c", "a.b.c"},
	} {
		for range 2 {
			got, ok := core.Intersect(c.a, c.b)
			if ok != (c.want != "-") || ok && got != c.want || core.Overlap(c.a, c.b) != ok {
				t.Errorf("%q and %q: got %q, %v; want %q", c.a, c.b, got, ok, c.want)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

// Over a small alphabet, all patterns against all subjects: the intersection matches what both match, nothing else.
func TestIntersectIsExact(t *testing.T) {
	subjects := sequences(4, "a", "b")
	var patterns []string
	for _, p := range sequences(3, "a", "b", "*", ">") {
		if core.ValidPattern(p) {
			patterns = append(patterns, p)
		}
	}
	matches := map[string]string{} // by pattern, a mark for each subject
	match := func(p string) string {
		if matches[p] == "" {
			var marks strings.Builder
			for _, s := range subjects {
				fmt.Fprint(&marks, map[bool]int{true: 1}[naive(p, s)])
			}
			matches[p] = marks.String()
		}
		return matches[p]
	}
	for _, a := range patterns {
		for _, b := range patterns {
			both := []byte(match(a))
			for i, mark := range []byte(match(b)) {
				both[i] &= mark
			}
			got, ok := core.Intersect(a, b)
			if ok != strings.Contains(string(both), "1") || ok != core.Overlap(a, b) || ok && match(got) != string(both) {
				t.Fatalf("%q and %q: %q, %v, and Overlap says %v", a, b, got, ok, core.Overlap(a, b))
			}
		}
	}
}

// sequences are all subjects of up to n of these tokens.
func sequences(n int, tokens ...string) (all []string) {
	for from, to := 0, 0; n > 0; n-- {
		if from, to = to, len(all); to == 0 {
			all = append(all, tokens...)
			continue
		}
		for _, s := range all[from:to] {
			for _, token := range tokens {
				all = append(all, s+"."+token)
			}
		}
	}
	return all
}

func BenchmarkTransform(b *testing.B) {
	for _, dst := range []string{"b.$2.$1", "b.{{partition(16,1,2)}}", "b.{{split(2,-)}}"} {
		b.Run(dst, func(b *testing.B) {
			tr, err := core.NewTransform("a.*.*", dst)
			if err != nil {
				b.Fatal(err)
			}
			subject, buf := []byte("a.plant.line-7-temp"), make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = tr.Append(buf[:0], subject)
			}
		})
	}
}

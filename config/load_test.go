package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/conf"

	"leafgate/config"
)

// write makes files in a new folder and goes there. Names and contents alternate.
func write(t *testing.T, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := 0; i < len(files); i += 2 {
		if err := os.MkdirAll(filepath.Dir(files[i]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[i], []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// load reads main.conf, and says by its error what nobody asks for.
func load(t *testing.T) (*config.Block, error) {
	t.Helper()
	b, err := config.Load("main.conf")
	if err == nil {
		b.Has("nothing")
		b.Block("m").Has("nothing")
		err = b.Finish()
	}
	if err != nil { // positions are written with the system's separator
		err = pathError(filepath.ToSlash(err.Error()))
	}
	return b, err
}

type pathError string

func (e pathError) Error() string { return string(e) }

func TestIncludes(t *testing.T) {
	const missing = "variable is neither defined above nor in the environment; a string that begins with $ must be in quotes"
	tests := []struct {
		name  string
		files []string
		want  []string
	}{
		{"positions", []string{
			"main.conf", "x: 1\ninclude sub/one.conf\ny: 2",
			"sub/one.conf", "\n  a: 1\ninclude \"two.conf\"",
			"sub/two.conf", "\n\nb: 2, c: 3",
		}, []string{
			`main.conf:1:1: unknown field "x"`, `main.conf:3:1: unknown field "y"`, `sub/one.conf:2:3: unknown field "a"`,
			`sub/two.conf:3:1: unknown field "b"`, `sub/two.conf:3:7: unknown field "c"`,
		}},
		{"in a map", []string{"main.conf", "m {\n  include 'one.conf'\n  b: 2 }", "one.conf", "a: 1"},
			[]string{`main.conf:3:3: unknown field "b"`, `one.conf:1:1: unknown field "a"`}},
		{"same name in another folder", []string{"main.conf", "include sub/main.conf", "sub/main.conf", "a: 1"},
			[]string{`sub/main.conf:1:1: unknown field "a"`}},
		{"twice", []string{"main.conf", "include one.conf\nm { include one.conf }", "one.conf", "a: 1"},
			[]string{`one.conf:1:1: unknown field "a"`}},
		{"the later key wins", []string{"main.conf", "a: 1\ninclude one.conf", "one.conf", "a: 2"},
			[]string{`one.conf:1:1: unknown field "a"`}},
		{"variable from an include", []string{"main.conf", "include one.conf\na: $x", "one.conf", "x: 1"},
			[]string{`main.conf:2:1: unknown field "a"`}},
		{"variable for an include", []string{"main.conf", "x: 1\ninclude one.conf", "one.conf", "\na: $x"},
			[]string{"one.conf:2:4: syntax: " + missing}},
		{"syntax", []string{"main.conf", "include sub/one.conf", "sub/one.conf", "include two.conf", "sub/two.conf", "\na: [x y]"},
			[]string{`sub/two.conf:2: syntax: expected an array value terminator "," or an array terminator "]", but got 'y' instead`}},
		{"missing", []string{"main.conf", "include one.conf", "one.conf", "# include zero.conf\n  include two.conf"},
			[]string{"one.conf:2:3: syntax: include: two.conf: no such file or directory"}},
		{"folder", []string{"main.conf", "include sub", "sub/x", ""}, []string{"main.conf:1:1: syntax: include: sub is not a file that can be read"}},
		{"not absolute", []string{"main.conf", "include /one.conf", "one.conf", "a: 1"}, []string{`one.conf:1:1: unknown field "a"`}},
		{"nothing but a comment", []string{"main.conf", "# include main.conf\nx: 1 // include main.conf\ny: z #include main.conf"},
			[]string{`main.conf:2:1: unknown field "x"`, `main.conf:3:1: unknown field "y"`}},
		{"a field of that name", []string{"main.conf", "include: main.conf"}, []string{`main.conf:1:1: unknown field "include"`}},
		{"itself", []string{"main.conf", "x: 1\n include ./main.conf"}, []string{"main.conf:2:2: syntax: include: main.conf includes itself"}},
		{"in a circle", []string{"main.conf", "m { INCLUDE 'sub/one.conf' }", "sub/one.conf", "a: 1; include two.conf;", "sub/two.conf", "include \"../main.conf\""},
			[]string{"sub/two.conf:1:1: syntax: include: main.conf includes itself"}},
		{"NUL", []string{"main.conf", "include one.conf", "one.conf", "a: 1\nb\x00: 2"}, []string{"one.conf:2:2: syntax: contains a NUL byte"}},
		{"byte order mark", []string{"main.conf", "include one.conf", "one.conf", "\ufeffa: 1"},
			[]string{"one.conf:1:1: syntax: begins with a byte order mark: save it as UTF-8 without one"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			write(t, tt.files...)
			_, err := load(t)
			wantErr(t, err, tt.want...)
		})
	}
}

func TestLoadNothing(t *testing.T) {
	write(t, "sub/x", "")
	if _, err := config.Load("none.conf"); err == nil || !strings.HasPrefix(err.Error(), "open configuration: ") {
		t.Error(err)
	}
	if _, err := config.Load("sub"); err == nil || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Error(err)
	}
	write(t, "main.conf", "")
	b, err := load(t)
	wantErr(t, err)
	if b == nil || len(b.Keys()) != 0 {
		t.Error("an empty file has keys")
	}
}

func TestLoadPipe(t *testing.T) {
	write(t, "one.conf", "b: 2")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip("no way to name a pipe: ", err)
	}
	if _, err := w.WriteString("a: 1\ninclude one.conf"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	b, err := config.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	b.Has("nothing")
	wantErr(t, b.Finish(), name+`:1:1: unknown field "a"`, `one.conf:1:1: unknown field "b"`)
}

// The digest is nats-server's: tools compare it.
func TestDigest(t *testing.T) {
	write(t, "main.conf", "port: 4222\nhttp: \"a<b>&c\"\nm { x: [1.5, true, y], t: 2016-05-04T18:53:41Z }\ninclude one.conf", "one.conf", "a: 1")
	_, want, err := conf.ParseFileWithChecksDigest("main.conf")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := load(t)
	if got := b.Digest(); got != want || len(got) != len("sha256:")+64 {
		t.Errorf("%s, want %s", got, want)
	}
	if b.Override("port", 1); b.Digest() != want {
		t.Error("a flag changes the digest")
	}
	if other := parse(t, "a: 1").Digest(); other == want || other != parse(t, "# same\n\n a = 1").Digest() {
		t.Error("the digest is not one of the content")
	}
}

func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		types, "a: 1", "a {b: {c: [d, {e: f}]}}", "X = 1, x: $X\na: $X, A: 2", "a: $2a$11$x", "a: (\nb\n)\n", "a: \"\\x41\\n\"",
		"{ \"a\": [1, 2 ], 'b': -1.5 }", "a: 1mb, b: 1kbb", "a { x: 1kbb }", "a: 2016-05-04T18:53:41Z", "# c\r\na: b // d\r\n", "a: [", "}", "a: 1 }",
		"a: 99999999999999999999", "\ufeffa", "a\x00b", "a: [[[[]]]]", "= :", "a:\n{", "$HOME: $HOME", "ı: 1, I: 2, i: 3, İ: 4",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			t.Skip("reads other files")
		}
		b, err := config.Parse("f.conf", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.conf") {
				t.Errorf("an error without a file: %v", err)
			}
			return
		}
		if !strings.HasPrefix(b.Digest(), "sha256:") {
			t.Error("no digest")
		}
		read(b)
		first, second := b.Finish(), b.Finish()
		if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
			t.Errorf("Finish says\n%v\nthen\n%v", first, second)
		}
	})
}

// read asks b for everything in every way.
func read(b *config.Block) {
	for _, k := range append(b.Keys(), "", "port") {
		b.String("", k)
		b.Bool(false, k)
		b.Int(0, k)
		b.IntRange(0, 1, 2, k)
		if b.Duration(0, k) < 0 {
			panic("a negative duration")
		}
		b.Strings(k)
		b.Has(k, strings.ToUpper(k), "other")
		b.Value(k)
		b.Pos(k)
		b.Errorf(k, "said")
		b.Unsupported("why", k)
		b.Block(k)
		for _, item := range b.Blocks(k) {
			read(item)
		}
	}
}

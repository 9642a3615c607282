package logging

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestForms(t *testing.T) {
	say := func(log *slog.Logger) {
		log.With("module", "m").WithGroup("g").Warn("two words", "k", "v w")
		log.Debug("hidden unless asked for")
	}
	tests := []struct {
		name string
		o    Options
		make func(*bytes.Buffer, Options) slog.Handler
		want string
	}{
		{"text", Options{Format: "text"}, nil, `^time=\S+ level=WARN msg="two words" module=m g.k="v w"\n$`},
		{"no time", Options{NoTime: true}, nil, `^level=WARN msg="two words" module=m g.k="v w"\n$`},
		{"utc", Options{UTC: true}, nil, `^time=\S+Z level=WARN`},
		{"debug", Options{NoTime: true, Debug: true}, nil, `WARN.*\nlevel=DEBUG msg="hidden unless asked for"\n$`},
		{"pretty", Options{}, func(b *bytes.Buffer, o Options) slog.Handler { return newPretty(b, o, false) },
			`^\d\d:\d\d:\d\d\.\d{3} WRN two words module=m g.k="v w"\n$`},
		{"pretty, no time", Options{NoTime: true, Debug: true},
			func(b *bytes.Buffer, o Options) slog.Handler { return newPretty(b, o, true) },
			"^\x1b\\[33mWRN\x1b\\[0m two words module=m g.k=\"v w\"\n\x1b\\[36mDBG\x1b\\[0m hidden unless asked for\n$"},
		{"journal", Options{Debug: true}, func(b *bytes.Buffer, o Options) slog.Handler { return newJournal(b, o) },
			`^<4>msg="two words" module=m g.k="v w"\n<7>msg="hidden unless asked for"\n$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if tt.make != nil {
				say(slog.New(tt.make(&out, tt.o)))
			} else {
				say(New(&out, tt.o).Logger())
			}
			if !regexp.MustCompile(tt.want).MatchString(out.String()) {
				t.Errorf("got %q, want %s", out.String(), tt.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	New(&out, Options{Format: "json", Trace: true}).Logger().Log(t.Context(), LevelTrace, "line", "n", 1)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["level"] != "TRACE" || got["msg"] != "line" || got["n"] != 1.0 {
		t.Errorf("got %v", got)
	}
}

func TestPriorities(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newJournal(&out, Options{}))
	log.Debug("d")
	log.Info("i")
	log.Error("e")
	if got := out.String(); got != "<6>msg=i\n<3>msg=e\n" {
		t.Errorf("got %q", got)
	}
}

func TestApplyReachesLoggersInUse(t *testing.T) {
	var out bytes.Buffer
	path := filepath.Join(t.TempDir(), "log")
	l := New(&out, Options{NoTime: true})
	log := l.Logger().With("a", 1)
	log.Info("one")
	if err := l.Apply(Options{NoTime: true, Debug: true, File: path}); err != nil {
		t.Fatal(err)
	}
	log.Debug("two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	log.Info("three")
	if got, want := read(t, path), "level=DEBUG msg=two a=1\n"; got != want {
		t.Errorf("file: %q, want %q", got, want)
	}
	if got := out.String(); got != "level=INFO msg=one a=1\nlevel=INFO msg=three a=1\n" {
		t.Errorf("stream: %q", got)
	}
}

func TestApplyFails(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, Options{NoTime: true})
	if err := l.Apply(Options{File: filepath.Join(t.TempDir(), "none", "log")}); err == nil {
		t.Fatal("a file in a directory that does not exist was opened")
	}
	l.Logger().Info("still here")
	if !strings.Contains(out.String(), "still here") {
		t.Errorf("got %q", out.String())
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := New(os.Stderr, Options{})
	if err := l.Reopen(); err != nil {
		t.Errorf("without a file: %v", err)
	}
	if err := l.Apply(Options{File: path, NoTime: true}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Logger().Info("one")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("two")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("three")
	if got := read(t, path+".old"); !strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("old file: %q", got)
	}
	if got := read(t, path); got != "level=INFO msg=three\n" {
		t.Errorf("new file: %q", got)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a[b].log")
	if err := os.WriteFile(path+".notes", []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := New(os.Stderr, Options{})
	if err := l.Apply(Options{File: path, NoTime: true, SizeLimit: 100, MaxFiles: 2}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 40 {
		l.Logger().Info("twenty bytes or more")
	}
	f := &file{path: path}
	full := f.full()
	if len(full) != 2 {
		t.Errorf("%d full files, want 2: %v", len(full), full)
	}
	for _, name := range append(full, path) {
		if n := len(read(t, name)); n == 0 || n > 100 {
			t.Errorf("%s has %d bytes, want 1..100", name, n)
		}
	}
	if read(t, path+".notes") != "not ours" {
		t.Error("a file that is not ours was touched")
	}
}

func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	l := New(&syncBuffer{}, Options{})
	log := l.Logger().With("a", 1)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 50 {
				log.Info("line")
				if i == 0 {
					if err := l.Apply(Options{File: filepath.Join(dir, "log"), SizeLimit: 1000, MaxFiles: 1}); err != nil {
						t.Error(err)
					}
				}
				if i == 1 {
					if err := l.Reopen(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// Package notices keeps THIRD-PARTY-NOTICES true: the licenses of everything that is linked into the command, on any
// system it is built for. After a change of dependencies: go test ./internal/notices -update
package notices

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the file")

const (
	file = "../../THIRD-PARTY-NOTICES"
	head = "Leafgate is licensed under the Apache License 2.0, see LICENSE. Its binaries contain the software below.\n"
	line = "\n--------------------------------------------------------------------------------\n"

	goLibrary = "the Go standard library"
	goAuthors = "golang.org/x/sys" // whose license is the library's, word for word
)

func TestNotices(t *testing.T) {
	licenses := make(map[string]string) // by module
	for _, system := range []string{"linux", "darwin", "windows"} {
		for path, dir := range linked(t, system) {
			licenses[path] = license(t, dir)
		}
	}
	if licenses[goAuthors] == "" {
		t.Fatalf("%s is not linked any more: take the license of Go from elsewhere", goAuthors)
	}
	licenses[goLibrary] = licenses[goAuthors]
	want := render(licenses)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not what is linked (%v): go test ./internal/notices -update", filepath.Base(file), err)
	}
}

// linked returns the modules of others that the command consists of, and where they are.
func linked(t *testing.T, system string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "leafgate/cmd/leafgate")
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list what %s links: %v", system, err)
	}
	dirs := make(map[string]string)
	for list := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := list.Decode(&p); errors.Is(err, io.EOF) {
			return dirs
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			dirs[p.Module.Path] = p.Module.Dir
		}
	}
}

// license returns what a module asks to be passed on with it.
func license(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	for _, name := range []string{"LICENSE*", "COPYING*", "NOTICE*"} {
		files, err := filepath.Glob(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString("\n" + strings.TrimSpace(string(b)) + "\n")
		}
	}
	if text.Len() == 0 {
		t.Fatalf("%s has no license", dir)
	}
	return text.String()
}

// render prints each text once, behind the names of all it holds for.
func render(licenses map[string]string) string {
	out := head
	var done []string
	for _, path := range slices.Sorted(maps.Keys(licenses)) {
		text := licenses[path]
		if slices.Contains(done, text) {
			continue
		}
		done = append(done, text)
		out += line
		for _, other := range slices.Sorted(maps.Keys(licenses)) {
			if licenses[other] == text {
				out += fmt.Sprintln(other)
			}
		}
		out += text
	}
	return out
}

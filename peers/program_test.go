//go:build peers

package peers

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program is a client of another language while it runs. It says what went wrong and exits with an error.
type program struct {
	*exec.Cmd
	t   *testing.T
	out io.Reader
	err bytes.Buffer
}

// nodejs starts a program of js/ that needs packages.
func nodejs(t *testing.T, packages string, args ...string) *program {
	t.Helper()
	if found, _ := filepath.Glob(filepath.Join("js/node_modules", packages)); len(found) == 0 {
		t.Fatal("the packages of peers/js are missing: make peers-setup")
	}
	return start(t, "js", "node", args...)
}

// python starts a program of python/ with the system's own Python, for which Debian has the packages.
func python(t *testing.T, args ...string) *program {
	t.Helper()
	const system = "/usr/bin/python3"
	if _, err := os.Stat(system); err != nil {
		t.Fatalf("%v: make peers-setup", err)
	}
	return start(t, "python", system, args...)
}

func start(t *testing.T, dir, name string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	p := &program{Cmd: exec.CommandContext(ctx, name, args...), t: t}
	p.Dir, p.Stderr = dir, &p.err
	var err error
	p.out, err = p.StdoutPipe()
	must(t, err)
	must(t, p.Start())
	return p
}

func (p *program) wait() {
	p.t.Helper()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.Wait(); err != nil {
		p.t.Fatalf("%.100s: %v\n%s", strings.Join(p.Args, " "), err, &p.err)
	}
}

//go:build peers

package peers

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A program is a client of another language while it runs. It says what went wrong and exits with an error.
type program struct {
	*exec.Cmd
	t   *testing.T
	in  io.WriteCloser
	out io.Reader
	err bytes.Buffer
}

// nodejs starts a program of js/, which ends with ctx at the latest.
func nodejs(ctx context.Context, t *testing.T, args ...string) *program {
	t.Helper()
	want, err := os.ReadFile("js/package-lock.json")
	must(t, err)
	if got, _ := os.ReadFile("js/node_modules/.installed"); !bytes.Equal(got, want) {
		t.Fatal("the packages of peers/js are missing: make peers-setup")
	}
	return start(ctx, t, "js", "node", args...)
}

// python starts a program of python/ with the system's own Python, for which Debian has the packages.
func python(t *testing.T, args ...string) *program {
	t.Helper()
	const system = "/usr/bin/python3"
	if _, err := os.Stat(system); err != nil {
		t.Fatalf("%v: make peers-setup", err)
	}
	return start(soon(t), t, "python", system, args...)
}

// soon is over when nobody has patience any more.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func start(ctx context.Context, t *testing.T, dir, name string, args ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.CommandContext(ctx, name, args...), t: t}
	p.Dir, p.Stderr = dir, &p.err
	var err error
	p.in, err = p.StdinPipe()
	must(t, err)
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

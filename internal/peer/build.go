package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Binary returns the path of a tool of internal/tools/go.mod, "nats-server" or "nats" say. It builds what the build cache
// does not hold, which takes a minute for the largest of them. Any number of processes may ask at once.
func Binary(ctx context.Context, name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	out, err := run(ctx, filepath.Join(root, "internal", "tools"), "tool", "-n", name)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	return out, nil
}

// Leafgate builds cmd/leafgate as it is now and returns its path below the checkout. A running one is not disturbed:
// the file is replaced, not written over.
func Leafgate(ctx context.Context) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("build leafgate: %w", err)
	}
	dir, err := os.MkdirTemp(bin, "build-")
	if err != nil {
		return "", fmt.Errorf("build leafgate: %w", err)
	}
	defer os.RemoveAll(dir)
	fresh, path := filepath.Join(dir, executable), filepath.Join(bin, "tested-"+executable)
	if _, err := run(ctx, root, "build", "-o", fresh, "./cmd/leafgate"); err != nil {
		return "", fmt.Errorf("build leafgate: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("build leafgate: %w", err)
	}
	return path, nil
}

// Root returns the checkout that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module leafgate\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find the checkout: the working directory is not in it")
		}
		dir = up
	}
}

// watch makes go test run a test again when any source has changed: it knows what a test reads, not what servers are made of.
func watch() error {
	root, err := Root()
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch d.Name() {
		case ".git", "bin", "dist", "node_modules":
			if d.IsDir() {
				return filepath.SkipDir
			}
		}
		return err
	})
}

// run calls the go command and returns what it printed.
func run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// Whatever the caller is built with, -race or for another processor: this is for here, and as it is shipped.
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(failure.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

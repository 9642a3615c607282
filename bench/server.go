package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A serverKind is a server the generator can build and start.
type serverKind struct {
	name  string
	build func(ctx context.Context, dir string) (path string, err error)
	conf  string // configuration text, with the address to fill in
}

// serverKinds is every server there is. All of them take the same configuration.
func serverKinds() []serverKind {
	const conf = "listen: %q\n"
	return []serverKind{
		{"leafgate", buildLeafgate, conf},
		{"nats-server", buildPeer, conf},
	}
}

func kindOf(name string) *serverKind {
	for _, k := range serverKinds() {
		if k.name == name {
			return &k
		}
	}
	return nil
}

func knownServers() string {
	var names []string
	for _, k := range serverKinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// buildLeafgate builds this very checkout.
func buildLeafgate(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "leafgate")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "leafgate/cmd/leafgate").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build leafgate: %w: %s", err, out)
	}
	return path, nil
}

// A binary is a server ready to be started.
type binary struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	path    string
	conf    string
}

// prepare builds what o names and asks each for its version.
func prepare(ctx context.Context, o *options, dir string) ([]*binary, error) {
	var bins []*binary
	for _, name := range o.Servers {
		k := kindOf(name)
		path, err := o.bins[name], error(nil)
		if path == "" {
			path, err = k.build(ctx, dir)
		}
		if err != nil {
			return nil, err
		}
		out, err := exec.CommandContext(ctx, path, "-v").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("ask %s for its version: %w: %s", name, err, out)
		}
		bins = append(bins, &binary{name, strings.TrimSpace(string(out)), path, k.conf})
	}
	return bins, nil
}

// A server is one process on a free loopback port. Stop must be called.
type server struct {
	addr netip.AddrPort
	cmd  *exec.Cmd
	log  bytes.Buffer // what it printed; read it after done
	wg   sync.WaitGroup
	done chan struct{} // closed when the process has ended
}

// start runs b and returns when it takes clients. It must be called from a thread that lives on: see bindToUs.
func (b *binary) start(ctx context.Context, dir string, d dialect) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, b.Name+".conf")
	if err = os.WriteFile(file, fmt.Appendf(nil, b.conf, addr), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	s := &server{addr: addr, cmd: exec.Command(b.path, "-c", file), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	bindToUs(s.cmd)
	if err = s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Name, err)
	}
	s.wg.Go(func() {
		defer close(s.done)
		_ = s.cmd.Wait() // its log says more than its exit code
	})
	if err = s.ready(ctx, d); err != nil {
		s.stop()
		return nil, fmt.Errorf("start %s: %w: %s", b.Name, err, s.tail())
	}
	return s, nil
}

// ready waits until a client gets in.
func (s *server) ready(ctx context.Context, d dialect) error {
	for deadline := time.Now().Add(patience); ; {
		c, err := dialClient(s.addr, d, "ready", nil)
		if err == nil {
			c.close()
			return nil
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-s.done:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the process, kindly first, and returns when it is gone.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.done:
	case <-time.After(3 * time.Second):
		_ = s.cmd.Process.Kill()
	}
	s.wg.Wait()
}

// tail is the end of what a stopped server printed.
func (s *server) tail() string {
	const keep = 600
	out := s.log.Bytes()
	return string(bytes.TrimSpace(out[max(0, len(out)-keep):]))
}

// freeAddress is a loopback port that nobody listens on now.
func freeAddress() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}

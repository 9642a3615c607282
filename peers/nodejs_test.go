//go:build peers

package peers

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leafgate/internal/peer"
)

// A script is client.js while it runs.
type script struct {
	*exec.Cmd
	t   *testing.T
	out io.Reader
	err bytes.Buffer
}

func node(t *testing.T, s *peer.Server, scenario string) *script {
	t.Helper()
	if packages, _ := filepath.Glob("js/node_modules/@nats-io/*"); len(packages) == 0 {
		t.Fatal("the packages of peers/js are missing: make peers-setup")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	p := &script{Cmd: exec.CommandContext(ctx, "node", "client.js", s.URL, scenario), t: t}
	p.Dir, p.Stderr = "js", &p.err
	var err error
	p.out, err = p.StdoutPipe()
	must(t, err)
	must(t, p.Start())
	return p
}

func (p *script) wait() {
	p.t.Helper()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.Wait(); err != nil {
		p.t.Fatalf("%s: %v\n%s", strings.Join(p.Args, " "), err, &p.err)
	}
}

func TestJS(t *testing.T) {
	const users = `authorization { users: [
		{ user: ann, password: "s3cret", permissions: { publish: "allowed.>", subscribe: "_INBOX.>" } }
	] }`
	for scenario, config := range map[string]string{
		"pubsub": "", "request": "", "queue": "", "headers": "", "drain": "", "large": "", "denied": users,
	} {
		t.Run(scenario, func(t *testing.T) {
			onEach(t, config, func(t *testing.T, s *peer.Server) { node(t, s, scenario).wait() })
		})
	}
}

func TestJSReconnects(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		p := node(t, s, "reconnect")
		if line, err := bufio.NewReader(p.out).ReadString('\n'); line != "ready\n" {
			_ = p.Wait()
			t.Fatalf("got %q, %v\n%s", line, err, &p.err)
		}
		s.Kill()
		s.Restart()
		p.wait()
	})
}

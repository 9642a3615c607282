//go:build peers

package peers

import (
	"bufio"
	"testing"

	"leafgate/internal/peer"
)

func node(t *testing.T, s *peer.Server, scenario string) *program {
	t.Helper()
	return nodejs(t, "@nats-io/*", "client.js", s.URL, scenario)
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

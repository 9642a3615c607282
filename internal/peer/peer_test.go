package peer_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"leafgate/internal/peer"
)

func TestServerComesBackOnItsPort(t *testing.T) {
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := peer.Start(t, name, `server_name: "peer-test"`)
			url, pid := s.URL, s.PID()
			greet(t, s)
			s.Stop()
			if c, err := net.Dial("tcp", s.Addr()); err == nil {
				c.Close()
				t.Fatal("a stopped server takes connections")
			}
			s.Restart()
			greet(t, s)
			if s.URL != url || s.PID() == pid {
				t.Fatalf("started again: url %s, pid %d; before: url %s, pid %d", s.URL, s.PID(), url, pid)
			}
			s.Kill()
			s.Restart()
			greet(t, s)
		})
	}
}

// greet wants the INFO of the very server that was configured.
func greet(t *testing.T, s *peer.Server) {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "INFO ") || !strings.Contains(line, `"peer-test"`) {
		t.Fatalf("greeting %q, %v", line, err)
	}
}

func TestUnknownToolIsAnError(t *testing.T) {
	if path, err := peer.Binary(t.Context(), "no-such-tool"); err == nil {
		t.Fatalf("no-such-tool is %s", path)
	}
}

package peers

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/internal/peer"
)

// What a small machine has to spare for us. How long things take is told, not judged: machines differ.
const (
	mostBinary = 15_000_000 // bytes on disk, stripped
	mostIdle   = 15_000_000 // bytes resident without clients
)

func TestFigures(t *testing.T) {
	for _, name := range peer.Servers() {
		s := peer.Start(t, name, "")
		rss, err := s.RSS()
		must(t, err)
		t.Logf("%s: idle, %.1f MB resident", name, float64(rss)/1e6)
		if name == "leafgate" && rss > mostIdle {
			t.Errorf("more than %.0f MB", mostIdle/1e6)
		}
		t.Logf("%s: %v from start to greeting a client, median of 9", name, startTime(t, s))
	}
	binary := filepath.Join(t.TempDir(), "leafgate")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, "leafgate/cmd/leafgate")
	build.Env = append(os.Environ(), "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	must(t, err)
	t.Logf("leafgate: %.1f MB on disk, stripped, for amd64", float64(info.Size())/1e6)
	if info.Size() > mostBinary {
		t.Errorf("more than %.0f MB", mostBinary/1e6)
	}
}

// startTime stops s and starts it again, over and over.
func startTime(t *testing.T, s *peer.Server) time.Duration {
	t.Helper()
	times, addr := make([]time.Duration, 9), s.Addr()
	for i := range times {
		s.Stop()
		greeted := make(chan time.Time, 1)
		var waiting sync.WaitGroup
		begin := time.Now()
		waiting.Go(func() { greeted <- awaitGreeting(addr, begin.Add(patience)) })
		s.Restart()
		waiting.Wait()
		times[i] = (<-greeted).Sub(begin)
	}
	slices.Sort(times)
	return times[len(times)/2].Round(100 * time.Microsecond)
}

// awaitGreeting returns when a client would have read the INFO of the server at addr.
func awaitGreeting(addr string, deadline time.Time) time.Time {
	for now := time.Now(); ; now = time.Now() {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.SetDeadline(deadline)
			line, err := bufio.NewReader(c).ReadString('\n')
			c.Close()
			if err == nil && strings.HasPrefix(line, "INFO ") {
				return time.Now()
			}
		}
		if now.After(deadline) {
			return now
		}
		<-time.After(200 * time.Microsecond)
	}
}

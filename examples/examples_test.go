package examples

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const (
	patience = 2 * time.Minute // examples are built in it, too
	sensors  = 5
)

// build compiles an example as a reader would.
func build(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return path
}

// startFleet returns when the sensors are connected. What they print comes line by line.
func startFleet(t *testing.T, ctx context.Context, s *peer.Server) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.CommandContext(ctx, build(t, "sensor-fleet"), "-url", "tcp://"+s.MQTT, "-count", fmt.Sprint(sensors), "-interval", "20ms")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "5 sensors measure every 20ms, until interrupted\n" {
		t.Fatalf("sensor-fleet says %q, %v", line, err)
	}
	return cmd, lines
}

func TestFleet(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := peer.Start(t, "leafgate", `mqtt { listen: "127.0.0.1:$MQTT_PORT" }`)
	fleet, said := startFleet(t, ctx, s)

	out, err := exec.CommandContext(ctx, build(t, "fleet-consumer"), "-url", s.URL, "-count", fmt.Sprint(sensors)).CombinedOutput()
	want := regexp.MustCompile(`^(sensor-00\d is online\n)*sensor-001  15\.0 °C\nsensor-002  16\.0 °C\nsensor-003  17\.0 °C\n` +
		`sensor-004  18\.0 °C\nsensor-005  19\.0 °C\nsensor-005 is the warmest, it is told to cool down to 4 °C\n` +
		`(sensor-00\d is online\n)*sensor-005 has 4 °C\n$`)
	if err != nil || !want.Match(out) {
		t.Fatalf("fleet-consumer says %s, %v", out, err)
	}
	if line, err := said.ReadString('\n'); line != "sensor-005 is set to 4\n" {
		t.Fatalf("sensor-fleet says %q, %v", line, err)
	}

	// A power cut: the gateway says what the sensors cannot say any more.
	nc, err := nats.Connect(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	wills, err := nc.SubscribeSync("fleet.*.status")
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := fleet.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gone := make(map[string]bool)
	for len(gone) < sensors {
		m, err := wills.NextMsgWithContext(ctx)
		if err != nil {
			t.Fatalf("after %d wills: %v", len(gone), err)
		}
		if string(m.Data) == "offline" {
			gone[m.Subject] = true
		}
	}
}

// An example that grows longer is two examples.
func TestExamplesAreShort(t *testing.T) {
	files, _ := filepath.Glob("*/*.go")
	if len(files) < 2 {
		t.Fatalf("found %q", files)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n >= 120 {
			t.Errorf("%s has %d lines", name, n)
		}
		if !strings.Contains(string(readme), "`"+filepath.Dir(name)+"`") {
			t.Errorf("%s is not in the README", name)
		}
	}
}

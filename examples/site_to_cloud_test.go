package examples

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"leafgate/internal/peer"
)

// machines is every machine of site-to-cloud.
var machines = []string{"berlin.press-1", "berlin.press-2", "lyon.press-1", "lyon.press-2"}

// A landscape is site-to-cloud, running.
type landscape struct {
	*testing.T
	cmd   *exec.Cmd
	dir   string
	lines chan string // what it prints; closed when it has ended
	addrs map[string]map[string]string
	pids  map[string]int
}

// startLandscape returns when everything runs and the cloud is up.
func startLandscape(t *testing.T) *landscape {
	t.Helper()
	gateway, err := peer.Leafgate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, err := peer.Binary(t.Context(), "nats-server")
	if err != nil {
		t.Fatal(err)
	}
	l := &landscape{T: t, dir: t.TempDir(), lines: make(chan string, 1<<16), addrs: map[string]map[string]string{}, pids: map[string]int{}}
	l.cmd = exec.Command(build(t, "site-to-cloud"), "-leafgate", gateway, "-nats-server", server, "-dir", l.dir, "-free", "-interval", "50ms")
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(l.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			l.lines <- s.Text()
		}
	})
	t.Cleanup(func() {
		_ = l.cmd.Process.Signal(os.Interrupt)
		defer time.AfterFunc(patience, func() { _ = l.cmd.Process.Kill() }).Stop()
		for range l.lines { // it cannot end while nobody reads
		}
		reading.Wait()
		if err := l.cmd.Wait(); err != nil {
			t.Errorf("site-to-cloud ends with %v", err)
		}
		if t.Failed() {
			l.showLogs()
		}
	})
	l.await("the cloud is up", l.note)
	return l
}

var started = regexp.MustCompile(`^(\S+) is process (\d+):(.*)$`)

// note keeps what is said of processes. It answers true when the cloud is up.
func (l *landscape) note(line string) bool {
	if m := started.FindStringSubmatch(line); m != nil {
		l.pids[m[1]], _ = strconv.Atoi(m[2])
		l.addrs[m[1]] = map[string]string{}
		for f := strings.Fields(m[3]); len(f) > 1; f = f[2:] {
			l.addrs[m[1]][f[0]] = f[1]
		}
	}
	return strings.HasPrefix(line, "the cloud is up")
}

// await reads lines until one is it.
func (l *landscape) await(what string, is func(line string) bool) {
	l.Helper()
	last := make([]string, 20)
	for limit := time.After(patience); ; {
		select {
		case line, ok := <-l.lines:
			if !ok {
				l.Fatalf("it ended before %s:\n%s", what, strings.Join(last, "\n"))
			}
			if is(line) {
				return
			}
			last = append(last[1:], line)
		case <-limit:
			l.Fatalf("waited in vain until %s:\n%s", what, strings.Join(last, "\n"))
		}
	}
}

// awaitAll waits for a line about every machine; about names it, or nothing.
func (l *landscape) awaitAll(what string, about func(line string) string) {
	l.Helper()
	seen := map[string]bool{}
	l.await(what, func(line string) bool {
		seen[about(line)] = true
		n := 0
		for _, m := range machines {
			if seen[m] {
				n++
			}
		}
		return n == len(machines)
	})
}

// kept answers which machine a line has telemetry of that the stream keeps, behind sequence.
func kept(behind uint64) func(line string) string {
	return func(line string) string {
		f := strings.Fields(line)
		if len(f) != 4 || f[3] != "°C" {
			return ""
		}
		if n, err := strconv.ParseUint(strings.TrimSuffix(f[0], "."), 10, 64); err != nil || n <= behind {
			return ""
		}
		return strings.TrimPrefix(f[1], "telemetry.")
	}
}

// cooled answers which machine has obeyed.
func cooled(line string) string {
	if f := strings.Fields(line); len(f) == 5 && f[3] == "cools" {
		return f[2] + "." + f[0]
	}
	return ""
}

// uplink is where a site's gateway is connected to, or nothing.
func (l *landscape) uplink(site string) string {
	resp, err := http.Get("http://" + l.addrs[site]["pages"] + "/uplinkz")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var page struct {
		Uplinks []struct {
			URL       string
			Connected bool
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || len(page.Uplinks) != 1 || !page.Uplinks[0].Connected {
		return ""
	}
	return strings.TrimPrefix(page.Uplinks[0].URL, "nats-leaf://")
}

// awaitUplink waits until a site is connected, but not to that address.
func (l *landscape) awaitUplink(site, not string) (addr string) {
	l.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		if addr = l.uplink(site); addr != "" && addr != not {
			return addr
		}
		if time.Now().After(end) {
			l.Fatalf("%s finds no other server than %q", site, not)
		}
	}
}

// lastKept is the last sequence of the stream.
func (l *landscape) lastKept() uint64 {
	l.Helper()
	var urls []string
	for i := range 3 {
		urls = append(urls, "nats://"+l.addrs[fmt.Sprintf("cloud-%d", i+1)]["clients"])
	}
	nc, err := nats.Connect(strings.Join(urls, ","), nats.Timeout(patience))
	if err != nil {
		l.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	for end := time.Now().Add(patience); err == nil; {
		ctx, cancel := context.WithTimeout(l.Context(), 5*time.Second)
		s, err := js.Stream(ctx, "TELEMETRY")
		cancel()
		if err == nil {
			return s.CachedInfo().State.LastSeq
		}
		if time.Now().After(end) {
			l.Fatal(err)
		}
	}
	l.Fatal(err)
	return 0
}

// refused is what nats-server says again and again of one that is gone.
var refused = regexp.MustCompile(`(?m)^.*Error trying to connect to route.*\n`)

func (l *landscape) showLogs() {
	files, _ := filepath.Glob(filepath.Join(l.dir, "*", "log"))
	for _, name := range files {
		text, _ := os.ReadFile(name)
		text = refused.ReplaceAll(text, nil)
		l.Logf("%s\n%s", name, text[max(0, len(text)-8000):])
	}
}

// TestSiteToCloud: what machines measure is kept above and answered from there, also when the server is gone that a site
// hangs on.
func TestSiteToCloud(t *testing.T) {
	if !peer.CanReload {
		t.Skip("programs of this system cannot be interrupted")
	}
	l := startLandscape(t)
	l.awaitAll("every machine is heard", kept(0))
	l.awaitAll("every machine has cooled down", cooled)

	at := l.awaitUplink("berlin", "")
	for name, addrs := range l.addrs {
		if addrs["leaves"] != at {
			continue
		}
		p, err := os.FindProcess(l.pids[name])
		if err == nil {
			err = p.Kill()
		}
		if err != nil {
			t.Fatalf("kill %s: %v", name, err)
		}
		l.await(name+" has ended", func(line string) bool { return strings.HasPrefix(line, name+" has ended") })
	}
	for _, site := range []string{"berlin", "lyon"} {
		l.awaitUplink(site, at)
	}
	l.awaitAll("every machine is heard again", kept(l.lastKept()))
	l.awaitAll("every machine has cooled down again", cooled)
}

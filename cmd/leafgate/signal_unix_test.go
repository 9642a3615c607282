//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
)

const patience = 30 * time.Second

// binary builds the program once, under a name that no other process has.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "leafgate")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "lg"+rand.Text()[:10])
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// A process is a running leafgate.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	done chan struct{} // closed when it has exited
	out  buffer
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs the binary with a configuration, on free ports, until it listens.
func start(t *testing.T, text string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, dir: t.TempDir(), done: make(chan struct{})}
	p.write(text)
	p.cmd = exec.Command(path, append([]string{"-c", p.path("gw.conf"), "-a", "127.0.0.1", "-p", "-1"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.Env = append(os.Environ(), "JOURNAL_STREAM=")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() { _ = p.cmd.Wait(); close(p.done) })
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		wait.Wait()
		if t.Failed() {
			t.Logf("leafgate said:\n%s", p.out.String())
		}
	})
	p.until("it listens", func() bool { _, ok := p.addr(); return ok })
	return p
}

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

// write makes text the configuration, and has the addresses written down.
func (p *process) write(text string) {
	p.t.Helper()
	text = fmt.Sprintf("ports_file_dir: %q\n%s", p.dir, text)
	if err := os.WriteFile(p.path("gw.conf"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) addr() (string, bool) {
	found, _ := filepath.Glob(p.path("*.ports"))
	if len(found) == 0 {
		return "", false
	}
	text, _ := os.ReadFile(found[0])
	var ports struct {
		NATS []string `json:"nats"`
	}
	if json.Unmarshal(text, &ports) != nil || len(ports.NATS) == 0 {
		return "", false
	}
	return strings.TrimPrefix(ports.NATS[0], "nats://"), true
}

func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		select {
		case <-p.done:
			if !ok() {
				p.t.Fatalf("leafgate has exited before %s: %s", what, p.out.String())
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("gave up waiting until %s", what)
		}
	}
}

func (p *process) send(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exits waits for the end and checks the code.
func (p *process) exits(code int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatal("leafgate does not exit")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d", got, code)
	}
	if left, _ := filepath.Glob(p.path("*.ports")); code == exitClean && len(left) > 0 {
		p.t.Errorf("left behind: %v", left)
	}
}

// login connects, sends credentials and a PING, and returns the connection and the answer.
func (p *process) login(user, pass string) (net.Conn, string) {
	p.t.Helper()
	addr, _ := p.addr()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "CONNECT {\"verbose\":false,\"user\":%q,\"pass\":%q}\r\nPING\r\n", user, pass)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "INFO ") {
			return conn, lines.Text()
		}
	}
	p.t.Fatalf("no answer: %v", lines.Err())
	return nil, ""
}

func TestStopSignals(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			p := start(t, "")
			if _, got := p.login("", ""); got != "PONG" {
				t.Errorf("login: %q", got)
			}
			p.send(s)
			p.exits(exitClean)
		})
	}
}

func TestReloadSignal(t *testing.T) {
	p := start(t, "authorization { user: ann, password: a }")
	p.write("authorization { user: ann, password: b }")
	p.send(syscall.SIGHUP)
	p.until("the new password counts", func() bool { _, got := p.login("ann", "b"); return got == "PONG" })
	p.write("authorization { user: ann, password: c }\nnonsense: 1")
	p.send(syscall.SIGHUP)
	p.until("the error is reported", func() bool { return strings.Contains(p.out.String(), `unknown field \"nonsense\"`) })
	if _, got := p.login("ann", "b"); got != "PONG" {
		t.Errorf("after a broken reload: %q", got)
	}
	p.send(syscall.SIGINT)
	p.exits(exitClean)
}

func TestReopenSignal(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p := start(t, "", "-l", log)
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	p.send(syscall.SIGUSR1)
	p.until("the file is there again", func() bool { b, _ := os.ReadFile(log); return len(b) > 0 })
	p.send(syscall.SIGINT)
	p.exits(exitClean)
}

func TestLameDuckSignal(t *testing.T) {
	t.Run("nobody there", func(t *testing.T) {
		p := start(t, "")
		p.send(syscall.SIGUSR2)
		p.exits(exitClean)
	})
	t.Run("somebody there", func(t *testing.T) {
		p := start(t, "")
		if _, got := p.login("", ""); got != "PONG" {
			t.Fatal(got)
		}
		addr, _ := p.addr()
		p.send(syscall.SIGUSR2)
		p.until("it takes no more clients", func() bool {
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				conn.Close()
			}
			return err != nil
		})
		p.send(syscall.SIGTERM) // ignored
		p.send(syscall.SIGINT)
		p.exits(exitClean)
	})
}

// TestIgnoredSignalOvertaken is the order in which SIGTERM and SIGINT may arrive when they were sent the other way round.
func TestIgnoredSignalOvertaken(t *testing.T) {
	g := gatewaytest.Start(t, "")
	conn, err := net.Dial("tcp", g.Addr("natsproto")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil { // it is somebody lame duck mode waits for
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 3)
	for _, s := range []os.Signal{syscall.SIGUSR2, syscall.SIGINT, syscall.SIGTERM} {
		signals <- s
	}
	var stderr bytes.Buffer
	if code := serve(g, signals, &stderr); code != exitClean || stderr.Len() > 0 {
		t.Errorf("exit code %d, %s", code, stderr.String())
	}
}

func TestSignalFlag(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	p := start(t, "debug: true", "-P", pid)
	path, _ := binary()
	tell := func(arg string) {
		t.Helper()
		if out, err := exec.Command(path, "--signal", arg).CombinedOutput(); err != nil {
			t.Fatalf("--signal %s: %v\n%s", arg, err, out)
		}
	}
	reloads := func() int { return strings.Count(p.out.String(), "configuration reloaded") }
	for i, arg := range []string{"reload=" + pid, "reload=" + strconv.Itoa(p.cmd.Process.Pid)} {
		tell(arg)
		p.until("it has reloaded", func() bool { return reloads() == i+1 })
	}
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		t.Log("processes are not found by name here")
		tell("quit=" + pid)
	} else {
		tell("quit")
	}
	p.exits(exitClean)
}

func TestSignalFlagFindsNobodyAndSeveral(t *testing.T) {
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		t.Skip("processes are found by name on Linux only")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "--signal", "reload").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "process is running") {
		t.Errorf("nobody: %v, %s", err, out)
	}
	start(t, "")
	start(t, "")
	out, err = exec.Command(path, "--signal", "stop").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "processes running:") {
		t.Errorf("several: %v, %s", err, out)
	}
}

func TestRunTimeError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var stdout, stderr bytes.Buffer
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	code := run([]string{"-p", port, "-l", filepath.Join(t.TempDir(), "log")}, &stdout, &stderr)
	if code != exitRunTime || !strings.Contains(stderr.String(), "address already in use") {
		t.Errorf("code %d, %s", code, stderr.String())
	}
}

// TestWithoutConfiguration runs on a free port and says how to open up.
func TestWithoutConfiguration(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, "-p", "-1"), done: make(chan struct{})}
	p.cmd.Stderr = &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() { _ = p.cmd.Wait(); close(p.done) })
	defer wait.Wait()
	defer p.cmd.Process.Kill()
	p.until("it is ready", func() bool { return strings.Contains(p.out.String(), "ready") })
	text := p.out.String()
	if !strings.Contains(text, "addr=127.0.0.1:") || !strings.Contains(text, "-a 0.0.0.0") || strings.Contains(text, "addr=0.0.0.0") {
		t.Errorf("log: %s", text)
	}
	if rss := resident(t, p.cmd.Process.Pid); rss > 15<<20 {
		t.Errorf("%d bytes resident when idle, want at most 15 MiB", rss)
	}
}

// resident is 0 where the system does not tell.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	var size, pages int64
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Log("resident memory is known on Linux only")
		return 0
	}
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

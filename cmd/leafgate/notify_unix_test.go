//go:build unix

package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
)

// manager listens as a service manager does.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "lg") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	t.Setenv("NOTIFY_SOCKET", name)
	return conn
}

// heard reads until a message that matches, over signs of life.
func heard(t *testing.T, conn *net.UnixConn, pattern string) {
	t.Helper()
	var b [512]byte
	for want := regexp.MustCompile("^" + pattern + "$"); ; {
		n, err := conn.Read(b[:])
		if err != nil {
			t.Fatalf("waiting for %s: %v", pattern, err)
		}
		if got := string(b[:n]); want.MatchString(got) {
			return
		} else if got != notifyAlive {
			t.Fatalf("heard %q, want %s", got, pattern)
		}
	}
}

func TestNotify(t *testing.T) {
	conn := manager(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	g := gatewaytest.Start(t, "")
	signals := make(chan os.Signal, 1)
	var stderr bytes.Buffer
	var wait sync.WaitGroup
	wait.Go(func() { serve(g, signals, &stderr) })
	defer wait.Wait()
	heard(t, conn, notifyReady)
	heard(t, conn, notifyAlive)
	heard(t, conn, notifyAlive)
	signals <- syscall.SIGHUP // nothing to reload: a reload that fails ends, too
	heard(t, conn, `RELOADING=1\nMONOTONIC_USEC=\d+`)
	heard(t, conn, notifyReady)
	signals <- syscall.SIGINT
	heard(t, conn, notifyStopping)
}

func TestNotifyEnvironment(t *testing.T) {
	for _, tt := range []struct {
		socket, usec, pid string
		alive             time.Duration
		none              bool
	}{
		{none: true},
		{usec: "1000", none: true},
		{socket: "/s"},
		{socket: "/s", usec: "3000000", alive: 1500 * time.Millisecond},
		{socket: "/s", usec: "3000000", pid: "1"},
		{socket: "/s", usec: "x"},
		{socket: "/s", usec: "-5"},
	} {
		t.Setenv("NOTIFY_SOCKET", tt.socket)
		t.Setenv("WATCHDOG_USEC", tt.usec)
		t.Setenv("WATCHDOG_PID", tt.pid)
		n := newNotifier()
		if (n == nil) != tt.none || n != nil && n.alive != tt.alive {
			t.Errorf("%+v: %+v", tt, n)
		}
		if tick, stop := n.watchdog(); (tick != nil) != (tt.alive > 0) {
			t.Errorf("%+v: ticks", tt)
		} else {
			stop()
		}
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if err := newNotifier().tell(notifyReady); err == nil {
		t.Error("told nobody")
	}
	if err := (*notifier)(nil).tell(notifyReady); err != nil {
		t.Error(err)
	}
}

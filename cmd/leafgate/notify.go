package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// A notifier tells a service manager how the process is, by the protocol of sd_notify(3). A nil notifier has nobody to
// tell.
type notifier struct {
	socket string
	alive  time.Duration // how often to say that the process lives; 0: nobody wants to know
}

// newNotifier reads what the service manager wants to hear from the environment.
func newNotifier() *notifier {
	n := &notifier{socket: os.Getenv("NOTIFY_SOCKET")}
	if n.socket == "" {
		return nil
	}
	pid := os.Getenv("WATCHDOG_PID")
	if most, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64); err == nil && most > 0 &&
		(pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.alive = time.Duration(most) * time.Microsecond / 2 // as sd_watchdog_enabled(3) recommends
	}
	return n
}

// What there is to tell. None of it waits for an answer, and the process goes on if nobody takes it.
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
	notifyAlive    = "WATCHDOG=1"
)

// notifyReloading begins a reload, which ends with notifyReady.
func notifyReloading() string { return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic()) }

func (n *notifier) tell(state string) error {
	if n == nil {
		return nil
	}
	conn, err := net.Dial("unixgram", n.socket) // a leading @ stands for the abstract name space, here too
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// watchdog ticks when it is time for a sign of life, until stop; never where nobody wants one.
func (n *notifier) watchdog() (tick <-chan time.Time, stop func()) {
	if n == nil || n.alive == 0 {
		return nil, func() {}
	}
	t := time.NewTicker(n.alive)
	return t.C, t.Stop
}

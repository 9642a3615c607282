//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// caught are the signals that mean something.
func caught() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
}

func meaning(s os.Signal) request {
	switch s {
	case syscall.SIGINT:
		return stop
	case syscall.SIGTERM:
		return terminate
	case syscall.SIGHUP:
		return reload
	case syscall.SIGUSR1:
		return reopen
	case syscall.SIGUSR2:
		return lameDuck
	}
	return ignore
}

// sendSignal does what --signal asks for: COMMAND, COMMAND=PID or COMMAND=FILE.
func sendSignal(arg string) error {
	command, target, _ := strings.Cut(arg, "=")
	sig, ok := map[string]syscall.Signal{
		"quit": syscall.SIGINT, "term": syscall.SIGTERM, "stop": syscall.SIGKILL, "reload": syscall.SIGHUP,
		"reopen": syscall.SIGUSR1, "ldm": syscall.SIGUSR2,
	}[command]
	if !ok {
		return fmt.Errorf("unknown command %q: want quit, term, stop, reload, reopen or ldm", command)
	}
	pid, err := findProcess(target)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, sig); err != nil {
		return fmt.Errorf("signal process %d: %w", pid, err)
	}
	return nil
}

// findProcess takes a process id, a file that holds one, or nothing, for the one leafgate that is running.
func findProcess(target string) (int, error) {
	if target == "" {
		return onlyProcess("/proc", os.Getpid())
	}
	if pid, err := strconv.Atoi(target); err == nil {
		return pid, checkPID(pid)
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s holds no process id", target)
	}
	return pid, checkPID(pid)
}

// checkPID refuses process groups.
func checkPID(pid int) error {
	if pid <= 0 {
		return fmt.Errorf("%d is not a process id", pid)
	}
	return nil
}

// onlyProcess finds the process that runs a program of self's name, other than self.
func onlyProcess(proc string, self int) (int, error) {
	name, err := programName(proc, self)
	if err != nil {
		return 0, errors.New("processes can be found by name on Linux only: give a process id or a pid file")
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return 0, fmt.Errorf("find process: %w", err)
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == self {
			continue
		}
		if n, err := programName(proc, pid); err == nil && n == name {
			found = append(found, pid)
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("no %s process is running", name)
	case 1:
		return found[0], nil
	}
	slices.Sort(found)
	return 0, fmt.Errorf("multiple %s processes running: %v", name, found)
}

// programName is the name of the file a process runs, or, where that is another user's secret, of its first argument.
func programName(proc string, pid int) (string, error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	if exe, err := os.Readlink(filepath.Join(dir, "exe")); err == nil {
		return filepath.Base(strings.TrimSuffix(exe, " (deleted)")), nil
	}
	b, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(b) == 0 {
		return "", errors.New("not a process with a name")
	}
	first, _, _ := strings.Cut(string(b), "\x00")
	return filepath.Base(first), nil
}

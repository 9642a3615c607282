package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// processCPU is what process pid has used so far, user and system, of all its threads.
func processCPU(pid int) (time.Duration, error) {
	// The kernel's own encoding of "process CPU clock of pid": it is exact to the nanosecond, where stat counts ticks.
	clock := int32(^uint32(pid)<<3 | 2)
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err == nil {
		return time.Duration(ts.Nano()), nil
	}
	return processTicks(pid)
}

// processTicks is processCPU from /proc, in steps of 10 ms.
func processTicks(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read process times: %w", err)
	}
	// The name, in brackets, may hold spaces; utime and stime are fields 14 and 15.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("read process times: short line %q", b)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("read process times: bad line %q", b)
	}
	const tick = 10 * time.Millisecond
	return time.Duration(user+system) * tick, nil
}

// ownCPU is what the generator has used so far.
func ownCPU() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// processRSS is the resident memory of pid in bytes.
func processRSS(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("read process memory: %w", err)
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0, fmt.Errorf("read process memory: short line %q", b)
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read process memory: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// raiseFiles lifts the limit of open files to the hard limit, for us and the servers we start, and returns it.
func raiseFiles() (uint64, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("read limit of open files: %w", err)
	}
	l.Cur = l.Max
	// syscall, not unix: only this one tells os/exec to pass the raised limit on.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("raise limit of open files: %w", err)
	}
	return l.Cur, nil
}

// bindToUs makes a server end with us, whatever ends us, and keeps a terminal's Ctrl-C from it: we stop it ourselves.
func bindToUs(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// prompt puts the calling goroutine alone on a thread that the scheduler prefers, as far as we may, with exact timers.
// It reports whether the thread got real-time priority; restore undoes it.
func prompt() (realTime bool, restore func()) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	realTime = schedule(unix.SCHED_FIFO, 1) == nil
	return realTime, func() {
		if realTime {
			_ = schedule(unix.SCHED_NORMAL, 0)
		}
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
		runtime.UnlockOSThread()
	}
}

func schedule(policy, priority int32) error {
	_, _, e := unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, uintptr(policy), uintptr(unsafe.Pointer(&priority)))
	if e != 0 {
		return e
	}
	return nil
}

// clock is the time that sleepUntil understands.
func clock() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

// sleepUntil returns at t, on the very thread: Go's timers are good for a millisecond only.
func sleepUntil(t time.Duration) {
	ts := unix.NsecToTimespec(int64(t))
	for clock() < t {
		_, _, _ = unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME,
			uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	}
}

// machine describes what we run on.
func machine() string {
	var u unix.Utsname
	var si unix.Sysinfo_t
	_, _ = unix.Uname(&u), unix.Sysinfo(&si)
	b, _ := os.ReadFile("/proc/cpuinfo")
	model := "unknown processor"
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			model = strings.TrimSpace(v)
		}
	}
	return fmt.Sprintf("%d x %s, %.0f GiB, Linux %s, load %.2f", runtime.NumCPU(), model,
		float64(si.Totalram)*float64(si.Unit)/(1<<30), unix.ByteSliceToString(u.Release[:]), float64(si.Loads[0])/65536)
}

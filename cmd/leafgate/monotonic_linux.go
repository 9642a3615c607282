package main

import "golang.org/x/sys/unix"

// monotonic is the system's clock that never jumps, in microseconds: the service manager compares it with its own.
func monotonic() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return now.Nano() / 1000
}

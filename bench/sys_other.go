//go:build !linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"time"
)

// Measuring needs Linux: sockets that discard without copying, a CPU clock of another process, /proc. Elsewhere the
// package builds, so that vet and the portable tests run, and refuses to measure.

var (
	errAgain    = errors.New("try again")
	errPlatform = fmt.Errorf("measure on %s: only Linux can: %w", runtime.GOOS, errors.ErrUnsupported)
)

type poller struct{}

func newPoller() (*poller, error)             { return nil, errPlatform }
func (*poller) watchRead(fd, slot int) error  { return errPlatform }
func (*poller) watchWrite(fd, slot int) error { return errPlatform }
func (*poller) watchBoth(fd, slot int) error  { return errPlatform }
func (*poller) wait(ms int) (int, error)      { return 0, errPlatform }
func (*poller) slot(i int) int                { return 0 }
func (*poller) close()                        {}
func openSocket(netip.AddrPort, time.Duration) (int, error) {
	return -1, errPlatform
}
func closeSocket(int)                          {}
func setBlocking(int, bool) error              { return errPlatform }
func send(int, []byte) (int, error)            { return 0, errPlatform }
func receive(int, []byte) (int, error)         { return 0, errPlatform }
func discard(int, []byte) (int, error)         { return 0, errPlatform }
func sendBlocking(int, []byte) (int, error)    { return 0, errPlatform }
func receiveBlocking(int, []byte) (int, error) { return 0, errPlatform }
func processCPU(int) (time.Duration, error)    { return 0, errPlatform }
func processRSS(int) (int64, error)            { return 0, errPlatform }
func ownCPU() time.Duration                    { return 0 }
func raiseFiles() (uint64, error)              { return 0, errPlatform }
func bindToUs(*exec.Cmd)                       {}
func prompt() (bool, func())                   { return false, func() {} }
func clock() time.Duration                     { return 0 }
func sleepUntil(time.Duration)                 {}
func machine() string                          { return runtime.GOOS + "/" + runtime.GOARCH }

//go:build !windows

package peer

import (
	"os"
	"syscall"
)

const (
	executable   = "leafgate"
	canInterrupt = true
)

func interrupt(p *os.Process) { _ = p.Signal(os.Interrupt) }

func hangUp(p *os.Process) { _ = p.Signal(syscall.SIGHUP) }

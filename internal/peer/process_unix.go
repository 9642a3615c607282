//go:build !windows

package peer

import "os"

const (
	executable   = "leafgate"
	canInterrupt = true
)

func interrupt(p *os.Process) { _ = p.Signal(os.Interrupt) }

package peer

import "os"

const (
	executable   = "leafgate.exe"
	canInterrupt = false
)

func interrupt(p *os.Process) { _ = p.Kill() }

func hangUp(*os.Process) {}

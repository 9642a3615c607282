package peer

import (
	"os/exec"
	"syscall"
)

// bindToUs lets the process die with the thread that starts it, and so with a test that is killed.
func bindToUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

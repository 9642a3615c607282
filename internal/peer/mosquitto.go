package peer

import (
	"fmt"
	"net"
	"os/exec"
)

const mosquitto = "mosquitto"

// findMosquitto returns the path of the system's own, which stands where only root looks.
func findMosquitto() (string, error) {
	for _, name := range []string{mosquitto, "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find mosquitto: %w (make peers-setup)", exec.ErrNotFound)
}

// accepts says whether somebody takes connections at addr.
func accepts(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

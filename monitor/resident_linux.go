package monitor

import (
	"fmt"
	"os"
)

// resident is what the process has in physical memory, in bytes.
func resident() int64 {
	var size, resident int64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}

package peer

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// RSS returns the bytes of memory the process has resident. Linux only.
func (s *Server) RSS() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("read the memory of %s: no VmRSS", s.Name)
}

// Files returns how many file descriptors the process has open. Linux only.
func (s *Server) Files() (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID()))
	return len(list), err
}

// Goroutines returns how many goroutines the process runs, and their stacks.
func (s *Server) Goroutines() (int, string, error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(s.Profile() + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, "", err
	}
	head, _, err := bufio.NewReader(bytes.NewReader(text)).ReadLine()
	if err != nil {
		return 0, "", err
	}
	_, total, _ := strings.Cut(string(head), "total ")
	n, err := strconv.Atoi(total)
	return n, string(text), err
}

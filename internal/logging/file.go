package logging

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// stamp is what a full log file's name ends in. It sorts by time.
const stamp = "2006.01.02.15.04.05.000000000"

// A file is a log file that can be opened again and begins anew when it is full.
type file struct {
	path  string
	limit int64 // bytes; 0: none
	keep  int   // full files; 0: all

	mu   sync.Mutex
	f    *os.File // nil: closed; under mu, like size
	size int64
}

// Write implements io.Writer for one whole record.
func (l *file) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return 0, os.ErrClosed
	}
	if l.limit > 0 && l.size > 0 && l.size+int64(len(b)) > l.limit {
		l.rotate()
	}
	n, err := l.f.Write(b)
	l.size += int64(n)
	return n, err
}

// rotate goes on in the full file where it cannot have a new one: a log that is too long beats one that has ended.
func (l *file) rotate() {
	if os.Rename(l.path, l.path+"."+time.Now().Format(stamp)) != nil || l.open() != nil || l.keep <= 0 {
		return
	}
	full := l.full()
	for ; len(full) > l.keep; full = full[1:] {
		_ = os.Remove(full[0])
	}
}

// full returns the full files, oldest first.
func (l *file) full() (paths []string) {
	dir, prefix := filepath.Dir(l.path), filepath.Base(l.path)+"."
	entries, _ := os.ReadDir(dir) // sorted by name
	for _, e := range entries {
		when, ok := strings.CutPrefix(e.Name(), prefix)
		if _, err := time.Parse(stamp, when); ok && err == nil {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

// Reopen opens the file by its name, and keeps what is open if it cannot.
func (l *file) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open()
}

func (l *file) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	if l.f != nil {
		_ = l.f.Close()
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Close closes the file.
func (l *file) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}

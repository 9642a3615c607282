//go:build unix

package journal

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

func (d dir) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d dir) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(d.name(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for range 5 { // who looks whether it is locked has it for a moment
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		<-time.After(2 * time.Millisecond)
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	return nil, err
}

// InUse says whether a process has the store at path open. It changes nothing there.
func InUse(path string) bool {
	f, err := os.Open(dir(path).name("lock"))
	if err != nil {
		return false
	}
	defer f.Close() // and the lock with it
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

//go:build unix && !linux && !netio_blocking

package netio

import "syscall"

func sysRead(fd int, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(fd, p)
	return n, errnoOf(err)
}

// A vector is the one piece that the next write takes.
type vector struct{ b []byte }

// fill says how many bytes that is.
func (v *vector) fill(q *queue, head, rest []byte) int {
	switch {
	case q.first != nil:
		v.b = q.first.buf[q.first.from:]
	case len(head) > 0:
		v.b = head
	default:
		v.b = rest
	}
	return len(v.b)
}

func (v *vector) write(fd int) (int, syscall.Errno) {
	n, err := syscall.Write(fd, v.b)
	return n, errnoOf(err)
}

func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return syscall.EIO
}

// physicalMemory is a guess: the figure is not to be had without more code for each system.
func physicalMemory() int64 { return 1 << 30 }

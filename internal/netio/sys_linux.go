//go:build !netio_blocking

package netio

import (
	"syscall"
	"unsafe"
)

// System calls on sockets that never block need not tell the scheduler: RawSyscall saves a quarter of the CPU and 15 us
// of latency when traffic is sparse. It delays a collector's stop by one copy of at most the socket's buffer.

func sysRead(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// A vector is the pieces of one write.
type vector struct {
	count int
	iov   [16]syscall.Iovec
}

// fill gathers what fits in and says how many bytes that is.
func (v *vector) fill(q *queue, head, rest []byte) (n int) {
	for k := q.first; k != nil; k = k.next {
		n += v.add(k.buf[k.from:])
	}
	return n + v.add(head) + v.add(rest)
}

func (v *vector) add(b []byte) int {
	if len(b) == 0 || v.count == len(v.iov) {
		return 0
	}
	v.iov[v.count].Base = &b[0]
	v.iov[v.count].SetLen(len(b))
	v.count++
	return len(b)
}

func (v *vector) write(fd int) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	if v.count == 1 {
		n, _, errno = syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(v.iov[0].Base)), uintptr(v.iov[0].Len))
	} else {
		n, _, errno = syscall.RawSyscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&v.iov)), uintptr(v.count))
	}
	return int(n), errno
}

func physicalMemory() int64 {
	var i syscall.Sysinfo_t
	if syscall.Sysinfo(&i) != nil {
		return 0
	}
	return int64(uint64(i.Totalram) * uint64(i.Unit))
}

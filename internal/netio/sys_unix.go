//go:build unix && !netio_blocking

package netio

import (
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const readSize = 128 << 10 // of the buffer that is lent for reading; 16 KiB cost batched traffic 1.5 times the CPU

// sysSocket is the descriptor. Calls on it are safe while nobody closes it: reads run inside RawConn.Read, and a writer
// is known by its state.
type sysSocket struct {
	raw syscall.RawConn
	fd  int
}

func (s *socket) init(n *net.TCPConn) (err error) {
	s.net = n
	if s.sys.raw, err = n.SyscallConn(); err != nil {
		return err
	}
	return s.sys.raw.Control(func(fd uintptr) { s.sys.fd = int(fd) })
}

// park calls ready now and whenever something may be read, until it answers an error, or the socket has one. The poller
// reports edges: ready has to read until the socket would block.
func (s *socket) park(ready func() error) (err error) {
	failed := s.sys.raw.Read(func(uintptr) bool {
		err = ready()
		return err != nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// drain calls step now and whenever the socket takes bytes again, until it is done. It fails with
// os.ErrDeadlineExceeded when the socket takes nothing for so long.
func (s *socket) drain(step func() (done, moved bool), limit time.Duration) error {
	s.net.SetWriteDeadline(time.Now().Add(limit))
	defer s.net.SetWriteDeadline(time.Time{})
	return s.sys.raw.Write(func(uintptr) bool {
		done, moved := step()
		if moved {
			s.net.SetWriteDeadline(time.Now().Add(limit))
		}
		return done
	})
}

func (s *socket) sysRead(p []byte) (int, error) {
	for {
		n, err := sysRead(s.sys.fd, p)
		switch {
		case err == 0 && n == 0:
			return 0, io.EOF
		case err == 0:
			return n, nil
		case err == syscall.EAGAIN:
			return 0, errWouldBlock
		case err != syscall.EINTR:
			return 0, fmt.Errorf("read: %w", err)
		}
	}
}

// sysWrite writes once. again: less was taken than there is, and that is for the socket's sake.
func (s *socket) sysWrite(q *queue, head, rest []byte) (n int, again bool, err error) {
	var vec vector
	asked := vec.fill(q, head, rest)
	for {
		n, errno := vec.write(s.sys.fd)
		switch {
		case errno == 0:
			return n, n < asked, nil
		case errno == syscall.EAGAIN:
			return 0, true, nil
		case errno != syscall.EINTR:
			return 0, false, errno
		}
	}
}

// shutdown ends the connection without giving the descriptor back, and wakes who waits for it.
func (s *socket) shutdown() {
	s.sys.raw.Control(func(fd uintptr) { syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
}

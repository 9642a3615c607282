//go:build !unix || netio_blocking

package netio

import (
	"net"
	"os"
	"time"
)

// Systems without readiness events, Windows above all: a parked connection owns a small buffer, because its Read is under
// way; and publishers never write through, since nothing says beforehand whether a Write would block. They queue, and the
// owner goroutine writes. It works the same and costs more.

const readSize = 128 << 10

const parkedSize = 4 << 10

type sysSocket struct {
	draining bool // the owner goroutine's: its writes may block
}

func (s *socket) init(n *net.TCPConn) error {
	s.net = n
	return nil
}

// park calls ready now and whenever something was read, until it answers an error, or the socket has one.
func (s *socket) park(ready func() error) error {
	buf := make([]byte, parkedSize)
	for {
		if err := ready(); err != nil {
			return err
		}
		n, err := s.net.Read(buf)
		if s.early = buf[:n]; err != nil {
			if n > 0 {
				if ready := ready(); ready != nil {
					return ready
				}
			}
			return err
		}
	}
}

// drain calls step until it is done. A step fails with os.ErrDeadlineExceeded when the socket takes nothing for so long.
func (s *socket) drain(step func() (done, moved bool), limit time.Duration) error {
	s.sys.draining = true
	defer func() { s.sys.draining = false }()
	for {
		s.net.SetWriteDeadline(time.Now().Add(limit))
		done, moved := step()
		if done {
			return nil
		}
		if !moved {
			return os.ErrDeadlineExceeded
		}
	}
}

func (s *socket) sysRead([]byte) (int, error) { return 0, errWouldBlock }

// sysWrite writes the first piece.
func (s *socket) sysWrite(q *queue, head, rest []byte) (n int, again bool, err error) {
	if !s.sys.draining {
		return 0, true, nil
	}
	b := head
	if q.first != nil {
		b = q.first.buf[q.first.from:]
	} else if len(head) == 0 {
		b = rest
	}
	n, err = s.net.Write(b)
	if os.IsTimeout(err) {
		return n, true, nil
	}
	return n, false, err
}

// shutdown ends the connection and wakes who waits for it. Here nobody uses the descriptor but through net, so that it
// may be closed at once.
func (s *socket) shutdown() { s.net.Close() }

// physicalMemory is a guess.
func physicalMemory() int64 { return 1 << 30 }

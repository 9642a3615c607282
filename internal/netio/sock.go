package netio

import (
	"net"
	"sync/atomic"
	"time"
)

// A socket is what a connection reads and writes through, plain or TLS. But for the opening, park, drain and linger,
// nothing here blocks. How, depends on the operating system: see sys_*.go.
type socket struct {
	net   *net.TCPConn
	sys   sysSocket
	early []byte                   // came while opening, to be read first
	tls   atomic.Pointer[tlsLayer] // nil: plain, or not yet
}

// errWouldBlock: nothing can be read now. It is a net.Error that passes, so that crypto/tls goes on afterwards.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// read answers decrypted bytes, io.EOF, errWouldBlock or what is wrong.
func (s *socket) read(p []byte) (int, error) {
	if t := s.tls.Load(); t != nil {
		return t.read(p)
	}
	return s.readRaw(p)
}

// readRaw answers bytes as they came over the wire.
func (s *socket) readRaw(p []byte) (n int, err error) {
	if len(s.early) == 0 {
		return s.sysRead(p)
	}
	n = copy(p, s.early)
	if s.early = s.early[n:]; len(s.early) == 0 {
		s.early = nil
	}
	return n, nil
}

// write sends q, then head and rest, as far as the socket takes them, and says how many bytes of q, which are dropped
// from it, and of the lent ones that was. again: it refuses the remainder for now.
func (s *socket) write(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	if t := s.tls.Load(); t != nil {
		return t.write(p, q, head, rest)
	}
	return s.writeRaw(p, q, head, rest)
}

func (s *socket) writeRaw(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	for q.bytes+len(head)+len(rest) > 0 {
		var n int
		n, again, err = s.sysWrite(q, head, rest)
		fromQueue := min(n, q.bytes)
		q.skip(p, fromQueue)
		n -= fromQueue
		queued, lent = queued+fromQueue, lent+n
		fromHead := min(n, len(head))
		head, rest = head[fromHead:], rest[n-fromHead:]
		if again || err != nil {
			break
		}
	}
	return queued, lent, again, err
}

// dirty says whether the TLS layer has something to write that is in no queue.
func (s *socket) dirty() bool {
	t := s.tls.Load()
	return t != nil && t.dirty.Load()
}

// sayEnd queues what TLS says before the end.
func (s *socket) sayEnd() {
	if t := s.tls.Load(); t != nil {
		t.conn.CloseWrite()
	}
}

// stopReading makes park and the opening return. It is not for good: linger reads again.
func (s *socket) stopReading() { s.net.SetReadDeadline(time.Unix(1, 0)) }

// close is called once, by the last user.
func (s *socket) close() {
	if t := s.tls.Load(); t != nil {
		t.drop()
	}
	s.net.Close()
}

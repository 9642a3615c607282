package netio

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A socket is what a connection reads and writes through, plain or TLS, with layers upon it or none. But for the opening,
// park, drain and linger, nothing here blocks. How, depends on the operating system: see sys_*.go.
type socket struct {
	net   *net.TCPConn
	sys   sysSocket
	early []byte                   // came while opening, to be read first
	tls   atomic.Pointer[tlsLayer] // nil: plain, or not yet
	top   atomic.Pointer[layer]    // nil: none
	sent  int64                    // bytes that the system has taken; the writer's
}

// errWouldBlock: nothing can be read now. It is a net.Error that passes, so that crypto/tls goes on afterwards.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// read answers bytes as the session wants them, io.EOF, errWouldBlock or what is wrong.
func (s *socket) read(p []byte) (int, error) {
	if l := s.top.Load(); l != nil {
		return l.read(p)
	}
	return transport{s}.read(p)
}

// lower is what another layer would stand upon.
func (s *socket) lower() lower {
	if l := s.top.Load(); l != nil {
		return l
	}
	return transport{s}
}

// A transport is the socket below all layers but TLS.
type transport struct{ *socket }

func (s transport) read(p []byte) (int, error) {
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
	if l := s.top.Load(); l != nil {
		return l.write(p, q, head, rest)
	}
	return transport{s}.write(p, q, head, rest)
}

func (s transport) write(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	if t := s.tls.Load(); t != nil {
		return t.write(p, q, head, rest)
	}
	return s.writeRaw(p, q, head, rest)
}

func (s *socket) writeRaw(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	for q.bytes+len(head)+len(rest) > 0 {
		var n int
		n, again, err = s.sysWrite(q, head, rest)
		s.sent += int64(n)
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

// dirty says whether TLS or a layer has something to write that is in no queue.
func (s *socket) dirty() bool {
	if l := s.top.Load(); l != nil {
		return l.dirty()
	}
	return transport{s}.dirty()
}

func (s transport) dirty() bool {
	t := s.tls.Load()
	return t != nil && t.unsent()
}

// sayEnd queues what layers say before the end, and says whether that is anything.
func (s *socket) sayEnd() bool {
	l := s.top.Load()
	if l != nil {
		l.sayEnd()
	}
	return l != nil && l.dirty()
}

func (s transport) sayEnd() {}

// sayEndOfTLS queues what TLS says before the end: nothing comes behind that.
func (s *socket) sayEndOfTLS() {
	if t := s.tls.Load(); t != nil {
		t.conn.CloseWrite()
	}
}

// stopReading makes park and the opening return. It is not for good: linger reads again.
func (s *socket) stopReading() { s.net.SetReadDeadline(time.Unix(1, 0)) }

// close is called once, by the last user.
func (s *socket) close() {
	s.lower().drop()
	s.net.Close()
}

func (s transport) drop() {
	if t := s.tls.Load(); t != nil {
		t.drop()
	}
}

// atEnd is what it means that reading has failed with err.
func (s *socket) atEnd(err error) error {
	for l := s.top.Load(); l != nil && errors.Is(err, io.EOF); l, _ = l.below.(*layer) {
		if l.cut() {
			return fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
		}
	}
	return err
}

// kept is how many bytes layers hold while the connection waits.
func (s *socket) kept() (n int) {
	for l := s.top.Load(); l != nil; {
		n += l.kept()
		l, _ = l.below.(*layer)
	}
	return n
}

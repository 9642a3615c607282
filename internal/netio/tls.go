package netio

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A tlsLayer stands below crypto/tls as its net.Conn. During the handshake it blocks. Afterwards reads fail with
// errWouldBlock instead, and what tls writes is queued, so that publishers can seal and go on: the same park loop and the
// same writers serve TLS and plain sockets.
type tlsLayer struct {
	sock   *socket
	under  *tlsLayer // TLS with a proxy, which carries this one's records; nil: the socket does
	conn   *tls.Conn
	chunks *chunks
	shaken bool        // before others see the layer
	dirty  atomic.Bool // sealed is not empty

	mu     sync.Mutex // guards the field below; reading may answer with records too
	sealed queue      // records on their way out
}

func newTLSLayer(s *socket, conf *tls.Config, p *chunks) *tlsLayer {
	t := &tlsLayer{sock: s, chunks: p}
	t.conn = tls.Server(t, conf)
	return t
}

// newClientLayer is the layer of a connection that we have made.
func newClientLayer(s *socket, conf *tls.Config, p *chunks) *tlsLayer {
	t := &tlsLayer{sock: s, chunks: p}
	conf.DynamicRecordSizingDisabled = true
	t.conn = tls.Client(t, conf)
	return t
}

// read answers decrypted bytes. While it does, tls may hold more: only errWouldBlock says that it does not.
func (t *tlsLayer) read(p []byte) (int, error) {
	n, err := t.conn.Read(p)
	if n > 0 {
		return n, nil // an error comes again
	}
	return 0, err
}

// write is socket.write. What it says was taken may wait sealed; that is bounded by one step.
func (t *tlsLayer) write(p *chunks, q *queue, head, rest []byte) (queued, lent int, again bool, err error) {
	for {
		if again, err = t.send(); again || err != nil || q.bytes+len(head)+len(rest) == 0 {
			return queued, lent, again, err
		}
		step := p.get(true)
		fromQueue := q.moveTo(p, step)
		fromHead := step.fill(head)
		fromRest := step.fill(rest)
		_, err = t.conn.Write(step.buf)
		p.put(step)
		if err != nil {
			return queued, lent, false, err
		}
		head, rest = head[fromHead:], rest[fromRest:]
		queued, lent = queued+fromQueue, lent+fromHead+fromRest
	}
}

// fill copies what fits behind what the chunk has.
func (k *chunk) fill(b []byte) int {
	at := len(k.buf)
	n := copy(k.buf[at:cap(k.buf)], b)
	k.buf = k.buf[:at+n]
	return n
}

// moveTo moves the front of q to k, as far as it fits.
func (q *queue) moveTo(p *chunks, k *chunk) (n int) {
	for q.first != nil {
		moved := k.fill(q.first.buf[q.first.from:])
		if moved == 0 {
			break
		}
		q.skip(p, moved)
		n += moved
	}
	return n
}

// send writes sealed records. Only the connection's one writer calls it.
func (t *tlsLayer) send() (again bool, err error) {
	t.mu.Lock()
	q := t.sealed
	t.sealed = queue{}
	t.mu.Unlock()
	switch {
	case t.under != nil && (q.first != nil || t.under.unsent()):
		_, _, again, err = t.under.write(t.chunks, &q, nil, nil)
	case q.first != nil:
		_, _, again, err = t.sock.writeRaw(t.chunks, &q, nil, nil)
	default:
		return false, nil
	}
	t.mu.Lock()
	q.join(&t.sealed)
	t.sealed = q
	t.dirty.Store(q.first != nil)
	t.mu.Unlock()
	return again, err
}

// unsent says whether there are records on their way out.
func (t *tlsLayer) unsent() bool { return t.dirty.Load() || t.under != nil && t.under.unsent() }

// drop gives the memory of records back that will not be written.
func (t *tlsLayer) drop() {
	if t.under != nil {
		t.under.drop()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed.drop(t.chunks)
}

// Read implements net.Conn for tls.
func (t *tlsLayer) Read(p []byte) (int, error) {
	if t.under != nil {
		return t.under.read(p)
	}
	if t.shaken || len(t.sock.early) > 0 {
		return t.sock.readRaw(p)
	}
	return t.sock.net.Read(p)
}

// Write implements net.Conn for tls.
func (t *tlsLayer) Write(p []byte) (int, error) {
	switch {
	case !t.shaken && t.under != nil:
		return t.under.conn.Write(p)
	case !t.shaken:
		return t.sock.net.Write(p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed.append(t.chunks, p)
	t.dirty.Store(true)
	return len(p), nil
}

// Close and the deadlines are the connection's business.
func (t *tlsLayer) Close() error                     { return nil }
func (t *tlsLayer) LocalAddr() net.Addr              { return t.sock.net.LocalAddr() }
func (t *tlsLayer) RemoteAddr() net.Addr             { return t.sock.net.RemoteAddr() }
func (t *tlsLayer) SetDeadline(time.Time) error      { return nil }
func (t *tlsLayer) SetReadDeadline(time.Time) error  { return nil }
func (t *tlsLayer) SetWriteDeadline(time.Time) error { return nil }

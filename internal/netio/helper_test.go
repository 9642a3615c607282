package netio_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
)

const patience = 20 * time.Second

// The toy protocol of these tests: frames of a length (4 bytes, of what follows), an operation and a body.
//
//	E body   answered as it is
//	S subj   subscribe; answered as it is
//	M subj 0 body   publish; subscribers get M body
//	B body   blocks until the server's gate opens; answered as it is
//	X body   answered as it is, then the session fails
//	A        authenticated; answered
//	C level  answered as it is; what comes behind is compressed, both ways
type server struct {
	t       testing.TB
	engine  *core.Engine
	driver  *netio.Driver
	lis     *netio.Listener
	gate    chan struct{}
	hello   string
	onNew   func(c *netio.Conn)
	onTick  func(c *netio.Conn, now time.Time) (time.Time, error)
	made    chan *session
	working atomic.Int32
}

type session struct {
	srv    *server
	conn   *netio.Conn
	ep     *core.Endpoint
	busy   atomic.Int32 // methods running: never two
	fed    atomic.Int64
	ticks  atomic.Int64
	block  []byte
	closed chan error
}

var (
	errFrame      = errors.New("frame says so")
	errCompressed = errors.New("no more of these bytes")
)

func newServer(t testing.TB, d netio.DriverOptions, change ...func(*server)) *server {
	t.Helper()
	s := &server{t: t, engine: core.NewEngine(), gate: make(chan struct{}), made: make(chan *session, 10000)}
	if err := s.engine.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		t.Fatal(err)
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s.driver = netio.NewDriver(s.engine, d)
	for _, f := range change {
		f(s)
	}
	t.Cleanup(func() {
		if s.lis != nil {
			s.lis.Stop(time.Second)
		}
		s.driver.Stop()
		if n := s.driver.Queued(); n != 0 {
			t.Errorf("%d bytes still counted as queued", n)
		}
		if n := s.driver.PreAuth(); n != 0 {
			t.Errorf("%d bytes still counted before authentication", n)
		}
		for range s.engine.Endpoints() {
			t.Error("an endpoint was left behind")
		}
	})
	return s
}

func (s *server) listen(o netio.ListenOptions) *server {
	s.t.Helper()
	o.Addr = "127.0.0.1:0"
	l, err := s.driver.Listen(s, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.lis = l
	return s
}

func (s *server) NewSession(c *netio.Conn) netio.Session {
	x := &session{srv: s, conn: c, closed: make(chan error, 1)}
	x.ep = s.engine.Attach(&core.Identity{Account: s.engine.Account("A")}, core.Peer{}, x)
	if s.hello != "" {
		c.Append([]byte(s.hello))
	}
	if s.onNew != nil {
		s.onNew(c)
	}
	s.made <- x
	return x
}

// enter fails the test if two methods of a session run at once.
func (x *session) enter() {
	if x.busy.Add(1) != 1 {
		x.srv.t.Error("two methods of a session at once")
	}
}

func (x *session) leave() { x.busy.Add(-1) }

func (x *session) Feed(batch *core.Batch, b []byte) (n int, err error) {
	x.enter()
	defer x.leave()
	x.conn.Renew() // every test goes on with another goroutine now and then
	if x.block != nil {
		x.conn.Append(x.block)
		x.block = nil
	}
	for len(b)-n >= 4 {
		size := 4 + int(binary.BigEndian.Uint32(b[n:]))
		if len(b)-n < size {
			x.conn.Expect(size)
			break
		}
		f := b[n : n+size]
		n += size
		x.fed.Add(int64(size))
		if err := x.frame(batch, f); err == errCompressed {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (x *session) frame(batch *core.Batch, f []byte) error {
	body := f[5:]
	switch f[4] {
	case 'M':
		m := batch.Message()
		i := 0
		for body[i] != 0 {
			i++
		}
		m.Subject, m.Payload = body[:i], body[i+1:]
		_, err := batch.Publish(x.ep, m)
		return err
	case 'S':
		if _, err := x.ep.Subscribe(string(body), core.SubOptions{Form: frames{}}); err != nil {
			return err
		}
	case 'A':
		x.conn.Authenticated()
	case 'B':
		x.block = append([]byte(nil), f...)
		return x.conn.Block(func() func() {
			x.srv.working.Add(1)
			<-x.srv.gate
			x.srv.working.Add(-1)
			return nil
		})
	}
	batch.SettleFor(x.ep)
	x.conn.Append(f)
	switch f[4] {
	case 'X':
		return errFrame
	case 'C':
		x.conn.Compress(netio.Level(body[0]))
		return errCompressed
	}
	return nil
}

func (x *session) Tick(_ *core.Batch, now time.Time) (time.Time, error) {
	x.enter()
	defer x.leave()
	x.ticks.Add(1)
	if x.srv.onTick == nil {
		return time.Time{}, nil
	}
	return x.srv.onTick(x.conn, now)
}

func (x *session) Closed(batch *core.Batch, cause error) {
	x.enter()
	defer x.leave()
	batch.Settle()
	x.ep.Close()
	x.closed <- cause
}

func (x *session) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Refused }
func (x *session) Flush()                                                   { x.conn.Flush() }
func (x *session) Evict(cause error)                                        { x.conn.Evict(cause) }
func (x *session) Throttle(limit <-chan struct{})                           { x.conn.Throttle(limit) }
func (x *session) Run(head, rest []byte, n int, more bool) core.Verdict {
	return x.conn.Run(head, rest, n, more)
}

// cause waits for the end.
func (x *session) cause() error {
	x.srv.t.Helper()
	select {
	case err := <-x.closed:
		return err
	case <-time.After(patience):
		x.srv.t.Fatal("the session does not end")
		return nil
	}
}

// frames is the protocol's Form.
type frames struct{}

func (frames) Prefix(dst, _ []byte, _ any) []byte { return append(dst, 'M') }

func (frames) Append(dst, prefix []byte, m *core.Message) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(prefix)+len(m.Payload)))
	return append(append(dst, prefix...), m.Payload...)
}

func (frames) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(prefix)+len(m.Payload)))
	return append(dst, prefix...), m.Payload
}

func frame(op byte, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(body)))
	return append(append(b, op), body...)
}

func publish(subject string, body []byte) []byte {
	return frame('M', subject+"\x00"+string(body))
}

// A client is one end of a connection in a test.
type client struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
	x *session // nil while there is none
}

func (s *server) dial() *client {
	s.t.Helper()
	c := s.dialOnly()
	c.x = s.session()
	return c
}

func (s *server) dialOnly() *client {
	s.t.Helper()
	n, err := net.Dial("tcp", s.lis.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { n.Close() })
	n.SetDeadline(time.Now().Add(2 * patience))
	return &client{t: s.t, Conn: n, r: bufio.NewReader(n)}
}

func (s *server) session() *session {
	s.t.Helper()
	select {
	case x := <-s.made:
		return x
	case <-time.After(patience):
		s.t.Fatal("no session")
		return nil
	}
}

func (c *client) send(parts ...[]byte) {
	c.t.Helper()
	for _, b := range parts {
		if _, err := c.Write(b); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *client) next() (op byte, body []byte, err error) {
	var size [4]byte
	if _, err = io.ReadFull(c.r, size[:]); err != nil {
		return 0, nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err = io.ReadFull(c.r, b); err != nil {
		return 0, nil, fmt.Errorf("in a frame: %w", err)
	}
	return b[0], b[1:], nil
}

func (c *client) want(op byte, body string) {
	c.t.Helper()
	gotOp, got, err := c.next()
	if err != nil {
		c.t.Fatalf("want %c %.20q, got %v", op, body, err)
	}
	if gotOp != op || string(got) != body {
		c.t.Fatalf("want %c %.20q, got %c %.20q", op, body, gotOp, got)
	}
}

func (c *client) wantEnd() {
	c.t.Helper()
	if op, _, err := c.next(); err != io.EOF {
		c.t.Fatalf("want the end, got %c, %v", op, err)
	}
}

func (c *client) wantText(text string) {
	c.t.Helper()
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c.r, b); err != nil || string(b) != text {
		c.t.Fatalf("want %q, got %q, %v", text, b, err)
	}
}

func (c *client) echo(body string) {
	c.t.Helper()
	c.send(frame('E', body))
	c.want('E', body)
}

func (c *client) subscribe(subject string) *client {
	c.t.Helper()
	c.send(frame('S', subject))
	c.want('S', subject)
	return c
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// together runs f n times at once and waits.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

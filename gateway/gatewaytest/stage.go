package gatewaytest

import (
	"net"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/gateway"
)

// A stage is a gateway with one driver's frontend, for one test.
type stage struct {
	testing.TB
	*Driver
	*gateway.Gateway
	own     int // subscriptions of the gateway's own peers
	dialled []net.Conn
}

func newStage(tb testing.TB, d *Driver, l Limits, text string) *stage {
	tb.Helper()
	s := &stage{TB: tb, Driver: d, Gateway: Start(tb, d.Config(l)+"\n"+text)}
	s.own = s.Engine().Stats().Subscriptions
	tb.Cleanup(s.hangUp) // one for all: a cleanup takes half a kilobyte
	return s
}

func (s *stage) hangUp() {
	for _, conn := range s.dialled {
		conn.Close()
	}
}

// lifetime is how long a client may take over a test. Only tests that fail see it.
const lifetime = 30 * time.Second

// open dials and opens a client; the error is the driver's.
func (s *stage) open(user, password string) (*client, error) {
	s.Helper()
	conn := s.dial()
	c, err := s.Open(conn, user, password)
	if err != nil {
		return nil, err
	}
	return &client{Client: c, tb: s.TB, tcp: conn}, nil
}

// dial connects without a word.
func (s *stage) dial() *net.TCPConn {
	s.Helper()
	addrs := s.Addr(s.Module)
	if len(addrs) == 0 {
		s.Fatalf("module %q listens nowhere", s.Module)
	}
	conn, err := net.Dial("tcp", addrs[0].String())
	if err != nil {
		s.Fatal(err)
	}
	s.dialled = append(s.dialled, conn)
	if err := conn.SetDeadline(time.Now().Add(lifetime)); err != nil {
		s.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// client opens a client without credentials, and subscribes.
func (s *stage) client(patterns ...string) *client {
	s.Helper()
	return s.clientOf("", "", patterns...)
}

func (s *stage) clientOf(user, password string, patterns ...string) *client {
	s.Helper()
	c, err := s.open(user, password)
	if err != nil {
		s.Fatalf("open a client: %v", err)
	}
	c.subscribe(patterns...)
	return c
}

// endpoints counts peers of the engine, but for the gateway's own, which have no address.
func (s *stage) endpoints() (n int) {
	for ep := range s.Engine().Endpoints() {
		if ep.RemoteAddr().IsValid() {
			n++
		}
	}
	return n
}

// subscriptions counts those in the engine, but for the gateway's own.
func (s *stage) subscriptions() int { return s.Engine().Stats().Subscriptions - s.own }

// account is where everybody is who has no other.
func (s *stage) account() *core.Account {
	for a := range s.Engine().Accounts() {
		return a
	}
	s.Fatal("the gateway has no account")
	return nil
}

// eventually waits for what other goroutines bring about.
func (s *stage) eventually(what string, done func() bool) {
	s.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	for !done() {
		select {
		case <-retry.C:
		case <-deadline.C:
			s.Fatalf("%s: not after %v", what, patience)
		}
	}
}

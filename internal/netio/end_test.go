package netio_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
)

// What a session says last arrives, however much the client still sends.
func TestLastWords(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	c.send(frame('E', "x"), frame('X', "last words"), make([]byte, 300<<10))
	c.want('E', "x")
	c.want('X', "last words")
	c.wantEnd()
	if err := c.x.cause(); err != errFrame {
		t.Errorf("cause %v", err)
	}
}

func TestEvictAfter(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c, cause := s.dial(), errors.New("rights changed")
	c.echo("x")
	together(3, func(int) { c.x.conn.EvictAfter(frame('Q', "bye"), cause) })
	c.want('Q', "bye")
	if err := c.x.cause(); err != cause {
		t.Errorf("cause %v", err)
	}
	if v := c.x.conn.Run([]byte("x"), nil, 1, false); v != core.Refused {
		t.Errorf("run after the end: %v", v)
	}
}

// A connection that reads nothing cannot delay its own end for ever.
func TestEvictAfterBlocked(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c, cause := s.slowReader("s"), errors.New("rights changed")
	fill(t, c, 1<<20)
	c.x.conn.EvictAfter(frame('Q', "bye"), cause)
	if err := c.x.cause(); err != cause {
		t.Errorf("cause %v", err)
	}
	until(t, "it is gone", func() bool { return s.driver.Queued() == 0 })
}

func TestEvictAfterInNewSession(t *testing.T) {
	cause := errors.New("too many")
	s := newServer(t, netio.DriverOptions{})
	s.hello = "hello"
	s.onNew = func(c *netio.Conn) { c.EvictAfter(frame('Q', "full"), cause) }
	s.listen(netio.ListenOptions{})
	c := s.dial()
	c.wantText("hello")
	c.want('Q', "full")
	c.wantEnd()
	if err := c.x.cause(); err != cause {
		t.Errorf("cause %v", err)
	}
}

func TestEvict(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	var all []*client
	for range 50 {
		all = append(all, s.dial().subscribe("s"))
	}
	cause := errors.New("kicked")
	together(4, func(i int) {
		for _, c := range all {
			switch i {
			case 0:
				c.x.conn.Run(frame('M', "x"), nil, 1, false)
			default:
				c.x.conn.Evict(cause)
			}
		}
	})
	for _, c := range all {
		if err := c.x.cause(); err != cause {
			t.Errorf("cause %v", err)
		}
		if _, err := io.Copy(io.Discard, c.r); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
	}
}

// The peer goes away while much is written to it.
func TestPeerVanishes(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	pub := s.dial()
	for range 20 {
		c := s.slowReader("s")
		pub.send(publish("s", make([]byte, 1<<20)))
		pub.echo("x")
		c.Conn.(*net.TCPConn).SetLinger(0)
		c.Close()
		if c.x.cause() == nil {
			t.Error("no cause")
		}
	}
	until(t, "nothing is queued", func() bool { return s.driver.Queued() == 0 })
}

func TestStopWhileTrafficRuns(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	var wg sync.WaitGroup
	var all []*client
	for i := range 8 {
		c := s.dial()
		if i%2 == 0 {
			c.subscribe("s")
		}
		all = append(all, c)
	}
	s.slowReader("s")
	for i, c := range all {
		wg.Go(func() {
			for i%2 == 1 {
				if _, err := c.Write(bytes.Repeat(publish("s", make([]byte, 1000)), 50)); err != nil {
					return
				}
			}
			io.Copy(io.Discard, c)
		})
	}
	until(t, "traffic runs", func() bool { return all[0].x.conn.Written() > 1<<20 })
	s.lis.Stop(50 * time.Millisecond)
	for _, c := range all {
		if err := c.x.cause(); !errors.Is(err, netio.ErrServerStopped) {
			t.Errorf("cause %v", err)
		}
	}
	for range s.lis.Conns() {
		t.Error("a connection is left")
	}
	wg.Wait()
	s.lis.Stop(0) // again does nothing
	until(t, "goroutines have ended", func() bool { return runtime.NumGoroutine() <= before+1 })
}

// Stop lets those who read have what is queued for them.
func TestStopDrains(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.slowReader("s")
	sent, _ := fill(t, c, 2<<20)
	var wg sync.WaitGroup
	wg.Go(func() { s.lis.Stop(patience) })
	got, err := io.ReadAll(c.r)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d of %d bytes, %v", len(got), len(sent), err)
	}
	wg.Wait()
}

func TestStopAccepting(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	s.lis.StopAccepting()
	if n, err := net.Dial("tcp", s.lis.Addr().String()); err == nil {
		n.Close()
		t.Error("accepted")
	}
	c.echo("those who are there stay")
}

func TestUpdate(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.slowReader("s")
	fill(t, c, 1<<20)
	s.lis.Update(netio.ListenOptions{MaxPending: 1 << 20})
	if v := c.x.conn.Run([]byte("x"), nil, 1, false); v != core.Refused {
		t.Errorf("verdict %v", v)
	}
}

// flaky fails to accept now and then.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

func TestAcceptBackoff(t *testing.T) {
	s := newServer(t, netio.DriverOptions{})
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.lis = s.driver.Serve(&flaky{Listener: n, failures: 3}, s, netio.ListenOptions{})
	s.dial().echo("in the end")
}

func TestStopDuringBackoff(t *testing.T) {
	s := newServer(t, netio.DriverOptions{})
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.lis = s.driver.Serve(&flaky{Listener: n, failures: 1 << 30}, s, netio.ListenOptions{})
	s.lis.Stop(time.Second)
}

func TestBindError(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	_, err := s.driver.Listen(s, netio.ListenOptions{Addr: s.lis.Addr().String()})
	if err == nil || !strings.HasPrefix(err.Error(), "bind: ") {
		t.Errorf("error %v", err)
	}
}

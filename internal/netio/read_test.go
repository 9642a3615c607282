package netio_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"leafgate/internal/netio"
)

// Two frames and what they are answered, cut in two at every byte; the server has read the first part before the second
// comes.
func TestSplitAtEveryByte(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	stream := append(frame('E', "hello"), frame('E', strings.Repeat("x", 30))...)
	for i := range stream {
		before := c.x.conn.LastRead()
		c.send(stream[:i])
		if i > 0 {
			until(t, "the first part was read", func() bool { return c.x.conn.LastRead() != before })
		}
		c.send(stream[i:])
		c.want('E', "hello")
		c.want('E', strings.Repeat("x", 30))
	}
}

// Units below and above every size at which the carry changes its ways, in pieces of many sizes.
func TestPieces(t *testing.T) {
	const k = 1 << 10
	sizes := []int{0, 1, k - 6, k - 5, k, k + 1, 2 * k, 15 * k, 16 * k, 17 * k, 31 * k, 32 * k, 33 * k, 63 * k, 64 * k, 100 * k,
		128*k - 5, 128 * k, 129 * k, 300 * k, 1024 * k}
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	for _, piece := range []int{1, 7, 1000, 5000, 20000, 60000, 130000, 1 << 20} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			c := s.dial()
			var stream []byte
			for _, n := range sizes {
				if n <= 3000*piece {
					stream = append(stream, frame('E', strings.Repeat(string(rune('a'+n%26)), n))...)
				}
			}
			together(2, func(i int) {
				if i == 0 {
					for b := stream; len(b) > 0; {
						n := min(1+rand.IntN(piece), len(b))
						c.Write(b[:n])
						b = b[n:]
					}
					return
				}
				got := make([]byte, len(stream))
				if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, stream) {
					t.Errorf("the echo differs, %v", err)
				}
			})
		})
	}
}

// What a peer has only announced is not allocated.
func TestAnnouncedOnly(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	const n = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		c := s.dial()
		was := c.x.conn.LastRead()
		c.send([]byte{0x3f, 0, 0, 0, 'E'}, make([]byte, 2000))
		until(t, "it was read", func() bool { return c.x.conn.LastRead() != was })
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 64<<10 {
		t.Errorf("%d bytes allocated for a connection that sent 2,000", each)
	}
}

func TestPauseAndHalfClose(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	c.send(frame('E', "before"), frame('B', "one"), frame('E', "between"), frame('B', "two"), frame('E', "after"))
	c.want('E', "before")
	c.Conn.(*net.TCPConn).CloseWrite()
	until(t, "it works", func() bool { return s.working.Load() == 1 })
	if d := time.Since(c.x.conn.LastRead()); d > time.Second {
		t.Errorf("idle for %v while paused", d)
	}
	close(s.gate)
	c.want('B', "one")
	c.want('E', "between")
	c.want('B', "two")
	c.want('E', "after")
	c.wantEnd()
	if err := c.x.cause(); err != io.EOF {
		t.Errorf("cause %v", err)
	}
}

// After a pause the session is fed even if nothing was left, and nothing comes.
func TestPauseWithNothingBehind(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	c.send(frame('B', "x"))
	until(t, "it works", func() bool { return s.working.Load() == 1 })
	close(s.gate)
	c.want('B', "x")
	c.echo("still there")
}

func TestEvictDuringPause(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	c.send(frame('B', "x"))
	until(t, "it works", func() bool { return s.working.Load() == 1 })
	cause := errors.New("kicked")
	c.x.conn.Evict(cause)
	select {
	case <-c.x.closed:
		t.Fatal("closed while work is using the session")
	default:
	}
	close(s.gate)
	if err := c.x.cause(); err != cause {
		t.Errorf("cause %v", err)
	}
}

// More work than workers.
func TestWorkers(t *testing.T) {
	s := newServer(t, netio.DriverOptions{Workers: 2}).listen(netio.ListenOptions{})
	var all []*client
	for range 10 {
		c := s.dial()
		c.send(frame('B', "x"))
		all = append(all, c)
	}
	until(t, "two work", func() bool { return s.working.Load() == 2 })
	for range 100 {
		if n := s.working.Load(); n > 2 {
			t.Fatalf("%d workers", n)
		}
		runtime.Gosched()
	}
	close(s.gate)
	for _, c := range all {
		c.want('B', "x")
	}
}

func TestTicks(t *testing.T) {
	failed := errors.New("too late")
	s := newServer(t, netio.DriverOptions{})
	s.onNew = func(c *netio.Conn) { c.TickAt(time.Now().Add(time.Millisecond)) }
	s.onTick = func(c *netio.Conn, now time.Time) (time.Time, error) {
		c.Append(frame('T', ""))
		switch c.ID() {
		case 1: // for ever
			return now.Add(time.Millisecond), nil
		case 2: // once
			return time.Time{}, nil
		}
		return time.Time{}, failed
	}
	s.listen(netio.ListenOptions{})
	one, two, three := s.dial(), s.dial(), s.dial()
	for range 20 {
		one.want('T', "")
	}
	two.want('T', "")
	three.want('T', "")
	three.wantEnd()
	if err := three.x.cause(); err != failed {
		t.Errorf("cause %v", err)
	}
	together(2, func(i int) {
		if i == 0 {
			one.send(bytes.Repeat(frame('E', "busy"), 2000))
			return
		}
		for busy := 0; busy < 2000; {
			op, _, err := one.next()
			if err != nil {
				t.Error(err)
				return
			}
			if op == 'E' {
				busy++
			}
		}
	})
	if n := two.x.ticks.Load(); n != 1 {
		t.Errorf("ticked %d times after never", n)
	}
}

func TestTickAtReplacesAndCancels(t *testing.T) {
	s := newServer(t, netio.DriverOptions{})
	s.onNew = func(c *netio.Conn) {
		c.TickAt(time.Now().Add(time.Hour))
		c.TickAt(time.Now().Add(time.Millisecond))
		if c.ID() == 1 {
			c.TickAt(time.Time{})
		}
	}
	s.listen(netio.ListenOptions{})
	one, two := s.dial(), s.dial()
	until(t, "the second ticks", func() bool { return two.x.ticks.Load() == 1 })
	if one.x.ticks.Load() != 0 { // it would have come before
		t.Error("ticked although called off")
	}
}

func TestPreAuthBudget(t *testing.T) {
	s := newServer(t, netio.DriverOptions{PreAuthBudget: 5 * 4096}).listen(netio.ListenOptions{})
	var five []*client
	for range 5 {
		five = append(five, s.dial())
	}
	refused := s.dialOnly()
	refused.wantEnd()
	five[0].send(frame('A', ""))
	five[0].want('A', "")
	if n := s.driver.PreAuth(); n != 4*4096 {
		t.Errorf("%d bytes before authentication", n)
	}
	more := s.dial()
	five[0].echo(strings.Repeat("x", 100<<10)) // no matter once authenticated
	more.send([]byte{0, 0, 0xff, 0xff, 'E'}, make([]byte, 20<<10))
	if err := more.x.cause(); !errors.Is(err, netio.ErrPreAuth) {
		t.Errorf("cause %v", err)
	}
	five[1].echo("nobody else notices")
}

// Every connection ends, whatever the order in which data and end come.
func TestConnectWriteClose(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	for range 300 {
		c := s.dial()
		c.send(frame('E', "x"))
		c.Close()
	}
	until(t, "all have ended", func() bool {
		for range s.lis.Conns() {
			return false
		}
		return true
	})
	if n := s.driver.Accepted(); n != 300 {
		t.Errorf("%d accepted", n)
	}
}

// An idle connection is one goroutine and no buffer.
func TestIdle(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	const n = 2000
	s.dial().echo("warm")
	before := runtime.NumGoroutine()
	for range n {
		s.dial().echo("x")
	}
	until(t, "one goroutine for each", func() bool { return runtime.NumGoroutine() <= before+n })
	if size := unsafe.Sizeof(netio.Conn{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 416 {
		t.Errorf("a Conn has %d bytes", size)
	}
}

func TestAddresses(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	a, b := s.dial(), s.dial()
	if a.x.conn.ID() != 1 || b.x.conn.ID() != 2 {
		t.Errorf("ids %d %d", a.x.conn.ID(), b.x.conn.ID())
	}
	if got, want := a.x.conn.RemoteAddr().String(), a.Conn.LocalAddr().String(); got != want {
		t.Errorf("remote %s, want %s", got, want)
	}
	if got, want := a.x.conn.LocalAddr().String(), s.lis.Addr().String(); got != want {
		t.Errorf("local %s, want %s", got, want)
	}
	if a.x.conn.TLS() != nil || time.Since(a.x.conn.Start()) > patience {
		t.Error("TLS or start")
	}
}

// Deep work leaves no deep stack behind.
func TestRenew(t *testing.T) {
	if netio.RaceEnabled {
		t.Skip("stacks are deeper under the race detector")
	}
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	const n = 2000
	stacks := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.StackInuse)
	}
	before := stacks()
	for range n {
		c := s.dial()
		c.Write(frame('E', strings.Repeat("x", 100)))
		if _, err := io.ReadFull(c, make([]byte, 105)); err != nil {
			t.Fatal(err)
		}
	}
	const each = 3 << 10
	for end := time.Now().Add(patience); stacks()-before > n*each; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d bytes of stack each, want less than %d", (stacks()-before)/n, each)
		}
	}
}

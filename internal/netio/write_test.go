package netio_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
)

// Six publishers, seven destinations, some of them slow: everything arrives whole and in each publisher's order.
func TestContentAndOrder(t *testing.T) {
	const pubs, dests, each = 6, 7, 600
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	var subs []*client
	for range dests {
		c := s.dial()
		c.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
		subs = append(subs, c.subscribe("s"))
	}
	var senders []*client
	for range pubs {
		senders = append(senders, s.dial())
	}
	var sending sync.WaitGroup
	sending.Add(pubs)
	together(pubs+dests, func(i int) {
		if i < pubs {
			defer sending.Done()
			var batch []byte
			for n := range each {
				batch = append(batch, publish("s", message(i, n))...)
				if rand.IntN(4) == 0 {
					senders[i].Write(batch)
					batch = batch[:0]
				}
			}
			senders[i].Write(batch)
			return
		}
		if i%3 == 0 { // these let it pile up
			sending.Wait()
			until(t, "bytes wait", func() bool { return subs[i-pubs].x.conn.Pending() > 0 })
		}
		var next [pubs]int
		for got := range pubs * each {
			_, body, err := subs[i-pubs].next()
			if err != nil {
				t.Errorf("destination %d after %d: %v", i, got, err)
				return
			}
			p := int(body[0])
			if !bytes.Equal(body, message(p, next[p])) {
				t.Errorf("destination %d: publisher %d's %dth is not what was sent", i, p, next[p])
				return
			}
			next[p]++
		}
	})
}

// message is the nth of publisher p: 20 bytes to 40 KB.
func message(p, n int) []byte {
	r := rand.New(rand.NewPCG(uint64(p), uint64(n)))
	size := 20 + r.IntN(200)
	if r.IntN(10) == 0 {
		size = 20 + r.IntN(40000)
	}
	b := bytes.Repeat([]byte{byte(p), byte(n)}, (size+1)/2)
	binary.BigEndian.PutUint32(b[2:], uint32(n))
	return b
}

// slowReader is a subscriber that reads nothing, behind a small receive buffer.
func (s *server) slowReader(subject string) *client {
	c := s.dial().subscribe(subject)
	c.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
	return c
}

func TestSlowConsumer(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{MaxPending: 256 << 10})
	slow, fast, pub := s.slowReader("s"), s.dial().subscribe("s"), s.dial()
	body := bytes.Repeat([]byte("x"), 10000)
	sent := 0
	for slow.x.conn.Written() < 1<<40 && s.driver.SlowConsumers() == 0 {
		pub.send(publish("s", body))
		fast.want('M', string(body))
		if sent++; sent > 10000 {
			t.Fatal("the slow one is never cut")
		}
	}
	if err := slow.x.cause(); !errors.Is(err, netio.ErrSlowConsumer) {
		t.Errorf("cause %v", err)
	}
	if n := s.driver.SlowConsumers(); n != 1 {
		t.Errorf("%d slow consumers", n)
	}
	// What it reads are whole frames and then the end, nothing said.
	for {
		op, got, err := slow.next()
		if err != nil {
			break
		}
		if op != 'M' || !bytes.Equal(got, body) {
			t.Fatalf("got %c, %d bytes", op, len(got))
		}
	}
	if v := slow.x.conn.Run(body, nil, 1, false); v != core.Refused {
		t.Errorf("run after the end: %v", v)
	}
	slow.x.conn.Flush()
	slow.x.conn.Append(body)
	if n := slow.x.conn.Pending(); n != 0 {
		t.Errorf("%d bytes pending after the end", n)
	}
}

func TestWriteDeadline(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{WriteDeadline: 50 * time.Millisecond})
	slow := s.slowReader("s")
	body := make([]byte, 20000)
	until(t, "it is cut", func() bool { // buffers of the kernel grow, and take a part of what waits later
		for slow.x.conn.Pending() <= 1<<20 {
			if slow.x.conn.Run(body, nil, 1, false) == core.Refused {
				return true
			}
		}
		return s.driver.SlowConsumers() > 0
	})
	if err := slow.x.cause(); !errors.Is(err, netio.ErrWriteDeadline) {
		t.Errorf("cause %v", err)
	}
	if n := s.driver.SlowConsumers(); n != 1 {
		t.Errorf("%d slow consumers", n)
	}
}

// needsWriteThrough skips where publishers only queue.
func needsWriteThrough(t *testing.T) {
	t.Helper()
	if blocking {
		t.Skip("skipped where publishers never write through: bytes that wait do not show that the socket is full")
	}
}

// fill runs frames into a client that does not read until more than least bytes wait.
func fill(t *testing.T, c *client, least int64) (sent []byte, last core.Verdict) {
	t.Helper()
	f := frame('M', strings.Repeat("x", 20000))
	for c.x.conn.Pending() <= least {
		if last = c.x.conn.Run(f[:5], f[5:], 1, false); last == core.Refused || len(sent) > 100<<20 {
			t.Fatalf("after %d bytes: %v, %d pending", len(sent), last, c.x.conn.Pending())
		}
		sent = append(sent, f...)
	}
	return sent, last
}

func TestBudgetCutsTheLargest(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{QueueBudget: 3 << 20}).listen(netio.ListenOptions{})
	small, large := s.slowReader("a"), s.slowReader("b")
	sent, _ := fill(t, small, 1<<20)
	fill(t, large, 15<<17)
	large.x.conn.Run(make([]byte, 1<<20), nil, 1, false)
	if err := large.x.cause(); !errors.Is(err, netio.ErrBudget) {
		t.Errorf("cause %v", err)
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(small.r, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("the smaller one lost something: %v", err)
	}
	until(t, "nothing is queued", func() bool { return s.driver.Queued() == 0 })
}

func TestThrottle(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{MaxPending: 4 << 20})
	c := s.slowReader("s")
	never := make(chan struct{})
	c.x.conn.Throttle(never) // nothing pending: returns
	var last core.Verdict
	for range 1000 { // reading a little makes it congested
		if _, last = fill(t, c, 3<<20+100<<10); last == core.Congested {
			break
		}
		for before := c.x.conn.Written(); c.x.conn.Written() == before && c.x.conn.Pending() > 3<<20; { // until the kernel has room for much
			c.sip(100 << 10)
		}
	}
	if last != core.Congested {
		t.Fatalf("verdict %v with %d of 4 MiB pending", last, c.x.conn.Pending())
	}
	c.x.conn.Throttle(never) // nobody reads: returns soon all the same
	limit := make(chan struct{})
	close(limit)
	c.x.conn.Throttle(limit)

	together(2, func(i int) {
		for c.x.conn.Pending() > 3<<20 {
			if i == 0 {
				c.x.conn.Throttle(never)
				runtime.Gosched()
			} else {
				c.sip(64 << 10)
			}
		}
	})
}

// sip reads up to n bytes of what has come.
func (c *client) sip(n int64) {
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	io.CopyN(io.Discard, c.r, n)
	c.SetReadDeadline(time.Now().Add(patience))
}

// A publisher that sends faster than its subscriber reads is paused; the subscriber is not cut.
func TestStall(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{MaxPending: 16 << 20})
	sub, pub := s.dial().subscribe("s"), s.dial()
	sub.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
	const n = 1000
	body := make([]byte, 64<<10)
	together(2, func(i int) {
		if i == 0 {
			for range n {
				pub.Write(publish("s", body))
			}
			return
		}
		for got := range n {
			if _, _, err := sub.next(); err != nil {
				t.Errorf("after %d: %v", got, err)
				return
			}
		}
	})
}

// Own bytes and runs of the same burst keep their order.
func TestOwnBytesInOrder(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial().subscribe("s")
	var stream []byte
	for range 200 {
		stream = append(stream, publish("s", []byte("m"))...)
		stream = append(stream, frame('E', "e")...)
		stream = append(stream, publish("s", make([]byte, core.SplitSize))...)
	}
	together(2, func(i int) {
		if i == 0 {
			c.Write(stream)
			return
		}
		for range 200 {
			for _, want := range []string{"m", "e", string(make([]byte, core.SplitSize))} {
				if _, body, err := c.next(); err != nil || string(body) != want {
					t.Errorf("want %.5q, got %.5q, %v", want, body, err)
					return
				}
			}
		}
	})
}

// Concurrent writers of one connection: queueing, writing through, flushing, while the socket refuses bytes again and again.
func TestWritersAtOnce(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
		writersAtOnce(t, s.slowReader("s"))
	})
	t.Run("tls", func(t *testing.T) {
		s := newServer(t, netio.DriverOptions{})
		s.listen(netio.ListenOptions{TLS: &netio.TLSOptions{Config: tlsConfig(t)}})
		c := s.dial()
		c.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
		writersAtOnce(t, c.secure(tls.VersionTLS13).subscribe("s"))
	})
}

func writersAtOnce(t *testing.T, c *client) {
	const writers, each = 8, 300
	var taken atomic.Int64
	together(writers+1, func(i int) {
		if i < writers {
			for n := range each {
				f := frame('M', string(large(i, n)))
				for c.x.conn.Pending() > 300<<10 {
					runtime.Gosched()
				}
				more := n%3 == 0
				if c.x.conn.Run(f[:9], f[9:], 1, more) != core.Refused {
					taken.Add(1)
				}
				if more {
					c.x.conn.Flush()
				}
			}
			return
		}
		var next [writers]int
		for range writers * each {
			_, body, err := c.next()
			if err != nil {
				t.Error(err)
				return
			}
			p := int(body[0])
			if p >= writers || !bytes.Equal(body, large(p, next[p])) {
				t.Errorf("writer %d's %dth is not what was written", p, next[p%writers])
				c.Close()
				return
			}
			next[p]++
		}
	})
	if n := taken.Load(); n != writers*each {
		t.Errorf("%d taken", n)
	}
}

// large is the nth message of writer p, up to 60 KB.
func large(p, n int) []byte {
	b := bytes.Repeat([]byte{byte(p), byte(n)}, 100+(p*7919+n*104729)%30000)
	binary.BigEndian.PutUint32(b[2:], uint32(n))
	return b
}

// What the socket refused of a large message goes out before what others queued during the system call.
func TestRefusedBytesComeFirst(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.slowReader("s")
	large := frame('L', strings.Repeat("l", 8<<20))
	for range 10 {
		until(t, "nothing is queued", func() bool { return c.x.conn.Pending() == 0 })
		done, small := make(chan struct{}), make(chan int, 1)
		together(3, func(i int) {
			switch i {
			case 0:
				defer close(done)
				c.x.conn.Run(large[:5], large[5:], 1, false)
			case 1:
				for n := 1; ; n++ {
					c.x.conn.Run(frame('S', "small"), nil, 1, n%2 == 0)
					select {
					case <-done:
						c.x.conn.Flush()
						small <- n
						return
					default:
					}
				}
			case 2:
				seen, want := 0, -1
				for larges := 0; larges == 0 || seen != want; {
					op, body, err := c.next()
					switch {
					case err == nil && op == 'S' && string(body) == "small":
						seen++
					case err == nil && op == 'L' && bytes.Equal(body, large[5:]):
						larges++
						want = <-small
					default:
						t.Errorf("got %c, %d bytes, %v", op, len(body), err)
						c.Close()
						return
					}
				}
			}
		})
	}
}

// A thousand messages through the whole of reading, publishing and writing allocate nothing.
func TestAllocs(t *testing.T) {
	needsWriteThrough(t)
	if netio.RaceEnabled {
		t.Skip("skipped with -race: sync.Pool drops values at random there")
	}
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	sub, pub := s.dial().subscribe("s"), s.dial()
	stream := bytes.Repeat(append(frame('E', "0123456789abcdef"), publish("s", make([]byte, 128))...), 1000)
	one := len(frame('E', "0123456789abcdef"))
	echo, got := make([]byte, 1000*one), make([]byte, 1000*(5+128))
	run := func() {
		for b := stream; len(b) > 0; { // small enough for the echo not to be refused
			n := min(len(b), 100*(len(stream)/1000))
			pub.Conn.Write(b[:n])
			k := n / (len(stream) / 1000)
			io.ReadFull(pub.Conn, echo[:k*one])
			io.ReadFull(sub.Conn, got[:k*(5+128)])
			b = b[n:]
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > 0 {
		t.Errorf("%v allocations in 1,000 messages and 1,000 echoes", n)
	}
}

//go:build soak

package soak

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A shape is what a bad network does, each way.
type shape struct {
	rate  float64       // bytes in a second; 0: as fast as can be
	delay time.Duration // one way
	stall float64       // how likely a segment, and all behind it, waits
	wait  time.Duration // for so long
}

// A shaper stands between a gateway and its hub and behaves like a bad network. It needs nobody's leave: it is a proxy that
// takes bytes off its sockets no faster than the network it plays carries them.
type shaper struct {
	lis    net.Listener
	target string
	ctx    context.Context
	shape  atomic.Pointer[shape]
	deaf   atomic.Bool // new connections are accepted and closed
	made   atomic.Int64
	wg     sync.WaitGroup

	mu    sync.Mutex
	pairs map[*pair]bool
}

// A pair is one connection through the shaper.
type pair struct {
	near, far net.Conn
	hole      chan struct{} // closed: whatever comes is swallowed, and neither side hears of it
	once      sync.Once
}

func newShaper(t *testing.T, target string, s shape) *shaper {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &shaper{lis: l, target: target, ctx: ctx, pairs: make(map[*pair]bool)}
	h.shape.Store(&s)
	h.wg.Go(h.accept)
	t.Cleanup(func() {
		cancel()
		l.Close()
		h.cut()
		h.wg.Wait()
	})
	return h
}

func (h *shaper) addr() string { return h.lis.Addr().String() }

func (h *shaper) accept() {
	for {
		near, err := h.lis.Accept()
		if err != nil {
			return
		}
		h.made.Add(1)
		far, err := net.Dial("tcp", h.target)
		if err != nil || h.deaf.Load() {
			near.Close()
			if far != nil {
				far.Close()
			}
			continue
		}
		p := &pair{near: near, far: far, hole: make(chan struct{})}
		for _, c := range []net.Conn{near, far} {
			_ = c.(*net.TCPConn).SetReadBuffer(8 << 10) // what waits, waits at its sender
		}
		h.mu.Lock()
		h.pairs[p] = true
		h.mu.Unlock()
		ends := make(chan struct{}, 2)
		h.wg.Go(func() { h.carry(p, near, far); ends <- struct{}{} })
		h.wg.Go(func() { h.carry(p, far, near); ends <- struct{}{} })
		h.wg.Go(func() {
			<-ends
			near.Close() // the one that goes on would never hear of it
			far.Close()
			h.mu.Lock()
			delete(h.pairs, p)
			h.mu.Unlock()
		})
	}
}

// cut closes what there is.
func (h *shaper) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.pairs {
		p.near.Close()
		p.far.Close()
	}
}

// lose makes what there is silent for ever, without an end that anybody sees.
func (h *shaper) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.pairs {
		p.once.Do(func() { close(p.hole) })
	}
}

// A segment is on its way.
type segment struct {
	bytes []byte
	at    time.Time // when it arrives
}

const segmentSize = 1400

// carry takes bytes from one side to the other, in time.
func (h *shaper) carry(p *pair, from, to net.Conn) {
	way := make(chan segment, 1<<12) // as much as is on its way at a time
	done := make(chan struct{})
	h.wg.Go(func() {
		defer close(done)
		for k := range way {
			if !h.until(p, k.at) {
				continue // lost
			}
			if _, err := to.Write(k.bytes); err != nil {
				from.Close()
			}
		}
	})
	defer func() {
		close(way)
		<-done
	}()
	free := time.Now() // when the network can take the next packet
	for {
		buf := make([]byte, segmentSize)
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		s := h.shape.Load()
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if s.rate > 0 {
			free = free.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
		}
		if rand.Float64() < s.stall {
			free = free.Add(s.wait)
		}
		way <- segment{buf[:n], free.Add(s.delay)}
		if !h.until(p, free) && h.ctx.Err() != nil {
			return
		}
	}
}

// until waits for a moment, and says whether packets still arrive.
func (h *shaper) until(p *pair, at time.Time) bool {
	late := time.NewTimer(time.Until(at))
	defer late.Stop()
	select {
	case <-late.C:
	case <-h.ctx.Done():
		return false
	}
	select {
	case <-p.hole:
		return false
	default:
		return true
	}
}

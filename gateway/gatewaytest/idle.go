package gatewaytest

import (
	"net"
	"runtime"
	"strconv"
	"testing"
)

// An idle connection with a subscription has one goroutine at most, and little memory.
func testIdle(t *testing.T, d *Driver) {
	const count = 500
	s := newStage(t, d, Limits{}, "")
	quiet := runtime.NumGoroutine()
	var first []*client
	for i := range 50 { // fills what all connections share
		first = append(first, s.client("warm."+strconv.Itoa(i)))
	}
	for _, c := range first {
		c.Close()
	}
	first = nil
	s.eventually("the first are gone", func() bool { return runtime.NumGoroutine() <= quiet })
	before := memory()
	conns := make([]net.Conn, count)
	for i := range conns {
		conns[i] = s.client("idle." + strconv.Itoa(i)).tcp // what the driver keeps besides goes
	}
	s.eventually("one goroutine each is left", func() bool { return runtime.NumGoroutine() <= quiet+count })
	each := (memory() - before) / count
	t.Logf("%d bytes for each connection", each)
	runtime.KeepAlive(conns)
	switch {
	case raceEnabled:
		t.Skip("the race detector takes memory of its own")
	case each > d.IdleBytes+parkedBytes:
		t.Errorf("an idle connection takes %d bytes, want %d at most", each, d.IdleBytes+parkedBytes)
	}
}

// memory is what heap and stacks take.
func memory() int {
	var m runtime.MemStats
	for range 2 { // the first fills victims of pools
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

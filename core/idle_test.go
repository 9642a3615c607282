package core_test

import (
	"fmt"
	"runtime"
	"testing"

	"leafgate/core"
)

// What a peer with one subscription costs, its sink not counted.
func TestPeerBytes(t *testing.T) {
	const n, limit = 4000, 370
	s := newSpace(t)
	s.lines(s.attach(core.Peer{}, null{}), "warm", "1")
	id := &core.Identity{Account: s.acc}
	eps := make([]*core.Endpoint, n)
	before := heap()
	for i := range eps {
		eps[i] = s.Attach(id, core.Peer{Protocol: "test", ID: uint64(i + 1), Name: "n"}, null{})
		s.lines(eps[i], fmt.Sprintf("idle.%05d", i), "1")
	}
	each := (heap() - before) / n
	t.Logf("%d bytes for each of %d peers", each, n)
	if each > limit {
		t.Errorf("%d bytes for each peer, at most %d", each, limit)
	}
	runtime.KeepAlive(s)
}

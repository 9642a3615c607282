package netio_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"leafgate/core"
	"leafgate/internal/netio"
)

// dropping is a second listener of s, for connections that drop at their bound.
func (s *server) dropping() *server {
	s.t.Helper()
	l, err := s.driver.Listen(s, netio.ListenOptions{Addr: "127.0.0.1:0", DropAtBound: true})
	if err != nil {
		s.t.Fatal(err)
	}
	first := s.lis
	s.t.Cleanup(func() { first.Stop(0) }) // newServer's stops l
	s.lis = l
	return s
}

// A budget that shrinks cuts the largest queue first, and lets those be that fit in.
func TestBudgetShrinks(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	small, large := s.slowReader("a"), s.slowReader("b")
	fill(t, small, 1<<20)
	fill(t, large, 3<<20)
	s.driver.SetQueueBudget(2 << 20)
	if err := large.x.cause(); !errors.Is(err, netio.ErrBudget) {
		t.Errorf("cause %v", err)
	}
	if v := small.x.conn.Run([]byte("x"), nil, 1, true); v != core.Taken {
		t.Errorf("the smaller one: %v", v)
	}
	if cut, dropped := s.driver.Shed(); cut != 1 || dropped != 0 {
		t.Errorf("%d cut, %d dropped", cut, dropped)
	}
}

// Beyond the budget, who drops at the bound loses messages; it stays, and has whole those that it was told it would get.
func TestBudgetDropsFirst(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{}).dropping()
	c, idle := s.slowReader("s"), s.slowReader("s")
	sent, _ := fill(t, c, 1<<20)
	s.driver.SetQueueBudget(s.driver.Queued() * 3 / 4)
	body := []byte("0123456789")
	if v := c.x.conn.Run(body, body, 7, true); v != core.Refused {
		t.Errorf("over the budget: %v", v)
	}
	if v := c.x.conn.Queue(body, nil); v != core.Refused {
		t.Errorf("over the budget: %v", v)
	}
	if cut, dropped := s.driver.Shed(); cut != 0 || dropped != 8 {
		t.Errorf("%d cut, %d dropped", cut, dropped)
	}
	idle.x.conn.Append(frame('E', "own")) // what is its own is taken
	idle.x.conn.Flush()
	idle.want('E', "own")
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("something is lost that was taken: %v", err)
	}
	until(t, "nothing is queued", func() bool { return s.driver.Queued() == 0 })
	if v := c.x.conn.Run(frame('E', "again"), nil, 1, false); v != core.Taken {
		t.Errorf("below the budget again: %v", v)
	}
	c.want('E', "again")
}

// Who has little waiting takes more up to a quarter beyond the budget, and then nothing more either.
func TestBudgetSparesTheSmall(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{}).dropping()
	large, small := s.slowReader("s"), s.slowReader("s")
	fill(t, large, 1<<20)
	blockedOnly(t, small)
	queued := s.driver.Queued()
	s.driver.SetQueueBudget(queued * 9 / 10)
	if v := small.x.conn.Run([]byte("x"), nil, 1, true); v != core.Taken {
		t.Errorf("a little over the budget: %v", v)
	}
	s.driver.SetQueueBudget(queued * 7 / 10)
	if v := small.x.conn.Run([]byte("x"), nil, 1, true); v != core.Refused {
		t.Errorf("far over the budget: %v", v)
	}
}

// blockedOnly fills what the kernel takes of c, and a little more.
func blockedOnly(t *testing.T, c *client) {
	t.Helper()
	b := make([]byte, 32<<10)
	for c.x.conn.Pending() == 0 {
		if c.x.conn.Run(b, nil, 1, false) == core.Refused {
			t.Fatal("refused")
		}
	}
	if n := c.x.conn.Pending(); n > 64<<10 {
		t.Fatalf("%d bytes wait", n)
	}
}

// Of a queue that is far beyond the budget, the largest goes whoever has it.
func TestBudgetSparesNotForEver(t *testing.T) {
	needsWriteThrough(t)
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{}).dropping()
	c, small := s.slowReader("s"), s.slowReader("s")
	fill(t, c, 2<<20)
	fill(t, small, 1<<19)
	s.driver.SetQueueBudget(1 << 20)
	if err := c.x.cause(); !errors.Is(err, netio.ErrBudget) {
		t.Errorf("cause %v", err)
	}
	if small.x.conn.Pending() == 0 {
		t.Error("the smaller one was cut, too")
	}
}

func TestFreePools(t *testing.T) {
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{})
	c := s.dial()
	c.echo("a")
	c.echo(string(bytes.Repeat([]byte("b"), 200<<10)))
	until(t, "buffers are unused", func() bool { return s.driver.Pooled() > 0 })
	s.driver.FreePools()
	if n := s.driver.Pooled(); n > 1 { // the one that has just been lent for reading
		t.Errorf("%d buffers are still there", n)
	}
	c.echo("c")
}

// The budget before authentication can be made smaller before anybody comes, not larger.
func TestLimitPreAuth(t *testing.T) {
	s := newServer(t, netio.DriverOptions{PreAuthBudget: 12 << 10})
	s.driver.LimitPreAuth(1 << 30)
	s.driver.LimitPreAuth(8 << 10)
	s.listen(netio.ListenOptions{})
	first := s.dial()
	s.dial()
	s.dialOnly().wantEnd()
	first.send(frame('A', ""))
	first.want('A', "")
	s.dial().echo("there is room again")
}

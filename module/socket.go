package module

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/internal/netio"
)

// A Socket is where a frontend accepts connections; the zero value is not bound yet. Any goroutine may call its methods
// at any time.
type Socket struct {
	net atomic.Pointer[netio.Listener]
}

// Listen binds s, once.
func (s *Socket) Listen(d *netio.Driver, server netio.SessionServer, o netio.ListenOptions) error {
	n, err := d.Listen(server, o)
	if err == nil {
		s.net.Store(n)
	}
	return err
}

// Addr is the address bound, nil before Listen.
func (s *Socket) Addr() net.Addr {
	if n := s.net.Load(); n != nil {
		return n.Addr()
	}
	return nil
}

// Port is the one clients reach: before Listen the one configured, 0 where that is any.
func (s *Socket) Port(configured int) int {
	if a, ok := s.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return max(0, configured)
}

// Update changes options, as [netio.Listener.Update] does.
func (s *Socket) Update(o netio.ListenOptions) {
	if n := s.net.Load(); n != nil {
		n.Update(o)
	}
}

// Sockets are all of one frontend's.
type Sockets []*Socket

// StopAccepting lets nobody in any more.
func (all Sockets) StopAccepting() {
	for _, s := range all {
		if n := s.net.Load(); n != nil {
			n.StopAccepting()
		}
	}
}

// longestDrain is for a stop without a bound.
const longestDrain = 10 * time.Second

// Drain says how long ctx gives peers, from now on, to take what waits for them: until its deadline; without one, 10 s.
func Drain(ctx context.Context) time.Duration {
	by, bound := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		return 0
	case !bound:
		return longestDrain
	}
	return max(0, time.Until(by))
}

// Stop ends all connections, and returns when they have ended. They have until drain to take what waits for them.
func (all Sockets) Stop(drain time.Duration) {
	var wg sync.WaitGroup
	for _, s := range all {
		if n := s.net.Load(); n != nil {
			wg.Go(func() { n.Stop(drain) })
		}
	}
	wg.Wait()
}

// Addrs are the addresses bound.
func (all Sockets) Addrs() []net.Addr {
	var addrs []net.Addr
	for _, s := range all {
		if a := s.Addr(); a != nil {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

package mqtt

import (
	"leafgate/core"
)

// A noting is a SUBSCRIBE or UNSUBSCRIBE whose client is not read from until the store has what it changes: what was
// acknowledged is so after a crash, too. Then the packet is taken, as if it had come just now.
type noting struct {
	done chan struct{}
	err  error
}

// noted has note write down what a packet changes, and says when that is done: nil, go on; an error, it cannot be, or
// netio.ErrPause, the packet has to come again.
func (c *conn) noted(note func(shelf Shelf, stored *core.Barrier) error) error {
	if n := c.noting; n != nil {
		c.noting = nil
		return asStorage(n.err)
	}
	shelf := c.session.place()
	if shelf == nil {
		return nil
	}
	n := &noting{done: make(chan struct{})}
	b := core.NewBarrier(func(err error) {
		n.err = err
		close(n.done)
	})
	b.Done(note(shelf, b))
	select {
	case <-n.done:
		return asStorage(n.err)
	default:
	}
	c.noting, c.repeat = n, true
	return c.net.PauseUntil(n.done)
}

func asStorage(err error) error {
	if err == nil {
		return nil
	}
	return errStorage.with(err)
}

// unnoted takes back what was noted about a subscription that was refused after all.
func (s *session) unnoted(sub, old *subscription) {
	switch {
	case s.shelf == nil:
	case old != nil:
		_ = s.shelf.Subscribe(old.record(), nil) // whether or not: the client has not heard of it
	default:
		_ = s.shelf.Unsubscribe(sub.filter, nil)
	}
}

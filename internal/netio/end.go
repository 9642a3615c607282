package netio

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"
)

// How connections end. A session's error, EvictAfter and the listener's Stop are polite: own bytes go out first. Evict
// is not. Either way the connection's own goroutine tells the session, and the last user of the socket closes it: nobody
// may meet a descriptor that has been given to another connection.

// Evict implements core.Sink: the end, at once; what is queued is dropped.
func (c *Conn) Evict(cause error) {
	c.mu.Lock()
	c.close(cause)
	c.unlock()
}

// close is Evict with c.mu held; unlock does the rest.
func (c *Conn) close(cause error) {
	if c.state&closed != 0 {
		return
	}
	if c.cause == nil {
		c.cause = cause
	}
	if errors.Is(cause, ErrSlowConsumer) || errors.Is(cause, ErrWriteDeadline) || errors.Is(cause, ErrBudget) {
		c.lis.driver.slow.Add(1)
	}
	c.state |= closed | cutting
	c.dropQueue()
	c.wake()
}

// why is the cause of the end.
func (c *Conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// dropQueue empties the queue. c.mu is held.
func (c *Conn) dropQueue() {
	c.out.drop(&c.lis.driver.chunks)
	c.lis.driver.queued.Add(-c.pending.Swap(0))
}

// EvictAfter appends last, gives the socket a short while to take what is queued, and ends the connection. Nothing is
// queued behind last.
func (c *Conn) EvictAfter(last []byte, cause error) {
	c.mu.Lock()
	begins := c.state&(ending|closed) == 0
	if begins {
		c.put(last, nil)
		c.cause = cause
		c.state |= ending
	}
	c.mu.Unlock()
	if begins {
		c.sock.stopReading()
		c.Flush()
	}
}

// end makes the connection's goroutine stop reading and say good-bye.
func (c *Conn) end(cause error) { c.EvictAfter(nil, cause) }

// finish is the last thing that the connection's goroutine does. err is why it has stopped reading.
func (c *Conn) finish(err error) {
	if c.worked != nil { // the work may use the session
		<-c.worked
	}
	c.mu.Lock()
	if c.cause == nil {
		c.cause = err
	}
	c.state |= ending
	cause := c.cause
	c.mu.Unlock()
	c.tellSession(cause)
	c.dropCarry()
	c.farewell(cause)
	c.Authenticated() // for the budget
	c.lis.remove(c)
	c.mu.Lock()
	c.close(cause)
	c.state |= finished
	busy := c.state&(writing|blocked) != 0
	c.unlock()
	if !busy {
		c.sock.close()
	}
}

func (c *Conn) tellSession(cause error) {
	d := c.lis.driver
	c.feeding.Lock()
	if s := c.session; s != nil {
		batch := d.engine.Get()
		s.Closed(batch, cause)
		d.engine.Put(batch)
	} else {
		c.refused(cause)
	}
	c.session = nil
	c.feeding.Unlock()
	d.clock.set(c, 0)
}

// refused logs the end of a connection that no session knows of. Those that merely look whether the port is open are many.
func (c *Conn) refused(cause error) {
	level := slog.LevelWarn
	if errors.Is(cause, io.EOF) {
		level = slog.LevelDebug
	}
	c.lis.driver.log.Log(context.Background(), level, "connection refused",
		"client", c.id, "remote", c.RemoteAddr().String(), "err", cause)
	if told := c.lis.driver.opts.Refused; told != nil {
		told(c.id, c.RemoteAddr(), cause)
	}
}

const (
	farewellTime = time.Second
	lingerTime   = 250 * time.Millisecond
	lingerMost   = 1 << 20
)

// farewell writes what is queued and lets the peer read it: closing a socket with unread bytes would destroy what is on
// its way.
func (c *Conn) farewell(cause error) {
	limit := time.NewTimer(farewellTime)
	if errors.Is(cause, ErrServerStopped) { // Stop knows how long
		limit.Stop()
	}
	defer limit.Stop()
	if !c.drained(limit.C) || c.sock.sayEnd() && !c.drained(limit.C) {
		return
	}
	c.sock.sayEndOfTLS()
	c.Flush()
	c.sock.linger()
}

// drained waits until the socket has taken everything; false: it will not.
func (c *Conn) drained(limit <-chan time.Time) bool {
	for {
		c.Flush()
		c.mu.Lock()
		busy := c.state&(writing|blocked) != 0
		switch {
		case c.state&closed != 0:
			c.mu.Unlock()
			return false
		case !busy && c.out.first == nil && !c.sock.dirty():
			c.mu.Unlock()
			return true
		case !busy: // somebody has just let go
			c.mu.Unlock()
			continue
		}
		room := c.waitRoom()
		c.mu.Unlock()
		select {
		case <-room:
		case <-limit:
			return false
		}
	}
}

// linger reads what the peer still sends, for a short while.
func (s *socket) linger() {
	if s.net.CloseWrite() != nil {
		return
	}
	s.net.SetReadDeadline(time.Now().Add(lingerTime))
	var b [2 << 10]byte
	for got := 0; got < lingerMost; {
		n, err := s.net.Read(b[:])
		if got += n; err != nil {
			return
		}
	}
}

var errPreAuth = errors.New("too many bytes kept for connections before authentication")

// errOver ends a loop that the connection's cause has stopped.
var errOver = io.EOF

package gatewaytest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
)

// A message is what a client got.
type message struct {
	subject string
	payload string
}

func (m message) String() string {
	if len(m.payload) > 40 {
		return fmt.Sprintf("%s %.40q... (%d bytes)", m.subject, m.payload, len(m.payload))
	}
	return fmt.Sprintf("%s %q", m.subject, m.payload)
}

// A client is a driver's client that fails the test by itself. But for next, its methods belong to the test's goroutine.
type client struct {
	Client
	tb  testing.TB
	tcp *net.TCPConn
}

func (c *client) subscribe(patterns ...string) {
	c.tb.Helper()
	for _, p := range patterns {
		if err := c.Subscribe(p, ""); err != nil {
			c.tb.Fatalf("subscribe to %s: %v", p, err)
		}
	}
}

func (c *client) publish(subject, payload string) {
	c.tb.Helper()
	if _, err := c.Write(c.Encode(subject, []byte(payload))); err != nil {
		c.tb.Fatalf("publish to %s: %v", subject, err)
	}
}

// sync waits until what was published has been taken, or refused.
func (c *client) sync() {
	c.tb.Helper()
	if err := c.Sync(); err != nil && !errors.Is(err, ErrDenied) {
		c.tb.Fatalf("sync: %v", err)
	}
}

func (c *client) next() (message, error) {
	subject, payload, err := c.Next()
	return message{subject, string(payload)}, err
}

// expect reads exactly these messages.
func (c *client) expect(want ...message) {
	c.tb.Helper()
	for _, w := range want {
		got, err := c.next()
		if err != nil {
			c.tb.Fatalf("waiting for %v: %v", w, err)
		}
		if got != w {
			c.tb.Fatalf("got %v, want %v", got, w)
		}
	}
}

// last is published behind everything else: who has got it has got what came before.
const last = "last"

// rest reads until last, and returns what came before.
func (c *client) rest() (all []message) {
	c.tb.Helper()
	for {
		m, err := c.next()
		if err != nil {
			c.tb.Fatalf("after %d messages: %v", len(all), err)
		}
		if m.subject == last {
			return all
		}
		all = append(all, m)
	}
}

// ends reads until the connection has ended by the gateway's hand.
func (c *client) ends() {
	c.tb.Helper()
	for {
		if _, err := c.next(); errors.Is(err, os.ErrDeadlineExceeded) {
			c.tb.Fatal("the connection has not been ended")
		} else if err != nil {
			return
		}
	}
}

package main

import (
	"fmt"
	"strconv"
	"time"
)

const (
	churnRate  = 10_000 // subscriptions that come and go per second, all clients together
	churnBurst = 64     // at most so many at once, when the loop was held up
)

// churn is clients that subscribe to an inbox and leave the one before, over and over, as requests of old clients do.
type churn struct {
	conns        []*conn
	inbox, words []byte // scratch
	begin        time.Time
	done         int
}

func openChurn(t *trial, clients int) (*churn, error) {
	c := &churn{}
	for i := range clients {
		k, err := t.pub.dial(fmt.Sprintf("churn-%d", i), nil)
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, k)
	}
	return c, nil
}

func (c *churn) close() {
	for _, k := range c.conns {
		k.close()
	}
}

// turn does what is due at now. What a held-up loop could not do is not made up for.
func (c *churn) turn(now time.Time) error {
	if c.begin.IsZero() {
		c.begin = now
	}
	due := int(now.Sub(c.begin) * churnRate / time.Second)
	if skipped := due - c.done - churnBurst; skipped > 0 {
		c.begin = c.begin.Add(time.Duration(skipped) * time.Second / churnRate)
		due -= skipped
	}
	for ; c.done < due; c.done++ {
		if err := c.swap(c.conns[c.done%len(c.conns)], c.done/len(c.conns)+1); err != nil {
			return err
		}
	}
	return nil
}

// swap subscribes to a new inbox as sid and drops the one before, in one write.
func (c *churn) swap(k *conn, sid int) error {
	c.inbox = appendInbox(c.inbox[:0], k.fd, sid)
	c.words = k.d.Subscribe(c.words[:0], c.inbox, "", sid)
	if sid > 1 {
		c.inbox = appendInbox(c.inbox[:0], k.fd, sid-1)
		c.words = k.d.Unsubscribe(c.words, c.inbox, sid-1)
	}
	if _, err := send(k.fd, c.words); err != nil {
		return fmt.Errorf("churn on %s: %w: %w", k.name, errCut, err)
	}
	return nil
}

// appendInbox makes a subject like those of a client library.
func appendInbox(dst []byte, client, count int) []byte {
	dst = strconv.AppendInt(append(dst, "_INBOX.bench"...), int64(client), 10)
	return strconv.AppendInt(append(dst, ".r"...), int64(count), 36)
}

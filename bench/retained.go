package main

import (
	"errors"
	"fmt"
	"time"
)

// library is the retained messages of a row, each with its sequence in the payload, and what is known of who reads them.
type library struct {
	*trial
	readers int
}

// runRetained publishes the row's retained messages and has new subscribers read them all, one after the other.
func runRetained(t *trial) (s sample, err error) {
	l := &library{trial: t}
	if err = l.fill(); err == nil {
		err = l.verify()
	}
	if err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	m, err := startMeter(t.server.pid())
	if err != nil {
		return s, err
	}
	all := int64(0)
	for begin := time.Now(); time.Since(begin) < t.opt.length(); {
		n, err := l.read(func(*unit) error { return nil })
		if err != nil {
			return s, err
		}
		all += n
	}
	return m.stop(all)
}

// fill publishes. The messages are on the server's side when it has answered a ping; a server may still be storing them.
func (l *library) fill() error {
	c, err := l.pub.dial("pub", nil)
	if err != nil {
		return err
	}
	defer c.close()
	payload, batch := filler(l.size), []byte(nil)
	for i := range l.row.retained {
		putStamp(payload, 0, uint64(i))
		batch = c.d.Publish(batch, &unit{subject: l.row.publishTo(0, i)[0], payload: payload, retain: true})
		if len(batch) >= chunk || i == l.row.retained-1 {
			if err = c.say(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return c.fence(nil)
}

// verify has a subscriber check every message. A server that stores behind its clients' backs gets some time to do it.
func (l *library) verify() error {
	for begin := time.Now(); ; {
		seen := newLedger(1)
		check := newChecker(seen, 0, l.size)
		_, err := l.read(func(u *unit) error {
			if !u.retain {
				return errors.New("a retained message came without its flag")
			}
			return check.message(u)
		})
		if err == nil {
			seen.reordered = 0 // there is no order between subjects
			return seen.verdict([]int64{int64(l.row.retained)}, false)
		}
		if !errors.Is(err, errLost) || time.Since(begin) > l.opt.patience {
			return err
		}
	}
}

// read is one new subscriber that reads all messages and leaves. It returns how many came.
func (l *library) read(take func(*unit) error) (n int64, err error) {
	l.readers++
	c, err := l.sub.dial(fmt.Sprintf("sub-%d", l.readers), nil)
	if err != nil {
		return 0, err
	}
	defer c.close()
	c.in.grow(256 << 10)
	if err = c.say(c.d.Subscribe(nil, l.row.subscribeTo(0), "", 1)); err != nil {
		return 0, err
	}
	poller, err := newPoller()
	if err != nil {
		return 0, err
	}
	defer poller.close()
	if err = poller.watchRead(c.fd, 0); err != nil {
		return 0, err
	}
	before, since := int64(-1), time.Now()
	for want := int64(l.row.retained); n < want && err == nil; {
		if n != before {
			before, since = n, time.Now()
		} else if time.Since(since) > l.opt.patience/writeOffs {
			return n, fmt.Errorf("%d of %d retained messages %w", want-n, want, errLost)
		}
		if _, err = poller.wait(50); err == nil {
			err = c.receive(func(u *unit) error {
				n++
				return take(u)
			})
		}
		err = errors.Join(err, l.expired())
	}
	if err == nil {
		err = c.leave()
	}
	return n, err
}

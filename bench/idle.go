package main

import (
	"bytes"
	"fmt"
	"time"
)

const idleStep = 250 * time.Millisecond

// runIdle opens -conns connections with one subscription each and weighs the server when it has settled. Verifying comes
// last here: messages would wake what is to be weighed asleep.
func runIdle(t *trial) (s sample, err error) {
	before, err := settledRSS(t)
	if err != nil {
		return s, err
	}
	m, err := startMeter(t.server.pid())
	if err != nil {
		return s, err
	}
	conns, err := openIdle(t, t.opt.Conns)
	defer closeAll(conns)
	if err != nil {
		return s, err
	}
	after, err := settledRSS(t)
	if err != nil {
		return s, err
	}
	if s, err = m.stop(int64(len(conns))); err != nil {
		return s, err
	}
	s.RSS, s.ConnBytes = after, (after-before)/int64(len(conns))
	return s, verifyIdle(t, conns)
}

func idleSubject(i int) []byte { return fmt.Appendf(nil, "idle.%05d", i) }

func openIdle(t *trial, n int) ([]*conn, error) {
	return t.gather(t.sub, n, func(i int) (string, []byte) {
		return fmt.Sprintf("idle-%d", i), t.sub.d.Subscribe(nil, idleSubject(i), "", 1)
	})
}

// settledRSS is the server's memory once it has been still for a second, or after -settle.
func settledRSS(t *trial) (rss int64, err error) {
	still, begin := 0, time.Now()
	for still < int(time.Second/idleStep) && time.Since(begin) < t.opt.Settle {
		select {
		case <-t.ctx.Done():
			return 0, t.expired()
		case <-time.After(idleStep):
		}
		now, err := processRSS(t.server.pid())
		if err != nil {
			return 0, err
		}
		if still++; max(now-rss, rss-now) > rss/100 {
			still = 0
		}
		rss = now
	}
	return rss, nil
}

// verifyIdle publishes one message to each connection and sees that it arrives there and nowhere else.
func verifyIdle(t *trial, conns []*conn) error {
	pub, err := t.pub.dial("pub", nil)
	if err != nil {
		return err
	}
	defer pub.close()
	for i := range conns {
		if err = pub.say(t.pub.d.Publish(nil, &unit{subject: idleSubject(i), payload: idleSubject(i)})); err != nil {
			return err
		}
	}
	if err = pub.fence(nil); err != nil {
		return err
	}
	for i, c := range conns {
		n := 0
		take := func(u *unit) error {
			if n++; n > 1 || !bytes.Equal(u.payload, idleSubject(i)) {
				return fmt.Errorf("message %d is %.40q", n, u.payload)
			}
			return nil
		}
		if err = c.await(func() bool { return n > 0 }, take); err == nil {
			err = c.fence(take)
		}
		if err == nil {
			err = t.expired()
		}
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return nil
}

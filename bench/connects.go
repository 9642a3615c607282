package main

import (
	"fmt"
	"time"
)

// mostConnects bounds a run: whoever closes first keeps a port busy for a minute, and there are not many more.
const mostConnects = 20_000

// runConnects has clients come and go, one after the other: connect, ping, disconnect. A message is a client.
func runConnects(t *trial) (s sample, err error) {
	comings := 0
	come := func(d time.Duration) (n int64, err error) {
		for begin := time.Now(); time.Since(begin) < d && comings < mostConnects && err == nil; n++ {
			comings++
			if err = t.comeAndGo(fmt.Sprintf("client-%d", comings)); err == nil {
				err = t.expired()
			}
		}
		return n, err
	}
	if _, err = come(t.opt.verifyTime()); err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	m, err := startMeter(t.server.pid())
	if err != nil {
		return s, err
	}
	n, err := come(t.opt.length())
	if err != nil {
		return s, err
	}
	return m.stop(n)
}

// comeAndGo is one client's whole life. The server has to close the connection.
func (t *trial) comeAndGo(name string) error {
	c, err := t.pub.dial(name, nil)
	if err != nil {
		return err
	}
	defer c.close()
	return c.leave()
}

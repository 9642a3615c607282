package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// How many connections are made at once where more than a round trip is needed for each: mosquitto lets a client wait a
// fifth of a second for its WebSocket; TLS is work.
const (
	upgrading  = 64
	encrypting = 4
)

// gather connects n clients of e; client says the name of each and what it subscribes to. After an error none is left open.
func (t *trial) gather(e entrance, n int, client func(i int) (name string, subs []byte)) ([]*conn, error) {
	conns, at := make([]*conn, n), atomic.Int64{}
	work := func() error {
		for {
			i := int(at.Add(1)) - 1
			if i >= n {
				return nil
			}
			name, subs := client(i)
			c, err := e.dial(name, subs)
			if err == nil {
				conns[i], err = c, t.expired()
			}
			if err != nil {
				at.Store(int64(n)) // the others need not go on
				return fmt.Errorf("open connection %d of %d: %w", i, n, err)
			}
		}
	}
	width := 1
	switch e.d.(type) {
	case webDialect:
		width = min(upgrading, n)
	case tlsDialect:
		width = min(encrypting, n)
	}
	var wg sync.WaitGroup
	errs := make([]error, width)
	for k := range width {
		wg.Go(func() { errs[k] = work() })
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err != nil {
		closeAll(conns)
		return nil, err
	}
	return conns, nil
}

// closeAll closes those that are there.
func closeAll(conns []*conn) {
	for _, c := range conns {
		if c != nil {
			c.close()
		}
	}
}

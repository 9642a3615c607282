package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Rows of leaf nodes have two servers: the leaf, which is measured, and a hub above it, a process of its own, which is not.

// hubServer is every leaf's hub.
const hubServer = "nats-server"

// startHub runs a hub for one leaf.
func startHub(ctx context.Context, all []*binary, dir string) (*server, error) {
	b := all[slices.IndexFunc(all, func(b *binary) bool { return b.Name == hubServer })]
	free, err := freeAddresses(2)
	if err != nil {
		return nil, fmt.Errorf("start a hub: %w", err)
	}
	return b.launch(ctx, dir, place{addrs: map[protocol]netip.AddrPort{nats: free[0]}, leaves: free[1]}, nil)
}

// side is the server whose clients those at end e of row r are.
func (s *server) side(r row, e end) *server {
	if r.above == e {
		return s.hub
	}
	return s
}

// meet returns when what is published on the one side reaches all subscribers on the other, and nothing of it is under way.
func (st *stream) meet() error {
	c, err := st.server.side(st.row, publishers).entrance(nats, 0).dial("meet", nil)
	if err != nil {
		return err
	}
	defer c.close()
	for i, f := range st.flows {
		if err := f.meet(c, st.row.publishTo(i, 0)[0]); err != nil {
			return err
		}
	}
	return nil
}

// meet publishes until every subscriber has heard of it, and then waits for the last of it.
func (f *flow) meet(c *conn, subject []byte) error {
	for _, s := range f.subs {
		heard := false
		for begin := time.Now(); !heard; time.Sleep(time.Millisecond) {
			if time.Since(begin) > patience {
				return fmt.Errorf("subscriber %s hears nothing from the other side", s.name)
			}
			if err := c.say(c.d.Publish(nil, &unit{subject: subject, payload: []byte("?")})); err != nil {
				return err
			}
			if err := s.receive(func(*unit) error { heard = true; return nil }); err != nil {
				return err
			}
		}
	}
	if err := c.say(c.d.Publish(nil, &unit{subject: subject, payload: []byte("!")})); err != nil {
		return err
	}
	for _, s := range f.subs {
		last := false
		if err := s.await(func() bool { return last }, func(u *unit) error { last = u.payload[0] == '!'; return nil }); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"
)

// runBeside measures a paced row three times: alone; while others publish for sessions that are away, which a server without
// a store keeps in memory; and while the server stores the same. What committing does to live messages is the difference
// between the last two: the others' messages take their part of the processors whatever becomes of them.
func runBeside(t *trial) (s sample, err error) {
	alone, err := runPaced(t)
	if err != nil {
		return s, fmt.Errorf("alone: %w", err)
	}
	forgetful, err := t.server.forgetful(t.ctx)
	if err != nil {
		return s, err
	}
	memory, err := t.on(forgetful).beside()
	if forgetful != t.server {
		forgetful.stop()
	}
	if err != nil {
		return s, fmt.Errorf("in memory: %w", err)
	}
	s, err = t.beside()
	s.Without, s.Memory = &alone, &memory
	return s, err
}

// on is t on another server of its kind.
func (t *trial) on(s *server) *trial {
	other := *t
	other.server = s
	other.pub.addr, other.sub.addr = s.addrs[t.row.from], s.addrs[t.row.to]
	return &other
}

// forgetful starts the same program once more, without a store. A server that is no program is its own.
func (s *server) forgetful(ctx context.Context) (*server, error) {
	if s.bin == nil {
		return s, nil
	}
	at := s.place
	at.store, at.addrs = false, map[protocol]netip.AddrPort{}
	free, err := freeAddresses(len(s.addrs))
	if err != nil {
		return nil, fmt.Errorf("start %s without a store: %w", s.bin.Name, err)
	}
	for p := range s.addrs {
		at.addrs[p], free = free[0], free[1:]
	}
	return s.bin.launch(ctx, filepath.Dir(s.dir), at, s.hub)
}

// beside is the paced row while others publish for sessions that are away.
func (t *trial) beside() (s sample, err error) {
	others := *t
	others.row = t.row.stores()
	others.pub, others.sub = t.server.entrance(mqtt, 1), t.server.entrance(mqtt, 1)
	k := &shelf{trial: &others}
	if err = k.open(); err != nil {
		return s, err
	}
	defer k.st.close()
	stop, done := make(chan struct{}), make(chan error, 1)
	t.server.wg.Go(func() { done <- k.keep(stop) })
	s, err = runPaced(t)
	close(stop)
	if stored := <-done; err == nil {
		err = stored
	}
	s.Note += fmt.Sprintf(", %d of the others meanwhile", k.st.delivered())
	return s, err
}

// stores is the row of those who store beside a paced row.
func (r row) stores() row {
	return row{from: mqtt, to: mqtt, qos: 1, pubs: 1, outstanding: 16, away: 50, apart: true}
}

// besidePace is how long those beside a paced row wait between bursts: they are there to make the server commit, not to
// take the processor from it.
const besidePace = 5 * time.Millisecond

// keep publishes in bursts until stop.
func (k *shelf) keep(stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return k.st.settle()
		case <-time.After(besidePace):
		}
		if _, err := k.st.publish(); err != nil {
			return err
		}
		if err := k.st.settle(); err != nil {
			return err
		}
	}
}

package natsproto

import (
	"context"
	"math/rand/v2"
	"time"

	"leafgate/natsproto/wire"
)

// mostPace is the longest pause between two clients being closed.
const mostPace = time.Second

// LameDuck implements module.LameDucker: it takes no more clients, tells those that listen to go elsewhere, and after a
// grace period closes them one by one, so that they do not all arrive elsewhere at once.
func (f *frontend) LameDuck(ctx context.Context) error {
	if f.draining.Swap(true) {
		return nil
	}
	f.log.Info("entering lame duck mode, no new clients")
	f.stopAccepting()
	all := f.sessions()
	for _, s := range all {
		s.announceLameDuck()
	}
	if len(all) == 0 {
		return nil
	}
	o := f.opts.Load()
	if err := pause(ctx, o.lameDuckGrace); err != nil {
		return err
	}
	f.log.Info("closing clients", "clients", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	pace := min(mostPace, (o.lameDuck-o.lameDuckGrace)/time.Duration(len(all)))
	for i, s := range all {
		s.conn.Evict(errLameDuck)
		if i == len(all)-1 {
			break
		}
		if err := pause(ctx, pace/2+rand.N(pace/2+1)); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// announceLameDuck sends the INFO that asks a client to migrate, and says whether it takes such. It names no addresses: this
// server's own is not one to go to.
func (s *session) announceLameDuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.flags.has(asyncInfo) || !s.flags.has(ponged) {
		return false
	}
	i := s.info()
	i.LameDuck, i.ConnectURLs = true, nil
	s.conn.Append(wire.AppendInfo(nil, &i))
	s.conn.Flush()
	return true
}

// Migrate implements module.Migrator.
func (f *frontend) Migrate(id uint64) bool {
	for _, s := range f.sessions() {
		if s.conn.ID() == id {
			return s.announceLameDuck()
		}
	}
	return false
}

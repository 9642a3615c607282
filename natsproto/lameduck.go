package natsproto

import (
	"context"
	"math/rand/v2"

	"leafgate/module"
	"leafgate/natsproto/wire"
)

// LameDuck implements module.LameDucker: it takes no more clients, tells those that listen to go elsewhere, and after a
// grace period closes them one by one, so that they do not all arrive elsewhere at once.
func (f *frontend) LameDuck(ctx context.Context) error {
	if f.draining.Swap(true) {
		return nil
	}
	f.log.Info("entering lame duck mode, no new clients")
	f.sockets().StopAccepting()
	all := f.sessions()
	for _, s := range all {
		s.announceLameDuck()
	}
	if len(all) == 0 {
		return nil
	}
	o := f.opts.Load()
	if err := module.Pause(ctx, o.lameDuckGrace); err != nil {
		return err
	}
	f.log.Info("closing clients", "clients", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return module.OneByOne(ctx, len(all), o.lameDuck-o.lameDuckGrace, func(i int) { all[i].conn.Evict(errLameDuck) })
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

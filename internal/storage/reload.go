package storage

import "leafgate/config"

// Check says in conf what of next a running storage cannot take over from o.
func (o Options) Check(next Options, conf *config.Block) {
	if o.Dir != next.Dir {
		b, key := place(conf)
		b.Errorf(key, "cannot change while running: old=%q, new=%q: restart", o.Dir, next.Dir)
		return
	}
	b, prefix := conf.Block("store"), ""
	if b == nil {
		b, prefix = conf, "store." // it was there
	}
	if o.Sync != next.Sync {
		b.Errorf(prefix+"sync", "cannot change while running: old=%v, new=%v: restart", o.Sync, next.Sync)
	} else if o.SyncInterval != next.SyncInterval {
		b.Errorf(prefix+"sync_interval", "cannot change while running: old=%v, new=%v: restart", o.SyncInterval, next.SyncInterval)
	}
}

// Reload takes over what Check had nothing against: the bounds, for journals that are open too.
func (s *Storage) Reload(next Options) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options = next
	for _, o := range s.opened {
		b := o.own
		s.bound(&b)
		_ = o.journal.SetLimits(b) // Read has looked at them
	}
}

// place finds what names the directory, or used to.
func place(conf *config.Block) (b *config.Block, key string) {
	if store := conf.Block("store"); store.Has("dir") {
		return store, "dir"
	}
	if name := given(conf, dirNames); name != "" {
		return conf, name
	}
	return conf, dirNames[0]
}

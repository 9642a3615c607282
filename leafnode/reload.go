package leafnode

import "leafgate/config"

// Check implements module.Reloader. Errors collect in conf; everything can be changed while running.
func (m *uplinks) Check(conf *config.Block) error {
	return m.lis.unchangeable(readOptions(m.env, conf).listen)
}

// Reload implements module.Reloader. Remotes about which nothing changes keep their links.
func (m *uplinks) Reload(conf *config.Block) error {
	next := readOptions(m.env, conf)
	if err := m.lis.unchangeable(next.listen); err != nil {
		return err
	}
	if m.lis != nil {
		m.lis.reload(next.listen)
	}
	m.mu.Lock()
	was, running := m.remotes, m.running
	var kept, fresh []*remote
	for _, o := range next.remotes {
		if r := pick(&was, o); r != nil {
			r.opts.Store(o) // TLS, for the next connection
			kept = append(kept, r)
			fresh = append(fresh, r)
			continue
		}
		fresh = append(fresh, newRemote(m, o))
	}
	m.opts, m.remotes = next, fresh
	m.mu.Unlock()
	stopAll(was, 0) // those that are not wanted any more, before others take their place
	for _, r := range fresh {
		if running && !contains(kept, r) {
			r.start()
		}
	}
	for _, r := range kept {
		r.refresh()
	}
	return nil
}

// pick takes the remote out of list that is what o asks for; nil: there is none.
func pick(list *[]*remote, o *remoteOptions) *remote {
	for i, r := range *list {
		if r.opts.Load().same(o) {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
			return r
		}
	}
	return nil
}

func contains(list []*remote, r *remote) bool {
	for _, other := range list {
		if other == r {
			return true
		}
	}
	return false
}

// refresh tells the other side of imports and mappings that the account has come to have.
func (r *remote) refresh() {
	r.mu.Lock()
	l := r.state.link
	r.mu.Unlock()
	if l == nil {
		return
	}
	if ep := l.ep.Load(); ep != nil {
		l.repattern(ep.Account().Patterns())
	}
}

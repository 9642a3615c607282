package core

// A subscription in an account that imports a stream casts a shadow into the account that exports it: a subscription to
// what it means there, which delivers under the name it has here.

// A shadow is what a subscription has to do with other accounts: it is one, or it has some.
type shadow struct {
	of   *Subscription   // what this is a shadow of; nil: of none
	home *Account        // where the shadow is
	move *Transform      // from home's subjects to those of the account it was cast from
	own  []*Subscription // cast by this one, under wires.mu of its account
}

// target is the subscription that counts: s, or what it is a shadow of.
func (s *Subscription) target() *Subscription {
	if s.shadow != nil && s.shadow.of != nil {
		return s.shadow.of
	}
	return s
}

// moves says whether s delivers under another name than the one published.
func (s *Subscription) moves() bool { return s.shadow != nil && s.shadow.of != nil }

// castShadows is called when s has been added to a.
func (a *Account) castShadows(s *Subscription) {
	if a.wiring.Load() == nil {
		return
	}
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	if w := a.wiring.Load(); !s.closed.Load() && (s.shadow == nil || len(s.shadow.own) == 0) {
		a.cast(s, w)
	}
}

// takeShadows is called when s has been removed from a.
func (a *Account) takeShadows(s *Subscription) {
	if a.wiring.Load() == nil {
		return
	}
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	a.uncast(s)
}

// cast makes the shadows of s. wires.mu is held.
func (a *Account) cast(s *Subscription, w *wiring) {
	if s.relay {
		return
	}
	for i := range w.streams {
		im := &w.streams[i]
		local, ok := Intersect(s.Subject, im.local)
		if !ok {
			continue
		}
		there, ok := im.back.AppendPattern(nil, local)
		if !ok {
			continue
		}
		x := &Subscription{Subject: string(there), Queue: s.Queue, Tag: s.Tag, form: s.form, accept: s.accept, ep: s.ep,
			weight: s.weight, shadow: &shadow{of: s, home: im.from, move: im.move}}
		if s.shadow == nil {
			s.shadow = &shadow{}
		}
		s.shadow.own = append(s.shadow.own, x)
		im.from.insert(x)
	}
}

// uncast removes the shadows of s. wires.mu is held.
func (a *Account) uncast(s *Subscription) {
	if s.shadow == nil {
		return
	}
	for _, x := range s.shadow.own {
		x.closed.Store(true)
		x.shadow.home.extract(x)
	}
	s.shadow.own = nil
}

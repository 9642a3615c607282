package core

import "slices"

// A subscription in an account that imports a stream casts a shadow into the account that exports it: a subscription to
// what it means there, which delivers under the name it has here.

// A shadow is what makes a subscription one.
type shadow struct {
	of   *Subscription // of what
	home *Account      // where it is
	move *Transform    // from home's subjects to those of the account it was cast from
}

// target is the subscription that counts: s, or what it is a shadow of.
func (s *Subscription) target() *Subscription {
	if s.shadow != nil {
		return s.shadow.of
	}
	return s
}

// moves says whether s delivers under another name than the one published.
func (s *Subscription) moves() bool { return s.shadow != nil }

// castShadows is called when s has been added to a.
func (a *Account) castShadows(s *Subscription) {
	if a.wiring.Load() == nil {
		return
	}
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	if !s.marked(markEnded) {
		a.cast(s, a.wiring.Load())
	}
}

// takeShadows is called when s has been removed from a.
func (a *Account) takeShadows(s *Subscription) {
	if a.wiring.Load() == nil {
		return
	}
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	for _, x := range a.wires.shadows[s] {
		x.vanish()
	}
	delete(a.wires.shadows, s)
}

// bumpShadows forgets what was decided about s in other accounts.
func (a *Account) bumpShadows(s *Subscription) {
	if a.wiring.Load() == nil {
		return
	}
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	for _, x := range a.wires.shadows[s] {
		x.shadow.home.gens.bump(x.Subject)
	}
}

// cast gives s the shadows that w asks for, and takes others. Those that it has and is to have stay as they are, so that
// they miss nothing. wires.mu is held.
func (a *Account) cast(s *Subscription, w *wiring) {
	had := a.wires.shadows[s]
	var has []*Subscription
	for i := range w.streams {
		if x := w.streams[i].shadowOf(s, had); x != nil {
			has = append(has, x)
		}
	}
	for _, x := range had {
		if !slices.Contains(has, x) {
			x.vanish()
		}
	}
	for _, x := range has {
		if !slices.Contains(had, x) {
			x.shadow.home.insert(x)
		}
	}
	if len(has) > 0 {
		if a.wires.shadows == nil {
			a.wires.shadows = make(map[*Subscription][]*Subscription)
		}
		a.wires.shadows[s] = has
	} else if had != nil {
		delete(a.wires.shadows, s)
	}
}

// shadowOf finds among those there are, or makes, what s casts by im; nil: nothing.
func (im *stream) shadowOf(s *Subscription, among []*Subscription) *Subscription {
	local, ok := Intersect(s.Subject, im.local)
	if !ok {
		return nil
	}
	there, ok := im.back.AppendPattern(nil, local)
	if !ok {
		return nil
	}
	for _, x := range among {
		if x.Subject == string(there) && x.shadow.home == im.from && x.shadow.move.equal(im.move) {
			return x
		}
	}
	as := *s.manner
	as.shadow = &shadow{of: s, home: im.from, move: im.move}
	return &Subscription{Subject: string(there), Tag: s.Tag, manner: &as, ep: s.ep}
}

// vanish removes a shadow. wires.mu of the account it was cast from is held.
func (s *Subscription) vanish() {
	s.mark(markEnded, true)
	s.shadow.home.extract(s)
}

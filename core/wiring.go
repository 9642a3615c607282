package core

import (
	"crypto/rand"
	"sync"
)

// A wiring is what connects an account with others, and what it does with subjects. It never changes; a reload makes a new
// one.
type wiring struct {
	streams  []stream
	services []service
	mappings []mapping
	limits   Limits
}

// A stream is an imported one.
type stream struct {
	from  *Account
	local string     // pattern here
	move  *Transform // from there to here
	back  *Transform // from here to there
}

// A service is an imported one.
type service struct {
	from      *Account
	local     string     // pattern here
	move      *Transform // from here to there
	share     bool
	response  Response
	threshold int64 // nanoseconds
}

// wires are an account's connections. Accounts without imports, mappings and limits have none.
type wires struct {
	mu      sync.Mutex
	shadows map[*Subscription][]*Subscription // by who casts them

	answers answers
	moved   *Endpoint // publishes what was mapped
	inner   *Endpoint // publishes requests and answers of other accounts
	further *Endpoint // publishes those that were mapped
}

// Rights of what was decided about before. Permissions were somebody else's matter, so these allow everything; they tell
// what else holds, and have results made under them remembered apart.
var (
	asMapped       = &Permissions{id: 0x6c656166} // mappings do not apply again
	asServed       = &Permissions{id: 0x67617465} // requests and answers are no stream: who imports streams does not get them
	asServedMapped = &Permissions{id: 0x636f7265} // both
)

func (a *Account) initWires() {
	for ep, perms := range map[**Endpoint]*Permissions{&a.wires.moved: asMapped, &a.wires.inner: asServed, &a.wires.further: asServedMapped} {
		*ep = &Endpoint{account: a, role: new(role)}
		(*ep).identity.Store(&Identity{Account: a, Perms: perms})
	}
	a.wires.answers.init(rand.Text()[:6])
}

// wire compiles def, which CheckAccounts has found right.
func (a *Account) wire(def *AccountDef, byName map[string]*Account, defs map[string]*AccountDef) (*wiring, error) {
	w := &wiring{limits: def.Limits}
	for i := range def.Imports {
		im := &def.Imports[i]
		there, err := im.transform()
		if err != nil {
			return nil, &DefinitionError{def.Name, InImports, i, err}
		}
		here, err := there.Reverse()
		if err != nil {
			return nil, &DefinitionError{def.Name, InImports, i, err}
		}
		from := byName[im.Account]
		if !im.Service {
			w.streams = append(w.streams, stream{from: from, local: here.Source(), move: there, back: here})
			continue
		}
		e := defs[im.Account].export(im, def.Name)
		s := service{from: from, local: here.Source(), move: here, share: im.Share, response: e.Response, threshold: int64(e.Threshold)}
		if s.threshold == 0 {
			s.threshold = int64(DefaultThreshold)
		}
		w.services = append(w.services, s)
	}
	for i := range def.Mappings {
		m, err := newMapping(&def.Mappings[i])
		if err != nil {
			return nil, &DefinitionError{def.Name, InMappings, i, err}
		}
		w.mappings = append(w.mappings, m)
	}
	return w, nil
}

// rewire puts next in place, with the shadows of its streams. Shadows that were there and are to be stay.
func (a *Account) rewire(next *wiring) {
	a.wires.mu.Lock()
	defer a.wires.mu.Unlock()
	before := a.wiring.Swap(next)
	if len(next.streams) > 0 || before != nil && len(before.streams) > 0 {
		var own []*Subscription
		a.index.walk(func(s *Subscription) {
			if !s.moves() {
				own = append(own, s)
			}
		})
		for _, s := range own {
			a.cast(s, next)
		}
	}
	a.gens.all.Add(1)
}

// Limits are the account's, as declared.
func (a *Account) Limits() Limits {
	if w := a.wiring.Load(); w != nil {
		return w.limits
	}
	return Limits{}
}

// wireAll connects the accounts as they are declared.
func wireAll(defs []AccountDef, accounts map[string]*Account) error {
	byName := make(map[string]*AccountDef, len(defs))
	for i := range defs {
		byName[defs[i].Name] = &defs[i]
	}
	for i := range defs {
		d, a := &defs[i], accounts[defs[i].Name]
		if len(d.Imports)+len(d.Mappings) == 0 && d.Limits == (Limits{}) && a.wiring.Load() == nil {
			continue
		}
		w, err := a.wire(d, accounts, byName)
		if err != nil {
			return err
		}
		a.rewire(w)
	}
	return nil
}

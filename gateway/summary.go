package gateway

import (
	"iter"

	"leafgate/auth"
	"leafgate/internal/memory"
	"leafgate/internal/storage"
	"leafgate/module"
)

// What a gateway serves or would serve, and to whom, for those who look at it or at a configuration.
type (
	Listener = module.Listener
	Member   = auth.Member
	Store    = storage.Options
	Amount   = storage.Amount
	Memory   = memory.State
)

// Proofs of members that somebody should hear of.
const (
	ProofNone  = auth.ProofNone
	ProofClear = auth.ProofClear
)

// Listeners returns what the gateway serves, or would serve.
func (g *Gateway) Listeners() (all []Listener) {
	for _, m := range g.built() {
		if l, ok := m.(module.Lister); ok {
			all = append(all, l.Listeners()...)
		}
	}
	return all
}

// Members returns who can come in where a listener says nothing else.
func (g *Gateway) Members() []Member { return g.auth.Default().Members() }

// Store returns what the configuration says about storage; without a Dir, there is none.
func (g *Gateway) Store() Store {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings.storage
}

// Memory returns how the process's memory is, where the configuration has a ceiling.
func (g *Gateway) Memory() Memory { return g.memory.State() }

// Uplinks are the links to other servers, as /uplinkz shows them.
func (g *Gateway) Uplinks() iter.Seq[module.Uplink] {
	return func(yield func(module.Uplink) bool) {
		for _, m := range g.built() {
			l, ok := m.(module.Uplinker)
			if !ok {
				continue
			}
			for u := range l.Uplinks() {
				if !yield(u) {
					return
				}
			}
		}
	}
}

// Package leafnode keeps uplinks: connections to the leaf node ports of nats-server, over which a gateway and a cluster
// share the subjects of an account. Each link is a peer of the engine that stands for the servers above.
package leafnode

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"leafgate/config"
	"leafgate/module"
)

// Protocol is this module's name for itself.
const Protocol = "leafnode"

// Spec is this module's line in the gateway's table.
var Spec = module.Spec{Name: Protocol, Keys: keys, New: newUplinks}

// uplinks is the module: its remotes.
type uplinks struct {
	env *module.Env
	log *slog.Logger
	lis *listener // nil: nobody is let in

	blocks sync.Pool // of *block

	mu      sync.Mutex // guards the fields below
	opts    *options
	remotes []*remote
	running bool
	beacons map[string]string // our own, by account
	live    map[*link]bool
	past    traffic // of links that have ended
}

var (
	_ module.Module   = (*uplinks)(nil)
	_ module.Reloader = (*uplinks)(nil)
)

func newUplinks(env *module.Env, conf *config.Block) (module.Module, error) {
	m := &uplinks{env: env, log: env.Log, opts: readOptions(env, conf), beacons: make(map[string]string), live: make(map[*link]bool)}
	for _, o := range m.opts.remotes {
		m.remotes = append(m.remotes, newRemote(m, o))
	}
	if m.opts.listen != nil {
		m.lis = newListener(m, m.opts.listen)
	}
	return m, nil
}

// Start implements module.Module. It does not wait for the links.
func (m *uplinks) Start(context.Context) error {
	if m.lis != nil {
		if err := m.lis.start(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = true
	for _, r := range m.remotes {
		r.start()
	}
	return nil
}

// Stop implements module.Module. What is queued for the other sides may take until ctx ends.
func (m *uplinks) Stop(ctx context.Context) error {
	drain := time.Duration(0)
	if by, ok := ctx.Deadline(); ok {
		drain = max(0, time.Until(by))
	}
	m.mu.Lock()
	m.running = false
	all := m.remotes
	m.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { stopAll(all, drain) })
	if m.lis != nil {
		m.lis.stop(drain)
	}
	wg.Wait()
	return nil
}

func stopAll(remotes []*remote, drain time.Duration) {
	var wg sync.WaitGroup
	for _, r := range remotes {
		wg.Go(func() { r.stop(drain) })
	}
	wg.Wait()
}

// beacon is a subject that the account subscribes to on every link: who hears it come back has built a loop.
func (m *uplinks) beacon(account string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.beacons[account]
	if b == "" {
		b = beaconPrefix + rand.Text()[:22]
		m.beacons[account] = b
	}
	return b
}

// enter counts l among the live ones, unless its account has another link to the same cluster.
func (m *uplinks) enter(l *link) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.live {
		if !l.opts.hub && l.info.Cluster != "" && other.info.Cluster == l.info.Cluster && other.opts.account == l.opts.account {
			return false
		}
	}
	m.live[l] = true
	return true
}

func (m *uplinks) leave(l *link) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live[l] {
		delete(m.live, l)
		m.past.add(l.traffic())
	}
}

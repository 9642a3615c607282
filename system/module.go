// Package system answers requests on $SYS subjects and tells of what happens there: it is a peer of the gateway's own in
// the system account, and in every other for what its users may ask about themselves.
package system

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"leafgate/config"
	"leafgate/core"
	"leafgate/module"
)

// Spec is this room's line in the gateway's table.
var Spec = module.Spec{Name: "system", New: newModule}

// system is the module.
type system struct {
	env      *module.Env
	log      *slog.Logger
	peers    peers
	queue    queue
	account  atomic.Pointer[core.Account] // of servers and their operators; nil: there is none
	identity identity
	seq      atomic.Uint64 // of what was sent

	wg   sync.WaitGroup // the worker
	done chan struct{}  // closed by Stop
}

var (
	_ module.Module     = (*system)(nil)
	_ module.Reloader   = (*system)(nil)
	_ module.LameDucker = (*system)(nil)
	_ module.Watcher    = (*system)(nil)
)

func newModule(env *module.Env, _ *config.Block) (module.Module, error) {
	m := &system{env: env, log: env.Log, done: make(chan struct{})}
	m.peers.init(m)
	m.queue.wake = make(chan struct{}, 1)
	return m, nil
}

// Start implements module.Module.
func (m *system) Start(context.Context) error {
	m.peers.update()
	m.env.History.Watch(m)
	m.wg.Go(m.work)
	return nil
}

// Stop implements module.Module.
func (m *system) Stop(context.Context) error {
	m.env.History.Watch(nil)
	close(m.done)
	m.wg.Wait()
	m.announce("SHUTDOWN")
	m.peers.stop()
	return nil
}

// LameDuck implements module.LameDucker: it says so, and nothing more.
func (m *system) LameDuck(context.Context) error {
	m.announce("LAMEDUCK")
	return nil
}

// Check implements module.Reloader: there is nothing that could not change.
func (m *system) Check(*config.Block) error { return nil }

// Reload implements module.Reloader.
func (m *system) Reload(*config.Block) error {
	m.identity.forget()
	m.peers.update()
	return nil
}

// announce tells other servers and operators what becomes of this one.
func (m *system) announce(what string) {
	subject := "$SYS.SERVER." + m.env.Server.ID + "." + what
	if m.heard(subject) {
		m.tell(subject, m.server())
	}
}

package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"runtime"
	"sync/atomic"

	"leafgate/config"
	"leafgate/core"
)

// DefaultAccount is where everybody is who belongs to no account of their own.
const DefaultAccount = "$G"

// ErrDenied is the only thing a peer hears about a failed authentication. What wraps it is for logs.
var ErrDenied = errors.New("authorization violation")

// An Authority knows the users of one gateway. Its methods may be called from any goroutine, but for those that read a
// configuration (Rules, Stage, Commit, Rollback), which belong to whoever builds or reloads the gateway.
type Authority struct {
	engine *core.Engine
	pepper [32]byte      // keys what is remembered of verified passwords; new in every process
	checks chan struct{} // one slot for each bcrypt check that may run at the same time

	// By definition, so that a reload keeps the identities, and with them the connections, of everybody about whom
	// nothing has changed.
	members pool[[sha256.Size]byte, member]

	current atomic.Pointer[Rules]
	staged  *Rules // between Stage and Commit or Rollback
}

// New reads conf, the top level of a configuration, and declares the accounts in e. Errors collect in conf.
func New(e *core.Engine, conf *config.Block) *Authority {
	a := &Authority{engine: e, checks: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	rand.Read(a.pepper[:])
	r := a.compile(conf, nil)
	a.current.Store(r)
	a.declare(r)
	return a
}

// declare makes the engine's accounts those of r, unless they are wrong, which has been reported.
func (a *Authority) declare(r *Rules) {
	if len(core.CheckAccounts(r.tenants.defs)) == 0 {
		_ = a.engine.SetAccounts(r.tenants.defs) // was checked
	}
}

// SystemAccount is the account of servers and their operators; nil: there is none.
func (a *Authority) SystemAccount() *core.Account {
	if name := a.Default().tenants.system; name != "" {
		return a.engine.Account(name)
	}
	return nil
}

// Account returns what the configuration says of an account; false: nothing.
func (a *Authority) Account(name string) (core.AccountDef, bool) {
	if d := a.Default().tenants.def(name); d != nil {
		return *d, true
	}
	return core.AccountDef{}, false
}

// Default returns the gateway's own rules, as committed.
func (a *Authority) Default() *Rules { return a.current.Load() }

// Rules returns what counts for a listener: its block's own `authorization {}` and `no_auth_user`, else the gateway's;
// and `tls { verify_and_map }`, which is always its own. Between Stage and Commit, the gateway's are the staged ones.
// Errors collect in listener.
func (a *Authority) Rules(listener *config.Block) *Rules {
	base := a.staged
	if base == nil {
		base = a.Default()
	}
	r := base
	if listener != base.source && (listener.Has("authorization") || listener.Has("no_auth_user")) {
		r = a.compile(listener, base)
	}
	if listener.Block("tls").Bool(false, "verify_and_map") {
		return r.withCertificates(listener)
	}
	return r
}

// Stage reads the top level of a new configuration without effect on anybody, so that modules can check theirs against
// it. Errors collect in conf.
func (a *Authority) Stage(conf *config.Block) { a.staged = a.compile(conf, nil) }

// Commit makes the staged rules the gateway's.
func (a *Authority) Commit() {
	if a.staged != nil {
		a.declare(a.staged)
		a.current.Store(a.staged)
		a.staged = nil
	}
}

// Rollback forgets the staged rules.
func (a *Authority) Rollback() { a.staged = nil }

package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/nkeys"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/logging"
	"leafgate/internal/memory"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/internal/storage"
	"leafgate/journal"
	"leafgate/module"
)

// Options say where a gateway's configuration comes from.
type Options struct {
	File     string                      // configuration file, read again on Reload
	Text     string                      // configuration text, where there is no file
	Override func(conf *config.Block)    // sets what command-line flags say, on every load; may be nil
	Log      *slog.Logger                // nil: as the configuration says
	Disk     func(dir string) journal.FS // where directories of the store are; nil: on disk
	Version  string                      // Leafgate's own
	Commit   string                      // short revision, or empty

	// Ceiling is told how many bytes of memory the configuration lets the process have, 0 where it does not say, before
	// anything is built and when a reload changes it; nil: nobody is. A gateway does not touch the Go runtime's settings: who
	// owns the process may.
	Ceiling func(bytes int64)
	Used    func() int64 // bytes of memory that the process has; nil: as the Go runtime counts
}

// A Gateway is one running instance. New, Start and Shutdown make its life; Reload, ReopenLog and LameDuck may come in
// between, from any goroutine.
type Gateway struct {
	options Options
	log     *slog.Logger
	logs    *logging.Log // nil: the log is the caller's
	engine  *core.Engine
	auth    *auth.Authority
	net     *netio.Driver
	memory  *memory.Watch
	server  module.Server
	history *module.History
	clock   *journal.Clock
	storage *storage.Storage // nil: none
	parts   []part

	budgeting sync.Mutex // one sets the budget of queues

	mu       sync.Mutex // one of Start, Reload and Shutdown at a time; guards the fields below
	settings settings
	digest   string
	started  int // parts, from the first
	files    files
	profile  *profile
	stopped  bool
}

// expiresSoon is how long before the end of a certificate somebody should hear of it.
const expiresSoon = 7 * 24 * time.Hour

// A part is a module of the table and what New made of it; nil where the configuration leaves it out.
type part struct {
	spec   module.Spec
	module module.Module
}

// New reads the configuration and builds everything without starting it: no socket, no file. The error joins every
// error in the configuration, one each.
func New(o Options) (*Gateway, error) {
	conf, err := o.load()
	if err != nil {
		return nil, err
	}
	id, err := newServerID()
	if err != nil {
		return nil, err
	}
	g := &Gateway{options: o, settings: readSettings(conf), digest: conf.Digest()}
	g.server = module.Server{
		ID: id, Name: g.settings.name, Version: o.Version, Commit: o.Commit,
		Default: o.File == "" && o.Text == "",
	}
	if g.server.Name == "" {
		g.server.Name = id
	}
	g.openLog()
	g.tellCeiling()
	refuseUnsupported(conf)
	errs := g.build(conf)
	if err := distinct(append([]error{conf.Finish()}, errs...)...); err != nil {
		g.release()
		return nil, err
	}
	return g, nil
}

// load reads the configuration anew.
func (o *Options) load() (conf *config.Block, err error) {
	if o.File != "" {
		conf, err = config.Load(o.File)
	} else {
		conf, err = config.Parse("configuration", o.Text)
	}
	if err == nil && o.Override != nil {
		o.Override(conf)
	}
	return conf, err
}

func newServerID() (string, error) {
	key, err := nkeys.CreateServer()
	if err != nil {
		return "", fmt.Errorf("create server id: %w", err)
	}
	defer key.Wipe()
	return key.PublicKey()
}

func (g *Gateway) openLog() {
	g.log = g.options.Log
	if g.log == nil {
		early := g.settings.log
		early.File = "" // not before Start
		g.logs = logging.New(os.Stderr, early)
		g.log = g.logs.Logger()
	}
}

// build makes the rooms below, then the modules, all of them even if one has errors.
func (g *Gateway) build(conf *config.Block) (errs []error) {
	g.engine = core.NewEngine()
	g.auth = auth.New(g.engine, conf)
	g.memory = g.newMemory()
	g.history = module.NewHistory(g.settings.closed)
	g.clock = journal.NewClock(nil)
	g.storage = storage.New(g.settings.storage, storage.Setup{Log: g.log, Disk: g.options.Disk, Clock: g.clock})
	g.net = netio.NewDriver(g.engine, netio.DriverOptions{Log: g.log, Refused: g.refused})
	for _, spec := range modules() {
		m, err := spec.New(g.env(spec), conf)
		if err != nil {
			errs, m = append(errs, err), nil
		}
		g.parts = append(g.parts, part{spec, m})
	}
	return errs
}

func (g *Gateway) env(spec module.Spec) *module.Env {
	return &module.Env{
		Engine: g.engine, Auth: g.auth, Net: g.net, Server: g.server,
		Log:      g.log.With("module", spec.Name),
		Protocol: g.protocol,
		Modules:  g.built(),
		Memory:   g.memory,
		History:  g.history,
		Storage:  g.storage,
		Clock:    g.clock,
		Reload:   g.tryReload,
	}
}

// refused notes a connection that no module came to know. Those that merely look whether the port is open are not worth it.
func (g *Gateway) refused(id uint64, remote netip.AddrPort, cause error) {
	why := reason.ReadError
	switch {
	case errors.Is(cause, io.EOF):
		return
	case errors.Is(cause, netio.ErrTLSHandshake):
		why = reason.TLSHandshakeFailure
	case errors.Is(cause, netio.ErrProxyHeader):
		why = reason.ProtocolViolation
	}
	g.history.Tell(module.Event{What: module.Refused, Reason: why, ID: id, Remote: remote, Detail: cause.Error()})
}

// built yields the modules that the configuration asks for.
func (g *Gateway) built() iter.Seq2[string, module.Module] {
	return func(yield func(string, module.Module) bool) {
		for _, p := range g.parts {
			if p.module != nil && !yield(p.spec.Name, p.module) {
				return
			}
		}
	}
}

func (g *Gateway) protocol(name string) (netio.SessionServer, bool) {
	for n, m := range g.built() {
		if s, ok := m.(netio.SessionServer); ok && n == name {
			return s, true
		}
	}
	return nil, false
}

// Engine returns the engine, for those who embed a gateway or test one.
func (g *Gateway) Engine() *core.Engine { return g.engine }

// Log returns the log, for what the caller has to say.
func (g *Gateway) Log() *slog.Logger { return g.log }

// Addr returns the addresses that a module listens on, by the module's name.
func (g *Gateway) Addr(name string) []net.Addr {
	for n, m := range g.built() {
		if a, ok := m.(module.Addresser); ok && n == name {
			return a.Addrs()
		}
	}
	return nil
}

// Digest returns the configuration's digest, as nats-server's config_digest.
func (g *Gateway) Digest() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.digest
}

// Start binds every listener and returns. After an error nothing of the gateway is left.
func (g *Gateway) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.start(ctx); err != nil {
		g.stop(ctx)
		return err
	}
	return nil
}

func (g *Gateway) start(ctx context.Context) error {
	if g.logs != nil {
		if err := g.logs.Apply(g.settings.log); err != nil {
			return err
		}
	}
	g.log.Info("starting leafgate", "version", g.server.Version, "commit", g.server.Commit, "go", runtime.Version(),
		"pid", os.Getpid(), "server_id", g.server.ID, "server_name", g.server.Name)
	if g.options.File != "" {
		g.log.Info("configuration read", "file", g.options.File, "digest", g.digest)
	}
	if g.auth.Default().Plain() {
		g.log.Warn("passwords stand in the configuration in clear: bcrypt hashes are safer")
	}
	for _, l := range g.Listeners() {
		if left := l.Expires.Sub(g.clock.Valid()); !l.Expires.IsZero() && left < expiresSoon {
			g.log.Warn("certificate expires soon, or has expired", "protocol", l.Protocol, "addr", l.Addr, "expires", l.Expires)
		}
	}
	if g.storage != nil {
		if err := g.storage.Start(); err != nil {
			return err
		}
	}
	g.startMemory()
	for i, p := range g.parts {
		if p.module == nil {
			continue
		}
		if err := p.module.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", p.spec.Name, err)
		}
		g.started = i + 1
	}
	if err := g.startProfile(); err != nil {
		return err
	}
	if err := g.files.write(g.settings, g.ports()); err != nil {
		return err
	}
	if g.server.Default {
		g.log.Info("no configuration: listening on this machine only; give one with -c, or an address with -a 0.0.0.0")
	}
	g.log.Info("leafgate is ready")
	return nil
}

// Shutdown stops accepting, gives peers until ctx ends to drain, and ends everything; it returns when no goroutine of
// the gateway is left. It also releases a gateway that has not been started.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return nil
	}
	if g.started > 0 {
		g.log.Info("stopping leafgate")
	}
	return g.stop(ctx)
}

func (g *Gateway) stop(ctx context.Context) error {
	g.stopped = true
	var errs []error
	for ; g.started > 0; g.started-- {
		p := g.parts[g.started-1]
		if p.module == nil {
			continue
		}
		if err := p.module.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", p.spec.Name, err))
		}
	}
	if err := g.storage.Close(); err != nil {
		errs = append(errs, fmt.Errorf("close store: %w", err))
	}
	g.stopProfile()
	g.files.remove()
	g.release()
	if g.logs != nil {
		errs = append(errs, g.logs.Close())
	}
	return distinct(errs...)
}

// release ends what New made.
func (g *Gateway) release() {
	g.memory.Stop()
	g.net.Stop()
	g.engine.Close()
}

// ReopenLog opens the log file again, after somebody has renamed it.
func (g *Gateway) ReopenLog() error {
	if g.logs == nil {
		return nil
	}
	if err := g.logs.Reopen(); err != nil {
		return fmt.Errorf("reopen log: %w", err)
	}
	g.log.Info("log file opened again")
	return nil
}

// LameDuck stops accepting, sends peers elsewhere, and returns when all of them are gone or ctx ends. Shutdown follows.
func (g *Gateway) LameDuck(ctx context.Context) error {
	g.log.Info("entering lame duck mode: no new connections, the present ones are sent away")
	var all sync.WaitGroup
	errs := make([]error, len(g.parts))
	for i, p := range g.parts {
		if m, ok := p.module.(module.LameDucker); ok {
			all.Go(func() { errs[i] = m.LameDuck(ctx) })
		}
	}
	all.Wait()
	return distinct(errs...)
}

// Package mqtt serves MQTT clients: 3.1, 3.1.1 and 5 on the same listeners, in one subject space with everybody else.
//
// A conn is one network connection, fed by netio. A session is what its client is to the engine: the sink of its
// subscriptions, which outlives connections. A topic becomes a subject by package mapping, its bytes on the wire are
// packet's.
package mqtt

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/journal"
	"leafgate/module"
)

// Spec is this frontend's line in the gateway's table.
var Spec = module.Spec{Name: "mqtt", Keys: []string{"mqtt"}, New: newFrontend}

// Protocol is this frontend's name for itself.
const Protocol = "mqtt"

// frontend is the module: its listeners, the sessions of its clients, and what they have retained.
type frontend struct {
	env       *module.Env
	log       *slog.Logger
	opts      atomic.Pointer[options]
	listeners []*listener
	carried   []*listener // of other modules
	store     Store
	agenda    agenda
	retained  retention
	own       owners
	sys       sysTree
	bursts    sync.Pool // of *burst
	lents     sync.Pool // of *lent
	started   time.Time
	counters  counters
	wg        sync.WaitGroup

	mu       sync.Mutex // guards the fields below; taken before a session's
	sessions map[Key]*session
	conns    map[*conn]struct{}
	closed   [reason.Count]uint64
	stopping bool
}

var (
	_ module.Module       = (*frontend)(nil)
	_ module.Reloader     = (*frontend)(nil)
	_ module.LameDucker   = (*frontend)(nil)
	_ module.Addresser    = (*frontend)(nil)
	_ netio.SessionServer = (*frontend)(nil)
)

// newFrontend answers no module where the configuration has no mqtt block.
func newFrontend(env *module.Env, conf *config.Block) (module.Module, error) {
	block := conf.Block("mqtt")
	if block == nil {
		return nil, nil
	}
	o := readOptions(env, conf, block)
	f := &frontend{env: env, log: env.Log, store: memoryStore{}, sessions: make(map[Key]*session), conns: make(map[*conn]struct{})}
	if s := env.Storage; s != nil {
		open := func(o journal.Options) (*journal.Journal, error) { return s.Open("mqtt", o) }
		f.store = newJournalStore(env.Log, open, f.retained.current, &f.counters.lost)
	}
	f.opts.Store(o)
	f.bursts.New = func() any { return newBurst() }
	f.lents.New = func() any { return new(lent) }
	f.agenda.init(f)
	f.retained.init(f)
	f.own.init(f)
	for _, lo := range o.listeners {
		l := &listener{module: f}
		l.opts.Store(lo)
		f.listeners = append(f.listeners, l)
	}
	return f, nil
}

// now is the time that expiry goes by, Unix nanoseconds: it does not jump.
func (f *frontend) now() int64 { return f.env.Clock.Now().UnixNano() }

// Start implements module.Module.
func (f *frontend) Start(context.Context) error {
	f.started = time.Now()
	f.own.start()
	if err := f.load(); err != nil {
		f.own.stop()
		return err
	}
	f.wg.Go(f.agenda.run)
	for _, l := range f.listeners {
		if err := l.listen(); err != nil {
			f.stop(0)
			return errors.Join(err, f.store.Close())
		}
		f.log.Info("listening for MQTT clients", "addr", l.socket.Addr().String())
	}
	return nil
}

// Stop implements module.Module. Clients of MQTT 5 hear why; wills are published.
func (f *frontend) Stop(ctx context.Context) error {
	f.stop(module.Drain(ctx))
	return f.store.Close()
}

func (f *frontend) stop(drain time.Duration) {
	f.mu.Lock()
	f.stopping = true
	f.mu.Unlock()
	f.sockets().StopAccepting()
	for _, c := range f.connections() {
		c.dismiss(errShutdown)
	}
	f.sockets().Stop(drain)
	f.agenda.stop()
	f.wg.Wait()
	f.endAll()
	f.own.stop()
}

func (f *frontend) sockets() (all module.Sockets) {
	for _, l := range f.listeners {
		all = append(all, &l.socket)
	}
	return all
}

// Addrs are the addresses bound.
func (f *frontend) Addrs() []net.Addr { return f.sockets().Addrs() }

// NewSession implements netio.SessionServer for other modules' connections, by the rules of the first listener.
func (f *frontend) NewSession(c *netio.Conn) netio.Session { return f.listeners[0].NewSession(c) }

// enter counts c in and says whether there is room for it.
func (f *frontend) enter(c *conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[c] = struct{}{}
	return len(f.conns) <= f.opts.Load().maxConnections && !f.stopping
}

// leave counts c out and says why it went, once. about is what it was.
func (f *frontend) leave(c *conn, about module.Conn, cause error) {
	about.Reason = reasonOf(cause)
	f.mu.Lock()
	delete(f.conns, c)
	f.closed[about.Reason]++
	f.mu.Unlock()
	f.env.History.Close(about, detailOf(cause))
	level := about.Reason.Level()
	if !f.log.Enabled(context.Background(), level) {
		return
	}
	f.log.Log(context.Background(), level, "client closed", "client", about.ID, "client_id", about.MQTTClient, "user", about.User,
		"remote", about.Remote.String(), "code", about.Reason.Code(), "reason", about.Reason.String(), "cause", cause)
}

// connections are those open now.
func (f *frontend) connections() []*conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*conn, 0, len(f.conns))
	for c := range f.conns {
		all = append(all, c)
	}
	return all
}

// all are the sessions there are now, of clients that are here and of those that are away.
func (f *frontend) all() []*session {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*session, 0, len(f.sessions))
	for _, s := range f.sessions {
		all = append(all, s)
	}
	return all
}

// endAll closes every session's endpoint, when nobody is connected any more: what outlives the process is in the store.
func (f *frontend) endAll() {
	for _, s := range f.all() {
		s.ep.Close()
	}
}

// counters are what no session keeps.
type counters struct {
	dropped   atomic.Int64 // QoS 0 messages that a full outbox refused
	refused   atomic.Int64 // QoS 1 and 2 messages that a full queue refused, or dropped for newer ones
	expired   atomic.Int64 // messages that expired before they were sent
	oversize  atomic.Int64 // messages larger than their receiver takes
	foreign   atomic.Int64 // messages whose subject is no topic
	denied    atomic.Int64 // publications that were not allowed
	unkept    atomic.Int64 // retained messages that a bound refused
	lost      atomic.Int64 // messages that sessions kept and the store has not any more
	unstored  atomic.Int64 // publications whose clients heard that they could not be stored
	queued    atomic.Int64 // bytes in the queues of all sessions
	waiting   atomic.Int64 // messages in them
	past      core.Stats   // frontend.mu: of sessions that have ended
	ended     atomic.Int64 // sessions that expired
	takeovers atomic.Int64
}

// Package natsproto serves NATS clients: the whole client protocol of nats-server, on any number of listeners.
package natsproto

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/module"
)

// Spec is this frontend's line in the gateway's table.
var Spec = module.Spec{Name: "natsproto", Keys: keys, New: newFrontend}

// frontend is the module: its listeners, and every session they made.
type frontend struct {
	env       *module.Env
	log       *slog.Logger
	opts      atomic.Pointer[options]
	listeners []*listener
	carried   []*listener // of other modules
	nonces    [32]byte    // what the clients' nonces come from; never changes
	draining  atomic.Bool // lame duck

	mu       sync.Mutex // guards the fields below
	first    *session
	count    int
	closed   [reason.Count]uint64
	past     core.Stats // of sessions that have ended
	stopping bool
}

var (
	_ module.Module       = (*frontend)(nil)
	_ module.Reloader     = (*frontend)(nil)
	_ module.LameDucker   = (*frontend)(nil)
	_ netio.SessionServer = (*frontend)(nil)
)

func newFrontend(env *module.Env, conf *config.Block) (module.Module, error) {
	o := readOptions(env, conf)
	f := &frontend{env: env, log: env.Log}
	rand.Read(f.nonces[:])
	f.opts.Store(o)
	env.Engine.Introduce(f.introduce)
	for _, lo := range o.listeners {
		l := &listener{module: f}
		l.opts.Store(lo)
		f.listeners = append(f.listeners, l)
	}
	return f, nil
}

// Start implements module.Module.
func (f *frontend) Start(context.Context) error {
	for _, l := range f.listeners {
		if err := l.listen(); err != nil {
			f.stop(0)
			return err
		}
		f.log.Info("listening for NATS clients", "addr", l.socket.Addr().String())
	}
	return nil
}

// Stop implements module.Module. Clients hear nothing: they reconnect elsewhere.
func (f *frontend) Stop(ctx context.Context) error {
	f.stop(module.Drain(ctx))
	return nil
}

func (f *frontend) stop(drain time.Duration) {
	f.mu.Lock()
	f.stopping = true
	f.mu.Unlock()
	f.sockets().StopAccepting()
	f.sockets().Stop(drain)
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

// enter counts s in and says whether there is room for it.
func (f *frontend) enter(s *session) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.next = f.first; f.first != nil {
		f.first.prev = s
	}
	f.first = s
	f.count++
	return f.count <= f.opts.Load().maxConnections
}

// leave counts s out and says why it went, once. about is what it was.
func (f *frontend) leave(s *session, about module.Conn, cause error) {
	why := reasonOf(cause)
	f.mu.Lock()
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		f.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.next, s.prev = nil, nil
	f.count--
	f.closed[why]++
	f.past = module.Sum(f.past, about.Stats)
	f.mu.Unlock()
	about.Reason = why
	f.env.History.Close(about, detailOf(cause))
	if f.log.Enabled(context.Background(), why.Level()) {
		f.log.Log(context.Background(), why.Level(), "client closed", "client", s.conn.ID(),
			"remote", s.conn.RemoteAddr().String(), "user", about.User, "code", why.Code(), "reason", why.String(), "cause", cause)
	}
}

// sessions are those open now.
func (f *frontend) sessions() []*session {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*session, 0, f.count)
	for s := f.first; s != nil; s = s.next {
		all = append(all, s)
	}
	return all
}

package leafnode

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/module"
)

// A listener is where other servers connect to hang below us.
type listener struct {
	module   *uplinks
	opts     atomic.Pointer[listenOptions]
	socket   module.Socket
	secret   [32]byte    // what nonces come from; never changes
	draining atomic.Bool // lame duck

	ctx    context.Context // until stop
	cancel context.CancelFunc
	drain  time.Duration // for what waits, once cancel was called
	wg     sync.WaitGroup

	mu       sync.Mutex          // guards the fields below
	leaves   map[*leaf]remoteKey // zero: it has not come in, or has to go
	stopping bool
}

func newListener(m *uplinks, o *listenOptions) *listener {
	l := &listener{module: m, leaves: make(map[*leaf]remoteKey)}
	l.opts.Store(o)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	rand.Read(l.secret[:])
	return l
}

// start binds.
func (l *listener) start() error {
	if err := l.socket.Listen(l.module.env.Net, l, l.netOptions()); err != nil {
		return fmt.Errorf("listen for leaf nodes on %s: %w", l.opts.Load().addr(), err)
	}
	l.module.log.Info("listening for leaf nodes", "addr", l.socket.Addr().String())
	return nil
}

// stop ends all links, which may have up to drain to take what waits for them.
func (l *listener) stop(drain time.Duration) {
	by := time.Now().Add(drain)
	l.sockets().StopAccepting()
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	l.drain = drain
	l.cancel()
	l.wg.Wait()
	l.sockets().Stop(max(0, time.Until(by)))
}

func (l *listener) sockets() module.Sockets { return module.Sockets{&l.socket} }

// netOptions is what netio has to know.
func (l *listener) netOptions() netio.ListenOptions {
	o := l.opts.Load()
	n := netio.ListenOptions{Addr: o.addr(), MaxPending: mostWindow + mostPayload, WriteDeadline: mostPatience}
	if t := o.tls; t != nil {
		n.TLS = &netio.TLSOptions{Config: t.Config(), Timeout: t.Timeout, First: t.First, Wait: t.Wait}
	}
	return n
}

// nonce is what the server on connection id has to sign who has an nkey. Nobody can tell the next one.
func (l *listener) nonce(id uint64) string {
	h := hmac.New(sha256.New, l.secret[:])
	h.Write(binary.BigEndian.AppendUint64(nil, id))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:nonceBytes])
}

// nonceBytes make the 15 characters that servers expect.
const nonceBytes = 11

// A remoteKey tells servers apart that connect. Servers that say nothing of their account are never the same, and no user
// drives out another's.
type remoteKey struct{ name, cluster, account, remoteAccount, user string }

// admit makes f a link like others, unless its account has no room for one more. former is the same server with the same
// account: f is in its place, and it has to go.
func (l *listener) admit(f *leaf, k remoteKey) (former *leaf, ok bool) {
	m := l.module
	m.mu.Lock()
	defer m.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, has := range l.leaves {
		if has == k && k.remoteAccount != "" {
			former = other
		}
	}
	if most := f.base.Account.Limits().Relays; most > 0 && former == nil && m.linksOf(k.account) >= most {
		return nil, false
	}
	if former != nil {
		l.leaves[former] = remoteKey{}
	}
	l.leaves[f] = k
	m.live[f.link] = true
	return former, true
}

// tend looks after f from now on, unless l stops.
func (l *listener) tend(f *leaf) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping {
		return netio.ErrServerStopped
	}
	l.wg.Go(f.serve)
	return nil
}

// linksOf counts the links of an account. m.mu is held.
func (m *uplinks) linksOf(account string) (n int) {
	for l := range m.live {
		if l.opts.account == account {
			n++
		}
	}
	return n
}

// enter counts a connection in.
func (l *listener) enter(f *leaf) {
	l.mu.Lock()
	l.leaves[f] = remoteKey{}
	l.mu.Unlock()
}

// leave counts it out, whether it has become a link or not.
func (l *listener) leave(f *leaf, about module.Conn) {
	l.module.leave(f.link)
	about.Reason = reasonOf(f.cause)
	l.mu.Lock()
	delete(l.leaves, f)
	l.mu.Unlock()
	detail := ""
	if f.cause != nil && about.Reason != reason.ClientClosed {
		detail = f.cause.Error()
	}
	l.module.env.History.Close(about, detail)
	why := about.Reason
	l.module.log.Log(context.Background(), why.Level(), "leaf node closed", "client", about.ID, "remote", about.Remote.String(), "server", about.Name,
		"account", about.Account, "code", why.Code(), "cause", f.cause)
}

// all are the connections open now, those included that are no links yet.
func (l *listener) all() []*leaf {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*leaf, 0, len(l.leaves))
	for f := range l.leaves {
		all = append(all, f)
	}
	return all
}

// unchangeable says what of next cannot be had without a restart.
func (l *listener) unchangeable(next *listenOptions) error {
	fixed := func(name string, before, after any) error {
		if before != after {
			return fmt.Errorf("config reload not supported for leafnodes %s: old=%v, new=%v", name, before, after)
		}
		return nil
	}
	if l == nil || next == nil {
		return fixed("listen (on or off)", l != nil, next != nil)
	}
	was := l.opts.Load()
	return errors.Join(fixed("listen", was.addr(), next.addr()), fixed("tls (on or off)", was.tls != nil, next.tls != nil))
}

// reload takes new options. What was given to netio stays the same object; who may not come in any more has to go.
func (l *listener) reload(next *listenOptions) {
	was := l.opts.Load()
	if was.tls != nil {
		was.tls.Replace(next.tls)
		was.tls.Timeout, was.tls.First, was.tls.Wait = next.tls.Timeout, next.tls.First, next.tls.Wait
		next.tls = was.tls
	}
	l.opts.Store(next)
	l.socket.Update(l.netOptions())
	for _, f := range l.all() {
		f.recheck(next, was)
	}
}

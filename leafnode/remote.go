package leafnode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/internal/netio"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// A remote keeps one link alive: it tries every address, serves the link it gets, and begins anew.
type remote struct {
	module *uplinks
	opts   atomic.Pointer[remoteOptions]
	dialer *netio.Dialer
	cancel context.CancelFunc
	drain  time.Duration // for what waits, once cancel was called
	wg     sync.WaitGroup

	// Its goroutine's.
	pool     pool
	next     *link         // being dialled, for NewSession
	connect  *wire.Connect // for next
	said     string        // the last error that was logged
	slack    int           // of the next link
	unpacked bool          // the next link

	announced string // the state that was told last

	mu    sync.Mutex // guards the field below
	state state
}

// A state is what monitoring shows of a remote.
type state struct {
	word     string
	since    time.Time // connected
	retry    time.Time // waiting until then
	attempts int       // since it was last connected
	err      error     // the last
	url      string
	link     *link // connected; nil: not
	past     traffic
}

// The words.
const (
	isConnected  = "connected"
	isUnverified = "unverified" // connected, but not known to carry messages
	isConnecting = "connecting"
	isWaiting    = "waiting"
	isDisabled   = "disabled"
	isStopped    = "stopped"
)

func newRemote(m *uplinks, o *remoteOptions) *remote {
	r := &remote{module: m, pool: pool{configured: o.urls, shuffle: !o.noShuffle}}
	r.opts.Store(o)
	r.state.word = isConnecting
	if o.disabled {
		r.state.word = isDisabled
	}
	if len(o.urls) > 0 {
		r.state.url = bare(o.urls[0])
	}
	return r
}

// start begins to dial.
func (r *remote) start() {
	o := r.opts.Load()
	if o.disabled {
		return
	}
	r.dialer = r.module.env.Net.Dialer(r, netio.ListenOptions{MaxPending: mostWindow + mostPayload, WriteDeadline: mostPatience})
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.wg.Go(func() { r.run(ctx) })
}

// stop ends the link, which may have up to drain to take what is queued, and waits.
func (r *remote) stop(drain time.Duration) {
	if r.cancel == nil {
		return
	}
	by := time.Now().Add(drain)
	r.drain = drain
	r.cancel()
	r.wg.Wait()
	r.dialer.Stop(max(0, time.Until(by)))
	r.cancel = nil
	r.note(func(s *state) { s.word, s.retry = isStopped, time.Time{} })
	r.announce(false)
}

const (
	mostDoublings = 3 // of the wait between rounds
)

func (r *remote) run(ctx context.Context) {
	for failed := 0; ctx.Err() == nil; {
		err := r.round(ctx)
		if err == nil {
			failed = 0
			continue
		}
		wait := r.opts.Load().reconnect << min(failed, mostDoublings)
		wait += rand.N(wait)
		if failed++; deservesPenalty(err) {
			wait = max(wait, penalty)
		}
		r.note(func(s *state) { s.word, s.retry = isWaiting, time.Now().Add(wait) })
		r.announce(false)
		_ = module.Pause(ctx, wait) // the loop looks at ctx itself
		r.note(func(s *state) { s.word, s.retry = isConnecting, time.Time{} })
	}
}

// round tries every address once. It answers nil when a link held for a while: then the next round begins at once.
func (r *remote) round(ctx context.Context) (err error) {
	for _, u := range r.pool.round() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var l *link
		if l, err = r.dial(ctx, u); err == nil {
			held := r.serve(ctx, l)
			if err = l.cause; held || ctx.Err() != nil {
				r.said = ""
				r.failed(u, err)
				return nil
			}
		}
		r.failed(u, err)
		if deservesPenalty(err) {
			return err
		}
	}
	return err
}

// failed notes and logs why there is no link to u. What was said before is not said again.
func (r *remote) failed(u *url.URL, err error) {
	if err == nil || errors.Is(err, netio.ErrServerStopped) || errors.Is(err, context.Canceled) {
		return
	}
	r.note(func(s *state) { s.err = err })
	if text := bare(u) + err.Error(); text != r.said {
		r.said = text
		r.module.log.Warn("no link to another server", "uplink", bare(u), "account", r.opts.Load().account, "err", err)
	}
}

func (r *remote) note(change func(*state)) {
	r.mu.Lock()
	change(&r.state)
	r.mu.Unlock()
}

// dial makes a link to u; it is up once the other side lets us in.
func (r *remote) dial(ctx context.Context, u *url.URL) (*link, error) {
	o := r.opts.Load()
	r.note(func(s *state) { s.attempts, s.url = s.attempts+1, bare(u) })
	d := o.reach(u, r.pool.serverName(u))
	d.Greeted = func(line []byte) (*tls.Config, error) { return r.greeted(o, u, d.WebSocket, line) }
	r.next = nil
	if _, err := r.dialer.Dial(ctx, d); err != nil {
		if l := r.next; l != nil {
			r.module.leave(l)
		}
		return nil, fmt.Errorf("connect to %s: %w", bare(u), err)
	}
	return r.next, nil
}

// greeted takes INFO and says whether TLS is next. web is the WebSocket it came through, or nil.
func (r *remote) greeted(o *remoteOptions, u *url.URL, web *netio.Upgrade, line []byte) (*tls.Config, error) {
	var unit wire.Unit
	if n, err := wire.Next(line, wire.Limits{ControlLine: mostLine}, &unit); err != nil || n == 0 || unit.Verb != wire.INFO {
		if unit.Verb == wire.ERR {
			return nil, quoted(unit.Args)
		}
		return nil, errNoGreeting
	}
	var info wire.Info
	if err := info.Parse(unit.Args); err != nil {
		return nil, err
	}
	if info.ClientID == 0 || info.LeafnodeURLs == nil {
		return nil, errWrongPort
	}
	connect := &wire.Connect{Version: leafVersion, ServerID: r.module.env.Server.ID, Name: r.module.env.Server.Name,
		Cluster: r.module.env.Server.ID, Headers: true, DenyPub: o.denyIn, RemoteAccount: o.account, Hub: o.hub, Isolate: o.isolate}
	if err := o.prove(connect, u, info.Nonce); err != nil {
		return nil, err
	}
	l := newLink(r.module, o, info)
	l.slack, l.unpacked = r.slack, r.unpacked
	if err := l.negotiate(connect, web != nil && web.Deflate); err != nil {
		return nil, err
	}
	if !r.module.enter(l) {
		return nil, errLoop
	}
	r.next, r.connect = l, connect
	r.learn(o, &info, web != nil)
	return o.upgrade(u, &info, r.pool.serverName(u))
}

// learn takes over what a server says of itself and its likes.
func (r *remote) learn(o *remoteOptions, info *wire.Info, web bool) {
	switch {
	case o.ignoreTold:
	case web:
		r.pool.learn(info.WebURLs)
	default:
		r.pool.learn(*info.LeafnodeURLs)
	}
}

// upgrade answers how to speak TLS behind INFO; nil: not, or it is spoken already.
func (o *remoteOptions) upgrade(u *url.URL, info *wire.Info, name string) (*tls.Config, error) {
	switch {
	case isWebSocket(u) || o.tls != nil && o.tls.First: // what INFO says of it counts no more
		return nil, nil
	case info.TLSRequired:
		return secure(o.tls, name), nil
	case o.tls != nil || u.Scheme == "tls":
		return nil, errNoTLS
	}
	return nil, nil
}

// leafVersion is the protocol's version that we speak, as nats-server counts: some servers demand a least one.
const leafVersion = "2.15.0"

// NewSession implements netio.SessionServer.
func (r *remote) NewSession(c *netio.Conn) netio.Session {
	r.next.begin(c, r.connect)
	return r.next
}

// serve tells the link's news until it ends. held: it was up for a while.
func (r *remote) serve(ctx context.Context, l *link) (held bool) {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	known := false
	defer l.logDrops()
	for {
		select {
		case <-l.wake:
			if !known {
				known = true
				r.connected(l)
			}
			r.announce(false)
			l.tell()
		case <-minute.C:
			l.logDrops()
			r.announce(true)
		case <-ctx.Done():
			l.empty(r.drain)
			l.conn.EvictAfter(nil, netio.ErrServerStopped)
			<-l.ended
			r.disconnected(l)
			return false
		case <-l.ended:
			r.disconnected(l)
			up := l.up.Load()
			return up != 0 && time.Since(time.Unix(0, up)) > l.opts.reconnect
		}
	}
}

// empty waits until nothing waits in the backlog any more, for so long at most.
func (l *link) empty(limit time.Duration) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for l.waiting().msgs > 0 {
		select {
		case <-l.wake:
			l.tell()
		case <-l.ended:
			return
		case <-late.C:
			return
		}
	}
}

func (r *remote) connected(l *link) {
	r.module.env.History.Open(func() module.Conn { return l.about(l.ep.Load()) })
	r.note(func(s *state) {
		*s = state{word: isConnected, since: time.Now(), url: s.url, link: l, past: s.past, err: s.err}
	})
	r.module.log.Info("link to another server is up", "uplink", r.opts.Load().name(), "account", l.opts.account,
		"server", l.info.ServerName, "remote_account", l.told.RemoteAccount)
}

const mostSlack = 8

// disconnected takes note of the end of l. A link that falls silent again and again is given more and more time: to begin
// anew takes longer than to wait, and helps as little.
func (r *remote) disconnected(l *link) {
	r.module.leave(l)
	if r.slack = max(1, r.slack); errors.Is(l.cause, errStale) {
		r.slack = min(2*r.slack, mostSlack)
	} else {
		r.slack = 1
	}
	switch {
	case l.hurried():
		r.unpacked = true
		r.module.log.Info("no time to agree on compression: the next attempt does without", "uplink", r.opts.Load().name(), "account", l.opts.account)
	case l.up.Load() != 0 && l.leastRTT() < mostAgreed:
		r.unpacked = false
	}
	why := reasonOf(l.cause)
	r.note(func(s *state) {
		s.word, s.link = isConnecting, nil
		s.past.add(l.traffic())
		r.pool.last = ""
		if u, err := url.Parse(s.url); err == nil {
			r.pool.last = u.Host
		}
	})
	if l.up.Load() != 0 {
		c := l.about(nil)
		c.Reason = why
		r.module.env.History.Close(c, fmt.Sprint(l.cause))
	}
	r.announce(false)
}

package leafnode

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// A link is one connection to another server: netio feeds it what comes, the engine gives it what is to go.
//
//	greeting (INFO, taken before the link is made) -> joining: CONNECT was sent -> up: INFO came, interest flows both ways
type link struct {
	module *uplinks
	opts   *remoteOptions
	info   wire.Info // as greeted
	conn   connection
	wake   chan struct{} // there is news to tell
	ended  chan struct{} // closed by Closed, when cause is set
	cause  error

	// The session goroutine's.
	unit     wire.Unit
	subs     map[interest]*core.Subscription // what the other side wants
	exports  *rights                         // what may go there; set before ep
	guard    *guard                          // what the other side may ask for and send; nil: that is its own business
	told     wire.Info                       // as said when CONNECT was accepted
	joinBy   time.Time
	pingAt   time.Time
	lastSaid error         // the other side's last -ERR
	offer    *wire.Connect // waits until compression is agreed on; nil: it was sent
	slack    int           // how many times longer than usual it may be silent; set before it begins
	prober   prober
	unpacked bool // do without compression, there is no time; set before it begins

	logged [reason.Count]int64 // of drops; the remote's goroutine's

	up      atomic.Int64                       // Unix nanoseconds since when interest flows; 0: not yet
	rtt     atomic.Int64                       // nanoseconds; 0: not known
	crossed struct{ msgs, bytes atomic.Int64 } // given to the connection
	drops   [reason.Count]atomic.Int64
	past    atomic.Pointer[core.Stats]    // once it has ended
	ep      atomic.Pointer[core.Endpoint] // nil: not up, or ended

	out      sync.Mutex // guards the fields below: publishers' goroutines, and the order of what is sent
	line     []byte     // what the line of a message is rendered to
	to       []string   // queues of one message
	window   window
	backlog  backlog
	staged   int64 // bytes of the backlog that nobody has tried to send
	stagedAt int64 // when the first of them were queued, Unix nanoseconds

	news    newsbox
	packing packing
}

// A connection is what a link needs of netio's.
type connection interface {
	ID() uint64
	RemoteAddr() netip.AddrPort
	Start() time.Time
	LastRead() time.Time
	Pending() int64
	Append(b []byte)
	Flush()
	Expect(n int)
	TickAt(t time.Time)
	Compress(level netio.Level)
	CompressAt(level netio.Level)
	Evict(cause error)
	EvictAfter(last []byte, cause error)
}

var (
	_ connection        = (*netio.Conn)(nil)
	_ netio.Session     = (*link)(nil)
	_ core.InterestSink = (*link)(nil)
	_ core.Describer    = (*link)(nil)
	_ core.Addresser    = (*link)(nil)
)

// interest is a subscription as both sides name it.
type interest struct{ subject, queue string }

const (
	mostLine    = 64 << 10         // bytes of a line, both ways: what servers take
	mostPayload = 64 << 20         // bytes of a message, whatever the other side says
	leastMost   = 1 << 20          // bytes of a message that are always taken
	joinTime    = 10 * time.Second // for the answer to CONNECT
	mostSubs    = 1 << 18          // subscriptions of the other side
)

func newLink(m *uplinks, o *remoteOptions, info wire.Info) *link {
	l := &link{module: m, opts: o, info: info, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		subs: make(map[interest]*core.Subscription)}
	l.news.init()
	l.backlog.pool = &m.blocks
	l.prober.init(o.probe, o.probeEvery)
	return l
}

// begin agrees on compression, if that was negotiated, or asks to come in.
func (l *link) begin(c connection, connect *wire.Connect) {
	l.conn = c
	l.joinBy = time.Now().Add(joinTime)
	c.TickAt(l.joinBy)
	if l.offer != nil {
		l.switchOver()
	} else if err := l.introduce(connect); err != nil {
		c.EvictAfter(nil, err)
	}
}

// introduce sends CONNECT, which says how to tell that we may come in.
func (l *link) introduce(connect *wire.Connect) error {
	l.conn.Append(wire.AppendConnect(nil, connect))
	if l.info.InfoOnConnect {
		return nil
	}
	return l.join(wire.Info{})
}

// join makes the link a peer: from now on both sides tell what they want.
func (l *link) join(told wire.Info) error {
	account := l.module.env.Engine.Account(l.opts.account)
	if account == nil {
		return errProtocol.with(errNoAccount)
	}
	perms, err := core.NewPermissions(core.PermissionDef{Publish: core.Rule{Deny: append(append([]string{}, never...), l.opts.denyIn...)}})
	if err != nil {
		return errProtocol.with(err)
	}
	l.told, l.joinBy = told, time.Time{}
	l.exports = newRights(told.Export, l.opts.denyOut)
	l.news.imports = newRights(told.Import, l.opts.denyIn)
	l.attach(&core.Identity{Account: account, User: l.info.ServerName, Perms: perms})
	return nil
}

// attach makes the link a peer, whose rights have been set.
func (l *link) attach(id *core.Identity) {
	l.news.hear(interest{subject: l.module.beacon(l.opts.account)}, 1)
	l.repattern(id.Account.Patterns())
	l.ep.Store(l.module.env.Engine.Attach(id, core.Peer{
		Protocol: Protocol, Name: l.info.ServerName, // no ID: limits are for clients
		NoEcho: true, Relay: true, Upstream: !l.opts.hub, Cluster: l.info.Cluster, Isolated: l.opts.isolated,
	}, l))
	now := time.Now()
	l.up.Store(now.UnixNano())
	l.pingAt = firstPing(now, l.opts.pingEvery)
	l.conn.TickAt(l.nextTick(now))
	l.ring()
}

// ring wakes the goroutine that tells news.
func (l *link) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// limits are for what the other side sends: a server below us keeps to ours, and one above sends as much as it says it takes
// itself.
func (l *link) limits() wire.Limits {
	if l.opts.takes > 0 {
		return wire.Limits{ControlLine: mostLine, Payload: l.opts.takes}
	}
	return wire.Limits{ControlLine: mostLine, Payload: min(max(l.info.MaxPayload, leastMost), mostPayload)}
}

// Feed implements netio.Session.
func (l *link) Feed(batch *core.Batch, b []byte) (n int, err error) {
	for n < len(b) {
		took, err := wire.Next(b[n:], l.limits(), &l.unit)
		if err != nil {
			return n, l.fail(fromWire(err))
		}
		if took == 0 {
			if l.unit.Len > 0 {
				l.conn.Expect(l.unit.Len)
			}
			break
		}
		if err := l.handle(batch, b[n:n+took]); err != nil {
			return n, l.fail(err)
		}
		n += took
	}
	return n, nil
}

// handle does what a unit says.
func (l *link) handle(batch *core.Batch, b []byte) error {
	ep := l.ep.Load()
	switch u := &l.unit; u.Verb {
	case wire.INFO:
		return l.onInfo(u.Args)
	case wire.PING:
		l.conn.Append([]byte(wire.Pong))
	case wire.PONG:
		l.onPong()
	case wire.ERR:
		l.onErr(u.Args)
	case wire.OK:
	case wire.CONNECT:
		return errOperation
	default:
		if ep == nil {
			return errProtocol.with(errNoInfoYet)
		}
		if (u.Verb == wire.LMsg || u.Verb == wire.HMsg) && (l.proves(u, b) || l.attests(ep, u)) {
			return nil
		}
		switch u.Verb {
		case wire.LSub:
			return l.onSub(ep)
		case wire.LUnsub:
			l.onUnsub(ep)
		default:
			return l.onMessage(batch, ep, b)
		}
	}
	return nil
}

const errNoInfoYet = constError("interest or a message came before INFO")

type constError string

func (e constError) Error() string { return string(e) }

// onInfo takes the answer to CONNECT, or what a server says of its cluster later.
func (l *link) onInfo(args []byte) error {
	var i wire.Info
	if err := i.Parse(args); err != nil {
		return errProtocol.with(err)
	}
	switch {
	case l.offer != nil:
		return l.onCompressed(&i)
	case l.ep.Load() == nil && i.ConnectInfo:
		return l.join(i)
	case i.ConnectInfo && !sameRights(&i, &l.told):
		return errRightsChange
	}
	return nil
}

// onErr keeps what the other side complains of. It closes the connection itself if it has to.
func (l *link) onErr(args []byte) {
	level := slog.LevelWarn
	if l.lastSaid != nil { // it may have much to say
		level = slog.LevelDebug
	}
	l.lastSaid = quoted(args)
	l.module.log.Log(context.Background(), level, "the other side of a link complains", "uplink", l.opts.name(), "account", l.opts.account, "err", l.lastSaid)
}

// fail tells the other side why the link ends, if that is for it to know.
func (l *link) fail(err error) error {
	if e, ok := err.(*linkError); ok && e.text != "" {
		l.conn.EvictAfter(wire.AppendErr(nil, e.text), err) // news of interest do not come behind it
	}
	return err
}

// Closed implements netio.Session.
func (l *link) Closed(batch *core.Batch, cause error) {
	if ep := l.ep.Load(); ep != nil {
		batch.Settle()
		past := ep.Stats()
		l.past.Store(&past)
		l.ep.Store(nil)
		ep.Close()
		l.abandon()
	}
	if l.lastSaid != nil {
		cause = l.lastSaid
	}
	l.cause = cause
	close(l.ended)
}

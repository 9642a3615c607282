package leafnode

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// A leaf is a connection that another server has made to us: a link as soon as that has shown who it is.
//
//	INFO was sent -> INFO came: compression, maybe -> CONNECT came, who is it? -> INFO again, and from now on a link
type leaf struct {
	*link
	lis     *listener
	accept  acceptance
	by      *carried  // nil: our own listener
	authBy  time.Time // zero: CONNECT has come
	joining *joining  // a CONNECT that is being worked on
	base    *core.Identity
}

// An acceptance is what a leaf needs of netio's connection besides.
type acceptance interface {
	connection
	LocalAddr() netip.AddrPort
	TLS() *tls.ConnectionState
	Start() time.Time
	Authenticated()
	Deflated() bool
	Block(work func() (long func())) error
}

var (
	_ acceptance    = (*netio.Conn)(nil)
	_ netio.Session = (*leaf)(nil)
)

// A joining is a CONNECT between its line and its effect.
type joining struct {
	wire.Connect
	identity *core.Identity
	err      error
}

// NewSession implements netio.SessionServer.
func (l *listener) NewSession(c *netio.Conn) netio.Session { return l.newLeaf(c, nil) }

// newLeaf says INFO to a server that has connected.
func (l *listener) newLeaf(c acceptance, by *carried) *leaf {
	o := l.opts.Load()
	of := o.link
	of.urls = []*url.URL{{Scheme: "nats-leaf", Host: c.RemoteAddr().String()}}
	if c.Deflated() { // once is enough
		of.compression.mode = notSupported
	}
	f := &leaf{link: newLink(l.module, &of, wire.Info{}), lis: l, accept: c, by: by}
	f.conn = c
	l.enter(f)
	g := l.greeting(f)
	g.Nonce, g.InfoOnConnect, g.Compression = l.nonce(c.ID()), true, of.compression.told()
	c.Append(wire.AppendGreeting(nil, &g))
	if l.module.env.Memory.Refuse() {
		c.EvictAfter(wire.AppendErr(nil, errMemory.text), errMemory)
		return f
	}
	f.authBy = time.Now().Add(o.authTimeout())
	c.TickAt(f.authBy)
	return f
}

// Feed implements netio.Session.
func (f *leaf) Feed(batch *core.Batch, b []byte) (n int, err error) {
	if f.joining != nil {
		if err := f.joined(); err != nil {
			return 0, f.fail(err)
		}
	}
	if f.ep.Load() != nil {
		return f.link.Feed(batch, b)
	}
	if n, err = f.knock(b); err != nil && !errors.Is(err, netio.ErrPause) {
		return n, f.fail(err)
	}
	return n, err
}

// knock takes CONNECT, before which nothing else is heard but a wish to compress.
func (f *leaf) knock(b []byte) (n int, err error) {
	for u := &f.unit; ; {
		took, err := wire.Next(b[n:], wire.Limits{ControlLine: mostLine, Payload: mostPayload}, u)
		switch {
		case err != nil:
			return n, fromWire(err)
		case u.Verb != wire.Unknown && u.Verb != wire.CONNECT && (u.Verb != wire.INFO || f.settled()):
			return n, errAuthorization.with(errNotConnect)
		case took == 0:
			return n, nil
		}
		n += took
		if u.Verb == wire.CONNECT {
			return n, f.onConnect(u.Args)
		}
		if changes, err := f.onOffer(u.Args); changes || err != nil {
			return n, err // what comes behind looks different
		}
	}
}

// onConnect reads and checks a CONNECT away from the connection's goroutine: a password hash takes long.
func (f *leaf) onConnect(args []byte) error {
	j, body, o := &joining{}, bytes.Clone(args), f.lis.opts.Load()
	cred := &auth.Credentials{Protocol: f.by.protocol(), Remote: f.conn.RemoteAddr(), TLS: f.accept.TLS(), Nonce: f.lis.nonce(f.conn.ID()),
		By: time.Now().Add(o.authTimeout())}
	f.joining, f.authBy = j, time.Time{}
	return f.accept.Block(func() func() { return j.work(body, o, cred) })
}

// work decodes body and authenticates, or answers how to, where that may take long.
func (j *joining) work(body []byte, o *listenOptions, cred *auth.Credentials) (long func()) {
	if err := j.Parse(body); err != nil {
		j.err = errProtocol.with(err)
		return nil
	}
	cred.User, cred.Pass, cred.Token, cred.Nkey, cred.Sig = j.User, j.Pass, j.Token, j.Nkey, j.Sig
	if o.rules.Slow(cred) {
		return func() { j.authenticate(o, cred) }
	}
	j.authenticate(o, cred)
	return nil
}

func (j *joining) authenticate(o *listenOptions, cred *auth.Credentials) {
	if j.Lang != "" {
		j.err = errWrongPortHere
		return
	}
	identity, err := o.rules.Authenticate(cred)
	switch {
	case errors.Is(err, auth.ErrBusy):
		j.err = errThrottled.with(err)
	case err != nil:
		j.err = errAuthorization.with(fmt.Errorf("server %q: %w", j.Name, err))
	default:
		j.identity, j.err = identity, o.suits(&j.Connect)
	}
}

// suits says what else keeps a server out.
func (o *listenOptions) suits(c *wire.Connect) error {
	least, _ := parseVersion(o.minVersion)
	v, ok := parseVersion(c.Version)
	switch {
	case c.Gateway != "":
		return refusing(reason.ProtocolViolation, "Rejecting connection from gateway %q on the leafnode port", brief(c.Gateway))
	case o.minVersion != "" && (!ok || v.before(least)):
		return refusing(reason.BadProtocolVersion, "connection rejected since minimum version required is %q", o.minVersion)
	case bytes.ContainsAny([]byte(c.Cluster), " \t\r\n"):
		return refusing(reason.ProtocolViolation, "cluster name cannot contain spaces")
	}
	return nil
}

// joined completes the CONNECT that has been worked on: the server is told what it may do, and becomes a peer.
func (f *leaf) joined() error {
	j := f.joining
	f.joining = nil
	if j.err != nil {
		return j.err
	}
	if j.Cluster != "" && j.Cluster == f.module.env.Server.ID {
		return refusing(reason.ProtocolViolation, "remote leafnode has same cluster name")
	}
	f.base = j.identity
	f.take(&j.Connect)
	former, ok := f.lis.admit(f, remoteKey{j.Name, j.Cluster, f.opts.account, j.RemoteAccount, f.base.User})
	if !ok {
		return errMaxLeaves
	}
	if former != nil {
		former.conn.EvictAfter(wire.AppendErr(nil, errDuplicate.text), errDuplicate)
	}
	if err := f.settle(&j.Connect); err != nil {
		return err
	}
	if err := f.lis.tend(f); err != nil {
		return err
	}
	if !f.lis.opts.Load().rules.Valid(f.base) { // a reload has come in between
		return errAuthorization.with(errRightsChanged)
	}
	f.module.env.History.Open(f.describe)
	f.module.log.Info("leaf node connected", "client", f.conn.ID(), "remote", f.conn.RemoteAddr().String(), "server", f.info.ServerName,
		"account", f.opts.account, "remote_account", j.RemoteAccount)
	return nil
}

// take notes what a server says of itself.
func (f *leaf) take(c *wire.Connect) {
	f.info = wire.Info{ServerName: c.Name, Version: c.Version, Cluster: c.Cluster, Headers: c.Headers, RemoteAccount: c.RemoteAccount}
	if f.packing.mode == "" {
		f.packing.mode = f.opts.compression.without(c.Compression)
	}
	o := f.opts
	o.account, o.hub = f.base.Account.Name(), !c.Hub
	o.isolated = o.isolated || c.Isolate
	if most := f.base.Account.Limits().Payload; most > 0 {
		o.takes = min(o.takes, most)
	}
}

// settle answers CONNECT and makes the server a peer.
func (f *leaf) settle(c *wire.Connect) error {
	account := f.module.env.Engine.Account(f.opts.account)
	if account == nil {
		return errProtocol.with(errNoAccount)
	}
	perms, err := f.allow(c)
	if err != nil {
		return errProtocol.with(err)
	}
	f.accept.Authenticated()
	g := f.lis.greeting(f)
	g.ConnectInfo, g.RemoteAccount = true, f.opts.account
	if d := f.base.Perms.Definition(); d != nil {
		g.Import, g.Export = told(d.Subscribe), export(d)
	}
	f.conn.Append(wire.AppendGreeting(nil, &g))
	f.attach(&core.Identity{Account: account, User: f.base.User, Perms: perms, Expires: f.base.Expires, Base: f.base})
	return nil
}

// Tick implements netio.Session.
func (f *leaf) Tick(batch *core.Batch, now time.Time) (next time.Time, err error) {
	switch {
	case f.ep.Load() != nil:
		return f.link.Tick(batch, now)
	case f.authBy.IsZero() || now.Before(f.authBy):
		return f.authBy, nil
	}
	return time.Time{}, f.fail(errAuthTimeout)
}

// Closed implements netio.Session.
func (f *leaf) Closed(batch *core.Batch, cause error) {
	if f.ep.Load() != nil {
		batch.Settle()
	}
	about := f.describe()
	f.link.Closed(batch, cause)
	about.Endpoint = nil
	f.lis.leave(f, about)
}

// describe is what monitoring shows of f. The connection's goroutine only, or one that has seen the endpoint.
func (f *leaf) describe() module.Conn {
	c := module.Conn{ID: f.conn.ID(), Kind: module.KindLeafnode, Type: Protocol, Remote: f.conn.RemoteAddr(), LastActivity: f.conn.LastRead()}
	if ep := f.ep.Load(); ep != nil {
		c = f.about(ep)
		c.User = f.base.User
	}
	c.Start, c.TLS = f.accept.Start(), f.accept.TLS()
	return c
}

// What keeps servers out, or ends their links.
var (
	errAuthorization = &linkError{text: "Authorization Violation", reason: reason.AuthenticationFailure}
	errAuthTimeout   = &linkError{text: "Authentication Timeout", reason: reason.AuthenticationTimeout}
	errThrottled     = &linkError{text: "Connection throttling is active. Please try again later.", reason: reason.MaxConnections}
	errMemory        = &linkError{text: "maximum connections exceeded", reason: reason.MemoryShort}
	errMaxLeaves     = &linkError{text: "maximum account active connections exceeded", reason: reason.MaxAccountConnections}
	errWrongPortHere = &linkError{text: "attempted to connect to leaf node port", reason: reason.ProtocolViolation}
	errDuplicate     = &linkError{text: "Duplicate Remote LeafNode Connection", reason: reason.DuplicateClientID}
	errNotConnect    = errors.New("something came before CONNECT")
	errRightsChanged = errors.New("no longer allowed after a reload")
)

func refusing(why reason.Reason, format string, args ...any) error {
	return &linkError{text: fmt.Sprintf(format, args...), reason: why}
}

// brief is what somebody else has said, as much of it as is repeated.
func brief(s string) string {
	const most = 256
	return s[:min(len(s), most)]
}

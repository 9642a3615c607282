package leafnode

import (
	"context"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"time"

	"leafgate/internal/netio"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// What happens to a server below us once it has a link.

// serve tells the link's news until it ends.
func (f *leaf) serve() {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	defer f.logDrops()
	for {
		select {
		case <-f.wake:
			f.tell()
		case <-minute.C:
			f.logDrops()
		case <-f.lis.ctx.Done():
			f.empty(f.lis.drain)
			f.conn.EvictAfter(nil, netio.ErrServerStopped)
			<-f.ended
			return
		case <-f.ended:
			return
		}
	}
}

// greeting is what every INFO says.
func (l *listener) greeting(f *leaf) wire.Greeting {
	o, s := l.opts.Load(), l.module.env.Server
	g := wire.Greeting{
		ServerID: s.ID, ServerName: s.Name, Version: leafVersion, Proto: 1, Go: runtime.Version(), Host: o.host, Port: l.socket.Port(o.port),
		Headers: true, AuthRequired: o.rules.AuthRequired(), TLSRequired: o.tls != nil, TLSVerify: o.tls != nil && o.tls.Verify(),
		MaxPayload: f.opts.takes, ClientID: f.conn.ID(), LeafnodeURLs: l.urls(f.accept.LocalAddr().String()),
	}
	if f.by != nil { // what is around it has been agreed on, and other addresses serve it
		g.TLSRequired, g.TLSVerify = false, false
		if g.LeafnodeURLs != nil {
			g.LeafnodeURLs, g.WSConnectURLs = nil, f.by.addrs(f.accept.LocalAddr().String())
		}
	}
	return g
}

// urls are the addresses that a server should try, which has reached us at local.
func (l *listener) urls(local string) []string {
	o := l.opts.Load()
	if o.noAdvertise || l.draining.Load() {
		return nil
	}
	host, port, err := net.SplitHostPort(o.advertise)
	switch {
	case err != nil:
		return []string{local}
	case port == "0":
		port = strconv.Itoa(l.socket.Port(o.port))
	}
	return []string{net.JoinHostPort(host, port)}
}

// announce says INFO in between.
func (f *leaf) announce() {
	if f.ep.Load() == nil {
		return
	}
	g := f.lis.greeting(f)
	g.LameDuck = f.lis.draining.Load()
	f.conn.Append(wire.AppendGreeting(nil, &g))
	f.conn.Flush()
}

// recheck asks whether the server may stay, and tells it what is new.
func (f *leaf) recheck(next, was *listenOptions) {
	ep := f.ep.Load()
	if ep == nil {
		return // the new rules will see it
	}
	if !next.rules.Valid(ep.Identity()) {
		f.conn.EvictAfter(wire.AppendErr(nil, errAuthorization.text), errAuthorization.with(errRightsChanged))
		return
	}
	f.repattern(ep.Account().Patterns())
	if was.advertise != next.advertise || was.noAdvertise != next.noAdvertise {
		f.announce()
	}
}

// LameDuck implements module.LameDucker: no more servers are let in, those that are there are told to go elsewhere, and after
// a grace period are closed one by one.
func (m *uplinks) LameDuck(ctx context.Context) error {
	l := m.lis
	if l == nil || l.draining.Swap(true) {
		return nil
	}
	l.sockets().StopAccepting()
	all := l.all()
	for _, f := range all {
		f.announce()
	}
	if len(all) == 0 {
		return nil
	}
	m.mu.Lock()
	o := m.opts
	m.mu.Unlock()
	if err := module.Pause(ctx, o.lameDuckGrace); err != nil {
		return err
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return module.OneByOne(ctx, len(all), o.lameDuck-o.lameDuckGrace, func(i int) { all[i].conn.Evict(netio.ErrServerStopped) })
}

// Migrate implements module.Migrator.
func (m *uplinks) Migrate(id uint64) bool {
	for _, f := range m.lis.all() {
		if f.conn.ID() == id && f.ep.Load() != nil {
			g := f.lis.greeting(f)
			g.LameDuck, g.LeafnodeURLs = true, nil
			f.conn.Append(wire.AppendGreeting(nil, &g))
			f.conn.Flush()
			return true
		}
	}
	return false
}

package leafnode

import (
	"net"

	"leafgate/module"
)

var (
	_ module.Reporter   = (*uplinks)(nil)
	_ module.Lister     = (*uplinks)(nil)
	_ module.Addresser  = (*uplinks)(nil)
	_ module.LameDucker = (*uplinks)(nil)
	_ module.Migrator   = (*uplinks)(nil)
)

// Addrs is where other servers connect.
func (m *uplinks) Addrs() []net.Addr {
	if m.lis == nil {
		return nil
	}
	return m.lis.sockets().Addrs()
}

// Listeners implements module.Lister.
func (m *uplinks) Listeners() []module.Listener {
	if m.lis == nil {
		return nil
	}
	o := m.lis.opts.Load()
	about := module.Listener{Protocol: Protocol, Addr: o.addr(), Rules: o.rules}
	if o.tls != nil {
		about.TLS, about.Expires = o.tls.String(), o.tls.Expires()
	}
	return []module.Listener{about}
}

// Report implements module.Reporter.
func (m *uplinks) Report(v map[string]any) {
	leaf := make(map[string]any)
	if l := m.lis; l != nil {
		o := l.opts.Load()
		leaf["host"], leaf["port"], leaf["auth_timeout"] = o.host, l.socket.Port(o.port), o.authTimeout().Seconds()
		if o.tls != nil {
			leaf["tls_required"], leaf["tls_verify"], leaf["tls_timeout"] = true, o.tls.Verify(), o.tls.Timeout.Seconds()
		}
	}
	var remotes []map[string]any
	for _, r := range m.all() {
		remotes = append(remotes, r.opts.Load().report())
	}
	if remotes != nil {
		leaf["remotes"] = remotes
	}
	up := 0
	for range m.Conns() {
		up++
	}
	v["leaf"], v["leafnodes"] = leaf, up
}

// report says what was configured, without credentials.
func (o *remoteOptions) report() map[string]any {
	var urls []string
	for _, u := range o.urls {
		urls = append(urls, bare(u))
	}
	r := map[string]any{"local_account": o.account, "urls": urls}
	if o.tls != nil {
		r["tls_timeout"] = o.tls.Timeout.Seconds()
	}
	if len(o.denyIn)+len(o.denyOut) > 0 {
		r["deny"] = map[string]any{"imports": o.denyIn, "exports": o.denyOut}
	}
	return r
}

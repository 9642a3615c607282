package leafnode

import (
	"sync/atomic"

	"leafgate/auth"
	"leafgate/internal/netio"
	"leafgate/module"
)

var _ module.Carrier = (*uplinks)(nil)

// NewSession implements netio.SessionServer, by which other modules find what they carry. There is a listener.
func (m *uplinks) NewSession(c *netio.Conn) netio.Session { return m.lis.NewSession(c) }

// Carry implements module.Carrier. Who may come in by another module's listener is said for our own; nil: there is none.
func (m *uplinks) Carry() module.Carried {
	if m.lis == nil {
		return nil
	}
	return &carried{listener: m.lis}
}

// carried is what another module's listener takes for us. Its connections are like those of our own.
type carried struct {
	*listener
	terms netio.Terms
	urls  atomic.Pointer[[]string] // host:port each, for who has come by it
}

// Update implements module.Carried.
func (c *carried) Update(by *module.Carriage) {
	c.urls.Store(&by.Advertise)
	c.terms.Update(c.netOptions())
}

// NewSession implements module.Carried.
func (c *carried) NewSession(n *netio.Conn, _ *module.Given) netio.Session {
	n.On(&c.terms)
	return c.listener.newLeaf(n, c)
}

// Dismiss implements module.Carried: servers hear nothing, as they do elsewhere.
func (c *carried) Dismiss() {}

// protocol is how auth calls what servers come by.
func (c *carried) protocol() string {
	if c != nil {
		return auth.ProtocolLeafnodeWS
	}
	return auth.ProtocolLeafnode
}

// addrs are the addresses that a server should try which has reached us at local.
func (c *carried) addrs(local string) []string {
	if all := *c.urls.Load(); len(all) > 0 {
		return all
	}
	return []string{local}
}

package mqtt

import (
	"leafgate/auth"
	"leafgate/internal/netio"
	"leafgate/module"
)

var _ module.Carrier = (*frontend)(nil)

// Carry implements module.Carrier.
func (f *frontend) Carry() module.Carried {
	l := &listener{module: f, terms: new(netio.Terms)}
	f.carried = append(f.carried, l)
	return carried{l}
}

// carried is a listener that another module owns: it has no socket.
type carried struct{ *listener }

// Update implements module.Carried.
func (c carried) Update(by *module.Carriage) {
	was := c.opts.Swap(&listenOptions{host: by.Host, port: by.Port, tls: by.TLS, rules: by.Rules})
	c.terms.Update(c.netOptions())
	if was == nil {
		return
	}
	for _, s := range c.module.all() {
		s.recheck()
	}
}

// NewSession implements module.Carried.
func (c carried) NewSession(n *netio.Conn, given *module.Given) netio.Session {
	n.On(c.terms)
	return c.newSession(n, given)
}

// Dismiss implements module.Carried. Clients of MQTT 5 hear why.
func (c carried) Dismiss() {
	for _, other := range c.module.connections() {
		if other.lis == c.listener {
			other.dismiss(errShutdown)
		}
	}
}

// protocol is how auth calls what clients of l come by.
func (l *listener) protocol() string {
	if l.terms != nil {
		return auth.ProtocolMQTTWS
	}
	return auth.ProtocolMQTT
}

package natsproto

import (
	"time"

	"leafgate/auth"
	"leafgate/internal/netio"
	"leafgate/module"
)

// carriedProtocol is what monitoring calls clients that come by another module's listener, as nats-server does.
const carriedProtocol = "websocket"

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
	was := c.opts.Swap(&listenOptions{host: by.Host, port: by.Port, tls: by.TLS, advertise: by.Advertise, rules: by.Rules, pingInterval: by.PingInterval})
	c.terms.Update(c.netOptions())
	if was == nil {
		return
	}
	for _, s := range c.module.sessions() {
		if s.lis == c.listener {
			s.recheck(false)
		}
	}
}

// NewSession implements module.Carried.
func (c carried) NewSession(n *netio.Conn, given *module.Given) netio.Session {
	n.On(c.terms)
	return c.newSession(n, given)
}

// Dismiss implements module.Carried: clients hear nothing, as they do elsewhere.
func (c carried) Dismiss() {}

// protocol is how auth calls what clients of l come by.
func (l *listener) protocol() string {
	if l.terms != nil {
		return auth.ProtocolNATSWS
	}
	return auth.ProtocolNATS
}

// kind is how monitoring calls it.
func (l *listener) kind() string {
	if l.terms != nil {
		return carriedProtocol
	}
	return Protocol
}

// pingInterval is how often clients of l are pinged.
func (l *listener) pingInterval() time.Duration {
	if d := l.opts.Load().pingInterval; d > 0 {
		return d
	}
	return l.module.opts.Load().pingInterval
}

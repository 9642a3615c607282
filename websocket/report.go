package websocket

import "leafgate/module"

var (
	_ module.Reporter = (*frontend)(nil)
	_ module.Lister   = (*frontend)(nil)
)

// Listeners implements module.Lister.
func (f *frontend) Listeners() []module.Listener {
	o := f.opts.Load()
	about := module.Listener{Protocol: Protocol, Addr: o.addr(), Rules: o.rules}
	if o.tls != nil {
		about.TLS, about.Expires = o.tls.String(), o.tls.Expires()
	}
	return []module.Listener{about}
}

// Report implements module.Reporter: the websocket part of /varz. Its clients are counted with those of their protocols.
func (f *frontend) Report(v map[string]any) {
	o := f.opts.Load()
	w := map[string]any{"host": o.host, "port": f.socket.Port(o.port), "handshake_timeout": o.handshakeTimeout,
		"auth_timeout": o.rules.Timeout().Seconds(), "no_tls": o.tls == nil, "same_origin": o.sameOrigin, "compression": o.compression,
		"upgraded": f.upgraded.Load(), "refused": f.refused.Load()}
	if o.tls != nil {
		w["tls_timeout"], w["tls_cert_not_after"] = o.tls.Timeout.Seconds(), o.tls.Expires().UTC()
	}
	if len(o.originsText) > 0 {
		w["allowed_origins"] = o.originsText
	}
	if o.noAuthUser != "" {
		w["no_auth_user"] = o.noAuthUser
	}
	if len(o.advertise) > 0 {
		w["advertise"], v["ws_connect_urls"] = o.advertise[0], o.advertise
	}
	v["websocket"] = w
}

package natsproto

import (
	"leafgate/internal/reason"
	"leafgate/module"
)

var (
	_ module.Reporter = (*frontend)(nil)
	_ module.Lister   = (*frontend)(nil)
)

// Listeners implements module.Lister.
func (f *frontend) Listeners() (all []module.Listener) {
	for _, l := range f.listeners {
		o := l.opts.Load()
		about := module.Listener{Protocol: Protocol, Addr: o.addr(), Rules: o.rules}
		if o.tls != nil {
			about.TLS, about.Expires = o.tls.String(), o.tls.Expires()
		}
		all = append(all, about)
	}
	return all
}

// Report implements module.Reporter. What differs from listener to listener is the first one's.
func (f *frontend) Report(v map[string]any) {
	o, l := f.opts.Load(), f.listeners[0]
	lo := l.opts.Load()
	v["proto"], v["host"], v["port"] = 1, lo.host, l.port()
	v["max_connections"], v["max_payload"], v["max_pending"] = o.maxConnections, o.limits.Payload, o.maxPending
	v["max_control_line"], v["write_deadline"] = o.limits.ControlLine, o.writeDeadline
	v["ping_interval"], v["ping_max"] = o.pingInterval, o.pingMax
	v["auth_timeout"], v["tls_timeout"] = lo.authTimeout().Seconds(), 0.0
	if o.maxSubscriptions > 0 {
		v["max_subscriptions"] = o.maxSubscriptions
	}
	if lo.rules.AuthRequired() {
		v["auth_required"] = true
	}
	if lo.tls != nil {
		v["tls_timeout"], v["tls_required"], v["tls_verify"] = lo.tls.Timeout.Seconds(), !lo.allowPlain, lo.tls.Verify()
		v["tls_cert_not_after"] = lo.tls.Expires().UTC()
	}
	if len(lo.advertise) > 0 {
		v["connect_urls"] = lo.advertise
	}
	f.reportConnections(v)
}

func (f *frontend) reportConnections(v map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := uint64(f.count)
	for _, n := range f.closed {
		total += n
	}
	pending, deadline := f.closed[reason.SlowConsumerPending], f.closed[reason.SlowConsumerDeadline]
	v["connections"], v["total_connections"] = f.count, total
	v["slow_consumers"], v["stale_connections"] = pending+deadline, f.closed[reason.StaleConnection]
}

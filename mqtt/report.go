package mqtt

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

// Report implements module.Reporter: the mqtt part of /varz, and what this frontend adds to the totals.
func (f *frontend) Report(v map[string]any) {
	o, l, x := f.opts.Load(), f.listeners[0], f.facts()
	lo := l.opts.Load()
	m := map[string]any{
		"host": lo.host, "port": l.port(), "max_ack_pending": o.maxAckPending,
		"connections": x.connected, "sessions": x.sessions, "subscriptions": x.subscriptions,
		"retained": x.retained, "retained_bytes": x.retainedBytes, "queued": x.waiting, "queued_bytes": x.waitingBytes,
		"dropped": f.counters.dropped.Load(), "refused": f.counters.refused.Load(), "expired": f.counters.expired.Load(),
		"oversize": f.counters.oversize.Load(), "foreign": f.counters.foreign.Load(), "denied": f.counters.denied.Load(),
		"retained_refused": f.counters.unkept.Load(), "unstored": f.counters.unstored.Load(), "lost": f.counters.lost.Load(), "takeovers": f.counters.takeovers.Load(),
		"in_msgs": x.traffic.InMsgs, "out_msgs": x.traffic.OutMsgs, "in_bytes": x.traffic.InBytes, "out_bytes": x.traffic.OutBytes,
	}
	if lo.tls != nil {
		m["tls_timeout"], m["tls_verify"], m["tls_map"] = lo.tls.Timeout.Seconds(), lo.tls.Verify(), lo.tls.Maps()
		m["tls_cert_not_after"] = lo.tls.Expires().UTC()
	}
	v["mqtt"] = m
	f.addTotals(v, x)
}

// addTotals adds to what the frontends before this one have said.
func (f *frontend) addTotals(v map[string]any, x facts) {
	f.mu.Lock()
	slow := f.closed[reason.SlowConsumerDeadline] + f.closed[reason.SlowConsumerPending]
	stale := f.closed[reason.StaleConnection]
	f.mu.Unlock()
	add(v, "connections", x.connected)
	add(v, "total_connections", uint64(x.accepted))
	add(v, "slow_consumers", slow)
	add(v, "stale_connections", stale)
}

func add[T int | uint64](v map[string]any, name string, n T) {
	if was, ok := v[name].(T); ok {
		n += was
	}
	v[name] = n
}

package natsproto

import (
	"errors"
	"fmt"
	"slices"

	"leafgate/config"
)

// Check implements module.Reloader. Errors in the settings themselves collect in conf.
func (f *frontend) Check(conf *config.Block) error {
	return f.opts.Load().unchangeable(readOptions(f.env, conf))
}

// unchangeable says what of next cannot be had without a restart.
func (o *options) unchangeable(next *options) error {
	var errs []error
	fixed := func(name string, before, after any) {
		if before != after {
			errs = append(errs, fmt.Errorf("config reload not supported for %s: old=%v, new=%v", name, before, after))
		}
	}
	fixed("max_pending", o.maxPending, next.maxPending)
	fixed("max_subscriptions", o.maxSubscriptions, next.maxSubscriptions)
	fixed("max_sub_tokens", o.maxSubTokens, next.maxSubTokens)
	fixed("no_header_support", o.noHeaders, next.noHeaders)
	fixed("lame_duck_duration", o.lameDuck, next.lameDuck)
	fixed("lame_duck_grace_period", o.lameDuckGrace, next.lameDuckGrace)
	fixed("number of nats listeners", len(o.listeners), len(next.listeners))
	for i := range min(len(o.listeners), len(next.listeners)) {
		was, is := o.listeners[i], next.listeners[i]
		fixed("listen", was.addr(), is.addr())
		fixed("tls (on or off)", was.tls != nil, is.tls != nil)
		fixed("allow_non_tls", was.allowPlain, is.allowPlain)
		fixed("proxy_protocol", was.proxy, is.proxy)
		fixed("proxy_trusted", fmt.Sprint(was.proxyTrusted), fmt.Sprint(is.proxyTrusted))
	}
	return errors.Join(errs...)
}

// Reload implements module.Reloader.
func (f *frontend) Reload(conf *config.Block) error {
	next := readOptions(f.env, conf)
	if err := f.opts.Load().unchangeable(next); err != nil {
		return err
	}
	f.opts.Store(next)
	advertise := false
	for i, l := range f.listeners {
		advertise = l.reload(next.listeners[i]) || advertise
	}
	for _, l := range f.carried {
		l.terms.Update(l.netOptions())
	}
	for _, s := range f.sessions() {
		s.recheck(advertise)
	}
	f.closeExtra(next.maxConnections)
	return nil
}

// reload takes new options; what was given to netio stays the same object where it can. It says whether clients have to
// hear of new addresses.
func (l *listener) reload(next *listenOptions) (advertise bool) {
	was := l.opts.Load()
	if was.tls != nil && next.tls != nil {
		was.tls.Replace(next.tls)
		was.tls.Timeout, was.tls.First, was.tls.Wait = next.tls.Timeout, next.tls.First, next.tls.Wait
		next.tls = was.tls
	}
	l.opts.Store(next)
	l.socket.Update(l.netOptions())
	return !slices.Equal(was.advertise, next.advertise)
}

// recheck asks whether the client may stay, and tells it of new addresses.
func (s *session) recheck(advertise bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ep == nil {
		return // has not come in yet: the new rules will see it
	}
	if !s.lis.opts.Load().rules.Valid(s.ep.Identity()) {
		s.conn.EvictAfter(errAuthorization.line(), errAuthorization.with(errRightsChanged))
		return
	}
	if advertise && s.flags.has(asyncInfo) && s.flags.has(ponged) {
		s.conn.Append(s.asyncInfo())
		s.conn.Flush()
	}
}

const errRightsChanged = constError("no longer allowed after a reload")

// closeExtra closes clients beyond the limit, any of them.
func (f *frontend) closeExtra(limit int) {
	all := f.sessions()
	for _, s := range all[min(limit, len(all)):] {
		s.conn.EvictAfter(errMaxConnections.line(), errMaxConnections)
	}
}

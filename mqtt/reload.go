package mqtt

import (
	"errors"
	"fmt"

	"leafgate/config"
)

// Check implements module.Reloader. Errors in the settings themselves collect in conf.
func (f *frontend) Check(conf *config.Block) error {
	b := conf.Block("mqtt")
	if b == nil {
		return errors.New("mqtt cannot be removed while running: restart")
	}
	return f.opts.Load().unchangeable(readOptions(f.env, conf, b))
}

// unchangeable says what of next cannot be had without a restart.
func (o *options) unchangeable(next *options) error {
	var errs []error
	fixed := func(name string, before, after any) {
		if before != after {
			errs = append(errs, fmt.Errorf("config reload not supported for mqtt %s: old=%v, new=%v", name, before, after))
		}
	}
	fixed("foreign", o.substitute, next.substitute)
	fixed("sys_interval", o.sysInterval, next.sysInterval)
	fixed("number of listeners", len(o.listeners), len(next.listeners))
	for i := range min(len(o.listeners), len(next.listeners)) {
		was, is := o.listeners[i], next.listeners[i]
		fixed("listen", was.addr(), is.addr())
		fixed("tls (on or off)", was.tls != nil, is.tls != nil)
		fixed("proxy_protocol", was.proxy, is.proxy)
		fixed("proxy_trusted", fmt.Sprint(was.proxyTrusted), fmt.Sprint(is.proxyTrusted))
	}
	return errors.Join(errs...)
}

// Reload implements module.Reloader. What connections agreed on with their clients stays for as long as they last.
func (f *frontend) Reload(conf *config.Block) error {
	next := readOptions(f.env, conf, conf.Block("mqtt"))
	if err := f.opts.Load().unchangeable(next); err != nil {
		return err
	}
	f.opts.Store(next)
	for i, l := range f.listeners {
		l.reload(next.listeners[i])
	}
	for _, l := range f.carried {
		l.terms.Update(l.netOptions())
	}
	f.own.start()
	for _, s := range f.all() {
		s.recheck()
	}
	for i, c := range f.connections() {
		if i >= next.maxConnections {
			c.dismiss(errTooManyConnections)
		}
	}
	return nil
}

func (l *listener) reload(next *listenOptions) {
	was := l.opts.Load()
	if was.tls != nil && next.tls != nil {
		was.tls.Replace(next.tls)
		was.tls.Timeout = next.tls.Timeout
		next.tls = was.tls
	}
	l.opts.Store(next)
	l.socket.Update(l.netOptions())
}

// recheck asks whether the client may stay as it is. One that is away gets the rights it would come back to, or its session
// ends: nothing is kept for somebody who is no longer let in.
func (s *session) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.lis == nil {
		return
	}
	rules := s.lis.opts.Load().rules
	if rules.Valid(s.ep.Identity()) {
		return
	}
	if c := s.conn.Load(); c != nil {
		c.dismiss(errRightsChanged)
	}
	id, ok := rules.Lookup(s.lis.protocol(), s.key.User, s.key.ClientID)
	if !ok || id.Account != s.ep.Account() {
		s.expireAt = 1
		s.module.agenda.add(s, 1)
		return
	}
	if s.conn.Load() == nil {
		for _, ended := range s.ep.Rebind(id) {
			s.forget(ended)
		}
	}
}

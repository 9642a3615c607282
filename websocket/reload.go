package websocket

import (
	"errors"
	"fmt"

	"leafgate/config"
)

// Check implements module.Reloader. Errors in the settings themselves collect in conf.
func (f *frontend) Check(conf *config.Block) error {
	b := conf.Block("websocket", "ws")
	if b == nil {
		return errors.New("websocket cannot be removed while running: restart")
	}
	return f.opts.Load().unchangeable(readOptions(f.env, conf, b))
}

// unchangeable says what of next cannot be had without a restart.
func (o *options) unchangeable(next *options) error {
	var errs []error
	fixed := func(name string, before, after any) {
		if before != after {
			errs = append(errs, fmt.Errorf("config reload not supported for websocket %s: old=%v, new=%v", name, before, after))
		}
	}
	fixed("listen", o.addr(), next.addr())
	fixed("tls (on or off)", o.tls != nil, next.tls != nil)
	fixed("proxy_protocol", o.proxy, next.proxy)
	fixed("proxy_trusted", fmt.Sprint(o.proxyTrusted), fmt.Sprint(next.proxyTrusted))
	return errors.Join(errs...)
}

// Reload implements module.Reloader. Connections keep the frames they have agreed on.
func (f *frontend) Reload(conf *config.Block) error {
	next := readOptions(f.env, conf, conf.Block("websocket", "ws"))
	was := f.opts.Load()
	if err := was.unchangeable(next); err != nil {
		return err
	}
	if was.tls != nil {
		was.tls.Replace(next.tls)
		was.tls.Timeout = next.tls.Timeout
		next.tls = was.tls
	}
	f.opts.Store(next)
	f.socket.Update(next.netOptions())
	f.update()
	return nil
}

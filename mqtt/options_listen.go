package mqtt

import (
	"net"
	"strconv"

	"leafgate/config"
	"leafgate/internal/tlsconf"
	"leafgate/module"
)

const anyHost = "0.0.0.0"

func (o *listenOptions) addr() string { return net.JoinHostPort(o.host, strconv.Itoa(max(0, o.port))) }

// readListeners reads the block's own listener and those of its listeners array, which stands alone where the block
// itself names no address.
func (o *options) readListeners(env *module.Env, b *config.Block) {
	more := b.Blocks("listeners")
	top := readListener(env, b)
	if len(more) == 0 || hasAddr(b) {
		o.listeners = append(o.listeners, top)
	}
	for _, l := range more {
		if !hasAddr(l) {
			l.Errorf("", "listen is missing")
		}
		o.listeners = append(o.listeners, readListener(env, l))
	}
}

func hasAddr(b *config.Block) bool { return b.Has("listen") || b.Has("host", "net") || b.Has("port") }

func readListener(env *module.Env, b *config.Block) *listenOptions {
	o := &listenOptions{tls: tlsconf.ReadServer(b.Block("tls"), env.Log, env.Clock.Valid)}
	port := defaultPort
	if o.tls != nil {
		port = defaultTLSPort
	}
	o.host, o.port, _ = b.Address(anyHost, port)
	o.proxy = b.Bool(false, "proxy_protocol")
	o.proxyTrusted = b.Prefixes("proxy_trusted")
	if len(o.proxyTrusted) > 0 && !o.proxy {
		b.Errorf("proxy_trusted", "needs proxy_protocol: true")
	}
	o.rules = env.Auth.Rules(b)
	return o
}

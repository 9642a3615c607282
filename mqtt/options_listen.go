package mqtt

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

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
	o := &listenOptions{host: anyHost}
	o.tls = tlsconf.ReadServer(b.Block("tls"), env.Log, env.Clock.Valid)
	o.readAddr(b)
	o.proxy = b.Bool(false, "proxy_protocol")
	for _, s := range b.Strings("proxy_trusted") {
		p, err := parsePrefix(s)
		if err != nil {
			b.Errorf("proxy_trusted", "want an address or a network, got %q", s)
		}
		o.proxyTrusted = append(o.proxyTrusted, p)
	}
	if len(o.proxyTrusted) > 0 && !o.proxy {
		b.Errorf("proxy_trusted", "needs proxy_protocol: true")
	}
	o.rules = env.Auth.Rules(b)
	return o
}

// readAddr reads listen, and host and port, which win.
func (o *listenOptions) readAddr(b *config.Block) {
	port := int64(defaultPort)
	if o.tls != nil {
		port = defaultTLSPort
	}
	switch v, _ := b.Value("listen"); v := v.(type) {
	case nil:
	case int64:
		port = v
	case string:
		host, p, err := net.SplitHostPort(v)
		n, bad := strconv.Atoi(p)
		if err != nil || bad != nil {
			b.Errorf("listen", "could not parse address string %q", v)
			break
		}
		if port = int64(n); host != "" {
			o.host = host
		}
	default:
		b.Errorf("listen", "expected port or host:port, got %T", v)
	}
	if h := b.String("", "host", "net"); h != "" {
		o.host = strings.Trim(h, "[]")
	}
	o.port = int(b.IntRange(port, -1, 65535, "port"))
	if o.port < -1 || o.port > 65535 {
		b.Errorf("listen", "want a port from -1 to 65535, got %d", o.port)
	}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

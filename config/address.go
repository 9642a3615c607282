package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Address answers where a listener is to be: listen, which is host:port or a port, then host (or net) and port, which win.
// host and port are what holds where nothing is said. The port is from -1 to 65535; what 0 and -1 mean is the caller's. ok is
// false where listen is at fault.
func (b *Block) Address(host string, port int) (_ string, _ int, ok bool) {
	ok = true
	switch v, _ := b.Value("listen"); v := v.(type) {
	case nil:
	case int64:
		port = int(v)
	case string:
		h, p, err := net.SplitHostPort(v)
		n, bad := strconv.Atoi(p)
		if err != nil || bad != nil {
			b.Errorf("listen", "could not parse address string %q", v)
			ok = false
			break
		}
		if port = n; h != "" {
			host = h
		}
	default:
		b.Errorf("listen", "expected port or host:port, got %T", v)
		ok = false
	}
	if h := b.String("", "host", "net"); h != "" {
		host = strings.Trim(h, "[]")
	}
	port = int(b.IntRange(int64(port), -1, 65535, "port"))
	if port < -1 || port > 65535 {
		b.Errorf("listen", "want a port from -1 to 65535, got %d", port)
		ok = false
	}
	return host, port, ok
}

// Prefixes answers an array of addresses and networks; an address is a network of its own.
func (b *Block) Prefixes(name string) (all []netip.Prefix) {
	for _, s := range b.Strings(name) {
		p, err := netip.ParsePrefix(s)
		if a, bad := netip.ParseAddr(s); bad == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			b.Errorf(name, "want an address or a network, got %q", s)
		}
		all = append(all, p)
	}
	return all
}

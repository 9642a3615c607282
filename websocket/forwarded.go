package websocket

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwarded reads the client's address off X-Forwarded-For, if the request comes from one of our proxies: it is the last
// that none of ours has added. Everything before it anybody may have written.
func (o *options) forwarded(from netip.Addr, h http.Header) (client netip.AddrPort, ok bool) {
	if !o.trusts(from) {
		return client, false
	}
	var hops []string
	for _, line := range h["X-Forwarded-For"] {
		hops = append(hops, strings.Split(line, ",")...)
	}
	for _, hop := range slices.Backward(hops) {
		a, good := parseHop(strings.TrimSpace(hop))
		if !good {
			break
		}
		client, ok = a, true
		if !o.trusts(a.Addr()) {
			break
		}
	}
	return client, ok
}

// trusts says whether a is one of our proxies.
func (o *options) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(o.forwardedTrusted, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// parseHop reads an address, with a port or without.
func parseHop(s string) (netip.AddrPort, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a.Unmap().WithZone(""), 0), true
	}
	a, err := netip.ParseAddrPort(s)
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port()), err == nil
}

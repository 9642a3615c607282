package leafnode

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
)

// A pool is the addresses of a remote: those configured, and those that its servers have told of.
type pool struct {
	configured []*url.URL
	learned    []*url.URL
	shuffle    bool
	last       string // host of the link that ended last: the others come first
}

const mostLearned = 64

// learn takes over what a server says of itself and its likes. Credentials and scheme are the configured ones.
func (p *pool) learn(hosts []string) {
	p.learned = nil
	for _, h := range hosts {
		if host, port, err := net.SplitHostPort(h); err != nil || host == "" || port == "" || len(p.learned) == mostLearned {
			continue
		}
		if u := *p.configured[0]; !p.knows(h) {
			u.Host = h
			p.learned = append(p.learned, &u)
		}
	}
}

func (p *pool) knows(host string) bool {
	for _, list := range [][]*url.URL{p.configured, p.learned} {
		for _, u := range list {
			if u.Host == host {
				return true
			}
		}
	}
	return false
}

// round is every address once, in the order to try them.
func (p *pool) round() []*url.URL {
	all := append(append([]*url.URL{}, p.configured...), p.learned...)
	if p.shuffle {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	for i, u := range all {
		if u.Host == p.last {
			return append(append(all[:i:i], all[i+1:]...), u)
		}
	}
	return all
}

// serverName is what a certificate of the server at u must be for: its name, or the first configured one where u has only
// an address.
func (p *pool) serverName(u *url.URL) string {
	for _, u := range append([]*url.URL{u}, p.configured...) {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			return u.Hostname()
		}
	}
	return u.Hostname()
}

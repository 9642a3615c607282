package websocket

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// allows says whether the page that a browser makes the request for may do so. Whoever is no browser says nothing of a
// page, and could say anything. RFC 6455, 10.2.
func (o *options) allows(r *http.Request) bool {
	said := r.Header.Get("Origin")
	if said == "" || !o.sameOrigin && len(o.origins) == 0 {
		return true
	}
	from, ok := parseOrigin(said)
	if !ok || len(r.Header["Origin"]) > 1 {
		return false
	}
	if o.sameOrigin && !from.serves(r.Host) {
		return false
	}
	return len(o.origins) == 0 || slices.Contains(o.origins, from)
}

// An origin is where a page comes from. RFC 6454.
type origin struct{ scheme, host, port string }

func parseOrigin(s string) (o origin, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return origin{}, false
	}
	o = origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()}
	if o.port == "" {
		o.port = o.defaultPort()
	}
	return o, o.port != ""
}

func (o origin) defaultPort() string {
	switch o.scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	}
	return ""
}

// serves says whether a request's Host names the origin's own. Behind a proxy that ends TLS the port may be missing: then it
// is the default of the scheme that the browser sees.
func (o origin) serves(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), o.defaultPort()
	}
	return strings.EqualFold(host, o.host) && port == o.port
}

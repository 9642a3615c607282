package leafnode

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"leafgate/config"
	"leafgate/internal/netio"
	"leafgate/internal/tlsconf"
	"leafgate/module"
)

// What lies between here and another server: a proxy, WebSocket.

// leafPath is where servers that take WebSockets take leaf nodes.
const leafPath = "leafnode"

// webKeys are those of remotes with WebSocket addresses, by their spellings.
var webKeys = [][]string{
	{"ws_compression", "ws_compress", "websocket_compress", "websocket_compression"},
	{"ws_no_masking", "websocket_no_masking"},
}

func isWebSocket(u *url.URL) bool { return u.Scheme == "ws" || u.Scheme == "wss" }

// readWebSocket reads how frames are to look.
func (o *remoteOptions) readWebSocket(b *config.Block) {
	o.deflate, o.unmasked = b.Bool(false, webKeys[0]...), b.Bool(false, webKeys[1]...)
	n := 0
	for _, u := range o.urls {
		if isWebSocket(u) {
			n++
		}
	}
	switch {
	case n != 0 && n != len(o.urls):
		b.Errorf(present(b, "urls", "url"), "either all addresses are ws:// or wss://, or none")
	case n == 0:
		for _, names := range webKeys {
			if b.Has(names...) {
				b.Errorf(present(b, names...), "is for addresses with ws:// or wss://")
			}
		}
	}
}

// A proxy is asked to connect on.
type proxy struct {
	netio.Tunnel
	name string          // of its certificate; empty: it is reached without TLS
	tls  *tlsconf.Client // nil: as usual
}

// readProxy reads the proxy block. Its errors quote nothing: there may be a password in it.
func (o *remoteOptions) readProxy(env *module.Env, b *config.Block) {
	if b == nil {
		return
	}
	b.Block("tls").Unsupported("it always comes first", "handshake_first", "first", "immediate")
	p := &proxy{tls: tlsconf.ReadClient(b.Block("tls"), env.Log, env.Clock.Valid)}
	p.User, p.Pass, p.Timeout = b.String("", "username"), b.String("", "password"), b.Duration(o.dial, "timeout")
	if p.Timeout == 0 {
		p.Timeout = o.dial
	}
	u, err := url.Parse(b.String("", "url"))
	switch {
	case !b.Has("url"):
		b.Errorf("", "a proxy needs a url")
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		b.Errorf("url", "want a URL such as http://proxy:3128")
	case u.User != nil:
		b.Errorf("url", "who we are to the proxy is said by username and password")
	case u.Scheme == "https":
		p.Addr, p.name = withPort(u, "443"), u.Hostname()
	case p.tls != nil:
		b.Errorf("tls", "is for proxies with https://")
	default:
		p.Addr = withPort(u, "80")
	}
	if (p.User == "") != (p.Pass == "") {
		b.Errorf(present(b, "username", "password"), "username and password are there both, or not at all")
	}
	o.proxy = p
}

// tunnel is how to ask the proxy now.
func (p *proxy) tunnel() *netio.Tunnel {
	if p == nil {
		return nil
	}
	t := p.Tunnel
	if p.name != "" {
		t.TLS = secure(p.tls, p.name)
	}
	if p.tls != nil {
		t.TLSTimeout = p.tls.Timeout
	}
	return &t
}

// withPort is u's host:port.
func withPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// usualPort is the one of an address that names none.
func usualPort(u *url.URL) string {
	switch u.Scheme {
	case "ws":
		return "80"
	case "wss":
		return "443"
	}
	return strconv.Itoa(defaultPort)
}

// reach says how to get to u. name is what its certificate must be for.
func (o *remoteOptions) reach(u *url.URL, name string) netio.DialOptions {
	d := netio.DialOptions{Addr: u.Host, Timeout: o.dial, Greeting: o.firstInfo, Proxy: o.proxy.tunnel()}
	first := u.Scheme == "wss"
	if o.tls != nil {
		d.TLSTimeout = o.tls.Timeout
		first = first || o.tls.First || isWebSocket(u)
	}
	if first {
		d.First = secure(o.tls, name)
	}
	if isWebSocket(u) {
		d.WebSocket = &netio.Upgrade{Host: strings.TrimSuffix(u.Host, ":"+usualPort(u)), Path: path.Join("/", u.Path, leafPath), Secure: first,
			Framing: netio.Framing{Client: true, Unmasked: o.unmasked, Deflate: o.deflate, Most: mostFrame, Inflated: mostPayload}}
	}
	return d
}

// way is what of the options says how to get there. It holds secrets.
func (o *remoteOptions) way() string {
	text := fmt.Sprint(o.deflate, o.unmasked, o.ignoreTold)
	if o.proxy != nil {
		text += fmt.Sprintf(" %q %q %q %q %v %v", o.proxy.Addr, o.proxy.User, o.proxy.Pass, o.proxy.name, o.proxy.Timeout, o.proxy.tls != nil)
	}
	return text
}

// mostFrame is how many bytes a message of frames may have, which is fed as it comes: servers put all in one that waits.
const mostFrame = 1 << 50

// secure is how TLS is spoken with who has that name; without c, as usual.
func secure(c *tlsconf.Client, name string) *tls.Config {
	if c != nil {
		return c.Config(name)
	}
	return &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12}
}

// schemes are those of addresses.
var schemes = []string{"nats-leaf", "leaf", "nats", "tls", "ws", "wss"}

// fits says what is wrong with u as an address.
func fits(u *url.URL) error {
	switch {
	case !slices.Contains(schemes, u.Scheme):
		return fmt.Errorf("want the scheme nats-leaf, tls, ws or wss, got %q", u.Scheme)
	case !isWebSocket(u) && strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "":
		return errors.New("nothing may stand behind the port of a URL, but for the path of a WebSocket")
	}
	return nil
}

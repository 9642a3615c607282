package leafnode_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"leafgate/internal/peer"
)

// webConf is a hub that takes leaf nodes over WebSocket, too.
func webConf(leaf, web string) string {
	return hubConf(leaf) + fmt.Sprintf("websocket { listen: \"127.0.0.1:$WS_PORT\", %s }\n", web)
}

// TestWebSocket: everything crosses a WebSocket as it does TCP, compressed either way or not, with TLS or without.
func TestWebSocket(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("server", "localhost")
	for _, tc := range []struct{ name, s2, web, ours, want string }{
		{name: "clear", s2: "off", want: "off"},
		{name: "s2", s2: "s2_fast", ours: "compression: s2_better", want: "s2_better"},
		{name: "s2 by round trip", s2: "s2_auto", ours: "compression: " + auto, want: "s2_uncompressed"},
		{name: "deflate", s2: "off", web: "compression: true", ours: "ws_compression: true", want: "off"},
		{name: "deflate and s2: once is enough", s2: "s2_fast", web: "compression: true", ours: "ws_compression: true, compression: s2_fast", want: "not supported"},
		{name: "deflate, which the hub does not know", s2: "s2_fast", ours: "ws_compress: true, compression: s2_fast", want: "s2_fast"},
		{name: "without masks", s2: "s2_fast", ours: "ws_no_masking: true, compression: s2_fast", want: "s2_fast"},
		{name: "without masks, in clear", s2: "off", web: "compression: true", ours: "websocket_no_masking: true, websocket_compression: true", want: "off"},
	} {
		for _, scheme := range []string{"ws", "wss"} {
			t.Run(tc.name+" "+scheme, func(t *testing.T) {
				secure, ours := "no_tls: true", ""
				if scheme == "wss" {
					secure, ours = fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key), fmt.Sprintf("tls { ca_file: %q },", ca.file)
				}
				hub := startHub(t, webConf("compression: "+tc.s2, secure+", "+tc.web))
				site := startSite(t, fmt.Sprintf("{ url: \"%s://%s\", %s %s }", scheme, strings.Replace(hub.Web, "127.0.0.1", "localhost", 1), ours, tc.ours))
				u := uplinks(site)[0]
				if !strings.HasPrefix(u.URL, scheme+"://localhost:") || u.Compression != tc.want && !(tc.want == "off" && u.Compression == "not supported") {
					t.Errorf("the link says of itself %+v", u)
				}
				exchange(t, hub, site)
			})
		}
	}
}

// TestWebSocketPath: a proxy may want a path before ours; a WebSocket with another one is no leaf node.
func TestWebSocketPath(t *testing.T) {
	hub := startHub(t, webConf("", "no_tls: true"))
	site := startSite(t, fmt.Sprintf("{ url: \"ws://%s/pre\" }", hub.Web))
	hub.Stop()
	hub.Restart()
	until(t, "the link is up again", func() bool { return uplinks(site)[0].Connected && hubCompression(t, hub) != "0 links" })
	exchange(t, hub, site)
}

// TestNoWebSocket: what is no WebSocket for leaf nodes is said to be none.
func TestNoWebSocket(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("server", "localhost")
	hub := startHub(t, webConf("", "no_tls: true"))
	secure := startHub(t, webConf("", fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key)))
	clients := peer.Start(t, "nats-server", "websocket { listen: \"127.0.0.1:$WS_PORT\", no_tls: true }")
	for _, tc := range []struct{ name, block, want string }{
		{"a leaf node port", fmt.Sprintf("{ url: \"ws://%s\" }", hub.Leaf), "no websocket"},
		{"a page", fmt.Sprintf("{ url: \"ws://%s\" }", strings.TrimPrefix(hub.Monitoring(), "http://")), "answers 404 Not Found"},
		{"one for clients", fmt.Sprintf("{ url: \"ws://%s\" }", clients.Web), "no greeting"},
		{"clear where TLS is", fmt.Sprintf("{ url: \"ws://%s\" }", secure.Web), "no websocket"},
		{"TLS where none is", fmt.Sprintf("{ url: \"wss://%s\" }", hub.Web), "tls handshake failed"},
		{"another authority", fmt.Sprintf("{ url: \"wss://%s\" }", secure.Web), "certificate"},
	} {
		g := startSiteOnly(t, tc.block)
		until(t, tc.name+" is known", func() bool { return uplinks(g)[0].Error != "" })
		if got := uplinks(g)[0].Error; !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// A connector connects on by CONNECT, for those it knows, to wherever it sends a name.
type connector struct {
	lis   net.Listener
	login string // user:password; empty: anybody
	to    string // host:port; empty: as asked for
	wg    sync.WaitGroup

	mu     sync.Mutex // guards the fields below
	asked  []string
	opened []net.Conn
}

func newProxy(t *testing.T, login, to string) *connector {
	t.Helper()
	return newProxyBy(t, login, to, nil)
}

// newProxyBy is newProxy, and reached by TLS if there is conf.
func newProxyBy(t *testing.T, login, to string, conf *tls.Config) *connector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &connector{lis: l, login: login, to: to}
	if conf != nil {
		l = tls.NewListener(l, conf)
	}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.keep(c)
			p.wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.opened {
			c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *connector) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened = append(p.opened, c)
}

func (p *connector) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, req.Host)
	p.mu.Unlock()
	if p.login != "" && req.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.login)) {
		_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
		return
	}
	to := p.to
	if to == "" {
		to = req.Host
	}
	far, err := net.Dial("tcp", to)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	p.keep(far)
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	p.wg.Go(func() {
		_, _ = io.Copy(far, r)
		far.Close()
	})
	_, _ = io.Copy(c, far)
}

func (p *connector) block(more string) string {
	return fmt.Sprintf("proxy { url: \"http://%s\", %s }", p.lis.Addr(), more)
}

// TestProxy: everything crosses a proxy, which looks names up.
func TestProxy(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("server", "hub.example")
	block := fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key)
	hub := startHub(t, webConf("compression: s2_fast, "+block, block))
	cert, key = ca.issue("proxy", "localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	plain := startHub(t, webConf("", "no_tls: true"))
	for _, tc := range []struct {
		name, login, to, url, more string
		secure                     bool // the proxy is reached by TLS
	}{
		{name: "by tls", url: "nats-leaf://" + plain.Leaf, secure: true},
		{name: "tls by tls", url: "tls://hub.example:7422", to: hub.Leaf, secure: true},
		{name: "websocket and tls by tls", url: "wss://hub.example/pre", to: hub.Web, secure: true},
		{name: "plain", url: "nats-leaf://" + plain.Leaf},
		{name: "with a login", url: "nats-leaf://" + plain.Leaf, login: "ann:se:cret", more: `username: ann, password: "se:cret", timeout: 5s`},
		{name: "tls", url: "tls://hub.example:7422", to: hub.Leaf},
		{name: "websocket", url: "ws://hub.example", to: plain.Web},
		{name: "websocket and tls", url: "wss://hub.example/pre", to: hub.Web},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProxy(t, tc.login, tc.to)
			by := p.block(tc.more)
			if tc.secure {
				p = newProxyBy(t, tc.login, tc.to, &tls.Config{Certificates: []tls.Certificate{pair}})
				by = fmt.Sprintf("proxy { url: \"https://localhost:%d\", tls { ca_file: %q } }", p.lis.Addr().(*net.TCPAddr).Port, ca.file)
			}
			of, secure := plain, ""
			if tc.to == hub.Leaf || tc.to == hub.Web {
				of, secure = hub, fmt.Sprintf(", tls { ca_file: %q }", ca.file)
			}
			site := startSite(t, fmt.Sprintf("{ url: %q, %s%s }", tc.url, by, secure))
			exchange(t, of, site)
			want := plain.Leaf
			switch {
			case strings.HasPrefix(tc.url, "tls://"):
				want = "hub.example:7422"
			case strings.HasPrefix(tc.url, "ws://"):
				want = "hub.example:80"
			case strings.HasPrefix(tc.url, "wss://"):
				want = "hub.example:443"
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.asked[0] != want {
				t.Errorf("asks for %q, want %q", p.asked, want)
			}
		})
	}
}

// TestProxyFails: why a proxy does not connect on is seen, and its password is not.
func TestProxyFails(t *testing.T) {
	hub := startHub(t, hubConf(""))
	closed := newProxy(t, "", "")
	closed.lis.Close()
	silent := newStrange(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	for name, tc := range map[string]struct{ block, want string }{
		"no login":      {newProxy(t, "ann:secret", "").block(""), "the proxy does not connect: it answers 407 Proxy Authentication Required"},
		"wrong login":   {newProxy(t, "ann:other", "").block("username: ann, password: secret"), "answers 407"},
		"nobody there":  {newProxy(t, "", closed.lis.Addr().String()).block(""), "it answers 502 Bad Gateway"},
		"no proxy":      {closed.block("username: ann, password: secret"), "the proxy does not connect: dial"},
		"a silent one":  {fmt.Sprintf("proxy { url: \"http://%s\", timeout: 50ms }", silent.lis.Addr()), "the proxy does not connect: read the answer"},
		"no TLS there":  {fmt.Sprintf("proxy { url: \"https://%s\" }", hub.Leaf), "the proxy does not connect: tls handshake failed"},
		"another thing": {fmt.Sprintf("proxy { url: \"http://%s\" }", hub.Leaf), "the proxy does not connect"},
	} {
		g := startSiteOnly(t, fmt.Sprintf("{ url: \"nats-leaf://%s\", %s }", hub.Leaf, tc.block))
		until(t, name+" is known", func() bool { return uplinks(g)[0].Error != "" })
		if got := uplinks(g)[0].Error; !strings.Contains(got, tc.want) || strings.Contains(got, "secret") {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestIgnoreDiscovered: servers that a hub tells of are tried, or not.
func TestIgnoreDiscovered(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		came := make(chan struct{}, 100)
		told := newStrange(t, func(net.Conn, *bufio.Reader) {
			select {
			case came <- struct{}{}:
			default:
			}
		})
		var mu sync.Mutex
		n := 0
		first := newStrange(t, func(c net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(c, strings.Replace(info, `"leafnode_urls":[]`, fmt.Sprintf(`"leafnode_urls":[%q]`, told.lis.Addr()), 1))
			mu.Lock()
			n++
			mu.Unlock()
		})
		startSiteOnly(t, fmt.Sprintf("{ url: %q, ignore_discovered_servers: %v }", first.url(), ignore))
		until(t, "the first one was tried again and again", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return n >= 3
		})
		if !ignore {
			until(t, "the one it tells of was tried", func() bool { return len(came) > 0 })
		} else if len(came) > 0 {
			t.Error("one that it tells of was tried")
		}
	}
}

// TestWebSocketBelow: servers below us and gateways come by WebSocket, compressed either way or not.
func TestWebSocketBelow(t *testing.T) {
	ca := newAuthority(t, t.TempDir())
	cert, key := ca.issue("above", "localhost")
	for _, tc := range []struct{ name, s2, web, below, want string }{
		{"s2", "s2_fast", "", "compression: s2_best", "s2_fast"},
		{"s2 by round trip", auto, "", "", "s2_uncompressed"},
		{"deflate: once is enough", "s2_fast", "compression: true", "ws_compression: true", "not supported"},
		{"clear, without masks", "off", "", "ws_no_masking: true", "off"},
		{"s2, without masks", "s2_better", "", "ws_no_masking: true, compression: s2_fast", "s2_better"},
	} {
		for _, scheme := range []string{"ws", "wss"} {
			t.Run(tc.name+" "+scheme, func(t *testing.T) {
				secure, theirs := "no_tls: true", ""
				if scheme == "wss" {
					secure, theirs = fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key), fmt.Sprintf("tls { ca_file: %q },", ca.file)
				}
				above := startAbove(t, fmt.Sprintf("websocket { listen: \"127.0.0.1:-1\", %s, %s }", secure, tc.web), "compression: "+tc.s2)
				block := fmt.Sprintf("{ url: \"%s://%s\", %s %s }", scheme, strings.Replace(wsAddr(above), "127.0.0.1", "localhost", 1), theirs, tc.below)
				below := startBelow(t, "BELOW", "", block)
				awaitLeaves(t, above, 1)
				if got := leafz(t, above)[0].Compression; got != tc.want {
					t.Errorf("we say %q, want %q", got, tc.want)
				}
				cross(t, connect(t, siteURL(above)), connect(t, below.URL))
				below.Stop()
				awaitLeaves(t, above, 0)
				site := startSite(t, block)
				cross(t, connect(t, siteURL(above)), connect(t, siteURL(site)))
			})
		}
	}
}

package netio

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// A Tunnel is an HTTP proxy that connects on by CONNECT. RFC 9110, 9.3.6.
type Tunnel struct {
	Addr       string        // host:port of the proxy
	User, Pass string        // for it; empty: it asks for none
	Timeout    time.Duration // of its answer; default that of the dial
	TLS        *tls.Config   // with the proxy itself; nil: none
	TLSTimeout time.Duration // of that handshake; default 2 s
}

func (t *Tunnel) tlsTimeout() time.Duration {
	if t.TLSTimeout == 0 {
		return defaultTLSTimeout
	}
	return t.TLSTimeout
}

// ErrProxy: a proxy did not connect on.
var ErrProxy = errors.New("the proxy does not connect")

// tunnel asks the proxy for Addr, whose name the proxy looks up.
func (b *opening) tunnel() error {
	p, to := b.o.Proxy, b.o.Addr
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: to}, Host: to, Header: http.Header{"User-Agent": {""}}}
	if p.User != "" || p.Pass != "" {
		r.SetBasicAuth(p.User, p.Pass)
		r.Header["Proxy-Authorization"] = r.Header["Authorization"]
		delete(r.Header, "Authorization")
	}
	limit := p.Timeout
	if limit == 0 {
		limit = b.o.Timeout
	}
	err := b.secure(p.TLS, p.tlsTimeout())
	var answer *http.Response
	if err == nil {
		answer, err = b.ask(r, limit)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrProxy, err)
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("%w: it answers %s", ErrProxy, status(answer))
	}
	return nil
}

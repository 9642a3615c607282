package websocket

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/internal/tlsconf"
	"leafgate/internal/wsframe"
	"leafgate/module"
)

const (
	anyHost                 = "0.0.0.0"
	defaultHandshakeTimeout = 5 * time.Second
)

// options are one configuration. They never change; a reload makes new ones.
type options struct {
	host             string
	port             int // negative: any
	advertise        []string
	tls              *tlsconf.Server
	sameOrigin       bool
	origins          []origin
	originsText      []string
	compression      bool
	handshakeTimeout time.Duration
	pingInterval     time.Duration
	userCookie       string
	passCookie       string
	tokenCookie      string
	headers          http.Header // of an answer; never nil
	proxy            bool
	proxyTrusted     []netip.Prefix
	forwardedTrusted []netip.Prefix
	rules            *auth.Rules
	noAuthUser       string
	plain, deflated  *netio.Framing
}

func (o *options) addr() string { return net.JoinHostPort(o.host, strconv.Itoa(max(0, o.port))) }

// readOptions reads the websocket block b. Errors collect in it.
func readOptions(env *module.Env, conf, b *config.Block) *options {
	o := &options{
		sameOrigin:       b.Bool(false, "same_origin"),
		compression:      b.Bool(false, "compression"),
		handshakeTimeout: b.Duration(0, "handshake_timeout"),
		pingInterval:     b.Duration(0, "ping_interval"),
		userCookie:       b.String("", "user_cookie"),
		passCookie:       b.String("", "pass_cookie", "password_cookie"),
		tokenCookie:      b.String("", "token_cookie"),
		proxy:            b.Bool(false, "proxy_protocol"),
		proxyTrusted:     b.Prefixes("proxy_trusted"),
		forwardedTrusted: b.Prefixes("forwarded_trusted"),
		noAuthUser:       b.String("", "no_auth_user"),
		headers:          readHeaders(b.Block("headers")),
	}
	if o.handshakeTimeout == 0 {
		o.handshakeTimeout = defaultHandshakeTimeout
	}
	b.Unsupported("JWT authentication is not there for now", "jwt_cookie")
	o.readAddr(b)
	o.readTLS(env, b)
	o.readOrigins(b)
	o.readAdvertise(b)
	if o.proxy != (len(o.proxyTrusted) > 0) {
		b.Errorf(present(b, "proxy_trusted", "proxy_protocol"), "proxy_protocol and proxy_trusted need each other")
	}
	o.rules = env.Auth.Rules(b)
	o.plain, o.deflated = frames(conf, false), frames(conf, true)
	return o
}

// present is the first of names that b has.
func present(b *config.Block, names ...string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return names[0]
}

// frames says how the payloads stand in frames. A compressed message may have twice the payload that NATS clients may send.
func frames(conf *config.Block, deflate bool) *netio.Framing {
	const least, most = 4 << 20, 1 << 30
	return &netio.Framing{Deflate: deflate, Inflated: min(max(least, 2*conf.Int(0, "max_payload")), most), Code: closeCode}
}

// framing is what a connection gets.
func (o *options) framing(deflate, unmasked bool) *netio.Framing {
	f := o.plain
	if deflate {
		f = o.deflated
	}
	if unmasked {
		own := *f
		own.Unmasked = true
		return &own
	}
	return f
}

// closeCode says with which code a connection is closed, as nats-server does; 0: netio knows.
func closeCode(cause error) wsframe.Code {
	switch module.ReasonOf(cause) {
	case reason.ServerShutdown:
		return wsframe.GoingAway
	case reason.MaxPayload:
		return wsframe.TooLarge
	case reason.InternalError, reason.StorageFailure:
		return wsframe.InternalError
	case reason.MaxConnections, reason.MaxAccountConnections:
		return wsframe.TryAgainLater
	case reason.ParseError, reason.BadProtocolVersion, reason.ProtocolViolation:
		var frame *wsframe.Error
		if errors.As(cause, &frame) {
			return frame.Code
		}
		return wsframe.ProtocolError
	}
	return 0
}

// netOptions is what netio has to know. Limits are those of the protocols.
func (o *options) netOptions() netio.ListenOptions {
	n := netio.ListenOptions{Addr: o.addr(), Proxy: o.proxy, ProxyTrusted: o.proxyTrusted}
	if o.tls != nil {
		n.TLS = &netio.TLSOptions{Config: o.tls.Config(), Timeout: o.tls.Timeout, First: true}
	}
	return n
}

// readTLS reads tls, which as with the peer has to be there unless no_tls says that it is left out on purpose.
func (o *options) readTLS(env *module.Env, b *config.Block) {
	off := b.Bool(false, "no_tls")
	o.tls = tlsconf.ReadServer(b.Block("tls"), env.Log, env.Clock.Valid)
	switch {
	case off && o.tls != nil:
		b.Errorf("no_tls", "there is a tls block as well")
	case !off && o.tls == nil:
		b.Errorf("", "tls is missing: passwords would be sent in clear; no_tls: true says that a proxy takes care of it")
	}
}

// readAddr reads where to listen. A port has to be given: there is none that everybody expects.
func (o *options) readAddr(b *config.Block) {
	var ok bool
	if o.host, o.port, ok = b.Address(anyHost, 0); ok && o.port == 0 {
		b.Errorf(present(b, "port", "listen"), "want a port from 1 to 65535, or -1 for any")
	}
}

func (o *options) readOrigins(b *config.Block) {
	o.originsText = b.Strings("allowed_origins", "allowed_origin", "allow_origins", "allow_origin")
	for _, s := range o.originsText {
		from, ok := parseOrigin(s)
		if !ok {
			b.Errorf(present(b, "allowed_origins", "allowed_origin", "allow_origins", "allow_origin"), "want scheme://host or scheme://host:port, got %q", s)
		}
		o.origins = append(o.origins, from)
	}
}

// readAdvertise reads what clients are told to connect to: host or host:port.
func (o *options) readAdvertise(b *config.Block) {
	v := b.String("", "advertise")
	if v == "" {
		return
	}
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = strings.Trim(v, "[]"), strconv.Itoa(max(0, o.port))
	}
	_, noIP := netip.ParseAddr(host)
	if _, bad := strconv.ParseUint(port, 10, 16); bad != nil || host == "" || strings.Contains(host, ":") && noIP != nil {
		b.Errorf("advertise", "want host or host:port, got %q", v)
	}
	o.advertise = []string{net.JoinHostPort(host, port)}
}

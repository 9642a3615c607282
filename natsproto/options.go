package natsproto

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/internal/tlsconf"
	"leafgate/module"
	"leafgate/natsproto/wire"
)

// keys are the top-level keys this frontend owns.
var keys = []string{
	"nats", "listen", "host", "net", "port", "client_advertise", "tls", "allow_non_tls", "proxy_protocol", "proxy_trusted",
	"max_connections", "max_conn", "max_subscriptions", "max_subs", "max_sub_tokens", "max_subscription_tokens",
	"max_control_line", "max_payload", "max_pending", "ping_interval", "ping_max", "write_deadline", "write_timeout",
	"no_fast_producer_stall", "no_header_support", "lame_duck_duration", "lame_duck_grace_period",
}

const (
	defaultPort        = 4222
	defaultAuthTimeout = 2 * time.Second
	largePayload       = 8 << 20
	minLameDuck        = 30 * time.Second
	maxSize            = 1<<31 - 1
)

// options are one configuration. They never change; a reload makes new ones.
type options struct {
	listeners []*listenOptions

	limits           wire.Limits
	maxConnections   int
	maxSubscriptions int // of one client; 0: any number
	maxSubTokens     int // of one subject; 0: any number
	maxPending       int64
	pingInterval     time.Duration
	pingMax          int
	writeDeadline    time.Duration
	noStall          bool
	noHeaders        bool
	lameDuck         time.Duration
	lameDuckGrace    time.Duration
}

// listenOptions are one listener's part of them.
type listenOptions struct {
	host         string
	port         int // negative: any
	tls          *tlsconf.Server
	allowPlain   bool
	proxy        bool
	proxyTrusted []netip.Prefix
	advertise    []string
	rules        *auth.Rules
	pingInterval time.Duration // 0: as everywhere
}

func (o *listenOptions) addr() string { return net.JoinHostPort(o.host, strconv.Itoa(max(0, o.port))) }

// readOptions reads the top level of a configuration. Errors collect in conf. As with the peer, zero means the default
// where nothing would be a strange thing to ask for.
func readOptions(env *module.Env, conf *config.Block) *options {
	o := &options{
		limits: wire.Limits{
			ControlLine: orDefault(int(conf.IntRange(0, 0, maxSize, "max_control_line")), 4096),
			Payload:     orDefault(int(conf.IntRange(0, 0, maxSize, "max_payload")), 1<<20),
		},
		maxConnections:   int(conf.IntRange(65536, 0, maxSize, "max_connections", "max_conn")),
		maxSubscriptions: int(conf.IntRange(0, 0, maxSize, "max_subscriptions", "max_subs")),
		maxPending:       orDefault(conf.IntRange(0, 0, 1<<40, "max_pending"), 64<<20),
		pingInterval:     orDefault(conf.Duration(0, "ping_interval"), 2*time.Minute),
		pingMax:          orDefault(int(conf.IntRange(0, 0, 1<<7-1, "ping_max")), 2),
		writeDeadline:    orDefault(conf.Duration(0, "write_deadline"), 10*time.Second),
		noStall:          conf.Bool(false, "no_fast_producer_stall"),
		noHeaders:        conf.Bool(false, "no_header_support"),
		lameDuck:         conf.Duration(2*time.Minute, "lame_duck_duration"),
		lameDuckGrace:    conf.Duration(10*time.Second, "lame_duck_grace_period"),
	}
	if names := []string{"max_sub_tokens", "max_subscription_tokens"}; conf.Has(names...) {
		o.maxSubTokens = int(conf.IntRange(1, 1, 255, names...))
	}
	switch v := conf.String("default", "write_timeout"); v {
	case "default", "close":
	case "retry":
		conf.Unsupported("a client that takes no bytes is closed", "write_timeout")
	default:
		conf.Errorf("write_timeout", "want default or close, got %q", v)
	}
	o.check(env, conf)
	o.readListeners(env, conf)
	return o
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// check compares settings with each other.
func (o *options) check(env *module.Env, conf *config.Block) {
	if int64(o.limits.Payload) > o.maxPending {
		conf.Errorf("max_payload", "max_payload (%v) cannot be higher than max_pending (%v)", o.limits.Payload, o.maxPending)
	} else if o.limits.Payload > largePayload {
		env.Log.Warn("max_payload is above 8 MB, messages that large slow everybody down", "max_payload", o.limits.Payload)
	}
	if o.lameDuck < minLameDuck {
		conf.Errorf("lame_duck_duration", "invalid lame_duck_duration of %v, minimum is 30 seconds", o.lameDuck)
	}
	if o.lameDuckGrace >= o.lameDuck {
		conf.Errorf("lame_duck_grace_period",
			"lame duck grace period (%v) should be strictly lower than lame duck duration (%v)", o.lameDuckGrace, o.lameDuck)
	}
}

// readListeners reads the top level's own listener and those of the nats array. The array stands alone where the top
// level names no address.
func (o *options) readListeners(env *module.Env, conf *config.Block) {
	more := conf.Blocks("nats")
	top := readListener(env, conf)
	if len(more) == 0 || hasAddr(conf) {
		if env.Server.Default && !conf.Has("listen") && !conf.Has("host", "net") {
			top.host = "127.0.0.1"
		}
		o.listeners = append(o.listeners, top)
	}
	for _, b := range more {
		if !hasAddr(b) {
			b.Errorf("", "nats: listen is missing")
		}
		o.listeners = append(o.listeners, readListener(env, b))
	}
}

const anyHost = "0.0.0.0"

func hasAddr(b *config.Block) bool { return b.Has("listen") || b.Has("host", "net") || b.Has("port") }

func readListener(env *module.Env, b *config.Block) *listenOptions {
	o := &listenOptions{}
	if o.host, o.port, _ = b.Address(anyHost, defaultPort); o.port == 0 {
		o.port = defaultPort
	}
	o.tls = tlsconf.ReadServer(b.Block("tls"), env.Log, env.Clock.Valid)
	o.allowPlain = b.Bool(false, "allow_non_tls")
	o.proxy = b.Bool(false, "proxy_protocol")
	o.proxyTrusted = b.Prefixes("proxy_trusted")
	if len(o.proxyTrusted) > 0 && !o.proxy {
		b.Errorf("proxy_trusted", "needs proxy_protocol: true")
	}
	o.advertise = o.readAdvertise(b)
	o.rules = env.Auth.Rules(b)
	return o
}

// readAdvertise reads what clients are told to connect to: host or host:port.
func (o *listenOptions) readAdvertise(b *config.Block) []string {
	v := b.String("", "client_advertise")
	if v == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = strings.Trim(v, "[]"), strconv.Itoa(max(0, o.port))
	}
	_, noIP := netip.ParseAddr(host)
	if n, bad := strconv.ParseUint(port, 10, 16); bad != nil || host == "" || strings.Contains(host, ":") && noIP != nil {
		b.Errorf("client_advertise", "want host or host:port, got %q", v)
	} else if n == 0 {
		port = strconv.Itoa(o.port)
	}
	return []string{net.JoinHostPort(host, port)}
}

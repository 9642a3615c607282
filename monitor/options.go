package monitor

import (
	"net"
	"strconv"
	"strings"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/module"
)

var keys = []string{
	"http", "http_port", "monitor_port", "http_base_path", "https", "https_port", "monitor", "server_tags", "server_metadata",
}

// ports are the keys by which there is something to look at.
var ports = []string{"http", "http_port", "monitor_port", "https", "https_port"}

// options are where monitoring is to be found.
type options struct {
	addr   string // host:port; port 0 takes a free one; empty: nowhere
	base   string // path in front of every page, without a slash at its end
	secure bool   // by TLS only
}

// readOptions reads where monitoring is to be found. Errors collect in conf.
func readOptions(env *module.Env, conf *config.Block) (o options) {
	o.base = strings.TrimRight(conf.String("/", "http_base_path"), "/")
	if o.base != "" && !strings.HasPrefix(o.base, "/") {
		o.base = "/" + o.base
	}
	plain := readAddr(env, conf, "http", "http_port", "monitor_port")
	secured := readAddr(env, conf, "https", "https_port")
	switch {
	case plain != "" && secured != "":
		conf.Errorf(present(conf, "https", "https_port"), "can't specify both HTTP (%s) port and HTTPs (%s) port", plain, secured)
	case secured != "" && !conf.Has("tls"):
		conf.Errorf(present(conf, "https", "https_port"), "needs a tls block")
	}
	if o.addr = plain; secured != "" {
		o.addr, o.secure = secured, true
	}
	return o
}

// readAddr reads a port or host:port under listen, or a port under ports; empty: there is none.
func readAddr(env *module.Env, conf *config.Block, listen string, ports ...string) string {
	host, port := clientHost(env, conf), conf.IntRange(0, -1, 65535, ports...)
	if v, ok := conf.Value(listen); ok {
		h, p, valid := splitListen(v)
		if !valid {
			conf.Errorf(listen, "want a port or host:port")
			return ""
		}
		if port = p; h != "" {
			host = h
		}
	}
	if port == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.FormatInt(max(0, port), 10))
}

func present(conf *config.Block, names ...string) string {
	for _, n := range names {
		if conf.Has(n) {
			return n
		}
	}
	return ""
}

// readRules reads who may look; nil: everybody who can reach the port.
func readRules(env *module.Env, conf *config.Block) *auth.Rules {
	b := conf.Block("monitor")
	if b == nil {
		return nil
	}
	switch {
	case !b.Has("authorization"):
		conf.Errorf("monitor", "authorization is missing")
		return nil
	case !conf.Has(ports...):
		conf.Errorf("monitor", "needs http or https")
	}
	return env.Auth.Rules(b)
}

// clientHost is the host that NATS clients are served on, and monitoring too where nothing else is said.
func clientHost(env *module.Env, conf *config.Block) string {
	host := "0.0.0.0"
	if env.Server.Default {
		host = "127.0.0.1"
	}
	if v, ok := conf.Value("listen"); ok {
		if h, _, valid := splitListen(v); valid && h != "" {
			host = h
		}
	}
	return conf.String(host, "host", "net")
}

// splitListen takes 8222, ":8222" or "host:8222" apart. Port -1 is any free one.
func splitListen(v any) (host string, port int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return "", v, v >= -1 && v <= 65535
	case string:
		h, p, err := net.SplitHostPort(v)
		if err != nil {
			return "", 0, false
		}
		port, err = strconv.ParseInt(p, 10, 32)
		return h, port, err == nil && port >= -1 && port <= 65535
	default:
		return "", 0, false
	}
}

func readAbout(conf *config.Block) *about {
	a := &about{digest: conf.Digest(), loaded: time.Now(), tags: conf.Strings("server_tags")}
	if md := conf.Block("server_metadata"); md != nil {
		a.metadata = make(map[string]string)
		for _, key := range md.Keys() {
			a.metadata[key] = md.String("", key)
		}
	}
	return a
}

package leafnode

import (
	"net"
	"strconv"
	"strings"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/internal/tlsconf"
	"leafgate/module"
)

// listenOptions say where and how other servers may connect to hang below us.
type listenOptions struct {
	host        string
	port        int // negative: any
	tls         *tlsconf.Server
	rules       *auth.Rules
	advertise   string // host:port; empty: the address that a server has reached us at
	noAdvertise bool
	minVersion  string        // of servers; empty: any
	link        remoteOptions // what links have in common
}

const (
	anyHost            = "0.0.0.0"
	defaultAuthTimeout = 2 * time.Second
)

// listenKeys are those that only a listener has.
var listenKeys = []string{"listen", "port", "host", "net", "authorization", "tls", "advertise", "leafnode_advertise", "no_advertise",
	"min_version", "minimum_version", "isolate_leafnode_interest", "isolate", "compression"}

// readListen reads them from a leafnodes block; nil: nobody is to connect. conf is the top level.
func readListen(env *module.Env, conf, b *config.Block, link remoteOptions) *listenOptions {
	if !b.Has("listen") && !b.Has("port") && !b.Has("host", "net") {
		for _, name := range listenKeys {
			if b.Has(name) {
				b.Errorf(name, "is for servers that connect to here: say where, with listen or port")
			}
		}
		return nil
	}
	o := &listenOptions{link: link}
	if o.host, o.port, _ = b.Address(anyHost, defaultPort); o.port == 0 {
		o.port = defaultPort
	}
	o.tls = tlsconf.ReadServer(b.Block("tls"), env.Log, env.Clock.Valid)
	o.rules = env.Auth.Links(b)
	o.noAdvertise = b.Bool(false, "no_advertise")
	o.readAdvertise(b)
	o.minVersion = b.String("", "min_version", "minimum_version")
	if v, ok := parseVersion(o.minVersion); o.minVersion != "" && (!ok || v.before(version{2, 8, 0})) {
		b.Errorf(present(b, "min_version", "minimum_version"), "want a version such as 2.10.0, from 2.8.0 on, got %q", o.minVersion)
	}
	o.link.compression = readCompression(b)
	o.link.isolated = b.Bool(false, "isolate_leafnode_interest", "isolate")
	o.link.takes = int(conf.IntRange(0, 0, 1<<31-1, "max_payload"))
	if o.link.takes == 0 {
		o.link.takes = leastMost
	}
	return o
}

// readAdvertise reads the address that other servers are told.
func (o *listenOptions) readAdvertise(b *config.Block) {
	names := []string{"advertise", "leafnode_advertise"}
	v := b.String("", names...)
	if v == "" {
		return
	}
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = strings.Trim(v, "[]"), strconv.Itoa(max(0, o.port))
	}
	if n, bad := strconv.ParseUint(port, 10, 16); bad != nil || host == "" || n == 0 && o.port > 0 {
		b.Errorf(present(b, names...), "want host or host:port, got %q", v)
	}
	o.advertise = net.JoinHostPort(host, port)
}

// present answers which of a key's names b has.
func present(b *config.Block, names ...string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return names[0]
}

func (o *listenOptions) addr() string { return net.JoinHostPort(o.host, strconv.Itoa(max(0, o.port))) }

// authTimeout is how long a server may take to show who it is, TLS handshake included.
func (o *listenOptions) authTimeout() time.Duration {
	d := o.rules.Timeout()
	if d == 0 {
		d = defaultAuthTimeout
	}
	if o.tls != nil {
		d += o.tls.Timeout
	}
	return d
}

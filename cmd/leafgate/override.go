package main

import (
	"net"
	"strconv"

	"leafgate/config"
)

// override puts the flags that were given on top of a configuration.
func (f *flags) override(conf *config.Block) {
	var host, port, httpPort any
	if f.given["addr"] {
		host = f.addr
	}
	if f.given["port"] {
		port = int64(f.port)
	}
	if f.given["http_port"] {
		httpPort = int64(f.httpPort)
	}
	overrideAddr(conf, "listen", host, port, []string{"host", "net"}, []string{"port"})
	overrideAddr(conf, "http", nil, httpPort, nil, []string{"http_port", "monitor_port"})
	if f.given["name"] {
		overrideKey(conf, f.name, "server_name")
	}
	if f.given["pid"] {
		overrideKey(conf, f.pid, "pid_file", "pidfile")
	}
	if f.given["log"] {
		overrideKey(conf, f.log, "log_file", "logfile")
	}
	if f.given["debug"] || f.given["DV"] {
		overrideKey(conf, f.debug || f.both, "debug")
	}
	if f.given["trace"] || f.given["DV"] {
		overrideKey(conf, f.trace || f.both, "trace")
	}
}

// overrideAddr replaces host and port, where they are not nil: in the one key that holds both, if the configuration has
// it, else in keys of their own.
func overrideAddr(conf *config.Block, both string, host, port any, hostKeys, portKeys []string) {
	if host == nil && port == nil {
		return
	}
	v, ok := conf.Value(both)
	if !ok {
		if host != nil {
			overrideKey(conf, host, hostKeys...)
		}
		if port != nil {
			overrideKey(conf, port, portKeys...)
		}
		return
	}
	h, p := splitAddr(v)
	if host != nil {
		h = host.(string)
	}
	if port != nil {
		p = strconv.FormatInt(port.(int64), 10)
	}
	conf.Override(both, net.JoinHostPort(h, p))
}

// splitAddr takes what a listen key may hold apart, a port or host:port; whoever reads it reports what is wrong with it.
func splitAddr(v any) (host, port string) {
	switch v := v.(type) {
	case int64:
		return "", strconv.FormatInt(v, 10)
	case string:
		host, port, _ = net.SplitHostPort(v)
	}
	return host, port
}

// overrideKey overrides the name that the configuration uses.
func overrideKey(conf *config.Block, v any, names ...string) {
	for _, n := range names {
		if conf.Has(n) {
			conf.Override(n, v)
			return
		}
	}
	conf.Override(names[0], v)
}

package main

import (
	"net"
	"strconv"

	"leafgate/config"
)

// override puts the flags that were given on top of a configuration.
func (f *flags) override(conf *config.Block) {
	if f.given["addr"] { // host and port win over listen
		overrideKey(conf, f.addr, "host", "net")
	}
	if f.given["port"] {
		overrideKey(conf, int64(f.port), "port")
	}
	if f.given["http_port"] {
		f.overrideHTTP(conf)
	}
	if f.given["name"] {
		overrideKey(conf, f.name, "server_name")
	}
	if f.given["pid"] {
		overrideKey(conf, f.pid, "pid_file", "pidfile")
	}
	if f.given["store_dir"] {
		f.overrideStore(conf)
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

// overrideStore replaces the directory where the configuration has it.
func (f *flags) overrideStore(conf *config.Block) {
	if b := conf.Block("store"); b.Has("dir") {
		b.Override("dir", f.storeDir)
		return
	}
	overrideKey(conf, f.storeDir, "store_dir", "storedir")
}

// overrideHTTP replaces the port in the one key that has a host too, if the configuration has it.
func (f *flags) overrideHTTP(conf *config.Block) {
	v, ok := conf.Value("http")
	if !ok {
		overrideKey(conf, int64(f.httpPort), "http_port", "monitor_port")
		return
	}
	text, _ := v.(string)
	host, _, _ := net.SplitHostPort(text) // whoever reads the key reports what is wrong with it
	conf.Override("http", net.JoinHostPort(host, strconv.Itoa(f.httpPort)))
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

package gateway

import (
	"strings"

	"leafgate/config"
)

// refusals are the keys of nats-server that no module owns yet, each group with what to do instead. A key leaves here
// by itself when a module of the table owns it.
var refusals = []struct {
	why  string
	keys []string
}{
	{"only operators have sentinels", []string{"default_sentinel"}},
	{"JWT authentication is not there for now: use authorization", []string{
		"operator", "operators", "root", "roots", "root_operator", "root_operators", "resolver", "account_resolver",
		"accounts_resolver", "resolver_tls", "resolver_preload", "resolver_pinned_accounts", "trusted", "trusted_keys"}},
	{"an edge gateway has no routes: connect it to a cluster as a leaf node, with leafnodes", []string{
		"cluster", "gateway", "connect_error_reports", "reconnect_error_reports"}},
	{"streams are not there for now", []string{
		"jetstream", "default_js_domain"}},
	{"trace shows the lines clients send, no messages and no system traffic", []string{
		"trace_verbose", "trace_headers", "max_traced_msg_len"}},
	{"let the journal or the container runtime take what goes to standard error", []string{"syslog", "remote_syslog"}},
	{"blocking is not profiled", []string{"prof_block_rate"}},
	{"certificates are not checked by OCSP for now", []string{"ocsp", "ocsp_cache"}},
	{"proxies are not authenticated for now", []string{"proxies"}},
	{"there are no features to switch", []string{"feature_flags"}},
	{"match results are always remembered, in bounded memory", []string{"disable_sublist_cache", "no_sublist_cache"}},
}

func refuseUnsupported(conf *config.Block) {
	owned := make(map[string]bool)
	for _, spec := range modules() {
		for _, key := range spec.Keys {
			owned[strings.ToLower(key)] = true
		}
	}
	for _, r := range refusals {
		for _, key := range r.keys {
			if !owned[key] {
				conf.Unsupported(r.why, key)
			}
		}
	}
}

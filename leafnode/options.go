package leafnode

import (
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nkeys"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/tlsconf"
	"leafgate/module"
)

// keys are the top-level keys this module owns.
var keys = []string{"leafnodes", "leaf"}

const (
	defaultPort      = 7422
	defaultReconnect = time.Second
	defaultDeadline  = 10 * time.Second
	defaultDial      = 3 * time.Second // a round trip, on a bad link
	defaultFirstInfo = 3 * time.Second
	defaultQueued    = 64 << 20 // bytes
	defaultMsgs      = 500_000
)

// options are one configuration. They never change; a reload makes new ones.
type options struct {
	remotes       []*remoteOptions
	listen        *listenOptions // nil: nobody is let in
	lameDuck      time.Duration
	lameDuckGrace time.Duration
}

// remoteOptions are one remote's part of them, and what all have in common.
type remoteOptions struct {
	urls       []*url.URL
	account    string
	creds      string // file
	seed       string
	tls        *tlsconf.Client
	denyIn     []string
	denyOut    []string
	noShuffle  bool
	disabled   bool
	firstInfo  time.Duration
	dial       time.Duration
	reconnect  time.Duration
	deadline   time.Duration // for writing
	pingEvery  time.Duration
	pingMost   int
	hub        bool  // we take the part of the hub, so that what comes from above goes there too
	isolate    bool  // ask not to be told of other leaves' interest
	isolated   bool  // do not tell of it either
	takes      int   // bytes of a message that the other side may send; 0: as it says itself
	mostQueued int64 // bytes
	mostMsgs   int
	label      string // its name; empty: the first address
	token      string // that, fit for subjects and topics, unique
	probe      string // subject; empty: none
	probeEvery time.Duration

	compression compression
	deflate     bool   // ask for permessage-deflate
	unmasked    bool   // ask to do without masks
	proxy       *proxy // nil: none
	ignoreTold  bool   // addresses that servers tell of
}

// readOptions reads the top level of a configuration. Errors collect in conf.
func readOptions(env *module.Env, conf *config.Block) *options {
	o := &options{
		lameDuck:      conf.Duration(2*time.Minute, "lame_duck_duration"),
		lameDuckGrace: conf.Duration(10*time.Second, "lame_duck_grace_period"),
	}
	b := conf.Block(keys...)
	if b == nil {
		return o
	}
	readWriteTimeout(b)
	common := remoteOptions{
		reconnect:  b.Duration(defaultReconnect, "reconnect", "reconnect_delay", "reconnect_interval"),
		deadline:   b.Duration(defaultDeadline, "write_deadline"),
		pingEvery:  conf.Duration(2*time.Minute, "ping_interval"),
		pingMost:   int(conf.IntRange(2, 0, 1<<7-1, "ping_max")),
		mostQueued: conf.IntRange(defaultQueued, 0, 1<<40, "max_pending"),
		mostMsgs:   defaultMsgs,
	}
	if common.reconnect <= 0 {
		b.Errorf("reconnect", "want a positive duration")
	}
	if common.deadline == 0 {
		common.deadline = defaultDeadline
	}
	if common.pingEvery == 0 {
		common.pingEvery = 2 * time.Minute
	}
	if common.pingMost == 0 {
		common.pingMost = 2
	}
	if common.mostQueued == 0 {
		common.mostQueued = defaultQueued
	}
	o.listen = readListen(env, conf, b, common)
	for _, rb := range b.Blocks("remotes") {
		o.remotes = append(o.remotes, readRemote(env, rb, common))
	}
	nameTokens(o.remotes)
	return o
}

// readWriteTimeout reads what happens after write_deadline.
func readWriteTimeout(b *config.Block) {
	switch v := b.String("default", "write_timeout"); v {
	case "default", "close":
	case "retry":
		b.Unsupported("a link that takes no bytes is given up", "write_timeout")
	default:
		b.Errorf("write_timeout", "want default or close, got %q", v)
	}
}

func readRemote(env *module.Env, b *config.Block, o remoteOptions) *remoteOptions {
	b.Unsupported("there is no JetStream to move", "jetstream_cluster_migrate", "js_cluster_migrate")
	o.compression = readCompression(b)
	o.readURLs(b)
	o.readWebSocket(b)
	if o.account = b.String(auth.DefaultAccount, "account", "local"); !env.Auth.Rules(nil).HasAccount(o.account) {
		b.Errorf("account", "no account %q", o.account)
	}
	o.readCredentials(b)
	o.tls = tlsconf.ReadClient(b.Block("tls"), env.Log, env.Clock.Valid)
	o.denyIn = readPatterns(b, "deny_imports", "deny_import")
	o.denyOut = readPatterns(b, "deny_exports", "deny_export")
	o.noShuffle = b.Bool(false, "no_randomize", "dont_randomize")
	o.disabled = b.Bool(false, "disabled")
	o.hub = b.Bool(false, "hub")
	o.isolate = b.Bool(false, "request_isolation")
	o.isolated = b.Bool(false, "local_isolation", "isolate_leafnode_interest", "isolate")
	o.firstInfo = b.Duration(defaultFirstInfo, "first_info_timeout")
	o.dial = b.Duration(defaultDial, "dial_timeout")
	o.readProxy(env, b.Block("proxy"))
	o.ignoreTold = b.Bool(false, "ignore_discovered_servers")
	o.mostQueued = b.IntRange(o.mostQueued, 1, 1<<40, "max_pending")
	o.mostMsgs = int(b.IntRange(defaultMsgs, 1, 1<<30, "max_pending_msgs"))
	o.label = b.String("", "name")
	o.probe = b.String(defaultProbe, "probe_subject")
	if o.probe != "" && !core.ValidSubject([]byte(o.probe)) || !core.IsLiteral(o.probe) {
		b.Errorf("probe_subject", "want a subject without wildcards, got %q", o.probe)
	}
	o.probeEvery = b.Duration(defaultProbeEvery, "probe_interval")
	return &o
}

func (o *remoteOptions) readURLs(b *config.Block) {
	name := "url"
	if b.Has("urls") {
		name = "urls"
	}
	list := b.Strings("url", "urls")
	if len(list) == 0 {
		b.Errorf(name, "a remote needs a url")
	}
	for _, s := range list {
		if u, err := parseURL(s); err != nil {
			b.Errorf(name, "%v", err)
		} else {
			o.urls = append(o.urls, u)
		}
	}
}

// parseURL reads an address. Its errors quote nothing: there may be a password in it.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("want a URL such as nats-leaf://host:7422")
	}
	u.Host = withPort(u, usualPort(u))
	return u, fits(u)
}

func (o *remoteOptions) readCredentials(b *config.Block) {
	if o.creds = b.String("", "credentials", "creds"); o.creds != "" {
		if _, err := readCreds(o.creds); err != nil {
			b.Errorf("credentials", "%v", err)
		}
	}
	if o.seed = b.String("", "nkey", "seed"); o.seed == "" {
		return
	}
	if o.creds != "" {
		b.Errorf("nkey", "cannot stand beside credentials")
	}
	if key, err := nkeys.FromSeed([]byte(o.seed)); err != nil { // not quoted: it is a secret
		b.Errorf("nkey", "want the seed of a user, which begins with SU")
	} else if pub, err := key.PublicKey(); err != nil || !nkeys.IsValidPublicUserKey(pub) {
		b.Errorf("nkey", "want the seed of a user, which begins with SU")
	}
}

func readPatterns(b *config.Block, names ...string) []string {
	list := b.Strings(names...)
	for _, p := range list {
		if !core.ValidPattern(p) {
			b.Errorf(names[0], "want subjects, got %q", p)
		}
	}
	return list
}

// same says whether a link under o would be no other than one under next. TLS files and settings are taken over by the next
// connection.
func (o *remoteOptions) same(next *remoteOptions) bool { return o.text() == next.text() }

// text is everything but TLS. It holds secrets.
func (o *remoteOptions) text() string {
	var urls []string
	for _, u := range o.urls {
		urls = append(urls, u.String())
	}
	return o.way() + fmt.Sprintf(" %v %v %v %v %q %q %q %q %q %q %v %v %v %v %v %v %v %v %v %v %v %q %q %q %v", o.compression, o.hub, o.isolate, o.isolated, urls, o.account, o.creds, o.seed, o.denyIn, o.denyOut,
		o.noShuffle, o.disabled, o.firstInfo, o.dial, o.reconnect, o.deadline, o.pingEvery, o.pingMost, o.mostQueued, o.mostMsgs, o.tls != nil,
		o.label, o.token, o.probe, o.probeEvery)
}

// name is what monitoring and logs call the remote.
func (o *remoteOptions) name() string {
	if o.label != "" {
		return o.label
	}
	if len(o.urls) == 0 {
		return ""
	}
	return bare(o.urls[0])
}

// bare is u without credentials.
func bare(u *url.URL) string { return u.Scheme + "://" + u.Host }

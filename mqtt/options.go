package mqtt

import (
	"net/netip"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/internal/memory"
	"leafgate/internal/tlsconf"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

const (
	defaultPort      = 1883
	defaultTLSPort   = 8883
	maxPacket        = 268_435_455 // the longest that the fixed header can say, section 2.1.4
	packetOverhead   = 128 << 10   // what a packet may hold beside its payload
	maxSize          = 1<<31 - 1
	defaultConnectBy = 10 * time.Second

	queuedParts   = 4 // of max_memory, for what waits in all sessions
	retainedParts = 8 // for retained messages
)

// options are one configuration. They never change; a reload makes new ones.
type options struct {
	listeners []*listenOptions
	namer     *namer // for topics of clients
	openNamer *namer // the same without the guard

	versions       [8]bool // by protocol level
	maxConnections int
	maxPayload     int
	maxPacket      int // remaining length
	maxConnect     int // remaining length of CONNECT
	maxPending     int64
	writeDeadline  time.Duration

	maxKeepAlive    uint16 // seconds; 0: any
	receiveMaximum  uint16 // QoS 1 and 2 publications of a client under way
	maxAckPending   int    // deliveries to a client under way
	aliasMaximum    uint16 // of topics, from a client
	responsePrefix  string // Response Information; empty: none
	natsQoS         byte   // of messages that no MQTT client published
	rejectQoS2      bool
	downgradeQoS2   bool
	closeDenied     bool // 3.1.1: a publication that is not allowed ends the connection
	tellNoReceivers bool // v5: reason 0x10
	substitute      bool // foreign subjects are shown

	maxSubscriptions int
	maxSessions      int
	maxExpiry        uint32 // of sessions, seconds; Forever: any
	maxQueued        int
	maxQueuedBytes   int64
	maxQueuedTotal   int64
	dropOldest       bool

	maxRetained        int
	maxRetainedBytes   int64
	maxRetainedPayload int

	sysInterval time.Duration

	lameDuck, lameDuckGrace time.Duration // as for NATS clients
}

// listenOptions are one listener's part of them.
type listenOptions struct {
	host         string
	port         int // negative: any
	tls          *tlsconf.Server
	proxy        bool
	proxyTrusted []netip.Prefix
	rules        *auth.Rules
}

// readOptions reads the mqtt block b of conf. Errors collect in conf.
func readOptions(env *module.Env, conf, b *config.Block) *options {
	refuse(b)
	ceiling := memory.Read(conf)
	o := &options{
		maxConnections: int(b.IntRange(65536, 1, maxSize, "max_connections", "max_conn")),
		maxPayload:     orDefault(int(conf.IntRange(0, 0, maxSize, "max_payload")), 1<<20),
		maxConnect:     int(b.IntRange(256<<10, 64, maxPacket, "max_connect")),
		maxPending:     b.IntRange(16<<20, 64<<10, 1<<40, "max_pending"),
		writeDeadline:  orDefault(conf.Duration(0, "write_deadline"), 10*time.Second),

		maxKeepAlive:    uint16(b.IntRange(0, 0, 65535, "max_keep_alive")),
		receiveMaximum:  uint16(b.IntRange(1024, 1, 65535, "receive_maximum")),
		maxAckPending:   int(b.IntRange(1024, 1, 65535, "max_ack_pending")),
		aliasMaximum:    uint16(b.IntRange(10, 0, 65535, "topic_alias_maximum")),
		responsePrefix:  b.String("", "response_information"),
		natsQoS:         byte(b.IntRange(1, 0, 2, "nats_qos")),
		rejectQoS2:      b.Bool(false, "reject_qos2_publish"),
		downgradeQoS2:   b.Bool(false, "downgrade_qos2_subscribe"),
		tellNoReceivers: b.Bool(true, "tell_no_subscribers"),

		maxSubscriptions: int(b.IntRange(10_000, 1, maxSize, "max_subscriptions", "max_subs")),
		maxSessions:      int(b.IntRange(100_000, 1, maxSize, "max_sessions")),
		maxExpiry:        Forever,
		maxQueued:        int(b.IntRange(10_000, 1, maxSize, "max_queued")),
		maxQueuedBytes:   b.IntRange(16<<20, 1, 1<<40, "max_queued_bytes"),
		maxQueuedTotal:   b.IntRange(memory.Share(ceiling, 256<<20, queuedParts), 1, 1<<40, "max_queued_total"),

		maxRetained:      int(b.IntRange(100_000, 0, maxSize, "max_retained")),
		maxRetainedBytes: b.IntRange(memory.Share(ceiling, 256<<20, retainedParts), 0, 1<<40, "max_retained_bytes"),

		sysInterval: b.Duration(10*time.Second, "sys_interval"),

		lameDuck:      conf.Duration(2*time.Minute, "lame_duck_duration"),
		lameDuckGrace: conf.Duration(10*time.Second, "lame_duck_grace_period"),
	}
	o.maxPacket = int(b.IntRange(int64(min(o.maxPayload+packetOverhead, maxPacket)), 1024, maxPacket, "max_packet_size"))
	o.maxRetainedPayload = int(b.IntRange(int64(o.maxPayload), 0, maxSize, "max_retained_payload"))
	o.closeDenied = choice(b, "denied_publish", "ack", "close") == "close"
	o.substitute = choice(b, "foreign", "drop", "substitute") == "substitute"
	o.dropOldest = choice(b, "queue_full", "refuse", "drop_oldest") == "drop_oldest"
	if d := b.Duration(0, "max_session_expiry"); d > 0 {
		o.maxExpiry = uint32(min(int64((d+time.Second-1)/time.Second), Forever-1))
	}
	o.namer = &namer{
		maxSubject: int(b.IntRange(4000, 1, 131_071, "max_subject")),
		maxLevels:  int(b.IntRange(200, 0, 65_535, "max_levels")),
		strict:     b.Bool(false, "strict_utf8"),
	}
	open := *o.namer
	open.open = true
	o.openNamer = &open
	o.readVersions(b)
	o.readListeners(env, b)
	return o
}

// retains says whether there are retained messages at all.
func (o *options) retains() bool { return o.maxRetained > 0 }

// refuse names the settings of nats-server that stand for its streams.
func refuse(b *config.Block) {
	const why = "sessions are local here, no stream stands behind them"
	b.Unsupported(why, "ack_wait", "js_api_timeout", "api_timeout", "js_domain", "stream_replicas", "consumer_replicas",
		"consumer_memory_storage", "consumer_inactive_threshold", "consumer_auto_cleanup")
}

// choice reads one of words, the first by default.
func choice(b *config.Block, name string, words ...string) string {
	v := b.String(words[0], name)
	for _, w := range words {
		if v == w {
			return v
		}
	}
	b.Errorf(name, "want %q or %q, got %q", words[0], words[1], v)
	return words[0]
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// readVersions reads which versions of the protocol are served; all of them by default.
func (o *options) readVersions(b *config.Block) {
	list := b.Strings("versions")
	if list == nil {
		list = []string{"3.1", "3.1.1", "5"}
	}
	if len(list) == 0 {
		b.Errorf("versions", "the list is empty: name 3.1, 3.1.1 or 5, or leave it out")
	}
	for _, v := range list {
		switch v {
		case "3.1":
			o.versions[packet.V31] = true
		case "3.1.1":
			o.versions[packet.V311] = true
		case "5", "5.0":
			o.versions[packet.V5] = true
		default:
			b.Errorf("versions", "want \"3.1\", \"3.1.1\" or \"5\", got %q", v)
		}
	}
}

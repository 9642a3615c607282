package module

import (
	"crypto/tls"
	"net/netip"
	"time"

	"leafgate/core"
	"leafgate/internal/reason"
)

// A Conn describes one connection, open or closed, for whoever asks. It is a copy: nothing in it changes.
type Conn struct {
	ID           uint64 // unique in the gateway, from 1
	Kind         string // [KindClient] or another
	Type         string // the protocol: nats, mqtt, websocket
	Remote       netip.AddrPort
	Start        time.Time
	LastActivity time.Time     // when bytes last came
	RTT          time.Duration // 0: not known
	Pending      int64         // bytes that wait to be written
	Stats        core.Stats    // of an MQTT client: of its session
	Name         string        // what the client calls itself
	Lang         string
	Version      string
	MQTTClient   string               // client identifier
	TLS          *tls.ConnectionState // nil: plain
	User         string               // never a secret
	Account      string               // empty: not authenticated yet
	Endpoint     *core.Endpoint       // nil: closed, or not authenticated yet
	Spoke        bool                 // of a leaf node connection: this side has taken the role of the leaf
	Compression  string               // of a leaf node connection: as nats-server says it
	State        string               // of an uplink: connected or unverified

	Stop   time.Time     // zero: open
	Reason reason.Reason // why it was closed
}

// Kinds of connections, as nats-server names them.
const (
	KindClient   = "Client"
	KindLeafnode = "Leafnode"
)

// Sum adds the traffic of two up.
func Sum(a, b core.Stats) core.Stats {
	return core.Stats{InMsgs: a.InMsgs + b.InMsgs, InBytes: a.InBytes + b.InBytes, OutMsgs: a.OutMsgs + b.OutMsgs,
		OutBytes: a.OutBytes + b.OutBytes, Subscriptions: a.Subscriptions + b.Subscriptions}
}

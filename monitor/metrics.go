package monitor

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"leafgate/core"
	"leafgate/module"
)

// metrics is the page for Prometheus. Its registry belongs to this gateway alone, and no label names a client: their number
// has no bound.
func (m *monitor) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{m})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(m.env.Log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4,
	})
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("leafgate_"+name, help, labels, nil)
}

// What there is to measure.
var (
	descInfo        = describe("info", "The gateway itself; always 1.", "server_id", "server_name", "version")
	descReady       = describe("ready", "Whether the gateway is ready, as /healthz says.")
	descConnections = describe("connections", "Open connections.", "protocol")
	descClosed      = describe("connections_closed_total", "Connections that have ended.", "protocol", "reason")
	descRefused     = describe("refusals_total", "Requests and connections that were refused.", "protocol", "reason")
	descDropped     = describe("dropped_messages_total", "Messages that were not delivered or kept.", "protocol", "reason")
	descIn          = describe("protocol_received_messages_total", "Messages from clients.", "protocol")
	descInBytes     = describe("protocol_received_bytes_total", "Bytes of messages from clients.", "protocol")
	descOut         = describe("protocol_sent_messages_total", "Messages to clients.", "protocol")
	descOutBytes    = describe("protocol_sent_bytes_total", "Bytes of messages to clients.", "protocol")
	descAccIn       = describe("account_received_messages_total", "Messages published in the account.", "account")
	descAccInBytes  = describe("account_received_bytes_total", "Bytes of messages published in the account.", "account")
	descAccOut      = describe("account_sent_messages_total", "Messages delivered in the account.", "account")
	descAccOutBytes = describe("account_sent_bytes_total", "Bytes of messages delivered in the account.", "account")
	descAccConns    = describe("account_connections", "Open connections of the account.", "account")
	descAccSubs     = describe("account_subscriptions", "Subscriptions in the account.", "account")
	descUplink      = describe("uplink_connected", "Whether the link to another server is up.", "uplink", "account")
	descUplinkOK    = describe("uplink_verified", "Whether the link is up and a probe across it was answered.", "uplink", "account")
	descUplinkTries = describe("uplink_attempts", "Attempts to connect since the link was last up.", "uplink", "account")
	descUplinkRTT   = describe("uplink_rtt_seconds", "Round trip to the other server, behind what is on its way; 0: not known.", "uplink", "account")
	descUplinkWait  = describe("uplink_pending_messages", "Messages that wait for the link.", "uplink", "account")
	descUplinkWaitB = describe("uplink_pending_bytes", "Bytes that wait for the link.", "uplink", "account")
	descUplinkAge   = describe("uplink_oldest_pending_seconds", "How long the oldest of these messages has waited.", "uplink", "account")
	descUplinkFly   = describe("uplink_in_flight_bytes", "Bytes that are on their way to the other server.", "uplink", "account")
	descUplinkDrop  = describe("uplink_dropped_messages_total", "Messages that did not cross the link.", "uplink", "account", "reason")
	descUplinkInB   = describe("uplink_received_bytes_total", "Bytes of messages from the other server.", "uplink", "account")
	descUplinkOutB  = describe("uplink_sent_bytes_total", "Bytes of messages to the other server.", "uplink", "account")
	descUplinkIn    = describe("uplink_received_messages_total", "Messages from the other server.", "uplink", "account")
	descUplinkOut   = describe("uplink_sent_messages_total", "Messages to the other server.", "uplink", "account")
	descCertificate = describe("certificate_expiry_timestamp_seconds", "When the first certificate of a listener expires.", "protocol", "addr")
)

// A collector asks the gateway when Prometheus asks it.
type collector struct{ m *monitor }

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descInfo, descReady, descConnections, descClosed, descRefused, descDropped, descIn,
		descInBytes, descOut, descOutBytes, descAccIn, descAccInBytes, descAccOut, descAccOutBytes, descAccConns, descAccSubs,
		descUplink, descUplinkOK, descUplinkTries, descUplinkRTT, descUplinkWait, descUplinkWaitB, descUplinkAge, descUplinkFly,
		descUplinkDrop, descUplinkInB, descUplinkOutB, descUplinkIn, descUplinkOut, descCertificate} {
		to <- d
	}
	for _, d := range slices.Concat(descStore, descMemory) {
		to <- d
	}
}

// samples are where a collection goes to.
type samples chan<- prometheus.Metric

func (to samples) gauge(d *prometheus.Desc, v float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (to samples) counter(d *prometheus.Desc, v int64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	to, s := samples(ch), c.m.env.Server
	to.gauge(descInfo, 1, s.ID, s.Name, s.Version)
	store := c.m.env.Storage.State()
	to.gauge(descReady, number(c.m.ready() == nil && store.Failed() == nil && !c.m.env.Memory.Full()))
	c.m.measureConnections(to)
	c.m.measureHistory(to)
	for _, other := range c.m.env.Modules {
		measureModule(to, other)
	}
	measureStore(to, store)
	c.m.measureMemory(to)
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// measureConnections counts what is open, by protocol and by account.
func (m *monitor) measureConnections(to samples) {
	protocols, accounts := make(map[string]int), make(map[string]int)
	for c := range m.conns() {
		protocols[c.Type]++
		accounts[c.Account]++
	}
	for name, n := range protocols {
		to.gauge(descConnections, float64(n), name)
	}
	for a := range m.env.Engine.Accounts() {
		name, s := a.Name(), a.Stats()
		to.gauge(descAccConns, float64(accounts[name]), name)
		to.gauge(descAccSubs, float64(s.Subscriptions), name)
		measureTraffic(to, s, name, descAccIn, descAccInBytes, descAccOut, descAccOutBytes)
	}
}

func measureTraffic(to samples, s core.Stats, label string, in, inBytes, out, outBytes *prometheus.Desc) {
	to.counter(in, s.InMsgs, label)
	to.counter(inBytes, s.InBytes, label)
	to.counter(out, s.OutMsgs, label)
	to.counter(outBytes, s.OutBytes, label)
}

// measureHistory counts what has happened. Drops are the modules': history does not hear of every one.
func (m *monitor) measureHistory(to samples) {
	for k, n := range m.env.History.Counts() {
		switch k.What {
		case module.Closed:
			to.counter(descClosed, n, k.Type, k.Reason.Code())
		case module.Refused:
			to.counter(descRefused, n, k.Type, k.Reason.Code())
		}
	}
}

func measureModule(to samples, other module.Module) {
	if c, ok := other.(module.Connector); ok {
		measureTraffic(to, c.Traffic(), c.Protocol(), descIn, descInBytes, descOut, descOutBytes)
	}
	if d, ok := other.(module.Dropper); ok {
		for why, n := range d.Drops() {
			to.counter(descDropped, n, d.Protocol(), why.Code())
		}
	}
	if l, ok := other.(module.Lister); ok {
		seen := make(map[string]bool) // two listeners may be configured with the same free port
		for _, at := range l.Listeners() {
			if !at.Expires.IsZero() && !seen[at.Addr] {
				seen[at.Addr] = true
				to.gauge(descCertificate, float64(at.Expires.Unix()), at.Protocol, at.Addr)
			}
		}
	}
	if u, ok := other.(module.Uplinker); ok {
		for link := range u.Uplinks() {
			measureUplink(to, &link)
		}
	}
}

func measureUplink(to samples, u *module.Uplink) {
	for d, v := range map[*prometheus.Desc]float64{
		descUplink: number(u.Connected), descUplinkOK: number(u.Connected && u.Doubt == ""), descUplinkTries: float64(u.Attempts),
		descUplinkRTT: u.RTT.Seconds(), descUplinkWait: float64(u.Waiting), descUplinkWaitB: float64(u.Pending),
		descUplinkAge: u.Oldest.Seconds(), descUplinkFly: float64(u.InFlight),
	} {
		to.gauge(d, v, u.ID, u.Account)
	}
	for d, v := range map[*prometheus.Desc]int64{
		descUplinkIn: u.InMsgs, descUplinkOut: u.OutMsgs, descUplinkInB: u.InBytes, descUplinkOutB: u.OutBytes,
	} {
		to.counter(d, v, u.ID, u.Account)
	}
	for why, n := range u.Drops {
		to.counter(descUplinkDrop, n, u.ID, u.Account, why)
	}
}

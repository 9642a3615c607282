package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A row is one workload. What it does not set, it does not have.
type row struct {
	name, about string
	run         func(*trial) (sample, error)
	sizes       []int    // payloads by default; none: the row has no payload
	servers     []string // by default, by turns; the last is what the others are compared with

	from, to protocol // what publishers and subscribers speak
	qos      byte     // of all messages
	devices  bool     // each publisher has a subject of its own, one wildcard takes them all

	pubs, subs int   // stream: publishers and subscribers; paced: publishers
	pairs      bool  // stream: publisher i is for subscriber i only
	queue      bool  // stream: the subscribers are one queue group
	subjects   int   // stream: each publisher's subjects, in turn; 0: one
	single     bool  // stream: one message per write
	churners   int   // stream: others that subscribe and unsubscribe; compared with the same row without
	slow       int   // stream: subscribers that never read; compared with the same row without
	volume     int64 // stream: bytes to one subscriber that end the run, in place of time
	clients    int   // request: clients with one request under way each
	perSecond  int   // paced: messages of each publisher, in place of -rate for all
	retained   int   // retained: messages
	above      end   // stream: who is a client of a hub, of which the server is a leaf; none: there is no hub
	logins     int   // paced: others whose passwords are being checked; compared with the same row without

	away        int  // stored: sessions whose clients are away
	apart       bool // stored: each message is for one of them, by turns; else every message is for all
	outstanding int  // stored: messages that a publisher has unacknowledged at most; 0: as everywhere
	stored      int  // stored: messages that end the run, in place of time; then what counts is memory
	store       bool // the server has a directory for what outlives it
	own         bool // no other servers run it than its own

	pages bool   // the server is to serve monitoring pages
	conf  string // what the server's configuration says besides
}

// An end is one side of a row.
type end int

const (
	none end = iota
	publishers
	subscribers
)

// A protocol is what a client speaks.
type protocol int

const (
	nats protocol = iota
	mqtt
	webNATS // by WebSocket
	webMQTT
)

// speak gives the dialect in which clients exchange messages of that quality of service.
func (p protocol) speak(qos byte) dialect {
	switch p {
	case mqtt:
		return mqttDialect{qos: qos}
	case webNATS:
		return webDialect{natsDialect{}, "/", ""}
	case webMQTT:
		return webDialect{mqttDialect{qos: qos}, "/mqtt", "mqtt"}
	}
	return natsDialect{}
}

// speaks reports whether p is spoken by any of the row's clients.
func (r row) speaks(p protocol) bool { return r.from == p || r.to == p }

// Servers that rows run by default, the one that the goal is set by last: mosquitto in most rows of MQTT, nats-server where
// it is the one to beat.
var (
	twoOfNATS    = []string{"leafgate", "nats-server"}
	toMosquitto  = []string{"leafgate", "mochi", "nats-server", "mosquitto"}
	toNATSServer = []string{"leafgate", "mochi", "mosquitto", "nats-server"}
	byWebMQTT    = []string{"leafgate", "nats-server", "mosquitto"}
	toNATSDisk   = []string{"leafgate", "mosquitto", "nats-server"} // those that have a store
)

// rows is the whole programme, in the order of the table.
var rows = []row{
	{name: "1:1", about: "1 publisher, 1 subscriber", run: runStream, pubs: 1, subs: 1, sizes: []int{16, 128, 1024, 65536}, servers: twoOfNATS},
	{name: "8:8", about: "8 publishers, a subscriber of its own each", run: runStream, pubs: 8, subs: 8, pairs: true, sizes: []int{16, 128}, servers: twoOfNATS},
	{name: "20:1", about: "20 publishers, 1 subscriber", run: runStream, pubs: 20, subs: 1, sizes: []int{16, 128, 1024}, servers: twoOfNATS},
	{name: "queue-4:8", about: "4 publishers, a queue group of 8", run: runStream, pubs: 4, subs: 8, queue: true, sizes: []int{16, 128}, servers: twoOfNATS},
	{name: "1:50", about: "1 publisher, 50 subscribers to the same subject", run: runStream, pubs: 1, subs: 50, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "subjects-1:1", about: "1:1, 1,000 subjects in turn, subscribed by one wildcard", run: runStream, pubs: 1, subs: 1, subjects: 1000, sizes: []int{128}, servers: twoOfNATS},
	{name: "publish", about: "1 publisher, nobody listens", run: runStream, pubs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "request-1", about: "1 client with one request under way, 1 responder", run: runRequest, clients: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "request-8", about: "8 clients with one request under way each, 1 responder", run: runRequest, clients: 8, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-1:1", about: "1:1, one message per write at -rate, latency from the time it was due", run: runPaced, pubs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "flat-100:1", about: "100 publishers, 1 subscriber, one message per write, flat out", run: runStream, pubs: 100, subs: 1, single: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "churn-1:1", about: "1:1 while 200 others subscribe and unsubscribe inboxes, against itself without", run: runStream, pubs: 1, subs: 1, churners: 200, sizes: []int{128}, servers: twoOfNATS},
	{name: "slow-1:50", about: "1:49 with a 50th that never reads, against itself without", run: runStream, pubs: 1, subs: 49, slow: 1, volume: 96 << 20, sizes: []int{128}, servers: twoOfNATS},
	{name: "rights-1:1", about: "1:1 with permissions and through an import, against itself without", run: runRights, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS, conf: rightsConf},
	{name: "logins-1:1", about: "1:1 paced while 1,000 others log in with bcrypt passwords, against itself without", run: runLogins, pubs: 1, logins: 1000, sizes: []int{128}, servers: []string{"leafgate"}, conf: loginsConf()},
	{name: "watched-1:1", about: "1:1 paced among -conns idle connections while /connz is asked for every second, against itself without", run: runWatched, pubs: 1, pages: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "idle", about: "-conns connections with one subscription each, memory per connection", run: runIdle, servers: twoOfNATS},

	{name: "mqtt-1:1-q0", about: "1 publisher, 1 subscriber, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 1, subs: 1, sizes: []int{16, 128}, servers: toMosquitto},
	{name: "mqtt-1:1-q1", about: "1:1, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 1, subs: 1, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-1:1-q2", about: "1:1, QoS 2", run: runStream, from: mqtt, to: mqtt, qos: 2, pubs: 1, subs: 1, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-500:1-q0", about: "500 publishers, a topic each, 1 subscriber, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-500:1-q1", about: "500 publishers, a topic each, 1 subscriber, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-1:500-q0", about: "1 publisher, 500 subscribers, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 1, subs: 500, sizes: []int{128}, servers: toNATSServer},
	{name: "mqtt-1:500-q1", about: "1 publisher, 500 subscribers, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 1, subs: 500, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-flat-100:1", about: "100 publishers, a topic each, 1 subscriber, QoS 0, one message per write, flat out", run: runStream, from: mqtt, to: mqtt, pubs: 100, subs: 1, devices: true, single: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-paced-1000", about: "1,000 publishers, a topic each, 5 messages per second each, 1 subscriber, QoS 0", run: runPaced, from: mqtt, to: mqtt, pubs: 1000, perSecond: 5, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-retained-10k", about: "10,000 retained messages to new subscribers, one after the other", run: runRetained, from: mqtt, to: mqtt, retained: 10_000, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-connects", about: "clients that connect and leave, one after the other", run: runConnects, from: mqtt, to: mqtt, servers: toMosquitto},
	{name: "mqtt-idle", about: "-conns connections with one subscription each, memory per connection", run: runIdle, from: mqtt, to: mqtt, servers: toMosquitto},
	{name: "mqtt-to-nats", about: "1 MQTT publisher, 1 NATS subscriber", run: runStream, from: mqtt, to: nats, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "nats-to-mqtt", about: "1 NATS publisher, 1 MQTT subscriber", run: runStream, from: nats, to: mqtt, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},

	{name: "web-1:1", about: "1 publisher, 1 subscriber, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-1:50", about: "1 publisher, 50 subscribers, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 1, subs: 50, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-500:1", about: "500 publishers, a subject each, 1 subscriber, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-idle", about: "-conns connections by WebSocket with one subscription each, memory per connection", run: runIdle, from: webNATS, to: webNATS, servers: twoOfNATS},
	{name: "web-mqtt-1:1-q0", about: "1 publisher, 1 subscriber, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 1, subs: 1, sizes: []int{128}, servers: byWebMQTT},
	{name: "web-mqtt-1:50-q0", about: "1 publisher, 50 subscribers, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 1, subs: 50, sizes: []int{128}, servers: byWebMQTT},
	{name: "web-mqtt-500:1-q0", about: "500 publishers, a topic each, 1 subscriber, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-mqtt-idle", about: "-conns connections by WebSocket with one MQTT subscription each, memory per connection", run: runIdle, from: webMQTT, to: webMQTT, servers: twoOfNATS},

	{name: "mqtt-stored-1x1", about: "1 publisher with 1 message unacknowledged, QoS 1, each for one of 50 sessions that are away", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 1, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-1x64", about: "1 publisher with 64 messages unacknowledged, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 64, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-16x1", about: "16 publishers with 1 message unacknowledged each, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 1, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-16x64", about: "16 publishers with 64 messages unacknowledged each, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-all", about: "16 publishers with 64 messages unacknowledged each, each for all 50 sessions", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, devices: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-1m", about: "a million messages for 50 sessions that are away: memory", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, stored: 1_000_000, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-slowdisk-1x1", about: "as mqtt-stored-1x1, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 1, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-1x64", about: "as mqtt-stored-1x64, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 64, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-16x1", about: "as mqtt-stored-16x1, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 1, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-16x64", about: "as mqtt-stored-16x64, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-beside-stored", about: "1 publisher, 1 subscriber, QoS 0, paced at -rate, while another publishes for 50 sessions that are away, against itself without", run: runBeside, from: mqtt, to: mqtt, store: true, pubs: 1, sizes: []int{128}, servers: toNATSDisk},

	{name: "leaf-up", about: "1 publisher at the leaf, 1 subscriber at its hub", run: runStream, above: subscribers, pubs: 1, subs: 1, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-down", about: "1 publisher at the hub, 1 subscriber at the leaf", run: runStream, above: publishers, pubs: 1, subs: 1, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-mqtt-q0", about: "100 MQTT publishers at the leaf, a topic each, QoS 0, 1 NATS subscriber at its hub", run: runStream, from: mqtt, to: nats, above: subscribers, pubs: 100, subs: 1, devices: true, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-mqtt-q1", about: "100 MQTT publishers at the leaf, a topic each, QoS 1, 1 NATS subscriber at its hub", run: runStream, from: mqtt, to: nats, qos: 1, above: subscribers, pubs: 100, subs: 1, devices: true, sizes: []int{128, 1024}, servers: twoOfNATS},
}

// A job is a row with one of its payload sizes and the servers to run it on.
type job struct {
	row     row
	size    int
	servers []string
}

// needs reports whether the server is to run, measured or as a hub.
func (j job) needs(server string) bool {
	return slices.Contains(j.servers, server) || j.row.above != none && server == hubServer
}

// selectJobs makes the programme from -rows, -sizes and -servers. Each comma-separated pattern must match a whole name. A row
// that none of servers can run is left out; servers empty means each row's own.
func selectJobs(patterns string, sizes []int, servers []string) ([]job, error) {
	chosen := make([]bool, len(rows))
	for pattern := range strings.SplitSeq(patterns, ",") {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("read -rows: %w", err)
		}
		found := false
		for i, r := range rows {
			if re.MatchString(r.name) {
				found, chosen[i] = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no row is named %q: see -list", pattern)
		}
	}
	var jobs []job
	for i, r := range rows {
		if chosen[i] {
			jobs = append(jobs, r.jobs(sizes, servers)...)
		}
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("no row of %s is for %s", patterns, strings.Join(servers, ","))
	}
	return jobs, nil
}

// jobs are the row's sizes, or sizes if there are any, on those of servers that speak what the row's clients do.
func (r row) jobs(sizes []int, servers []string) (jobs []job) {
	able := r.servers
	switch {
	case r.own && len(servers) > 0:
		able = slices.DeleteFunc(slices.Clone(r.servers), func(name string) bool { return !slices.Contains(servers, name) })
	case len(servers) > 0:
		able = slices.DeleteFunc(slices.Clone(servers), func(name string) bool {
			k := kindOf(name)
			return !k.speaks(r.from) || !k.speaks(r.to)
		})
	}
	if len(able) == 0 {
		return nil
	}
	if len(r.sizes) == 0 {
		return []job{{row: r, servers: able}}
	}
	if len(sizes) == 0 {
		sizes = r.sizes
	}
	for _, n := range sizes {
		jobs = append(jobs, job{r, n, able})
	}
	return jobs
}

// pending is how many messages a server must be ready to keep for a subscriber; 0: it does not matter.
func (r row) pending() int {
	if r.subs+r.retained == 0 {
		return 0
	}
	return 1 << 16
}

// flowName begins the subjects of one flow. All are of the same length, so that all messages have one size on the wire.
func (r row) flowName(flow int) []byte { return fmt.Appendf(nil, "bench.f%02d", flow) }

// publishTo are the subjects of one publisher of a flow. Those of MQTT have 20 bytes, as topics of devices have.
func (r row) publishTo(flow, pub int) (subjects [][]byte) {
	name := r.flowName(flow)
	switch {
	case r.apart:
		for i := range r.away {
			subjects = append(subjects, r.wanted(i))
		}
		return subjects
	case r.devices:
		return [][]byte{fmt.Appendf(name, ".d%04d.temp", pub)}
	case r.speaks(mqtt), r.speaks(webMQTT):
		return [][]byte{fmt.Appendf(name, ".plant.temp")}
	case r.subjects == 0:
		return [][]byte{name}
	}
	for i := range r.subjects {
		subjects = append(subjects, fmt.Appendf(nil, "%s.%04d", name, i))
	}
	return subjects
}

// subscribeTo is what takes everything of one flow.
func (r row) subscribeTo(flow int) []byte {
	switch {
	case r.devices, r.apart:
		return fmt.Appendf(r.flowName(flow), ".*.temp")
	case r.subjects > 0:
		return fmt.Appendf(r.flowName(flow), ".*")
	}
	return r.publishTo(flow, 0)[0]
}

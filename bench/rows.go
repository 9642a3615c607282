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
	legs     []leg    // stream: in place of all the above and of pubs and subs, what goes on at once

	pubs, subs int   // stream: publishers and subscribers; paced: publishers
	pairs      bool  // stream, paced: publisher i is for subscriber i only
	queue      bool  // stream: the subscribers are one queue group
	subjects   int   // stream: each publisher's subjects, in turn; 0: one
	single     bool  // stream: one message per write
	churners   int   // stream: others that subscribe and unsubscribe; compared with the same row without
	slow       int   // stream: subscribers that never read; compared with the same row without
	volume     int64 // stream: bytes to one subscriber that end the run, in place of time
	clients    int   // request: clients with one request under way each
	rate       int   // paced: messages per second, of all publishers together; 0: -rate
	retained   int   // retained: messages
	above      end   // stream: who is a client of a hub, of which the server is a leaf; none: there is no hub
	logins     int   // paced: others whose passwords are being checked; compared with the same row without

	away        int  // stored: sessions whose clients are away
	apart       bool // stored: each message is for one of them, by turns; else every message is for all
	outstanding int  // stored: messages that a publisher has unacknowledged at most; 0: as everywhere
	stored      int  // stored: messages that end the run, in place of time; then what counts is memory
	store       bool // the server has a directory for what outlives it
	own         bool // no other servers run it than its own

	quick bool   // it is one of those that -quick runs
	few   bool   // three rounds are enough: it takes long, and memory is the same every time
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

// A leg is one of the flows of a row in which several kinds of clients are busy at once.
type leg struct {
	from, to   protocol
	pubs, subs int
	devices    bool  // as in a row
	share      int64 // how many messages it has for those of the others
}

// only is the row as if it had nothing but l.
func (r row) only(l leg) row {
	r.legs, r.from, r.to, r.pubs, r.subs, r.devices = nil, l.from, l.to, l.pubs, l.subs, l.devices
	return r
}

// A protocol is what a client speaks.
type protocol int

const (
	nats protocol = iota
	mqtt
	webNATS // by WebSocket
	webMQTT
	tlsNATS // encrypted
	tlsMQTT
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
	case tlsNATS:
		return tlsDialect{natsDialect{}, true}
	case tlsMQTT:
		return tlsDialect{mqttDialect{qos: qos}, false}
	}
	return natsDialect{}
}

// protocols are what the row's clients speak.
func (r row) protocols() (all []protocol) {
	for _, l := range r.legs {
		all = append(all, l.from, l.to)
	}
	if all == nil {
		all = []protocol{r.from, r.to}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// speaks reports whether p is spoken by any of the row's clients.
func (r row) speaks(p protocol) bool { return slices.Contains(r.protocols(), p) }

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
			return !kindOf(name).able(r)
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
	if r.subs+r.retained+len(r.legs) == 0 {
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

package monitor

import (
	"fmt"
	"math"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"leafgate/module"
)

// varz answers with what this room knows; modules add theirs, and know better where both do.
func (m *monitor) varz(*query) (any, error) {
	v := make(map[string]any, 96)
	absent(v)
	m.aboutServer(v)
	m.aboutProcess(v)
	m.aboutTraffic(v)
	for _, other := range m.env.Modules {
		if r, ok := other.(module.Reporter); ok {
			r.Report(v)
		}
	}
	m.aboutStore(v)
	m.aboutMemory(v)
	type byKind struct {
		Clients  any `json:"clients"`
		Routes   int `json:"routes"`
		Gateways int `json:"gateways"`
		Leafs    any `json:"leafs"`
	}
	v["slow_consumer_stats"] = byKind{Clients: v["slow_consumers"], Leafs: 0}
	v["stale_connection_stats"] = byKind{Clients: v["stale_connections"], Leafs: 0}
	return v, nil
}

// absent is what there is none of, unless a module says so.
func absent(v map[string]any) {
	for _, name := range []string{"cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream"} {
		v[name] = struct{}{}
	}
	for _, name := range []string{"routes", "remotes", "leafnodes", "slow_consumers", "stale_connections", "stalled_clients"} {
		v[name] = 0
	}
	v["disk_io_wait_stats"] = map[string]int{"waiters": 0, "waits": 0, "wait_time": 0, "max_wait_time": 0}
}

func (m *monitor) aboutServer(v map[string]any) {
	s, a := m.env.Server, m.about.Load()
	v["server_id"], v["server_name"], v["version"] = s.ID, s.Name, s.Version
	if s.Commit != "" {
		v["git_commit"] = s.Commit
	}
	v["config_load_time"], v["config_digest"] = a.loaded.UTC(), a.digest
	if len(a.tags) > 0 {
		v["tags"] = a.tags
	}
	if len(a.metadata) > 0 {
		v["metadata"] = a.metadata
	}
	if system := m.env.Auth.SystemAccount(); system != nil {
		v["system_account"] = system.Name()
	}
	v["http_host"], v["http_port"], v["https_port"] = "", 0, 0
	if bound := m.bound.Load(); bound != nil {
		v["http_host"], _, _ = net.SplitHostPort(m.options.addr)
		port := bound.Port
		if v["http_port"] = port; m.tls != nil {
			v["http_port"], v["https_port"] = 0, port
		}
	}
	v["http_base_path"] = m.options.base + "/"
	v["http_req_stats"] = m.visits.snapshot()
}

func (m *monitor) aboutProcess(v map[string]any) {
	now := time.Now()
	v["go"] = runtime.Version()
	v["start"], v["now"], v["uptime"] = m.start.UTC(), now.UTC(), uptime(now.Sub(m.start))
	v["mem"], v["cpu"] = resident(), m.cpu.percent(now)
	v["cores"], v["gomaxprocs"] = runtime.NumCPU(), runtime.GOMAXPROCS(0)
	if most := debug.SetMemoryLimit(-1); most < math.MaxInt64 {
		v["gomemlimit"] = most
	}
}

// aboutTraffic counts links to other servers as clients: a module that has some says what they are.
func (m *monitor) aboutTraffic(v map[string]any) {
	s, connections := m.env.Engine.Stats(), 0
	for ep := range m.env.Engine.Endpoints() {
		if !ep.Peer().Relay {
			connections++
		}
	}
	v["in_msgs"], v["in_bytes"], v["out_msgs"], v["out_bytes"] = s.InMsgs, s.InBytes, s.OutMsgs, s.OutBytes
	v["in_client_msgs"], v["in_client_bytes"] = s.InMsgs, s.InBytes
	v["out_client_msgs"], v["out_client_bytes"] = s.OutMsgs, s.OutBytes
	v["connections"], v["subscriptions"] = connections, s.Subscriptions
	if m.env.Net != nil {
		v["stalled_clients"] = m.env.Net.Stalled()
	}
}

// uptime writes d as nats-server does: years, days, hours, minutes and seconds, from the first that is not zero.
func uptime(d time.Duration) string {
	s := int64(d / time.Second)
	var b strings.Builder
	for _, unit := range []struct {
		seconds int64
		name    string
	}{{365 * 24 * 3600, "y"}, {24 * 3600, "d"}, {3600, "h"}, {60, "m"}} {
		if n := s / unit.seconds; n > 0 || b.Len() > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			s -= n * unit.seconds
		}
	}
	fmt.Fprintf(&b, "%ds", s)
	return b.String()
}

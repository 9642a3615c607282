package monitor

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"leafgate/module"
)

// varz answers with what this room knows; modules add theirs, and know better where both do.
func (m *monitor) varz(w http.ResponseWriter, _ *http.Request) {
	v := make(map[string]any, 64)
	m.aboutServer(v)
	m.aboutProcess(v)
	m.aboutTraffic(v)
	for _, other := range m.env.Modules {
		if r, ok := other.(module.Reporter); ok {
			r.Report(v)
		}
	}
	reply(w, http.StatusOK, v)
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
	v["http_host"], _, _ = net.SplitHostPort(m.options.addr)
	v["http_port"] = m.ln.Addr().(*net.TCPAddr).Port
	v["http_base_path"] = m.options.base + "/"
	v["https_port"] = 0
	v["http_req_stats"] = m.visits.snapshot()
}

func (m *monitor) aboutProcess(v map[string]any) {
	now := time.Now()
	v["go"] = runtime.Version()
	v["start"], v["now"], v["uptime"] = m.start.UTC(), now.UTC(), uptime(now.Sub(m.start))
	v["mem"], v["cpu"] = memory(), m.cpu.percent(now)
	v["cores"], v["gomaxprocs"] = runtime.NumCPU(), runtime.GOMAXPROCS(0)
}

func (m *monitor) aboutTraffic(v map[string]any) {
	s, connections := m.env.Engine.Stats(), 0
	for ep := range m.env.Engine.Endpoints() {
		if !ep.Peer().Relay {
			connections++
		}
	}
	v["in_msgs"], v["in_bytes"], v["out_msgs"], v["out_bytes"] = s.InMsgs, s.InBytes, s.OutMsgs, s.OutBytes
	v["connections"], v["subscriptions"] = connections, s.Subscriptions
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

package system

import (
	"encoding/json"
	"time"
)

// figures are what this room takes from /varz.
type figures struct {
	Host       string            `json:"host"`
	Tags       []string          `json:"tags"`
	Metadata   map[string]string `json:"metadata"`
	Start      time.Time         `json:"start"`
	Mem        int64             `json:"mem"`
	Cores      int               `json:"cores"`
	CPU        float64           `json:"cpu"`
	Conns      int               `json:"connections"`
	TotalConns uint64            `json:"total_connections"`
	Subs       int               `json:"subscriptions"`
	Slow       int64             `json:"slow_consumers"`
	SlowBy     json.RawMessage   `json:"slow_consumer_stats"`
	MemLimit   int64             `json:"gomemlimit"`
	MaxProcs   int               `json:"gomaxprocs"`
	InMsgs     int64             `json:"in_msgs"`
	InBytes    int64             `json:"in_bytes"`
	OutMsgs    int64             `json:"out_msgs"`
	OutBytes   int64             `json:"out_bytes"`
}

func (m *system) figures() (v figures) {
	if err := m.read("varz", nil, &v); err != nil {
		m.log.Debug("figures are not known", "err", err)
	}
	return v
}

// volume is traffic.
type volume struct {
	Msgs  int64 `json:"msgs"`
	Bytes int64 `json:"bytes"`
}

// statsz is the gateway in a few numbers.
type statsz struct {
	Start       time.Time       `json:"start"`
	Mem         int64           `json:"mem"`
	Cores       int             `json:"cores"`
	CPU         float64         `json:"cpu"`
	Conns       int             `json:"connections"`
	TotalConns  uint64          `json:"total_connections"`
	Accounts    int             `json:"active_accounts"`
	Subs        int             `json:"subscriptions"`
	Sent        volume          `json:"sent"`
	SentClients volume          `json:"sent_to_clients"`
	Received    volume          `json:"received"`
	FromClients volume          `json:"received_from_clients"`
	Slow        int64           `json:"slow_consumers"`
	SlowBy      json.RawMessage `json:"slow_consumer_stats,omitempty"`
	Servers     int             `json:"active_servers"`
	MemLimit    int64           `json:"gomemlimit,omitempty"`
	MaxProcs    int             `json:"gomaxprocs"`
}

// serverStats is what is sent of them.
type serverStats struct {
	Server server `json:"server"`
	Stats  statsz `json:"statsz"`
}

func (m *system) stats() serverStats {
	v := m.figures()
	in, out := volume{v.InMsgs, v.InBytes}, volume{v.OutMsgs, v.OutBytes}
	s := statsz{Start: v.Start, Mem: v.Mem, Cores: v.Cores, CPU: v.CPU, Conns: v.Conns, TotalConns: v.TotalConns, Subs: v.Subs,
		Accounts: len(m.inhabited()), Sent: out, SentClients: out, Received: in, FromClients: in, Slow: v.Slow, Servers: 1,
		MemLimit: v.MemLimit, MaxProcs: v.MaxProcs}
	if v.Slow > 0 {
		s.SlowBy = v.SlowBy
	}
	return serverStats{m.server(), s}
}

// tellStats is the heartbeat.
func (m *system) tellStats() {
	if subject := "$SYS.SERVER." + m.env.Server.ID + ".STATSZ"; m.heard(subject) {
		m.tell(subject, m.stats())
	}
}

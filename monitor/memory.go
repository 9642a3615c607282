package monitor

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"leafgate/internal/memory"
)

// A memoryVarz is what /varz says of memory, where there is a ceiling, and of what waits in it. There is none in
// nats-server's.
type memoryVarz struct {
	Max     int64  `json:"max_memory"` // bytes
	Used    int64  `json:"used"`
	Level   string `json:"level"`
	Refused int64  `json:"refused_connections"` // while memory was short

	Queued  int64 `json:"queued"`           // wait for all connections
	Budget  int64 `json:"queue_budget"`     // may wait
	Cut     int64 `json:"shed_connections"` // what the budget has cost
	Dropped int64 `json:"shed_messages"`
}

// aboutMemory says how memory is.
func (m *monitor) aboutMemory(v map[string]any) {
	s := m.env.Memory.State()
	if s.Ceiling == 0 {
		return
	}
	all := memoryVarz{Max: s.Ceiling, Used: s.Used, Level: s.Level.String(), Refused: s.Refused}
	if n := m.env.Net; n != nil {
		all.Queued, all.Budget = n.Queued(), n.QueueBudget()
		all.Cut, all.Dropped = n.Shed()
	}
	v["memory"] = all
}

// shortage says in words that memory is short, or nothing. full: nobody is let in.
func shortage(s memory.State) (text string, full bool) {
	what := "queues are kept short"
	switch s.Level {
	case memory.Normal:
		return "", false
	case memory.Refusing:
		what, full = "nobody new is let in", true
	}
	return fmt.Sprintf("memory: %d of %d bytes of %s are in use: %s", s.Used, s.Ceiling, memory.Key, what), full
}

// What there is to measure of memory; the first three where there is a ceiling.
var (
	descLevel       = describe("memory_level", "How short memory is: 0 not, 1 queues are kept short, 2 nobody new is let in.")
	descUsed        = describe("memory_used_bytes", "Bytes in use of max_memory.")
	descMaxMemory   = describe("memory_max_bytes", "Bytes that max_memory allows.")
	descTurnedAway  = describe("memory_refused_connections_total", "Connections that were refused because memory was short.")
	descQueued      = describe("queued_bytes", "Bytes that wait for all connections together.")
	descQueueBudget = describe("queue_budget_bytes", "Bytes that may wait for all connections together.")
	descShedConns   = describe("shed_connections_total", "Connections that were cut because more waited for all together than may.")
	descShedMsgs    = describe("shed_messages_total", "Messages that were dropped, at QoS 0, because more waited for all together than may.")

	descMemory = []*prometheus.Desc{descLevel, descUsed, descMaxMemory, descTurnedAway, descQueued, descQueueBudget, descShedConns, descShedMsgs}
)

func (m *monitor) measureMemory(to samples) {
	s := m.env.Memory.State()
	if s.Ceiling > 0 {
		to.gauge(descLevel, float64(s.Level))
		to.gauge(descUsed, float64(s.Used))
		to.gauge(descMaxMemory, float64(s.Ceiling))
	}
	to.counter(descTurnedAway, s.Refused)
	n := m.env.Net
	if n == nil {
		return
	}
	cut, dropped := n.Shed()
	to.gauge(descQueued, float64(n.Queued()))
	to.gauge(descQueueBudget, float64(n.QueueBudget()))
	to.counter(descShedConns, cut)
	to.counter(descShedMsgs, dropped)
}

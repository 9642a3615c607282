package monitor

import (
	"net/http"

	"leafgate/module"
)

// jsz is the answer of /jsz where there are no streams.
type jsz struct {
	Memory         uint64 `json:"memory"`
	Storage        uint64 `json:"storage"`
	ReservedMemory uint64 `json:"reserved_memory"`
	ReservedStore  uint64 `json:"reserved_storage"`
	Accounts       int    `json:"accounts"`
	HAAssets       int    `json:"ha_assets"`
	API            struct {
		Level  int    `json:"level"`
		Total  uint64 `json:"total"`
		Errors uint64 `json:"errors"`
	} `json:"api"`
	head
	Disabled bool `json:"disabled"`
	Config   struct {
		MaxMemory  int64 `json:"max_memory"`
		MaxStorage int64 `json:"max_storage"`
	} `json:"config"`
	Streams   int    `json:"streams"`
	Consumers int    `json:"consumers"`
	Messages  uint64 `json:"messages"`
	Bytes     uint64 `json:"bytes"`
	Total     int    `json:"total"`
}

func (m *monitor) jsz(q *query) (any, error) {
	for _, name := range []string{"accounts", "streams", "consumers", "direct-consumers", "config", "raft", "leader-only", "stream-leader-only"} {
		q.flag(name)
	}
	q.window()
	return &jsz{head: m.head(), Disabled: true}, nil
}

// ipqueuesz answers with the queues between goroutines of nats-server, which a gateway has none of.
func (m *monitor) ipqueuesz(q *query) (any, error) {
	q.flag("all")
	return map[string]struct{}{}, nil
}

// raftz has nothing to answer: a gateway is alone.
func (m *monitor) raftz(*query) (any, error) {
	return nil, &module.PageError{Status: http.StatusNotFound, Text: "No Raft nodes registered"}
}

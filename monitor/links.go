package monitor

import (
	"time"

	"leafgate/module"
)

// routez is the answer of /routez: an edge gateway has no routes.
type routez struct {
	ID     string     `json:"server_id"`
	Name   string     `json:"server_name"`
	Now    time.Time  `json:"now"`
	Number int        `json:"num_routes"`
	Routes []struct{} `json:"routes"`
}

func (m *monitor) routez(q *query) (any, error) {
	q.subs()
	return &routez{ID: m.env.Server.ID, Name: m.env.Server.Name, Now: time.Now().UTC(), Routes: []struct{}{}}, nil
}

// gatewayz is the answer of /gatewayz: there are none of those gateways here, which connect clusters.
type gatewayz struct {
	head
	Outbound struct{} `json:"outbound_gateways"`
	Inbound  struct{} `json:"inbound_gateways"`
}

func (m *monitor) gatewayz(q *query) (any, error) {
	q.flag("accs")
	q.subs()
	return &gatewayz{head: m.head()}, nil
}

// leafz is the answer of /leafz.
type leafz struct {
	head
	Number int        `json:"leafnodes"`
	Leafs  []leafInfo `json:"leafs"`
}

type leafInfo struct {
	ID          uint64   `json:"id"`
	Name        string   `json:"name"`
	Spoke       bool     `json:"is_spoke"`
	Account     string   `json:"account"`
	IP          string   `json:"ip"`
	Port        int      `json:"port"`
	RTT         string   `json:"rtt,omitempty"`
	InMsgs      int64    `json:"in_msgs"`
	OutMsgs     int64    `json:"out_msgs"`
	InBytes     int64    `json:"in_bytes"`
	OutBytes    int64    `json:"out_bytes"`
	State       string   `json:"state,omitempty"`         // of an uplink, as /uplinkz says
	Pending     int64    `json:"pending_bytes,omitempty"` // of an uplink
	NumSubs     int      `json:"subscriptions"`
	Subs        []string `json:"subscriptions_list,omitempty"`
	Compression string   `json:"compression,omitempty"`
}

func (m *monitor) leafz(q *query) (any, error) {
	list, account := q.flag("subs"), q.text("acc")
	answer := &leafz{head: m.head(), Leafs: []leafInfo{}}
	for c := range m.conns() {
		if c.Kind != module.KindLeafnode || account != "" && c.Account != account {
			continue
		}
		i := connShow{list: list}.info(&c, answer.Now)
		answer.Leafs = append(answer.Leafs, leafInfo{
			ID: c.ID, Name: c.Name, Spoke: c.Spoke, Account: c.Account, IP: i.IP, Port: i.Port, RTT: i.RTT, InMsgs: i.InMsgs,
			OutMsgs: i.OutMsgs, InBytes: i.InBytes, OutBytes: i.OutBytes, State: c.State, Pending: c.Pending, NumSubs: i.NumSubs, Subs: i.Subs, Compression: c.Compression,
		})
	}
	answer.Number = len(answer.Leafs)
	return answer, nil
}

// uplinkz is the answer of /uplinkz.
type uplinkz struct {
	head
	Number  int             `json:"num_uplinks"`
	Uplinks []module.Uplink `json:"uplinks"`
}

func (m *monitor) uplinkz(*query) (any, error) {
	answer := &uplinkz{head: m.head(), Uplinks: []module.Uplink{}}
	for _, other := range m.env.Modules {
		if l, ok := other.(module.Uplinker); ok {
			for u := range l.Uplinks() {
				answer.Uplinks = append(answer.Uplinks, u)
			}
		}
	}
	answer.Number = len(answer.Uplinks)
	return answer, nil
}

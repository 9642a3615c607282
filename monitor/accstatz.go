package monitor

// accstatz is the answer of /accstatz.
type accstatz struct {
	head
	Accounts []accountStat `json:"account_statz"`
}

type accountStat struct {
	Account  string  `json:"acc"`
	Name     string  `json:"name"`
	Conns    int     `json:"conns"`
	Leafs    int     `json:"leafnodes"`
	Total    int     `json:"total_conns"` // now, clients and leaf nodes
	NumSubs  int     `json:"num_subscriptions"`
	Sent     traffic `json:"sent"`
	Received traffic `json:"received"`
	Slow     int64   `json:"slow_consumers"`
}

// traffic is all of it, and what of it is from or to other servers.
type traffic struct {
	volume
	Gateways volume `json:"gateways"`
	Routes   volume `json:"routes"`
	Leafs    volume `json:"leafs"`
}

type volume struct {
	Msgs  int64 `json:"msgs"`
	Bytes int64 `json:"bytes"`
}

func (m *monitor) accstatz(q *query) (any, error) {
	unused := q.flag("unused")
	answer := &accstatz{head: m.head(), Accounts: []accountStat{}}
	people, slow := m.population(), m.env.History.Slow()
	for a := range m.env.Engine.Accounts() {
		p, s := people[a.Name()], a.Stats()
		if !unused && p.clients+p.leafs == 0 {
			continue
		}
		answer.Accounts = append(answer.Accounts, accountStat{
			Account: a.Name(), Name: a.Name(), Conns: p.clients, Leafs: p.leafs, Total: p.clients + p.leafs, NumSubs: s.Subscriptions,
			Sent: traffic{volume: volume{s.OutMsgs, s.OutBytes}}, Received: traffic{volume: volume{s.InMsgs, s.InBytes}}, Slow: slow[a.Name()],
		})
	}
	return answer, nil
}

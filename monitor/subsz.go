package monitor

import "leafgate/core"

// subsz is the answer of /subsz.
type subsz struct {
	head
	sublist
	Total  int         `json:"total"`
	Offset int         `json:"offset"`
	Limit  int         `json:"limit"`
	Subs   []subDetail `json:"subscriptions_list,omitempty"`
}

// sublist is what nats-server says of its subject index. Ours keeps no statistics: only the first is known.
type sublist struct {
	Number       int     `json:"num_subscriptions"`
	Cache        int     `json:"num_cache"`
	Inserts      int64   `json:"num_inserts"`
	Removes      int64   `json:"num_removes"`
	Matches      int64   `json:"num_matches"`
	CacheHitRate float64 `json:"cache_hit_rate"`
	MaxFanout    int     `json:"max_fanout"`
	AvgFanout    float64 `json:"avg_fanout"`
}

func (m *monitor) subsz(q *query) (any, error) {
	w, list, account, test := q.window(), q.flag("subs"), q.text("acc"), q.text("test")
	if test != "" && !(core.ValidSubject([]byte(test)) && core.IsLiteral(test)) {
		return nil, refusal("invalid test subject, must be valid publish subject: %s", test)
	}
	answer := &subsz{head: m.head(), Offset: w.offset, Limit: w.limit}
	for a := range m.env.Engine.Accounts() {
		if account == "" || a.Name() == account {
			answer.Number += a.Stats().Subscriptions
		}
	}
	if !list {
		return answer, nil
	}
	for ep := range m.env.Engine.Endpoints() {
		if account != "" && ep.Account().Name() != account {
			continue
		}
		for s := range ep.Subscriptions() {
			if test != "" && !core.Overlap(s.Subject, test) {
				continue
			}
			if answer.Total++; answer.Total > w.offset && len(answer.Subs) < w.limit {
				d := detailOf(s, ep.Peer().ID)
				d.Account, d.AccountTag = ep.Account().Name(), tagOf(ep.Account().Name())
				answer.Subs = append(answer.Subs, d)
			}
		}
	}
	return answer, nil
}

package monitor

import (
	"slices"
	"strings"
	"time"

	"leafgate/core"
	"leafgate/module"
)

// connz is the answer of /connz.
type connz struct {
	head
	Number int        `json:"num_connections"` // in this window
	Total  int        `json:"total"`
	Offset int        `json:"offset"`
	Limit  int        `json:"limit"`
	Conns  []connInfo `json:"connections"`
}

// connFilter is which connections are asked for.
type connFilter struct {
	open, closed  bool
	cid           uint64
	user, account string
	mqttClient    string
	subject       string // some subscription overlaps with it
}

func (m *monitor) connz(q *query) (any, error) {
	w, f := q.window(), readConnFilter(q)
	show := connShow{auth: q.flag("auth")}
	show.list, show.detail = q.subs()
	order := q.text("sort")
	if err := checkSort(order, f); err != nil {
		return nil, err
	}
	if f.subject != "" && f.account == "" {
		return nil, refusal("filter by subject only valid with account filtering")
	}
	if f.cid != 0 {
		w.limit = 1
	}
	answer := &connz{head: m.head(), Offset: w.offset, Limit: w.limit}
	var found []*module.Conn
	found, answer.Total = m.find(f)
	sortConns(found, order, answer.Now)
	from, to := w.of(len(found))
	answer.Number, answer.Conns = to-from, make([]connInfo, 0, to-from)
	for _, c := range found[from:to] {
		answer.Conns = append(answer.Conns, show.info(c, answer.Now))
	}
	return answer, nil
}

func readConnFilter(q *query) (f connFilter) {
	switch state := q.text("state"); strings.ToLower(state) {
	case "", "open":
		f.open = true
	case "closed":
		f.closed = true
	case "any", "all":
		f.open, f.closed = true, true
	default:
		q.fail("Error decoding state for %s", state)
	}
	f.cid, f.user, f.account, f.mqttClient = q.id("cid"), q.text("user"), q.text("acc"), q.text("mqtt_client")
	if f.subject = q.text("filter_subject"); f.subject == ">" {
		f.subject = ""
	}
	if f.subject != "" && !core.ValidPattern(f.subject) {
		q.fail("invalid filter subject: %s", f.subject)
	}
	return f
}

// find answers the connections that f is after, and how many there are of that state and account. There is more than one
// of an id only for a moment, and then the open one counts.
func (m *monitor) find(f connFilter) (found []*module.Conn, total int) {
	take := func(c *module.Conn) {
		if f.account != "" && c.Account != f.account {
			return
		}
		total++
		if f.matches(c) {
			found = append(found, c)
		}
	}
	if f.open {
		for c := range m.conns() {
			if c.Kind == module.KindClient {
				take(&c)
			}
		}
	}
	if f.closed {
		closed := m.env.History.Closed()
		for i := range closed {
			if closed[i].Kind == module.KindClient {
				take(&closed[i])
			}
		}
	}
	if f.cid != 0 && len(found) > 1 {
		found = found[:1]
	}
	return found, total
}

func (f *connFilter) matches(c *module.Conn) bool {
	switch {
	case f.cid != 0 && c.ID != f.cid, f.user != "" && c.User != f.user, f.mqttClient != "" && c.MQTTClient != f.mqttClient:
		return false
	case f.subject != "" && c.Stop.IsZero():
		return c.Endpoint != nil && listens(c.Endpoint, f.subject)
	}
	return true
}

func listens(ep *core.Endpoint, subject string) bool {
	for s := range ep.Subscriptions() {
		if core.Overlap(s.Subject, subject) {
			return true
		}
	}
	return false
}

// conns are the open connections of every module.
func (m *monitor) conns() func(yield func(module.Conn) bool) {
	return func(yield func(module.Conn) bool) {
		for _, other := range m.env.Modules {
			if l, ok := other.(module.Connector); ok {
				for c := range l.Conns() {
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

// connOrders are the ways to sort, by name. What most people want to see at the top comes first.
var connOrders = map[string]func(a, b *module.Conn, now time.Time) int{
	"":           byCID,
	"cid":        byCID,
	"start":      byCID,
	"subs":       descending(func(c *module.Conn) int64 { return int64(c.Stats.Subscriptions) }),
	"pending":    descending(func(c *module.Conn) int64 { return c.Pending }),
	"msgs_to":    descending(func(c *module.Conn) int64 { return c.Stats.OutMsgs }),
	"msgs_from":  descending(func(c *module.Conn) int64 { return c.Stats.InMsgs }),
	"bytes_to":   descending(func(c *module.Conn) int64 { return c.Stats.OutBytes }),
	"bytes_from": descending(func(c *module.Conn) int64 { return c.Stats.InBytes }),
	"last":       descending(func(c *module.Conn) int64 { return c.LastActivity.UnixNano() }),
	"idle":       descending(func(c *module.Conn) int64 { return -c.LastActivity.UnixNano() }),
	"rtt":        descending(func(c *module.Conn) int64 { return int64(c.RTT) }),
	"stop":       descending(func(c *module.Conn) int64 { return c.Stop.UnixNano() }),
	"reason":     func(a, b *module.Conn, _ time.Time) int { return strings.Compare(a.Reason.String(), b.Reason.String()) },
	"uptime": func(a, b *module.Conn, now time.Time) int {
		return int(min(1, max(-1, age(a, now)-age(b, now))))
	},
}

func byCID(a, b *module.Conn, _ time.Time) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

func descending(of func(*module.Conn) int64) func(a, b *module.Conn, now time.Time) int {
	return func(a, b *module.Conn, _ time.Time) int {
		switch x, y := of(a), of(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	}
}

// age is how long a connection has been there, or was.
func age(c *module.Conn, now time.Time) time.Duration {
	if !c.Stop.IsZero() {
		now = c.Stop
	}
	return now.Sub(c.Start)
}

func checkSort(order string, f connFilter) error {
	switch {
	case connOrders[order] == nil:
		return refusal("invalid sorting option: %s", order)
	case (order == "stop" || order == "reason") && f.open:
		return refusal("sort by %s only valid on closed connections", order)
	}
	return nil
}

func sortConns(list []*module.Conn, order string, now time.Time) {
	compare := connOrders[order]
	slices.SortFunc(list, func(a, b *module.Conn) int {
		if n := compare(a, b, now); n != 0 {
			return n
		}
		return byCID(a, b, now)
	})
}

package monitor

import (
	"strconv"
	"strings"
	"time"

	"leafgate/module"
)

// eventz is the answer of /eventz: the last first.
type eventz struct {
	head
	Total  int         `json:"total"`
	Offset int         `json:"offset"`
	Limit  int         `json:"limit"`
	Events []eventInfo `json:"events"`
}

type eventInfo struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // closed, refused or dropped
	Code    string    `json:"code"`
	Reason  string    `json:"reason"`
	Means   string    `json:"means"`
	Count   int       `json:"count"`
	CID     uint64    `json:"cid"`
	Type    string    `json:"type,omitempty"`
	Client  string    `json:"client,omitempty"`
	User    string    `json:"user,omitempty"`
	Account string    `json:"account,omitempty"`
	Address string    `json:"address,omitempty"`
	Detail  string    `json:"detail,omitempty"`
}

func (m *monitor) eventz(q *query) (any, error) {
	w, who, code := q.window(), q.text("client"), q.text("code")
	answer := &eventz{head: m.head(), Offset: w.offset, Limit: w.limit, Events: []eventInfo{}}
	for _, e := range m.env.History.Events() {
		if who != "" && !concerns(&e, who) || code != "" && e.Reason.Code() != code {
			continue
		}
		if answer.Total++; answer.Total > w.offset && len(answer.Events) < w.limit {
			answer.Events = append(answer.Events, aboutEvent(&e))
		}
	}
	return answer, nil
}

// concerns says whether e is about who: a client's name or identifier, a user, an address, or the id of a connection. A
// client that was not let in is known only from the detail, in quotes.
func concerns(e *module.Event, who string) bool {
	switch who {
	case e.Name, e.User, strconv.FormatUint(e.ID, 10), e.Remote.String(), e.Remote.Addr().String():
		return true
	}
	return strings.Contains(e.Detail, strconv.Quote(who))
}

func aboutEvent(e *module.Event) eventInfo {
	i := eventInfo{
		Time: e.Time.UTC(), Event: e.What.String(), Code: e.Reason.Code(), Reason: e.Reason.String(), Means: e.Reason.Means(), Count: e.Count,
		CID: e.ID, Type: e.Type, Client: e.Name, User: e.User, Account: e.Account, Detail: e.Detail,
	}
	if e.Remote.IsValid() {
		i.Address = e.Remote.String()
	}
	return i
}

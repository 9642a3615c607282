package system

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"leafgate/core"
	"leafgate/module"
)

// idz says who is there.
func (m *system) idz(*request, url.Values) (any, error) {
	s := m.server()
	return struct {
		Name string `json:"name"`
		Host string `json:"host"`
		ID   string `json:"id"`
	}{s.Name, s.Host, s.ID}, nil
}

func (m *system) statsz(*request, url.Values) (any, error) { return m.stats(), nil }

// reload reads the configuration again.
func (m *system) reload(*request, url.Values) (any, error) {
	if m.env.Reload == nil {
		return nil, refusal("there is nothing to reload")
	}
	err := m.env.Reload()
	if err != nil {
		m.log.Error("reload by request", "err", err)
	}
	return nil, err
}

// connection is whom a request is about.
func (r *request) connection() (id uint64, err error) {
	var who struct {
		ID *uint64 `json:"cid"`
	}
	if len(r.body) > 0 {
		err = json.Unmarshal(r.body, &who)
	}
	if err == nil && who.ID == nil {
		err = errors.New(`no "cid"`)
	}
	if err != nil {
		return 0, err
	}
	return *who.ID, nil
}

// kick ends a connection. An MQTT session may outlive it: its client is not the connection any more then.
func (m *system) kick(r *request, _ url.Values) (any, error) {
	id, err := r.connection()
	if err != nil {
		return nil, err
	}
	for _, other := range m.env.Modules {
		if l, ok := other.(module.Connector); ok {
			for c := range l.Conns() {
				if c.ID == id && c.Endpoint != nil {
					m.log.Info("kicked by request", "client", id, "user", c.User, "account", c.Account)
					c.Endpoint.Evict(core.ErrKicked)
					return nil, nil
				}
			}
		}
	}
	return nil, refusal("no such client or leafnode id")
}

// lameDuckOne asks a client to go elsewhere.
func (m *system) lameDuckOne(r *request, _ url.Values) (any, error) {
	id, err := r.connection()
	if err != nil {
		return nil, err
	}
	for _, other := range m.env.Modules {
		if s, ok := other.(module.Migrator); ok && s.Migrate(id) {
			return nil, nil
		}
	}
	return nil, refusal("no such client id")
}

// accountInfo is the configuration of an account.
func (m *system) accountInfo(r *request, _ url.Values) (any, error) {
	var page struct {
		Account json.RawMessage `json:"account_detail"`
	}
	if err := m.read("accountz", url.Values{"acc": {r.account()}}, &page); err != nil {
		return nil, err
	}
	return page.Account, nil
}

// A statsPage is /accstatz.
type statsPage struct {
	ID       string            `json:"server_id"`
	Now      json.RawMessage   `json:"now"`
	Accounts []json.RawMessage `json:"account_statz"`
}

// statsOf are the figures of accounts; nil: of all that are used.
func (m *system) statsOf(accounts []string, unused bool) (p statsPage, err error) {
	query := make(url.Values)
	if unused {
		query.Set("unused", "true")
	}
	if err = m.read("accstatz", query, &p); err != nil || accounts == nil {
		return p, err
	}
	p.Accounts = slices.DeleteFunc(p.Accounts, func(text json.RawMessage) bool {
		return !slices.Contains(accounts, accountIn(text))
	})
	return p, nil
}

// accountIn is whose figures text has.
func accountIn(text json.RawMessage) string {
	var one struct {
		Account string `json:"acc"`
	}
	_ = json.Unmarshal(text, &one) // was written here
	return one.Account
}

// accountStats are the figures of the account in the subject, or of many.
func (m *system) accountStats(r *request, _ url.Values) (any, error) {
	if name := r.account(); name != everyAccount {
		p, err := m.statsOf([]string{name}, true)
		if err == nil && len(p.Accounts) == 0 {
			return nil, errSilent{}
		}
		return p, err
	}
	var which struct {
		Accounts []string `json:"accounts"`
		Unused   bool     `json:"include_unused"`
	}
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &which); err != nil {
			return nil, err
		}
	}
	if len(which.Accounts) == 0 {
		which.Accounts = nil
	}
	return m.statsOf(which.Accounts, which.Unused)
}

// ownStats are the figures of the account of whoever asks.
func (m *system) ownStats(r *request, _ url.Values) (any, error) {
	return m.statsOf([]string{r.peer.ep.Account().Name()}, true)
}

// subscribers counts the subscriptions that a message would reach, in the account of whoever asks. The body is a subject,
// and perhaps a queue.
func (m *system) subscribers(r *request, _ url.Values) (any, error) {
	f := strings.Fields(string(r.body))
	if len(f) == 0 || len(f) > 2 || !core.ValidPattern(f[0]) {
		return 0, nil
	}
	n := 0
	for ep := range m.env.Engine.Endpoints() {
		if ep.Account() != r.peer.ep.Account() || ep.Peer().ID == 0 { // the gateway's own
			continue
		}
		for s := range ep.Subscriptions() {
			if core.Overlap(s.Subject, f[0]) && (len(f) == 1 || s.Queue == f[1]) {
				n++
			}
		}
	}
	return n, nil
}

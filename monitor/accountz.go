package monitor

import (
	"time"

	"leafgate/core"
	"leafgate/module"
)

// accountz is the answer of /accountz.
type accountz struct {
	head
	System   string       `json:"system_account,omitempty"`
	Accounts []string     `json:"accounts,omitempty"`
	Account  *accountInfo `json:"account_detail,omitempty"`
}

// accountInfo is an account in full.
type accountInfo struct {
	Name      string                   `json:"account_name"`
	Updated   time.Time                `json:"update_time"` // when the configuration was read
	System    bool                     `json:"is_system,omitempty"`
	Expired   bool                     `json:"expired"`
	Complete  bool                     `json:"complete"`
	JetStream bool                     `json:"jetstream_enabled"`
	Leafs     int                      `json:"leafnode_connections"`
	Clients   int                      `json:"client_connections"`
	NumSubs   int                      `json:"subscriptions"`
	Mappings  map[string][]destination `json:"mappings,omitempty"`
	Exports   []exportInfo             `json:"exports,omitempty"`
	Imports   []importInfo             `json:"imports,omitempty"`
	NameTag   string                   `json:"name_tag,omitempty"`
	Sublist   sublist                  `json:"sublist_stats"`
}

type destination struct {
	Subject string `json:"subject"`
	Weight  int    `json:"weight"`
}

type exportInfo struct {
	Subject  string   `json:"subject"`
	Type     string   `json:"type"`
	Response string   `json:"response_type,omitempty"`
	Position int      `json:"account_token_position,omitempty"`
	Approved []string `json:"approved_accounts,omitempty"`
}

type importInfo struct {
	Subject  string `json:"subject"`
	Account  string `json:"account"`
	To       string `json:"to,omitempty"` // of a service
	Local    string `json:"local_subject,omitempty"`
	Type     string `json:"type"`
	Invalid  bool   `json:"invalid"`
	Share    bool   `json:"share"`
	Tracking bool   `json:"tracking"`
}

func (m *monitor) accountz(q *query) (any, error) {
	answer := &accountz{head: m.head()}
	if s := m.env.Auth.SystemAccount(); s != nil {
		answer.System = s.Name()
	}
	name := q.text("acc")
	if name == "" {
		answer.Accounts = []string{}
		for a := range m.env.Engine.Accounts() {
			answer.Accounts = append(answer.Accounts, a.Name())
		}
		return answer, nil
	}
	a := m.env.Engine.Account(name)
	if a == nil {
		return nil, refusal("Account %s does not exist", name)
	}
	answer.Account = m.aboutAccount(a)
	answer.Account.System = name == answer.System
	return answer, nil
}

func (m *monitor) aboutAccount(a *core.Account) *accountInfo {
	n := a.Stats().Subscriptions
	i := &accountInfo{Name: a.Name(), Updated: m.about.Load().loaded.UTC(), Complete: true, NumSubs: n, Sublist: sublist{Number: n}}
	i.NameTag = tagOf(a.Name())
	p := m.population()[a.Name()]
	i.Clients, i.Leafs = p.clients, p.leafs
	d, ok := m.env.Auth.Account(a.Name())
	if !ok {
		return i
	}
	for _, e := range d.Exports {
		x := exportInfo{Subject: e.Subject, Type: kindOf(e.Service), Position: e.Position, Approved: e.Accounts}
		if e.Service {
			x.Response = [...]string{core.Single: "Singleton", core.Stream: "Stream", core.Chunked: "Chunked"}[e.Response]
		}
		i.Exports = append(i.Exports, x)
	}
	for _, im := range d.Imports {
		local := im.To
		if local == "" {
			local = im.Subject
		}
		x := importInfo{Subject: im.Subject, Account: im.Account, Local: local, Type: kindOf(im.Service), Share: im.Share}
		if im.Service {
			x.To = local
		}
		i.Imports = append(i.Imports, x)
	}
	for _, mp := range d.Mappings {
		if i.Mappings == nil {
			i.Mappings = make(map[string][]destination)
		}
		for _, to := range mp.To {
			i.Mappings[mp.Source] = append(i.Mappings[mp.Source], destination{to.Subject, to.Weight})
		}
	}
	return i
}

func kindOf(service bool) string {
	if service {
		return "service"
	}
	return "stream"
}

// inhabitants are the connections of an account.
type inhabitants struct{ clients, leafs int }

// population counts connections by account.
func (m *monitor) population() map[string]inhabitants {
	all := make(map[string]inhabitants)
	for c := range m.conns() {
		p := all[c.Account]
		if c.Kind == module.KindLeafnode {
			p.leafs++
		} else {
			p.clients++
		}
		all[c.Account] = p
	}
	return all
}

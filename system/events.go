package system

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"time"

	"leafgate/auth"
	"leafgate/internal/reason"
	"leafgate/module"
)

// Kinds of events.
const (
	kindConnect    = "io.nats.server.advisory.v1.client_connect"
	kindDisconnect = "io.nats.server.advisory.v1.client_disconnect"
	kindConns      = "io.nats.server.advisory.v1.account_connections"
)

// An event is how each begins.
type event struct {
	Type   string    `json:"type"`
	ID     string    `json:"id"`
	Time   time.Time `json:"timestamp"`
	Server server    `json:"server"`
}

func (m *system) event(kind string, at time.Time) event {
	return event{kind, rand.Text(), at.UTC(), m.server()}
}

// client is a connection in events.
type client struct {
	Start   time.Time     `json:"start"`
	Host    string        `json:"host,omitempty"`
	ID      uint64        `json:"id"`
	Account string        `json:"acc"`
	User    string        `json:"user,omitempty"`
	Name    string        `json:"name,omitempty"`
	Lang    string        `json:"lang,omitempty"`
	Version string        `json:"ver,omitempty"`
	RTT     time.Duration `json:"rtt,omitempty"`
	Stop    *time.Time    `json:"stop,omitempty"`
	NameTag string        `json:"name_tag,omitempty"`
	Kind    string        `json:"kind,omitempty"`
	Type    string        `json:"client_type,omitempty"`
	MQTT    string        `json:"client_id,omitempty"`
}

func clientOf(c *module.Conn) client {
	account := accountOf(c)
	x := client{Start: c.Start.UTC(), ID: c.ID, Account: account, User: c.User, Name: c.Name, Lang: c.Lang, Version: c.Version,
		RTT: c.RTT, NameTag: account, Kind: c.Kind, Type: c.Type, MQTT: c.MQTTClient}
	if c.Remote.IsValid() {
		x.Host = c.Remote.Addr().Unmap().String()
	}
	if !c.Stop.IsZero() {
		stop := c.Stop.UTC()
		x.Stop = &stop
	}
	return x
}

// accountOf is where a connection belongs; before it has authenticated, where nobody has to.
func accountOf(c *module.Conn) string {
	if c.Account == "" {
		return auth.DefaultAccount
	}
	return c.Account
}

// An arrival is a connection that has come in.
type arrival struct {
	subject string
	conn    module.Conn
	at      time.Time
}

// Opened implements module.Watcher.
func (m *system) Opened(c *module.Conn) {
	account := accountOf(c)
	m.moved(account)
	if subject := "$SYS.ACCOUNT." + account + ".CONNECT"; m.heard(subject) {
		m.queue.add(&arrival{subject, *c, time.Now()})
	}
}

func (a *arrival) do(m *system) {
	m.tell(a.subject, struct {
		event
		Client client `json:"client"`
	}{m.event(kindConnect, a.at), clientOf(&a.conn)})
}

// A departure is a connection that has gone.
type departure struct {
	subject string
	conn    module.Conn
}

// Closed implements module.Watcher.
func (m *system) Closed(c *module.Conn) {
	if c.Account == "" && c.Reason == reason.AuthenticationFailure {
		if subject := "$SYS.SERVER." + m.env.Server.ID + ".CLIENT.AUTH.ERR"; m.heard(subject) {
			m.queue.add(&departure{subject, *c})
		}
	}
	if c.Account != "" {
		m.moved(c.Account)
	}
	if subject := "$SYS.ACCOUNT." + accountOf(c) + ".DISCONNECT"; m.heard(subject) {
		m.queue.add(&departure{subject, *c})
	}
}

func (d *departure) do(m *system) {
	s := d.conn.Stats
	m.tell(d.subject, struct {
		event
		Client   client `json:"client"`
		Sent     volume `json:"sent"`
		Received volume `json:"received"`
		Reason   string `json:"reason"`
	}{m.event(kindDisconnect, d.conn.Stop), clientOf(&d.conn), volume{s.OutMsgs, s.OutBytes}, volume{s.InMsgs, s.InBytes},
		d.conn.Reason.String()})
}

// countSubjects are where the number of an account's connections is told.
func countSubjects(account string) [2]string {
	return [2]string{"$SYS.SERVER.ACCOUNT." + account + ".CONNS", "$SYS.ACCOUNT." + account + ".SERVER.CONNS"}
}

// moved notes that the connections of an account have changed, if somebody wants to know.
func (m *system) moved(account string) {
	for _, subject := range countSubjects(account) {
		if m.heard(subject) {
			m.queue.changed(account)
			return
		}
	}
}

// tellCounts tells how many connections accounts have.
func (m *system) tellCounts(accounts map[string]bool) {
	var figures map[string]json.RawMessage // read when the first is heard
	for name := range accounts {
		for _, subject := range countSubjects(name) {
			if !m.heard(subject) {
				continue
			}
			if figures == nil {
				figures = m.accountFigures()
			}
			if body := m.conns(figures[name]); body != nil {
				m.tell(subject, body)
			}
		}
	}
}

// accountConns answers with the same as is told of changes.
func (m *system) accountConns(r *request, _ url.Values) (any, error) {
	if body := m.conns(m.accountFigures()[r.account()]); body != nil {
		return body, nil
	}
	return nil, errSilent{}
}

// accountFigures are those of every account, by name.
func (m *system) accountFigures() map[string]json.RawMessage {
	all := make(map[string]json.RawMessage)
	p, err := m.statsOf(nil, true)
	if err != nil {
		m.log.Debug("figures of accounts are not known", "err", err)
	}
	for _, text := range p.Accounts {
		all[accountIn(text)] = text
	}
	return all
}

// conns is an event with the figures of an account; nil: there are none.
func (m *system) conns(figures json.RawMessage) any {
	var parts map[string]json.RawMessage
	if json.Unmarshal(figures, &parts) != nil {
		return nil
	}
	e := m.event(kindConns, time.Now())
	all := map[string]any{"type": e.Type, "id": e.ID, "timestamp": e.Time, "server": e.Server}
	for name, value := range parts {
		all[name] = value
	}
	return all
}

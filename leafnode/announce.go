package leafnode

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"leafgate/core"
	"leafgate/module"
)

// The state of an uplink is told to whoever subscribes: in its account, and in the system account.

// stateSubject is where.
func stateSubject(token string) string { return "$LEAFGATE.UPLINK." + token + ".STATE" }

// announce tells the state if it is another than last time; always: even if it is not. The remote's goroutine calls it, and
// stop when that has ended.
func (r *remote) announce(always bool) {
	u := r.describe()
	if news := fmt.Sprint(u.State, u.Server, u.URL, u.Error, u.Doubt); news != r.announced || always {
		r.announced = news
		r.module.tell(&u)
	}
}

// tell publishes u.
func (m *uplinks) tell(u *module.Uplink) {
	body, err := json.Marshal(u)
	if err != nil {
		m.log.Error("the state of an uplink cannot be told", "uplink", u.Name, "err", err)
		return
	}
	own := m.env.Engine.Account(u.Account)
	m.publish(own, stateSubject(u.ID), body)
	if m.env.Auth == nil {
		return
	}
	if home := m.env.Auth.SystemAccount(); home != own {
		m.publish(home, stateSubject(u.ID), body)
	}
}

// publish does so as a peer of its own, for a moment: it happens rarely.
func (m *uplinks) publish(to *core.Account, subject string, body []byte) {
	if to == nil {
		return
	}
	ep := m.env.Engine.Attach(&core.Identity{Account: to}, core.Peer{Protocol: Protocol, Name: "leafgate-uplinks"}, mute{})
	defer ep.Close()
	batch := m.env.Engine.Get()
	defer m.env.Engine.Put(batch)
	*batch.Message() = core.Message{Subject: []byte(subject), Payload: body}
	if _, err := batch.Publish(ep, batch.Message()); err != nil {
		m.log.Error("the state of an uplink cannot be told", "subject", subject, "err", err)
	}
	batch.Flush()
}

// mute takes nothing.
type mute struct{}

func (mute) Run([]byte, []byte, int, bool) core.Verdict               { return core.Refused }
func (mute) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Refused }
func (mute) Flush()                                                   {}
func (mute) Evict(error)                                              {}

// nameTokens gives each remote a name of its own for subjects and topics.
func nameTokens(all []*remoteOptions) {
	seen := make(map[string]bool)
	for _, o := range all {
		name := o.name()
		if u, err := url.Parse(name); o.label == "" && err == nil {
			name = u.Host
		}
		base := strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' {
				return c
			}
			return '_'
		}, name)
		o.token = base
		for n := 2; seen[o.token] || o.token == ""; n++ {
			o.token = fmt.Sprintf("%s_%d", base, n)
		}
		seen[o.token] = true
	}
}

package system

import (
	"net/url"
	"time"

	"leafgate/core"
)

// user is what somebody hears about itself. The names are as good as the ids: nobody has others.
type user struct {
	User        string        `json:"user"`
	Account     string        `json:"account"`
	AccountName string        `json:"account_name,omitempty"`
	Permissions *permissions  `json:"permissions,omitempty"` // nil: everything is allowed
	Expires     time.Duration `json:"expires,omitempty"`
}

type permissions struct {
	Publish   *rule      `json:"publish,omitempty"`
	Subscribe *rule      `json:"subscribe,omitempty"`
	Responses *responses `json:"responses,omitempty"`
}

type rule struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

type responses struct {
	Max     int           `json:"max"`
	Expires time.Duration `json:"ttl"`
}

// userInfo tells who asks who that is.
func (m *system) userInfo(r *request, _ url.Values) (any, error) {
	id := r.asker
	if id == nil {
		return nil, refusal("it is not known who asks")
	}
	name := id.Account.Name()
	u := user{User: id.User, Account: name, AccountName: name}
	if !id.Expires.IsZero() {
		u.Expires = max(0, time.Until(id.Expires))
	}
	if d := id.Perms.Definition(); d != nil {
		u.Permissions = &permissions{Publish: ruleOf(d.Publish), Subscribe: ruleOf(d.Subscribe)}
		if d.Responses != nil {
			u.Permissions.Responses = &responses{d.Responses.Max, d.Responses.Expires}
		}
	}
	return u, nil
}

func ruleOf(r core.Rule) *rule {
	if len(r.Allow)+len(r.Deny) == 0 {
		return nil
	}
	return &rule{r.Allow, r.Deny}
}

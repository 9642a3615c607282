package auth

import (
	"crypto/sha256"
	"fmt"

	"github.com/nats-io/nkeys"

	"leafgate/core"
)

// A member is one entry that a peer can authenticate as.
type member struct {
	identity *core.Identity // of peers without client id; where rights is nil, of all
	secret   secret
	key      nkeys.KeyPair       // public, of a user who signs; nil: no such user
	types    []string            // connection types it may come by; nil: any
	rights   *core.PermissionDef // those that differ by client id, or nil
	names    names
	variants pool[string, core.Identity] // of identity, by client id
}

// admit returns who c becomes as m, whose credentials it has shown.
func (m *member) admit(c *Credentials) (*core.Identity, error) {
	if !m.allows(c.Protocol) {
		return nil, fmt.Errorf("%w: %q may not connect by %s", ErrDenied, m.identity.User, connectionTypes[c.Protocol])
	}
	return m.as(c.ClientID)
}

// as returns the identity of the peer with that client id; empty: it has none. One client id has one identity for as
// long as that is in use.
func (m *member) as(clientID string) (*core.Identity, error) {
	if m.rights == nil || clientID == "" {
		return m.identity, nil
	}
	return m.variants.get(clientID, func() (*core.Identity, error) {
		perms, err := compiled(m.rights, names{user: m.names.user, client: clientID})
		if err != nil {
			return nil, fmt.Errorf("%w: no permissions can be made for the client id", ErrDenied)
		}
		id := *m.identity
		id.Perms, id.Base = perms, m.identity
		return &id, nil
	})
}

// A definition is all that a configuration says about a member.
type definition struct {
	Kind    string // one of the kinds below
	Account string
	User    string
	Secret  string
	Types   []string            // sorted; nil: any
	Perms   *core.PermissionDef // nil: no restriction
}

// Kinds of members, so that one's name does not stand for another.
const (
	kindOpen  = "open"
	kindToken = "token"
	kindUser  = "user" // its name is for {{user}}, and so is the next one's
	kindNkey  = "nkey" // whose name is the public key
)

// key is the same for definitions that mean the same in the same account.
func (d *definition) key(account *core.Account) [sha256.Size]byte {
	var p core.PermissionDef
	if d.Perms != nil {
		p = *d.Perms
	}
	b := fmt.Appendf(nil, "%q %p %q %q %q", d.Kind, account, d.User, d.Secret, d.Types)
	if p.Responses != nil {
		b = fmt.Appendf(b, " %+v", *p.Responses)
	}
	for _, list := range [][]string{p.Publish.Allow, p.Publish.Deny, p.Subscribe.Allow, p.Subscribe.Deny} {
		b = fmt.Appendf(b, " %t%q", list == nil, list)
	}
	return sha256.Sum256(b)
}

// newMember makes what d says. Errors name the entry.
func newMember(d *definition, account *core.Account) (*member, error) {
	m := &member{identity: &core.Identity{Account: account, User: d.User}, types: d.Types}
	m.secret.set(d.Secret)
	switch d.Kind {
	case kindUser:
		m.names.user = d.User
	case kindNkey:
		m.names.user = d.User
		key, err := nkeys.FromPublicKey(d.User)
		if err != nil {
			return nil, fmt.Errorf("not the public key of a user: %w", err)
		}
		m.key = key
	}
	if !restricts(d.Perms) {
		return m, nil
	}
	perms, err := compiled(d.Perms, m.names)
	if err != nil {
		return nil, err
	}
	m.identity.Perms = perms
	if byClient(d.Perms) {
		m.rights = d.Perms
	}
	return m, nil
}

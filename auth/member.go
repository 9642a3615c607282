package auth

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"weak"

	"leafgate/core"
)

// A member is one entry that a peer can authenticate as.
type member struct {
	identity *core.Identity
	secret   secret
}

// members finds the member for a definition that has been seen before, so that a reload keeps the identities, and with
// them the connections, of everybody about whom nothing has changed.
type members struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]weak.Pointer[member]
}

// A definition is all that a configuration says about a member.
type definition struct {
	Kind   string // "user", "token", "open": one name may not stand for another
	User   string
	Secret string
	Perms  *core.PermissionDef // nil: no restriction
}

func (d *definition) key() [sha256.Size]byte {
	b, _ := json.Marshal(d) // strings only: cannot fail
	return sha256.Sum256(b)
}

// get returns the member for d, the one from before if there is one.
func (ms *members) get(d *definition, account *core.Account) (*member, error) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	key := d.key()
	if m := ms.known[key].Value(); m != nil {
		return m, nil
	}
	m := &member{identity: &core.Identity{Account: account, User: d.User}}
	m.secret.set(d.Secret)
	if restricts(d.Perms) {
		perms, err := core.NewPermissions(*d.Perms)
		if err != nil {
			return nil, err
		}
		m.identity.Perms = perms
	}
	ms.forgetDead()
	ms.known[key] = weak.Make(m)
	return m, nil
}

func (ms *members) forgetDead() {
	if ms.known == nil {
		ms.known = make(map[[sha256.Size]byte]weak.Pointer[member])
	}
	for key, m := range ms.known {
		if m.Value() == nil {
			delete(ms.known, key)
		}
	}
}

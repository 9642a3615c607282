package auth

import (
	"sync/atomic"

	"leafgate/config"
	"leafgate/core"
)

// later is why a key of the peer's is refused.
const later = "this version checks passwords, tokens, nkeys and client certificates"

// tokenUser is what logs and monitoring call those who know the token.
const tokenUser = "[token]"

// compile reads block's `authorization {}` and `no_auth_user`. base is what a listener falls back to for its users; nil
// at the top level. Errors collect in block.
func (a *Authority) compile(block *config.Block, base *Rules) *Rules {
	r := &Rules{authority: a, source: block, users: make(map[string]*member), nkeys: make(map[string]*member), mapped: new(atomic.Bool)}
	authz := block.Block("authorization")
	if base == nil {
		r.readAccounts(block)
		r.tenants.check(block)
	} else {
		r.tenants = base.tenants
	}
	if authz == nil && base != nil {
		r.timeout, r.token, r.users, r.decoy, r.defaults = base.timeout, base.token, base.users, base.decoy, base.defaults
		r.nkeys, r.mapped = base.nkeys, base.mapped
	} else if authz != nil {
		r.read(authz)
	}
	if base == nil {
		r.readTenantUsers(block, authz)
	}
	if r.token == nil && len(r.users)+len(r.nkeys) == 0 {
		r.open = a.member(block, "", &definition{Kind: kindOpen, Account: DefaultAccount, Perms: r.defaults})
	}
	r.readNoAuthUser(block)
	r.index()
	return r
}

// read takes the three exclusive forms of an authorization block, and what goes with them.
func (r *Rules) read(b *config.Block) {
	b.Unsupported(later, "auth_callout", "auth_hook", "proxy_required")
	r.timeout = b.Duration(0, "timeout")
	if r.timeout < 0 {
		b.Errorf("timeout", "want a duration that is not negative")
	}
	r.defaults = permissions(b, "default_permissions", "default_permission", "permissions")
	user, pass, token := b.String("", "user", "username"), b.String("", "password", "pass"), b.String("", "token")
	switch users := b.Blocks("users"); {
	case user != "" && token != "":
		b.Errorf("token", "cannot stand beside a user and password")
	case user != "" && users != nil:
		b.Errorf("users", "cannot stand beside a single user and password")
	case token != "" && users != nil:
		b.Errorf("users", "cannot stand beside a token")
	case user == "" && pass != "":
		b.Errorf(present(b, "password", "pass"), "stands without a user")
	case user != "":
		r.addUser(b, &definition{Kind: kindUser, Account: DefaultAccount, User: user, Secret: pass, Perms: r.defaults})
	case token != "":
		r.addToken(b, token, DefaultAccount)
	default:
		r.readUsers(users, DefaultAccount, r.defaults)
	}
}

func (r *Rules) addToken(b *config.Block, token, account string) {
	if !validSecret(token) {
		b.Errorf("token", "looks like a bcrypt hash and is none")
	}
	r.token = r.authority.member(b, "token", &definition{Kind: kindToken, Account: account, User: tokenUser, Secret: token, Perms: r.defaults})
}

func (r *Rules) readUsers(users []*config.Block, account string, defaults *core.PermissionDef) {
	for _, b := range users {
		b.Unsupported(later, "proxy_required")
		d := &definition{Kind: kindUser, Account: account, User: b.String("", "user", "username"), Secret: b.String("", "password", "pass")}
		d.Types = readTypes(b)
		d.Perms = permissions(b, "permissions", "permission", "authorization")
		if d.Perms == nil {
			d.Perms = defaults
		}
		switch {
		case b.Has("nkey"):
			r.addNkey(b, d)
		case d.User == "":
			b.Errorf("", "an entry needs a user")
		case r.users[d.User] != nil:
			b.Errorf(present(b, "user", "username"), "%q is there twice", d.User)
		default:
			r.addUser(b, d)
		}
	}
}

func (r *Rules) addUser(b *config.Block, d *definition) {
	if !validSecret(d.Secret) {
		b.Errorf(present(b, "password", "pass"), "looks like a bcrypt hash and is none")
	}
	r.users[d.User] = r.authority.member(b, "", d)
}

func (r *Rules) readNoAuthUser(b *config.Block) {
	name := b.String("", "no_auth_user")
	if name == "" {
		return
	}
	if r.noAuth = r.users[name]; r.noAuth == nil {
		r.noAuth = r.nkeys[name]
	}
	if r.noAuth == nil {
		b.Errorf("no_auth_user", "there is no user %q", name)
	}
}

// index lists who counts, and picks the decoy: one of the members whose check is slow.
func (r *Rules) index() {
	r.members = make(map[*core.Identity]bool, len(r.users)+len(r.nkeys)+1)
	if r.open != nil {
		r.members[r.open.identity] = true
	}
	if r.token != nil {
		r.members[r.token.identity] = true
	}
	for _, m := range r.nkeys {
		r.members[m.identity] = true
	}
	for _, m := range r.users {
		r.members[m.identity] = true
		if !m.secret.plain() {
			r.decoy = &member{identity: m.identity, secret: secret{hash: m.secret.hash}}
		}
	}
}

// member never fails: what is wrong with d is reported in b, and the answer serves until the caller sees that.
func (a *Authority) member(b *config.Block, name string, d *definition) *member {
	account := a.engine.Draft(d.Account)
	m, err := a.members.get(d.key(account), func() (*member, error) { return newMember(d, account) })
	if err != nil {
		b.Errorf(name, "%v", err)
		return &member{identity: &core.Identity{Account: account, User: d.User}}
	}
	return m
}

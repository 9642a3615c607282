package auth

import (
	"sync/atomic"

	"leafgate/config"
)

// Links returns who may come in as a server of its own, by a listener's block: its `authorization {}` with users who say
// what account they are bound to, and where it has none, the gateway's own users. Where those show nothing, everybody is in
// the `account` of the authorization. Like Rules, between Stage and Commit it counts on what is staged; errors collect in
// listener.
func (a *Authority) Links(listener *config.Block) *Rules {
	base := a.staged
	if base == nil {
		base = a.Default()
	}
	r := base
	if b := listener.Block("authorization"); b != nil {
		r = base.links(b)
	}
	if listener.Block("tls").Bool(false, "verify_and_map") {
		return r.withCertificates(listener)
	}
	return r
}

func (r *Rules) links(b *config.Block) *Rules {
	own := &Rules{authority: r.authority, source: b, tenants: r.tenants, users: make(map[string]*member), nkeys: make(map[string]*member),
		mapped: new(atomic.Bool)}
	account := own.readLinks(b)
	if own.token != nil || len(own.users)+len(own.nkeys) > 0 {
		own.index()
		return own
	}
	same := *r
	same.timeout = own.timeout
	switch {
	case !b.Has("account"):
	case r.open == nil:
		b.Errorf("account", "needs a user or an nkey beside it: all others have accounts of their own")
	default:
		same.open = r.authority.member(b, "account", &definition{Kind: kindOpen, Account: account, Perms: own.defaults})
		same.index()
	}
	return &same
}

// readLinks reads one user, token or nkey, or many, and answers the account of all who name none.
func (r *Rules) readLinks(b *config.Block) (account string) {
	b.Unsupported(later, "proxy_required")
	if r.timeout = b.Duration(0, "timeout"); r.timeout < 0 {
		b.Errorf("timeout", "want a duration that is not negative")
	}
	r.defaults = permissions(b, "default_permissions", "default_permission", "permissions")
	account = r.accountIn(b, DefaultAccount)
	alone := []string{}
	for _, name := range []string{"user", "username", "token", "nkey", "users"} {
		if b.Has(name) {
			alone = append(alone, name)
		}
	}
	if len(alone) > 1 {
		b.Errorf(alone[1], "cannot stand beside %s", alone[0])
		return account
	}
	switch {
	case b.Has("users"):
		for _, u := range b.Blocks("users") {
			r.readUsers([]*config.Block{u}, r.accountIn(u, account), r.defaults)
		}
	case b.Has("token"):
		r.addToken(b, b.String("", "token"), account)
	case b.Has("user", "username", "nkey"):
		r.readLink(b, account)
	case b.Has("password", "pass"):
		b.Errorf(present(b, "password", "pass"), "stands without a user")
	}
	return account
}

// readLink takes the authorization itself for its only user.
func (r *Rules) readLink(b *config.Block, account string) {
	d := &definition{Kind: kindUser, Account: account, User: b.String("", "user", "username"), Secret: b.String("", "password", "pass"),
		Perms: r.defaults}
	switch {
	case b.Has("nkey"):
		r.addNkey(b, d)
	case d.User == "":
		b.Errorf(present(b, "user", "username"), "want a name")
	default:
		r.addUser(b, d)
	}
}

// accountIn reads which account b names.
func (r *Rules) accountIn(b *config.Block, def string) string {
	name := b.String(def, "account")
	if !r.HasAccount(name) {
		b.Errorf("account", "no account %q", name)
		return DefaultAccount
	}
	return name
}

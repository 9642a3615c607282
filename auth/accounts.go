package auth

import (
	"errors"

	"leafgate/config"
	"leafgate/core"
)

// SystemAccount is where servers and their operators talk to each other, unless a configuration names another.
const SystemAccount = "$SYS"

// tenants are the accounts of a configuration, with the blocks that they were read from.
type tenants struct {
	defs   []core.AccountDef
	blocks []*config.Block
	parts  map[part]*config.Block // where an export, import or mapping stands
	system string                 // name of the system account; empty: there is none
}

type part struct {
	account string
	core.Part
	index int
}

// readAccounts reads `accounts`, `mappings` and `system_account` of the top level. Errors collect in conf.
func (r *Rules) readAccounts(conf *config.Block) {
	t := &tenants{parts: make(map[part]*config.Block)}
	r.tenants = t
	t.add(DefaultAccount, conf)
	t.readMappings(0, conf)
	switch v, _ := conf.Value("accounts"); v := v.(type) {
	case nil:
	case *config.Block:
		for _, name := range v.Keys() {
			t.read(name, v.Block(name))
		}
	default:
		for _, name := range conf.Strings("accounts") {
			t.declare(name, conf)
		}
	}
	t.readSystem(conf)
}

// add declares an account and answers its place.
func (t *tenants) add(name string, b *config.Block) int {
	t.defs = append(t.defs, core.AccountDef{Name: name})
	t.blocks = append(t.blocks, b)
	return len(t.defs) - 1
}

// declare adds an account, unless that cannot be.
func (t *tenants) declare(name string, b *config.Block) (at int, ok bool) {
	if name == DefaultAccount {
		b.Errorf("", "%q is the name of the account of everybody else", name)
		return 0, false
	}
	for i := range t.defs {
		if t.defs[i].Name == name {
			b.Errorf("accounts", "%q is there twice", name)
			return 0, false
		}
	}
	return t.add(name, b), true
}

// read takes one account.
func (t *tenants) read(name string, b *config.Block) {
	at, ok := t.declare(name, b)
	if !ok || b == nil {
		return
	}
	b.Unsupported("streams are not there for now", "jetstream", "cluster_traffic")
	b.Unsupported("messages are not traced", "msg_trace", "trace_dest")
	b.Unsupported("accounts have keys of their own only with an operator, which is not there for now", "nkey")
	d := &t.defs[at]
	t.readExports(at, b)
	t.readImports(at, b)
	t.readMappings(at, b)
	if l := b.Block("limits"); l != nil {
		d.Limits = core.Limits{
			Connections:   bound(l, "max_connections", "max_conn"),
			Subscriptions: bound(l, "max_subscriptions", "max_subs"),
			Payload:       bound(l, "max_payload"),
			Relays:        bound(l, "max_leafnodes", "max_leafs", "leafs"),
		}
	}
}

// readTenantUsers reads the users of accounts, whose names are unique among all.
func (r *Rules) readTenantUsers(conf, authz *config.Block) {
	for i, b := range r.tenants.blocks {
		if b == conf || b == nil {
			continue
		}
		users := b.Blocks("users")
		if len(users) > 0 && authz.Has("user", "username", "token") {
			b.Errorf("users", "cannot stand beside a single user or token")
		}
		defaults := permissions(b, "default_permissions", "default_permission", "permissions")
		r.readUsers(users, r.tenants.defs[i].Name, defaults)
	}
}

// bound reads a limit; -1 is none.
func bound(b *config.Block, names ...string) int {
	return int(max(0, b.IntRange(-1, -1, 1<<31-1, names...)))
}

func (t *tenants) readSystem(conf *config.Block) {
	t.system = SystemAccount
	if conf.Bool(false, "no_system_account", "no_system", "no_sys_acc") {
		t.system = ""
	}
	if name := conf.String("", "system_account", "system"); name != "" {
		t.system = name
		if !t.has(name) && name != SystemAccount {
			conf.Errorf(present(conf, "system_account", "system"), "there is no account %q", name)
		}
	}
	if t.system != "" && !t.has(t.system) {
		t.add(t.system, conf)
	}
}

func (t *tenants) has(name string) bool {
	for i := range t.defs {
		if t.defs[i].Name == name {
			return true
		}
	}
	return false
}

// check reports what is wrong between accounts, where it stands.
func (t *tenants) check(conf *config.Block) {
	for _, err := range core.CheckAccounts(t.defs) {
		b, name := t.parts[part{err.Account, err.Part, err.Index}], ""
		if b == nil {
			b = conf
		}
		if err.Part == core.InMappings {
			d := t.def(err.Account)
			name = d.Mappings[err.Index].Source
		}
		b.Errorf(name, "%v", wording(err, t.def(err.Account)))
	}
}

func (t *tenants) def(name string) *core.AccountDef {
	for i := range t.defs {
		if t.defs[i].Name == name {
			return &t.defs[i]
		}
	}
	return nil
}

// wording says an error as the peer does.
func wording(err *core.DefinitionError, d *core.AccountDef) error {
	if err.Part != core.InImports {
		return err.Err
	}
	kind := "stream"
	if d.Imports[err.Index].Service {
		kind = "service"
	}
	switch {
	case errors.Is(err.Err, core.ErrNotExported):
		return errors.New(kind + " import not authorized")
	case errors.Is(err.Err, core.ErrImportCycle):
		return errors.New(kind + " import forms a cycle")
	}
	return err.Err
}

// HasAccount says whether the rules know an account of that name.
func (r *Rules) HasAccount(name string) bool { return r.tenants.def(name) != nil }

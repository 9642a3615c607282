package leafnode

import (
	"slices"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
)

// The rights of a server below us are those of the user that it has come in as. It hears of them, and asks for nothing that
// it may not have; so one that does nevertheless is ended. A wildcard is taken as a wish, of which it gets what it may.

// A guard holds a server to the rights of its user. A nil guard holds nobody to anything.
type guard struct{ perms *core.Permissions }

// subscribe says what is wrong with asking for a pattern.
func (g *guard) subscribe(pattern, queue string) error {
	if g == nil || isExempt(pattern) || !core.IsLiteral(pattern) || g.perms.CanSubscribe(pattern, queue) {
		return nil
	}
	return refusing(reason.PermissionsViolation, "Permissions Violation for Subscription to %q", brief(pattern))
}

// publish says what is wrong with a message to subject, which has been refused. Who may answer what it gets does not know
// for how long.
func (g *guard) publish(subject []byte) error {
	if g == nil || isExempt(subject) || g.perms.CanPublish(subject) || g.perms.Definition().Responses != nil {
		return nil
	}
	return refusing(reason.PermissionsViolation, "Permissions Violation for Publish to %q", brief(string(subject)))
}

// A guarded filter is what may go to a server's subscriptions in one queue, or in none.
type guarded struct {
	guard *guard
	rest  *rights
	queue string
}

// Accepts implements core.Filter.
func (g *guarded) Accepts(subject []byte) bool {
	return isExempt(subject) || g.rest.Accepts(subject) && g.guard.perms.CanSubscribe(string(subject), g.queue)
}

// filter says what may go to the other side's subscriptions in queue.
func (l *link) filter(queue string) core.Filter {
	if l.guard == nil {
		return l.exports
	}
	return &guarded{l.guard, l.exports, queue}
}

// allow sets up f's rights, and answers those to publish.
func (f *leaf) allow(c *wire.Connect) (*core.Permissions, error) {
	f.guard = &guard{f.base.Perms}
	f.exports = newRights(nil, c.DenyPub)
	def := core.PermissionDef{Publish: core.Rule{Deny: never}}
	f.news.imports = newRights(nil, nil)
	if d := f.base.Perms.Definition(); d != nil {
		f.news.imports = newRights(export(d), nil)
		def.Publish, def.Responses = servers(d.Publish), d.Responses
	}
	return core.NewPermissions(def)
}

// servers is what a server may publish whose user may publish r: answers and the like too, and nothing that belongs to us.
func servers(r core.Rule) (s core.Rule) {
	allow, deny := r.Allow, r.Deny
	if slices.Contains(deny, ">") {
		allow, deny = []string{}, nil
	}
	if s.Allow = allow; allow != nil {
		for _, prefix := range exempt {
			s.Allow = append(slices.Clip(s.Allow), prefix+">")
		}
	}
	s.Deny = slices.Concat(never, deny)
	return s
}

// export is what a server hears of its rights to publish: of those to answer there is no word for it.
func export(d *core.PermissionDef) *wire.Rights {
	if d.Responses != nil {
		return told(core.Rule{Deny: d.Publish.Deny})
	}
	return told(d.Publish)
}

// told is a rule as INFO says it; nil: nothing is restricted.
func told(r core.Rule) *wire.Rights {
	if r.Allow == nil && r.Deny == nil {
		return nil
	}
	return &wire.Rights{Allow: r.Allow, Deny: r.Deny}
}

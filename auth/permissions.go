package auth

import (
	"strings"

	"leafgate/config"
	"leafgate/core"
)

// permissions reads the map that b has under one of names; nil if there is none. An empty one restricts nothing, and
// stands against the default.
func permissions(b *config.Block, names ...string) *core.PermissionDef {
	p := b.Block(names...)
	if p == nil {
		return nil
	}
	p.Unsupported("list the subjects to answer on under publish", "allow_responses", "publish_allow_responses")
	return &core.PermissionDef{
		Publish:   rule(p, false, "publish", "pub", "import"),
		Subscribe: rule(p, true, "subscribe", "sub", "export"),
	}
}

func restricts(d *core.PermissionDef) bool {
	return d != nil && (restrictsRule(d.Publish) || restrictsRule(d.Subscribe))
}

func restrictsRule(r core.Rule) bool { return r.Allow != nil || r.Deny != nil }

// rule reads a subject, a list of subjects, or a map with allow and deny.
func rule(b *config.Block, queues bool, names ...string) core.Rule {
	if v, ok := b.Value(names...); !ok {
		return core.Rule{}
	} else if _, isMap := v.(*config.Block); !isMap {
		return core.Rule{Allow: subjects(b, queues, names...)}
	}
	m := b.Block(names...)
	return core.Rule{Allow: subjects(m, queues, "allow"), Deny: subjects(m, queues, "deny")}
}

// subjects reads a list that is not empty: the peer takes an empty one for no restriction at all, which is not what
// somebody who writes it has in mind.
func subjects(b *config.Block, queues bool, names ...string) []string {
	if !b.Has(names...) {
		return nil
	}
	name, list := present(b, names...), b.Strings(names...)
	if v, _ := b.Value(names...); len(list) == 0 && isEmptyList(v) {
		b.Errorf(name, "the list is empty: leave it out to allow everything, or deny \">\"")
	}
	for _, entry := range list {
		f := strings.Fields(entry)
		switch {
		case len(f) == 2 && !queues:
			b.Errorf(name, "%q: only subscriptions have a queue", entry)
		case len(f) == 0 || len(f) > 2 || !core.ValidPattern(f[0]):
			b.Errorf(name, "%q is not a valid subject", entry)
		}
	}
	return list
}

func isEmptyList(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 0
}

// present returns which of a key's names b has.
func present(b *config.Block, names ...string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return names[0]
}

package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"leafgate/config"
	"leafgate/core"
	"leafgate/mapping"
)

// topicPrefix begins an entry that is a topic filter. All behind it is the filter: topics may hold spaces.
const topicPrefix = "mqtt:"

// blanks separate a subject from a queue.
const blanks = " \t\r\n"

// permissions reads the map that b has under one of names; nil if there is none. An empty one restricts nothing, and
// stands against the default.
func permissions(b *config.Block, names ...string) *core.PermissionDef {
	p := b.Block(names...)
	if p == nil {
		return nil
	}
	return &core.PermissionDef{
		Publish:   rule(p, false, "publish", "pub", "import"),
		Subscribe: rule(p, true, "subscribe", "sub", "export"),
		Responses: responses(p, "allow_responses", "publish_allow_responses"),
	}
}

// responses reads a boolean, or a map with max and expires.
func responses(b *config.Block, names ...string) *core.Responses {
	v, ok := b.Value(names...)
	if _, isMap := v.(*config.Block); ok && isMap {
		m := b.Block(names...)
		r := &core.Responses{Max: int(m.Int(0, "max", "max_msgs"))}
		if s := m.String("", "expires", "expiration", "ttl"); s != "" {
			d, err := time.ParseDuration(s)
			if err != nil {
				m.Errorf(present(m, "expires", "expiration", "ttl"), "want a duration such as \"1m\"")
			}
			r.Expires = d
		}
		return r
	}
	if b.Bool(false, names...) {
		return &core.Responses{}
	}
	return nil
}

func restricts(d *core.PermissionDef) bool {
	return d != nil && (d.Responses != nil || restrictsRule(d.Publish) || restrictsRule(d.Subscribe))
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
// somebody who writes it has in mind. Templates are still in what it returns.
func subjects(b *config.Block, queues bool, names ...string) []string {
	if !b.Has(names...) {
		return nil
	}
	name, entries := present(b, names...), b.Strings(names...)
	if v, _ := b.Value(names...); len(entries) == 0 && isEmptyList(v) {
		b.Errorf(name, "the list is empty: leave it out to allow everything, or deny \">\"")
	}
	list := make([]string, 0, len(entries))
	for _, entry := range entries {
		patterns, err := translate(entry, queues)
		if err != nil {
			b.Errorf(name, "%v", err)
		}
		list = append(list, patterns...)
	}
	return list
}

// translate turns an entry into the patterns it stands for, each perhaps with a queue behind a space. Errors name it.
func translate(entry string, queues bool) (patterns []string, err error) {
	if err := checkTemplates(entry); err != nil {
		return nil, fmt.Errorf("%q: %w", entry, err)
	}
	if filter, ok := strings.CutPrefix(strings.TrimLeft(entry, blanks), topicPrefix); ok {
		if patterns, err = translateFilter([]byte(filter)); err != nil {
			return nil, fmt.Errorf("%q: %w", entry, err)
		}
		return patterns, nil
	}
	f := strings.FieldsFunc(entry, func(r rune) bool { return strings.ContainsRune(blanks, r) })
	switch {
	case len(f) == 2 && !queues:
		return nil, fmt.Errorf("%q: only subscriptions have a queue", entry)
	case len(f) == 0 || len(f) > 2 || !core.ValidPattern(f[0]):
		return nil, fmt.Errorf("%q is not a valid subject", entry)
	case splitsCode(f[0]) || len(f) == 2 && splitsCode(f[1]):
		return nil, fmt.Errorf("%q: a slash right before a template: topic filters begin with %s", entry, topicPrefix)
	}
	return []string{strings.Join(f, " ")}, nil
}

// translateFilter leaves templates as they are: the mapping changes no byte of them.
func translateFilter(filter []byte) ([]string, error) {
	if _, shared, _ := mapping.ParseShare(filter); shared {
		return nil, errors.New("name the filter alone: it counts for shared subscriptions too")
	}
	f, err := mapping.ParseFilter(filter)
	switch {
	case err != nil:
		return nil, err
	case f.Parent != "":
		return []string{f.Subject, f.Parent}, nil
	}
	return []string{f.Subject}, nil
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

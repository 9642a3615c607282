package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"leafgate/core"
	"leafgate/mapping"
)

const clientTemplate = "{{clientid}}"

// separators stand between the tokens of an entry: a dot in a pattern or queue, a space between the two.
const separators = ". "

// names are what stands for {{user}} and {{clientid}} in the entries of one peer; empty: it has none.
type names struct{ user, client string }

func (n names) value(template string) string {
	if template == "user" {
		return n.user
	}
	return n.client
}

// checkTemplates says what is wrong with the templates in an entry.
func checkTemplates(entry string) error {
	for rest := entry; ; {
		before, inside, found := strings.Cut(rest, "{{")
		if strings.Contains(before, "}}") {
			return errors.New("}} stands without {{")
		}
		if !found {
			return nil
		}
		name, after, closed := strings.Cut(inside, "}}")
		switch {
		case !closed:
			return errors.New("{{ stands without }}")
		case name == "user" || name == "clientid":
		case strings.Contains(name, "("):
			return fmt.Errorf("{{%s}} is a function of signing keys or mappings: permissions know {{user}} and {{clientid}}", name)
		default:
			return fmt.Errorf("unknown template {{%s}}: permissions know {{user}} and {{clientid}}", name)
		}
		rest = after
	}
}

// splitsCode says whether a template stands behind the slash that begins a code of package mapping: the code would take
// the first byte of the name.
func splitsCode(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '/' {
			continue
		}
		i++
		if strings.HasPrefix(pattern[i:], "{{") {
			return true
		}
	}
	return false
}

// compiled makes d's permissions for a peer with these names.
func compiled(d *core.PermissionDef, n names) (*core.Permissions, error) {
	return core.NewPermissions(core.PermissionDef{Publish: n.rule(d.Publish), Subscribe: n.rule(d.Subscribe), Responses: d.Responses})
}

// byClient says whether what d allows depends on the client id.
func byClient(d *core.PermissionDef) bool {
	needs := func(entry string) bool { return strings.Contains(entry, clientTemplate) }
	return slices.ContainsFunc(slices.Concat(d.Publish.Allow, d.Publish.Deny, d.Subscribe.Allow, d.Subscribe.Deny), needs)
}

// rule puts the names into r. Where a peer lacks one, what is allowed by it is allowed to nobody, and what is denied by
// it is denied for all names.
func (n names) rule(r core.Rule) (out core.Rule) {
	if r.Allow != nil {
		out.Allow = make([]string, 0, len(r.Allow))
	}
	for _, entry := range r.Allow {
		if text, whole := n.expand(entry); whole && !opensReserved(entry, text) {
			out.Allow = append(out.Allow, text)
		}
	}
	for _, entry := range r.Deny {
		text, _ := n.expand(entry)
		out.Deny = append(out.Deny, text)
	}
	return out
}

// expand puts the names into an entry, token by token. Where one is missing, the token becomes a wildcard, and the text
// is not whole.
func (n names) expand(entry string) (text string, whole bool) {
	if !strings.Contains(entry, "{{") {
		return entry, true
	}
	out, whole := make([]byte, 0, len(entry)+len(n.user)+len(n.client)), true
	for {
		token, ok := firstToken(entry), false
		out, ok = n.appendToken(out, token)
		whole = whole && ok
		if len(token) == len(entry) {
			return string(out), whole
		}
		out, entry = append(out, entry[len(token)]), entry[len(token)+1:]
	}
}

// appendToken appends one token with the names in it: a literal one, whatever they are, where there was a template.
func (n names) appendToken(dst []byte, token string) (out []byte, whole bool) {
	if !strings.Contains(token, "{{") {
		return append(dst, token...), true
	}
	start := len(dst)
	for {
		text, rest, found := strings.Cut(token, "{{")
		dst = append(dst, text...)
		if !found {
			break
		}
		template, after, _ := strings.Cut(rest, "}}")
		name := n.value(template)
		if name == "" {
			return append(dst[:start], '*'), false
		}
		dst, token = appendName(dst, name), after
	}
	if token := dst[start:]; len(token) == 1 && isWildcard(string(token)) {
		dst = append(dst[:start], '/', token[0])
	}
	return dst, true
}

func isWildcard(s string) bool { return s == "*" || s == ">" }

// appendName appends a name as part of a token: where a level of a topic can have it, as that is mapped.
func appendName(dst []byte, name string) []byte {
	if isWildcard(name) { // escaped only where it is all of the token
		return append(dst, name...)
	}
	if !strings.Contains(name, "/") {
		if out, err := mapping.AppendSubject(dst, []byte(name)); err == nil {
			return out
		}
	}
	return mapping.AppendToken(dst, []byte(name))
}

// opensReserved says whether a name has made the first token of text one that is reserved, such as $SYS or _INBOX: what
// {{clientid}}.> is meant to allow is never that. A prefix that is reserved itself was chosen by whoever wrote the entry.
func opensReserved(entry, text string) bool {
	prefix, _, templated := strings.Cut(firstToken(entry), "{{")
	if !templated || len(prefix) > 1 && mapping.ReservedSubject([]byte(prefix)) {
		return false
	}
	return mapping.ReservedSubject([]byte(firstToken(text)))
}

func firstToken(entry string) string {
	if end := strings.IndexAny(entry, separators); end >= 0 {
		return entry[:end]
	}
	return entry
}

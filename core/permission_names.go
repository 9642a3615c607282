package core

// Names says whether an allow entry of p for subscriptions begins with exactly the token first, so that whoever wrote it
// meant what is below.
func (p *Permissions) Names(first string) bool {
	if p == nil {
		return false
	}
	for _, g := range p.subscribe.allow {
		if token, _, _ := cutToken(g.pattern); token == first {
			return true
		}
	}
	return false
}

// Definition is what p was made of; nil: nothing is restricted.
func (p *Permissions) Definition() *PermissionDef {
	if p == nil {
		return nil
	}
	return &PermissionDef{Publish: p.publish.definition(), Subscribe: p.subscribe.definition(), Responses: p.responses}
}

func (r *rule) definition() (d Rule) {
	if r.restricted {
		d.Allow = entries(r.allow)
	}
	if len(r.deny) > 0 {
		d.Deny = entries(r.deny)
	}
	return d
}

func entries(grants []grant) []string {
	list := make([]string, 0, len(grants))
	for _, g := range grants {
		if g.queue != "" {
			g.pattern += " " + g.queue
		}
		list = append(list, g.pattern)
	}
	return list
}

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

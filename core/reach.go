package core

// Patterns are what an account takes requests and answers for without any subscription: services that it has imported,
// sources of its mappings, and the addresses under which requesters in other accounts are reached. Relays tell of them.
func (a *Account) Patterns() []string {
	all := []string{a.wires.answers.prefix + ">"}
	w := a.wiring.Load()
	if w == nil {
		return all
	}
	for i := range w.services {
		all = append(all, w.services[i].local)
	}
	for i := range w.mappings {
		all = append(all, w.mappings[i].source)
	}
	return all
}

package gateway

import "leafgate/internal/memory"

// What happens where memory is short. Modules ask the watch themselves whether somebody may come in, or something be kept.

// Parts of the ceiling.
const (
	queueParts   = 4  // for what waits for connections, twice as many for each level
	preAuthParts = 16 // for connections that have not shown yet who they are
)

func (g *Gateway) newMemory() *memory.Watch {
	return memory.NewWatch(g.settings.ceiling, memory.Setup{Log: g.log, Used: g.options.Used,
		React:   func(memory.Level) { g.setBudget() },
		Relieve: func() { g.net.FreePools() },
	})
}

// startMemory begins to watch, before anybody listens.
func (g *Gateway) startMemory() {
	if ceiling := g.settings.ceiling; ceiling > 0 {
		g.net.LimitPreAuth(ceiling / preAuthParts)
	}
	g.setBudget()
	g.memory.Start()
}

// setBudget says how much may wait for all connections together.
func (g *Gateway) setBudget() {
	g.budgeting.Lock()
	defer g.budgeting.Unlock()
	s := g.memory.State()
	g.net.SetQueueBudget(s.Ceiling / queueParts >> s.Level)
}

func (g *Gateway) tellCeiling() {
	if tell := g.options.Ceiling; tell != nil {
		tell(g.settings.ceiling)
	}
}

// takeCeiling takes over what a reload says of the ceiling. g.settings are still those before.
func (g *Gateway) takeCeiling(next settings) {
	if next.ceiling == g.settings.ceiling {
		return
	}
	g.settings.ceiling = next.ceiling
	g.tellCeiling()
	g.memory.SetCeiling(next.ceiling)
	g.setBudget()
}

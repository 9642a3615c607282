package core

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// generations tell whether a remembered match is still true, precisely enough that the churn of other subjects does not
// touch it. A subscription to a literal bumps the counter of that subject; one with wildcards the counter of its literal
// prefix (one or two tokens), or, if it has none, the counter of all.
//
// Readers take the sum before they match; writers change the index, then bump, then answer. Counters only grow, so an
// equal sum means that nothing changed.
type generations struct {
	seed  maphash.Seed
	all   atomic.Uint32
	slots [4096]atomic.Uint32
}

// Salts keep the three ways to name a counter apart.
const (
	saltWhole = 0
	saltOne   = 0x9e3779b97f4a7c15
	saltTwo   = 0xc2b2ae3d27d4eb4f
)

func (g *generations) slot(hash, salt uint64) *atomic.Uint32 {
	return &g.slots[((hash^salt)*0xff51afd7ed558ccd)>>52]
}

// A stamp is what a remembered match keeps: its counters and their sum.
type stamp struct {
	g     *generations
	slots [3]*atomic.Uint32
	sum   uint32
}

// stamp reads the counters that subject depends on.
func (g *generations) stamp(subject []byte) stamp {
	one, two := prefix2(subject)
	s := stamp{g: g, slots: [3]*atomic.Uint32{
		g.slot(maphash.Bytes(g.seed, subject), saltWhole),
		g.slot(maphash.Bytes(g.seed, one), saltOne),
		g.slot(maphash.Bytes(g.seed, two), saltTwo),
	}}
	s.sum = s.now()
	return s
}

func (s *stamp) now() uint32 {
	return s.g.all.Load() + s.slots[0].Load() + s.slots[1].Load() + s.slots[2].Load()
}

// valid says whether nothing has changed since the stamp was taken.
func (s *stamp) valid() bool { return s.sum == s.now() }

// bump makes matches invalid that a subscription to pattern may change.
func (g *generations) bump(pattern string) {
	if IsLiteral(pattern) {
		g.slot(maphash.String(g.seed, pattern), saltWhole).Add(1)
		return
	}
	one, rest, _ := strings.Cut(pattern, ".")
	two, _, _ := strings.Cut(rest, ".")
	switch {
	case isWild(one):
		g.all.Add(1)
	case isWild(two):
		g.slot(maphash.String(g.seed, one), saltOne).Add(1)
	default:
		g.slot(maphash.String(g.seed, pattern[:len(one)+1+len(two)]), saltTwo).Add(1)
	}
}

func isWild(token string) bool { return token == "*" || token == ">" }

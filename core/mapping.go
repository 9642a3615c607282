package core

import (
	"fmt"
	"slices"
)

// A mapping is a compiled Mapping.
type mapping struct {
	source string
	to     []destination
	total  int  // of the weights
	loses  bool // what is left to 100 is lost; else it keeps its subject
	fixed  bool // one destination, always the same: the result can be remembered
}

type destination struct {
	move   *Transform
	weight int
}

func newMapping(d *Mapping) (m mapping, err error) {
	if !ValidPattern(d.Source) {
		return m, fmt.Errorf("%w %q", ErrBadSubject, d.Source)
	}
	m.source = d.Source
	for i, to := range d.To {
		if slices.ContainsFunc(d.To[:i], func(other Destination) bool { return other.Subject == to.Subject }) {
			return m, fmt.Errorf("duplicate entry for %q", to.Subject)
		}
		m.loses = m.loses || to.Subject == d.Source
		t, err := NewTransform(d.Source, to.Subject)
		if err != nil {
			return m, err
		}
		if to.Weight < 0 || to.Weight > 100 {
			return m, fmt.Errorf("weight %d is not 0 to 100", to.Weight)
		}
		m.to = append(m.to, destination{t, to.Weight})
		m.total += to.Weight
	}
	if m.total > 100 {
		return m, ErrWeight
	}
	m.fixed = len(m.to) == 1 && m.total == 100 && m.to[0].move.Deterministic()
	return m, nil
}

// mappingFor finds the first mapping for subject; nil: it stays as it is.
func (w *wiring) mappingFor(subject []byte) *mapping {
	if w == nil {
		return nil
	}
	for i := range w.mappings {
		if Covers(w.mappings[i].source, subject) {
			return &w.mappings[i]
		}
	}
	return nil
}

// apply appends what subject becomes this time. False: it is lost, by a share that is nobody's, or as nothing valid comes
// of it.
func (m *mapping) apply(dst, subject []byte, random func(uint32) uint32) ([]byte, bool) {
	at := len(dst)
	pick := 0
	if len(m.to) != 1 || m.total != 100 {
		pick = int(random(100))
	}
	for i := range m.to {
		if pick -= m.to[i].weight; pick < 0 {
			out, ok := m.to[i].move.Append(dst, subject)
			return out, ok && publishable(out[at:])
		}
	}
	if m.loses {
		return dst, false
	}
	return append(dst, subject...), true
}

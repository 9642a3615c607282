package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	deepest = 100     // values within each other
	most    = 1 << 20 // values in all; maps that are used as variables many times over count each time
)

// A source is one configuration: what its blocks have in common.
type source struct {
	name   string
	digest string
	errs   []*Error
	blocks []*Block // all that were made
	depth  int      // of values within each other, while it is built
	count  int      // of values
}

// newRoot makes blocks of what the library has read.
func newRoot(name string, tree map[string]any) (*Block, error) {
	src := &source{name: name}
	root := src.block(tree, Position{File: name, Line: 1, Column: 1}, "")
	if src.count > most {
		src.fail(root.pos, "", "more than %d values", most)
	}
	if err := joined(src.errs); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("%s: compute digest: %w", name, err)
	}
	src.digest = fmt.Sprintf("sha256:%x", sha256.Sum256(append(raw, '\n'))) // nats-server's has the newline of an Encoder
	return root, nil
}

func (s *source) fail(pos Position, key, format string, args ...any) {
	s.errs = append(s.errs, &Error{Pos: pos, Key: key, Msg: fmt.Sprintf(format, args...)})
}

// A token is what the library wraps values in.
type token interface {
	Value() any
	Line() int
	Position() int
	SourceFile() string
	IsUsedVariable() bool
}

// entry is one value with its position.
type entry struct {
	key      string // as written; empty in an array
	pos      Position
	value    any // string, bool, int64, float64, time.Time, []entry, *Block
	variable bool
	asked    bool
}

// list is the value's items, or the value itself if it is no array, under the entry's key.
func (e *entry) list() []entry {
	items, ok := e.value.([]entry)
	if !ok {
		return []entry{*e}
	}
	items = slices.Clone(items)
	for i := range items {
		items[i].key = e.key
	}
	return items
}

// byPosition sorts entries as they stand; those from one variable of the environment share a position.
func byPosition(x, y *entry) int {
	return cmp.Or(x.pos.compare(y.pos), strings.Compare(x.key, y.key))
}

func (s *source) block(tree map[string]any, pos Position, path string) *Block {
	b := &Block{src: s, pos: pos, path: path, entries: make(map[string][]*entry, len(tree))}
	s.blocks = append(s.blocks, b)
	for key, v := range tree {
		e := s.entry(v, pos, join(path, key))
		e.key = key
		b.entries[strings.ToLower(key)] = append(b.entries[strings.ToLower(key)], &e)
	}
	for _, spellings := range b.entries {
		slices.SortFunc(spellings, func(x, y *entry) int { return cmp.Or(last(x.variable)-last(y.variable), byPosition(x, y)) })
	}
	return b
}

func last(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (s *source) entry(v any, parent Position, path string) entry {
	e := entry{pos: parent, value: v}
	if t, ok := v.(token); ok {
		e.pos = s.position(t)
		e.value, e.variable = t.Value(), t.IsUsedVariable()
	}
	if s.count++; s.count > most {
		e.value = nil
	}
	if s.depth++; s.depth > deepest {
		s.fail(e.pos, "", "nested deeper than %d levels", deepest)
		e.value = nil
	}
	switch v := e.value.(type) {
	case map[string]any:
		e.value = s.block(v, e.pos, path)
	case []any:
		e.value = s.array(v, e.pos, path)
	}
	s.depth--
	return e
}

// array has its items where they begin. The library knows only where maps and arrays end.
func (s *source) array(items []any, parent Position, path string) []entry {
	list := make([]entry, len(items))
	for i := range items {
		e := s.entry(items[i], parent, path)
		switch v := e.value.(type) {
		case *Block:
			for _, spellings := range v.entries {
				for _, first := range spellings {
					e.pos = earlier(e.pos, first.pos)
				}
			}
			v.pos = e.pos
		case []entry:
			if len(v) > 0 {
				e.pos = earlier(e.pos, v[0].pos)
			}
		}
		list[i] = e
	}
	return list
}

// earlier is q if it stands above p in the same file.
func earlier(p, q Position) Position {
	if p.File == q.File && q.compare(p) < 0 {
		return q
	}
	return p
}

func (s *source) position(t token) Position {
	p := Position{File: cmp.Or(t.SourceFile(), s.name), Line: t.Line(), Column: t.Position()}
	if p.Line == 1 {
		p.Column++ // the library counts from 0 there, from 1 below
	}
	return p
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

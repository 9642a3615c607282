package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Position is a place in a configuration. Line and Column count from 1, columns are bytes; 0: not known.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:col, as far as known.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Position) compare(q Position) int {
	return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// An Error is one thing wrong with a configuration. Its text never shows values that may be secret.
type Error struct {
	Pos Position
	Key string // with the blocks it stands in: "tls.cert_file"; may be empty
	Msg string
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s: %s", e.Pos, e.Msg)
	}
	return fmt.Sprintf("%s: %s: %s", e.Pos, e.Key, e.Msg)
}

// joined is all errors in the order of their positions, each once.
func joined(errs []*Error) error {
	sorted := slices.Clone(errs)
	slices.SortFunc(sorted, func(a, b *Error) int {
		return cmp.Or(a.Pos.compare(b.Pos), strings.Compare(a.Key, b.Key), strings.Compare(a.Msg, b.Msg))
	})
	sorted = slices.CompactFunc(sorted, func(a, b *Error) bool { return *a == *b })
	all := make([]error, len(sorted))
	for i, e := range sorted {
		all[i] = e
	}
	return errors.Join(all...)
}

// unknown reports a key that nobody asked for.
func (b *Block) unknown(e *entry) *Error {
	msg := fmt.Sprintf("unknown field %q", e.key)
	if near := nearest(strings.ToLower(e.key), b.known); near != "" {
		msg += fmt.Sprintf(" (did you mean %q?)", near)
	}
	return &Error{Pos: e.pos, Msg: msg}
}

// nearest is the known key at the smallest edit distance, if that is small for the word's length.
func nearest(word string, known map[string]bool) string {
	best, at := "", min(2, (len(word)-1)/2)+1
	for k := range known {
		if d := distance(word, k); d < at || d == at && best != "" && k < best {
			best, at = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of neighbors between a and b.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			d := above[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j]+1, above[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
		}
	}
	return row[len(b)]
}

package core

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"unicode/utf8"
)

// A part is one token of a destination: how to render what stands there.
type part struct {
	kind kind
	text string // of a literal
	sep  []byte // where split splits
	n    int    // bytes to take, or how many partitions
	from []int  // tokens of the source; a tail begins at the first; a partition of none is one of the whole subject
}

type kind uint8

const (
	literal kind = iota
	tail         // what ">" stands for
	wildcard
	left
	right
	splitFromLeft
	splitFromRight
	sliceFromLeft
	sliceFromRight
	split
	partition
	random
)

// append renders p for a subject that matches the source.
func (p *part) append(dst, subject []byte) []byte {
	switch p.kind {
	case literal:
		return append(dst, p.text...)
	case tail:
		return append(dst, skipTokens(subject, p.from[0])...)
	case partition:
		return strconv.AppendUint(dst, uint64(p.partition(subject)), 10)
	case random:
		return strconv.AppendInt(dst, int64(rand.IntN(max(p.n, 1))), 10)
	}
	token, _, _ := cutToken(skipTokens(subject, p.from[0]))
	if p.kind == split {
		return appendSplit(dst, token, p.sep)
	}
	if p.n <= 0 || p.n >= len(token) {
		return append(dst, token...) // nothing to cut, as always for a wildcard
	}
	switch rest := len(token) - p.n; p.kind {
	case left:
		return append(dst, token[:p.n]...)
	case right:
		return append(dst, token[rest:]...)
	case splitFromLeft:
		return appendPieces(dst, token, p.n, rest)
	case splitFromRight:
		return appendPieces(dst, token, rest, p.n)
	case sliceFromLeft:
		return appendPieces(dst, token, p.n, p.n)
	default: // sliceFromRight
		return appendPieces(dst, token, (len(token)-1)%p.n+1, p.n)
	}
}

func skipTokens(subject []byte, n int) []byte {
	for range n {
		_, subject, _ = cutToken(subject)
	}
	return subject
}

// partition is FNV-1a with 32 bits over the tokens, without anything between them, modulo n.
func (p *part) partition(subject []byte) uint32 {
	h := uint32(2166136261)
	if len(p.from) == 0 {
		h = fnv(h, subject)
	}
	for _, at := range p.from {
		token, _, _ := cutToken(skipTokens(subject, at))
		h = fnv(h, token)
	}
	return h % uint32(max(p.n, 1))
}

func fnv(h uint32, b []byte) uint32 {
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// appendPieces makes tokens of a token: one of first bytes, then of each bytes, then of what is left.
func appendPieces(dst, token []byte, first, each int) []byte {
	for size := first; len(token) > size; size = each {
		dst = append(append(dst, token[:size]...), '.')
		token = token[size:]
	}
	return append(dst, token...)
}

// appendSplit makes tokens of what stands between separators. Where there is nothing, there is no token; but only one
// separator at the beginning is taken for that.
func appendSplit(dst, token, sep []byte) []byte {
	piece, rest := cutAt(bytes.TrimPrefix(token, sep), sep)
	dst = append(dst, piece...)
	for len(rest) > 0 {
		if piece, rest = cutAt(rest, sep); len(piece) > 0 {
			dst = append(append(dst, '.'), piece...)
		}
	}
	return dst
}

// cutAt returns what is before the first sep, and behind it; without sep, the first character.
func cutAt(s, sep []byte) (before, after []byte) {
	at := bytes.Index(s, sep)
	switch {
	case len(sep) == 0:
		_, at = utf8.DecodeRune(s)
	case at < 0:
		at = len(s)
	}
	return s[:at], s[min(at+len(sep), len(s)):]
}

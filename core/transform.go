package core

import (
	"fmt"
	"slices"
	"strings"
)

// A Transform turns the subjects that match its source, a pattern, into others. Its destination is a subject whose tokens
// may stand for the n-th "*" of the source, "$n" or "{{wildcard(n)}}", or for what a function makes of it:
//
//	{{left(n,k)}}            its first k bytes, or all where it has no more
//	{{right(n,k)}}           its last k bytes
//	{{splitfromleft(n,k)}}   two tokens: its first k bytes and the rest
//	{{splitfromright(n,k)}}  two tokens: the rest and its last k bytes
//	{{slicefromleft(n,k)}}   tokens of k bytes, the last may be shorter
//	{{slicefromright(n,k)}}  tokens of k bytes, the first may be shorter
//	{{split(n,sep)}}         tokens, split at each sep; without sep, its characters
//	{{partition(p,n,m,..)}}  a number below p, the same for the same tokens: FNV-1a, 32 bits, modulo p
//	{{partition(p)}}         the same of the whole subject, with its dots
//	{{random(p)}}            a random number below p
//
// Function names may be in any case. A p of 0 gives 0, a k below 1 leaves the token whole; k counts bytes. Where the source
// ends in ">", so does the destination, and takes over the tokens it stands for. A Transform never changes; any goroutine
// may use it.
type Transform struct {
	src, dst string
	parts    []part
}

// NewTransform compiles a mapping. All functions are allowed, and the destination need not use every wildcard of the
// source. The error is ErrBadSubject or ErrBadDestination, wrapped.
func NewTransform(src, dst string) (*Transform, error) {
	return compile(src, dst, false)
}

// NewStrictTransform compiles the subjects of an import, which others must be able to turn around: the destination uses
// every "*" of the source, and no other function than wildcard. The n-th plain "*" in dst stands for "$n".
func NewStrictTransform(src, dst string) (*Transform, error) {
	return compile(src, dst, true)
}

// Source returns the pattern of the subjects that t takes.
func (t *Transform) Source() string { return t.src }

// Destination returns what t makes of them, as configured.
func (t *Transform) Destination() string { return t.dst }

func (t *Transform) equal(other *Transform) bool { return t.src == other.src && t.dst == other.dst }

// Append appends what t makes of a literal subject to dst, which must not overlap it. False: subject does not match.
//
// Out of a valid subject comes a valid one, with one exception: split leaves an empty token of a token that begins with
// two separators or has nothing else. Such a result is returned as it is, and like any subject that is not valid it
// matches no subscription: the message is for nobody.
func (t *Transform) Append(dst, subject []byte) ([]byte, bool) {
	if !Covers(t.src, subject) {
		return dst, false
	}
	return t.render(dst, subject), true
}

// AppendPattern appends the pattern of what t makes of the subjects that match pattern. False: not all of them match
// t's source, or t does more than to move tokens. Where the destination uses a wildcard twice, the result matches more.
func (t *Transform) AppendPattern(dst []byte, pattern string) ([]byte, bool) {
	if !t.plain() || !Covers(t.src, pattern) {
		return dst, false
	}
	return t.render(dst, []byte(pattern)), true
}

func (t *Transform) render(dst, subject []byte) []byte {
	for i := range t.parts {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = t.parts[i].append(dst, subject)
	}
	return dst
}

// plain says whether t does no more than to move tokens.
func (t *Transform) plain() bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool { return p.kind > wildcard })
}

// Deterministic says whether equal subjects always give equal results.
func (t *Transform) Deterministic() bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool { return p.kind == random })
}

// Reverse returns the Transform that undoes t. It is an error, ErrBadDestination wrapped, if t does more than to move
// tokens or does not use every "*" exactly once.
func (t *Transform) Reverse() (*Transform, error) {
	src, dst, used := make([]string, len(t.parts)), strings.Split(t.src, "."), 0
	parts := make([]part, len(dst))
	for i, token := range dst {
		parts[i] = part{kind: literal, text: token}
	}
	for i, p := range t.parts {
		switch p.kind {
		case literal:
			src[i] = p.text
		case tail:
			src[i], parts[p.from[0]] = ">", part{kind: tail, from: []int{i}}
		case wildcard:
			at := p.from[0]
			if dst[at] != "*" {
				return nil, fmt.Errorf("%w: using a token wildcard twice in %s", ErrBadDestination, t.dst)
			}
			used++
			src[i], dst[at], parts[at] = "*", fmt.Sprintf("$%d", used), part{kind: wildcard, from: []int{i}}
		default:
			return nil, fmt.Errorf("%w: only wildcards can be reversed in %s", ErrBadDestination, t.dst)
		}
	}
	if slices.Contains(dst, "*") {
		return nil, fmt.Errorf("%w in %s", errUnusedWildcard, t.dst)
	}
	return &Transform{src: strings.Join(src, "."), dst: strings.Join(dst, "."), parts: parts}, nil
}

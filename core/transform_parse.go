package core

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrBadDestination is wrapped by what is wrong with the tokens of a Transform's destination.
var ErrBadDestination = errors.New("invalid mapping destination")

var (
	errUnknownFunction = fmt.Errorf("%w: unknown function", ErrBadDestination)
	errFewArguments    = fmt.Errorf("%w: not enough arguments passed to the function", ErrBadDestination)
	errManyArguments   = fmt.Errorf("%w: too many arguments passed to the function", ErrBadDestination)
	errBadArgument     = fmt.Errorf("%w: function argument is invalid or in the wrong format", ErrBadDestination)
	errIndexRange      = fmt.Errorf("%w: wildcard index out of range", ErrBadDestination)
	errOnlyWildcard    = fmt.Errorf("%w: the only mapping function allowed for import transforms is {{Wildcard()}}", ErrBadDestination)
	errUnusedWildcard  = fmt.Errorf("%w: not using all of the token wildcard(s)", ErrBadDestination)
)

// functions by lower-case name, with how many arguments they take.
var functions = map[string]struct {
	kind        kind
	least, most int
}{
	"wildcard":       {wildcard, 1, 1},
	"left":           {left, 2, 2},
	"right":          {right, 2, 2},
	"splitfromleft":  {splitFromLeft, 2, 2},
	"splitfromright": {splitFromRight, 2, 2},
	"slicefromleft":  {sliceFromLeft, 2, 2},
	"slicefromright": {sliceFromRight, 2, 2},
	"split":          {split, 2, 2},
	"partition":      {partition, 1, math.MaxInt},
	"random":         {random, 1, 1},
}

// A compiler makes the parts of a destination.
type compiler struct {
	stars  []int // tokens of the source that are "*", in order
	tail   int   // the token of the source that is ">", or -1
	strict bool
	plain  int   // "*" seen in a strict destination
	used   []int // tokens of the source that the destination uses
}

func compile(src, dst string, strict bool) (*Transform, error) {
	if !ValidPattern(src) {
		return nil, fmt.Errorf("%w %q", ErrBadSubject, src)
	}
	c := &compiler{tail: -1, strict: strict}
	for i, token := range strings.Split(src, ".") {
		switch token {
		case "*":
			c.stars = append(c.stars, i)
		case ">":
			c.tail = i
		}
	}
	tokens := strings.Split(dst, ".")
	if (tokens[len(tokens)-1] == ">") != (c.tail >= 0) {
		return nil, fmt.Errorf("%w %q for %q: only both can end in >", ErrBadSubject, dst, src)
	}
	t := &Transform{src: src, dst: dst, parts: make([]part, len(tokens))}
	for i, token := range tokens {
		if token == "" || token == ">" && i < len(tokens)-1 {
			return nil, fmt.Errorf("%w %q", ErrBadSubject, dst)
		}
		var err error
		if t.parts[i], err = c.part(token); err != nil {
			return nil, err
		}
	}
	if strict && slices.ContainsFunc(c.stars, func(at int) bool { return !slices.Contains(c.used, at) }) {
		return nil, fmt.Errorf("%w in %s", errUnusedWildcard, dst)
	}
	return t, nil
}

// part compiles one token of the destination.
func (c *compiler) part(token string) (p part, err error) {
	n, isReference := parseReference(token)
	switch {
	case token == ">":
		return part{kind: tail, from: []int{c.tail}}, nil
	case token == "*" && c.strict:
		c.plain++
		p = part{kind: wildcard, from: []int{c.plain}}
	case isReference:
		p = part{kind: wildcard, from: []int{n}}
	case len(token) > 4 && strings.HasPrefix(token, "{{") && strings.HasSuffix(token, "}}"):
		if p, err = parseCall(token); err != nil {
			return p, err
		}
	case token == "*" || !ValidPattern(token):
		return p, fmt.Errorf("%w %q in a mapping destination", ErrBadSubject, token)
	default:
		return part{kind: literal, text: token}, nil
	}
	if c.strict && p.kind != wildcard {
		return p, fmt.Errorf("%w in %s", errOnlyWildcard, token)
	}
	return p, c.resolve(&p, token)
}

// parseReference parses "$n". What else begins with "$" is a name.
func parseReference(token string) (n int, ok bool) {
	number, ok := strings.CutPrefix(token, "$")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(number)
	return n, err == nil
}

// resolve makes tokens of the source out of numbers of wildcards.
func (c *compiler) resolve(p *part, token string) error {
	if p.kind == partition && len(c.stars) == 0 && c.tail < 0 {
		p.from = nil // a literal source has no wildcards to choose: its partition is that of the whole subject
	}
	for i, n := range p.from {
		if n < 1 || n > len(c.stars) {
			return fmt.Errorf("%w in %s: [%d]", errIndexRange, token, n)
		}
		p.from[i] = c.stars[n-1]
	}
	c.used = append(c.used, p.from...)
	return nil
}

// parseCall parses "{{name(arguments)}}".
func parseCall(token string) (part, error) {
	call, closed := strings.CutSuffix(strings.TrimSpace(token[2:len(token)-2]), ")")
	name, list, opened := strings.Cut(call, "(")
	f, known := functions[strings.ToLower(strings.TrimSpace(name))]
	if !known || !opened || !closed {
		return part{}, fmt.Errorf("%w in %s", errUnknownFunction, token)
	}
	args := strings.Split(list, ",")
	switch {
	case len(args) < f.least || list == "":
		return part{}, fmt.Errorf("%w in %s", errFewArguments, token)
	case len(args) > f.most:
		return part{}, fmt.Errorf("%w in %s", errManyArguments, token)
	}
	p, ok := newCall(f.kind, args)
	if !ok {
		return part{}, fmt.Errorf("%w in %s", errBadArgument, token)
	}
	return p, nil
}

// newCall returns a part whose from still are numbers of wildcards. False: an argument is not of its type.
func newCall(k kind, args []string) (p part, ok bool) {
	p.kind = k
	switch k {
	case split: // sep begins behind the white space
		p.sep = []byte(strings.TrimLeft(args[1], " \t\r\n\f"))
		ok, args = !bytes.ContainsRune(p.sep, ' '), args[:1]
	case wildcard:
		ok = true
	case partition, random:
		p.n, ok = parseInt32(args[0])
		ok, args = ok && p.n >= 0, args[1:]
	default:
		p.n, ok = parseInt32(args[1])
		args = args[:1]
	}
	for _, arg := range args {
		n, valid := parseInt32(arg)
		p.from = append(p.from, n)
		ok = ok && valid
	}
	return p, ok
}

func parseInt32(s string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	return int(n), err == nil
}

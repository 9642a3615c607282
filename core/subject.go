package core

import (
	"bytes"
	"strings"
)

// A subject is a sequence of tokens separated by dots. In a pattern the token "*" stands for any one token, and ">", as
// the last token, for one or more.

// ValidPattern says whether s can be subscribed to: tokens not empty, ">" only last, no space, tab, CR or LF.
func ValidPattern(s string) bool {
	if s == "" || strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	for {
		token, rest, more := strings.Cut(s, ".")
		if token == "" || (token == ">" && more) {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

// ValidSubject says whether s is one or more tokens that are not empty, without space, tab, CR or LF. Wildcard tokens
// are valid here: published, they mean themselves.
func ValidSubject(s []byte) bool {
	return publishable(s) && s[0] != '.' && s[len(s)-1] != '.' && !bytes.Contains(s, []byte(".."))
}

// publishable says whether s may be offered to Publish: what would break the line protocols behind the sinks may not.
func publishable(s []byte) bool {
	for _, c := range s {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return false
		}
	}
	return len(s) > 0
}

// IsLiteral says whether no token of s is a wildcard.
func IsLiteral[S ~string | ~[]byte](s S) bool {
	for i := range len(s) {
		if (s[i] == '*' || s[i] == '>') && wholeToken(s, i) {
			return false
		}
	}
	return true
}

func wholeToken[S ~string | ~[]byte](s S, i int) bool {
	return (i == 0 || s[i-1] == '.') && (i == len(s)-1 || s[i+1] == '.')
}

// cutToken splits the first token off s. Without a dot, more is false and rest empty.
func cutToken[S ~string | ~[]byte](s S) (token, rest S, more bool) {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i], s[i+1:], true
		}
	}
	return s, s[len(s):], false
}

// Covers says whether every subject that matches pattern s matches pattern p as well; for a literal s, whether s
// matches p.
func Covers[P, S ~string | ~[]byte](p P, s S) bool {
	for {
		pt, prest, pmore := cutToken(p)
		st, srest, smore := cutToken(s)
		if len(pt) == 1 && pt[0] == '>' && !pmore {
			return len(st) > 0
		}
		if len(st) == 1 && st[0] == '>' && !smore {
			return false // s goes on where p ends or asks for single tokens
		}
		star := len(pt) == 1 && pt[0] == '*'
		if !star && string(pt) != string(st) || len(st) == 0 {
			return false
		}
		if !pmore || !smore {
			return pmore == smore
		}
		p, s = prest, srest
	}
}

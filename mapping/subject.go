package mapping

import (
	"slices"
	"unicode/utf8"
)

// AppendTopic appends the topic that [AppendSubject] maps to subject. False: there is none, the subject is foreign, and
// dst is returned as it is.
func AppendTopic(dst, subject []byte) ([]byte, bool) {
	out, n := appendPlainTokens(dst, subject)
	ok := true
	if n >= 0 {
		out, ok = appendTokens(out, subject[n:], false)
	}
	size := len(out) - len(dst)
	if !ok || size == 0 || size > MaxTopic { // 0: "/" alone, an empty level without a separator
		return dst, false
	}
	return out, true
}

// AppendSubstitute appends a topic for any subject: what [AppendTopic] does, or for a foreign subject a legal topic with
// U+FFFD in place of each byte or code that no topic has there. Levels are kept, so that filters with wildcards still
// match; an empty token and the subject "/" become a level U+FFFD. Several subjects may have the same substitute, and
// it leads back to none of them. What exceeds [MaxTopic] is cut off.
func AppendSubstitute(dst, subject []byte) []byte {
	out, _ := appendTokens(dst, subject, true)
	if len(out) == len(dst) {
		return append(out, substitute...)
	}
	if end := len(dst) + MaxTopic; len(out) > end {
		for !utf8.RuneStart(out[end]) {
			end--
		}
		return out[:end]
	}
	return out
}

// appendPlainTokens appends the levels of the tokens before the first one that holds more than plain bytes, or nothing.
// That token begins at n; n < 0: there is none.
func appendPlainTokens(dst, subject []byte) (out []byte, n int) {
	base := len(dst)
	dst = slices.Grow(dst, len(subject))[:base+len(subject)]
	image := dst[base:]
	token := 0
	for i, c := range subject {
		if class[c] != plain {
			if c != '.' || i == token {
				return dst[:base+token], token
			}
			token, c = i+1, '/'
		}
		image[i] = c
	}
	if token == len(subject) {
		return dst, token
	}
	return dst, -1
}

var substitute = []byte(string(utf8.RuneError))

// appendTokens appends the levels of what is left of a subject from the beginning of a token on. Where that is foreign, it
// mends it with substitutes or returns false.
func appendTokens(dst, s []byte, mend bool) ([]byte, bool) {
	for i, token := 0, 0; ; {
		for i < len(s) && class[s[i]] == plain {
			dst, i = append(dst, s[i]), i+1
		}
		if i < len(s) && s[i] != '.' {
			text, size, ok := unit(s, token, i)
			if !ok && !mend {
				return dst, false
			}
			if !ok {
				text = substitute
			}
			dst, i = append(dst, text...), i+size
			continue
		}
		if i == token { // no level is an empty token
			if !mend {
				return dst, false
			}
			dst = append(dst, substitute...)
		}
		if i == len(s) {
			return dst, true
		}
		dst, i = append(dst, '/'), i+1
		token = i
	}
}

// unit reads what is no plain byte at s[i], in the token that begins at token: what it means in a topic, and its size.
// Not ok: no topic has it there.
func unit(s []byte, token, i int) (text []byte, size int, ok bool) {
	switch class[s[i]] {
	case alone:
		return s[i : i+1], 1, !whole(s, token, i, '.')
	case high:
		size = runeSize(s[i:])
		return s[i : i+size], max(size, 1), size > 0
	case slash:
		return code(s, token, i)
	default: // NUL, + and #, or what has a code
		return nil, 1, false
	}
}

// code reads the code at s[i], a slash, as unit does.
func code(s []byte, token, i int) (text []byte, size int, ok bool) {
	if whole(s, token, i, '.') {
		return nil, 1, true // an empty level
	}
	if i+1 == len(s) || letter[s[i+1]] == 0 {
		return nil, 1, false
	}
	c := int(s[i+1])
	ok = class[c] != alone || i == token && (i+2 == len(s) || s[i+2] == '.')
	return letter[c : c+1], 2, ok
}

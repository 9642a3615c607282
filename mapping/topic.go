package mapping

import (
	"slices"
	"unicode/utf8"
)

// AppendSubject appends the subject of a topic name, which it checks in the same pass; what is wrong first is reported.
// Where the topic is not legal, it returns dst as it is with [ErrEmpty], [ErrTooLong], [ErrWildcard], [ErrNUL] or
// [ErrUTF8].
func AppendSubject(dst, topic []byte) ([]byte, error) { return appendImage(dst, topic, false) }

// appendImage appends what a topic name or, with wildcards, a topic filter maps to.
func appendImage(dst, topic []byte, filter bool) ([]byte, error) {
	if len(topic) == 0 {
		return dst, ErrEmpty // [MQTT-4.7.3-1]
	}
	if len(topic) > MaxTopic {
		return dst, ErrTooLong // [MQTT-4.7.3-3]
	}
	out, n := appendPlain(dst, topic)
	if n < 0 {
		return out, nil
	}
	out, err := appendLevels(out, topic[n:], filter)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// appendPlain appends the image of the levels before the first one that holds more than plain bytes, or nothing. That
// level begins at n; n < 0: there is none.
func appendPlain(dst, topic []byte) (out []byte, n int) {
	base := len(dst)
	dst = slices.Grow(dst, len(topic))[:base+len(topic)]
	image := dst[base:]
	level := 0
	for i, c := range topic {
		if class[c] != plain {
			if c != '/' || i == level {
				return dst[:base+level], level
			}
			level, c = i+1, '.'
		}
		image[i] = c
	}
	if level == len(topic) { // the last level is empty
		return dst, level
	}
	return dst, -1
}

// appendLevels appends the image of what is left of a topic from the beginning of a level on. It returns nothing of use
// with an error.
func appendLevels(dst, s []byte, filter bool) ([]byte, error) {
	level := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch k := class[c]; k {
		case plain:
			dst = append(dst, c)
		case slash:
			if i == level {
				dst = append(dst, '/')
			}
			dst, level = append(dst, '.'), i+1
		case alone:
			if whole(s, level, i, '/') {
				dst = append(dst, '/')
			}
			dst = append(dst, c)
		case wildcard:
			if !filter {
				return nil, ErrWildcard // [MQTT-4.7.0-1]
			}
			if !whole(s, level, i, '/') || c == '#' && i+1 < len(s) {
				return nil, ErrFilter // [MQTT-4.7.1-1] [MQTT-4.7.1-2]
			}
			dst = append(dst, subjectWildcard(c))
		case nul:
			return nil, ErrNUL // [MQTT-1.5.4-2]
		case high:
			size := runeSize(s[i:])
			if size == 0 {
				return nil, ErrUTF8 // [MQTT-1.5.4-1]
			}
			dst = append(dst, s[i:i+size]...)
			i += size - 1
		default:
			dst = append(dst, '/', k)
		}
	}
	if level == len(s) {
		dst = append(dst, '/')
	}
	return dst, nil
}

// whole says whether the byte at i is all of the level or token that begins at start.
func whole(s []byte, start, i int, separator byte) bool {
	return i == start && (i+1 == len(s) || s[i+1] == separator)
}

func subjectWildcard(c byte) byte {
	if c == '+' {
		return '*'
	}
	return '>'
}

// runeSize is the length of the character s begins with; 0: it is ill-formed, a surrogate or cut short.
func runeSize(s []byte) int {
	r, size := utf8.DecodeRune(s)
	if r == utf8.RuneError && size < 2 {
		return 0
	}
	return size
}

package mapping

import (
	"bytes"
	"unicode/utf8"
)

// Levels is the number of separators in a topic or filter, for a limit on it.
func Levels(topic []byte) int { return bytes.Count(topic, []byte{'/'}) }

// StrictUTF8 says whether s is UTF-8 without the characters that a server may refuse: control characters, U+0000
// included, and non-characters, as section 1.5.4 names them.
func StrictUTF8(s []byte) bool {
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(s[i:])
		}
		if isControl(r) || isNonCharacter(r) || r == utf8.RuneError && size == 1 {
			return false
		}
		i += size
	}
	return true
}

// isControl: U+0000 to 1F and U+007F to 9F.
func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r <= 0x9f }

// isNonCharacter: U+FDD0 to FDEF, and the last two of each plane.
func isNonCharacter(r rune) bool { return 0xfdd0 <= r && r <= 0xfdef || r&0xfffe == 0xfffe }

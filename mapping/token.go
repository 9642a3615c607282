package mapping

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// AppendToken appends any string, such as a client id or a user name, as one literal token, so that it can be put into
// subjects of permissions without adding wildcards or levels. Where s is a legal level, that is the token the level has
// in a topic. Otherwise:
//
//	slash                                                     /s
//	+ and #, which are no wildcards in a subject              themselves
//	control characters without a letter, bytes not of UTF-8   /x and two hexadecimal digits for each byte
//
// A level with control characters is the exception: copied in a topic, escaped here, it does not match. Different
// strings have different tokens.
func AppendToken(dst, s []byte) []byte {
	if len(s) == 0 || len(s) == 1 && class[s[0]] == alone {
		return append(append(dst, '/'), s...)
	}
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRune(s[i:])
		if isControl(r) && class[s[i]] <= high || r == utf8.RuneError && size == 1 {
			dst = appendHex(dst, s[i:i+size])
		} else {
			dst = appendEscaped(dst, s[i:i+size])
		}
	}
	return dst
}

func appendHex(dst, s []byte) []byte {
	for _, c := range s {
		dst = append(dst, '/', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

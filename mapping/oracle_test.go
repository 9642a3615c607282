package mapping_test

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The oracles say the same as the package, written from the rule and the standard, slowly.

var replacer = strings.NewReplacer(".", "//", " ", "/_", "\t", "/t", "\n", "/n", "\r", "/r", "\f", "/f", "\x7f", "/d")

// subjectOf maps a legal topic.
func subjectOf(topic string) string {
	tokens := strings.Split(topic, "/")
	for i, level := range tokens {
		switch level {
		case "", "*", ">":
			tokens[i] = "/" + level
		default:
			tokens[i] = replacer.Replace(level)
		}
	}
	return strings.Join(tokens, ".")
}

func legalTopic(s string) bool {
	return s != "" && len(s) <= 65535 && utf8.ValidString(s) && !strings.ContainsAny(s, "\x00+#")
}

func legalFilter(s string) bool {
	if s == "" || len(s) > 65535 || !utf8.ValidString(s) || strings.Contains(s, "\x00") {
		return false
	}
	levels := strings.Split(s, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && level != "+" && (level != "#" || i < len(levels)-1) {
			return false
		}
	}
	return true
}

// topicMatches is section 4.7 of the standard, on levels. That "/#" would match the empty topic does not matter: there is none.
func topicMatches(filter, topic []string) bool {
	if (filter[0] == "+" || filter[0] == "#") && strings.HasPrefix(topic[0], "$") {
		return false
	}
	for i, level := range filter {
		switch {
		case level == "#":
			return true
		case i == len(topic) || level != "+" && level != topic[i]:
			return false
		}
	}
	return len(filter) == len(topic)
}

// legalSubject says whether s is a literal subject that the text protocols carry.
func legalSubject(s string) bool {
	for _, token := range strings.Split(s, ".") {
		if token == "" || token == "*" || token == ">" || strings.ContainsAny(token, "\x00 \t\n\r\f\x7f") {
			return false
		}
	}
	return true
}

var reservedLevel = regexp.MustCompile(`^([$_][A-Z0-9_]*$|_INBOX)`)

// words calls f with all strings of 1 to n of the letters; f must not keep them.
func words(letters string, n int, f func(word []byte)) {
	word := make([]byte, 0, n)
	var grow func()
	grow = func() {
		for i := range len(letters) {
			word = append(word, letters[i])
			f(word)
			if len(word) < n {
				grow()
			}
			word = word[:len(word)-1]
		}
	}
	grow()
}

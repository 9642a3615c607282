package wire

// Verb is the word a line begins with.
type Verb uint8

// The verbs.
const (
	Unknown Verb = iota
	LSub
	LUnsub
	LMsg
	HMsg
	PING
	PONG
	INFO
	CONNECT
	OK
	ERR
)

// verbs says for each verb its name, in lower case, and whether arguments must follow.
var verbs = [...]struct {
	name string
	args bool
}{
	LSub: {"ls+", true}, LUnsub: {"ls-", true}, LMsg: {"lmsg", true}, HMsg: {"hmsg", true}, PING: {"ping", false},
	PONG: {"pong", false}, INFO: {"info", true}, CONNECT: {"connect", true}, OK: {"+ok", false}, ERR: {"-err", true},
}

// verbOf reads the verb at the beginning of b. Unknown without an error: too few bytes to tell.
func verbOf(b []byte) (Verb, error) {
	short := false
	for v := LSub; v <= ERR; v++ {
		name := verbs[v].name
		n := min(len(name), len(b))
		if !sameWord(b[:n], name[:n]) {
			continue
		}
		switch {
		case len(b) <= len(name): // the byte behind it says whether it is the whole word
			short = true
		case isBlank(b[len(name)]), !verbs[v].args && (b[len(name)] == '\r' || b[len(name)] == '\n'):
			return v, nil
		}
	}
	if short {
		return Unknown, nil
	}
	return Unknown, ErrUnknown
}

// sameWord says whether b is word, whatever the case.
func sameWord(b []byte, word string) bool {
	for i := range b {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

package wire

// Verb is the word a line begins with.
type Verb uint8

// The verbs a client may send.
const (
	Unknown Verb = iota
	PUB
	HPUB
	SUB
	UNSUB
	PING
	PONG
	CONNECT
	INFO
	OK
	ERR
)

// String is the verb as it stands on the wire.
func (v Verb) String() string { return verbs[v].name }

// verbs says for each verb its lower-case name and whether a blank must follow it.
var verbs = [...]struct {
	name  string
	lower string
	blank bool
}{
	Unknown: {"", "", false},
	PUB:     {"PUB", "pub", true},
	HPUB:    {"HPUB", "hpub", true},
	SUB:     {"SUB", "sub", true},
	UNSUB:   {"UNSUB", "unsub", true},
	PING:    {"PING", "ping", false},
	PONG:    {"PONG", "pong", false},
	CONNECT: {"CONNECT", "connect", false},
	INFO:    {"INFO", "info", false},
	OK:      {"+OK", "+ok", false},
	ERR:     {"-ERR", "-err", true},
}

// verbOf reads the verb at the beginning of b, which is not empty. Unknown without an error: too few bytes to tell.
func verbOf(b []byte) (Verb, error) {
	v := Unknown
	switch b[0] {
	case 'P', 'p':
		switch {
		case len(b) == 1:
			return Unknown, nil
		case b[1]|0x20 == 'i':
			v = PING
		case b[1]|0x20 == 'o':
			v = PONG
		default:
			v = PUB
		}
	case 'H', 'h':
		v = HPUB
	case 'S', 's':
		v = SUB
	case 'U', 'u':
		v = UNSUB
	case 'C', 'c':
		v = CONNECT
	case 'I', 'i':
		v = INFO
	case '+':
		v = OK
	case '-':
		v = ERR
	default:
		return Unknown, ErrUnknown
	}
	return v.check(b)
}

// check compares b with the whole verb, as far as there is any of it.
func (v Verb) check(b []byte) (Verb, error) {
	word := verbs[v].lower
	for i := range min(len(b), len(word)) {
		if lower(b[i]) != word[i] {
			return Unknown, ErrUnknown
		}
	}
	if verbs[v].blank && len(b) > len(word) && !isBlank(b[len(word)]) {
		return Unknown, ErrUnknown
	}
	if len(b) < len(word) || verbs[v].blank && len(b) == len(word) {
		return Unknown, nil
	}
	return v, nil
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

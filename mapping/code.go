package mapping

// codes is the code table: pairs of a byte and the letter that stands for it behind a slash. The letters are printable,
// so that they differ from the classes below.
const codes = "./" + " _" + "\tt" + "\nn" + "\rr" + "\ff" + "\x7fd"

// Classes of bytes. A byte that is not of one of them has its letter of the code table in its place.
const (
	plain    byte = iota // itself in both alphabets
	slash                // ends a level, begins a code
	alone                // * and >: a wildcard of subjects where it is a whole token
	wildcard             // + and #: nothing but a wildcard in MQTT
	nul
	high // part of a character beyond ASCII
)

var (
	class  = makeClass()
	letter = makeLetter() // what a letter stands for behind a slash; 0: nothing
)

func makeClass() (t [256]byte) {
	for c := 0x80; c <= 0xff; c++ {
		t[c] = high
	}
	t['/'], t['*'], t['>'], t['+'], t['#'], t[0] = slash, alone, alone, wildcard, wildcard, nul
	for i := 0; i < len(codes); i += 2 {
		t[codes[i]] = codes[i+1]
	}
	return t
}

func makeLetter() (t [256]byte) {
	t['*'], t['>'] = '*', '>'
	for i := 0; i < len(codes); i += 2 {
		t[codes[i+1]] = codes[i]
	}
	return t
}

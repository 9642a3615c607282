package wire

import "bytes"

// Limits bound one unit.
type Limits struct {
	ControlLine int // bytes of a line, its end not counted
	Payload     int // bytes of header and payload together
}

// A Unit is one protocol unit. Its slices alias the buffer it was read from, but for Queues, whose array is kept from unit
// to unit.
type Unit struct {
	Verb Verb
	Len  int    // bytes the whole unit takes, line ends included; 0: not known yet
	Args []byte // what stands behind the verb of INFO, CONNECT and -ERR, without outer blanks

	Subject []byte // of LS+, LS-, LMSG and HMSG; not empty
	Queue   []byte // of LS+ and LS-, or nil
	Weight  int    // of LS+ with a queue

	// Of LMSG and HMSG only.
	Line       int      // bytes of the line with its end; the message begins there
	Reply      []byte   // or nil
	Queues     [][]byte // the groups that are to take the message, besides plain subscriptions
	HeaderSize int      // bytes of the header block, 0 without
	Size       int      // bytes of header block and payload together
}

// Next reads the first unit of b into u and returns its length. When b does not hold all of it, n is 0, and u.Len is its
// length once that is known. An error means that whatever comes next cannot make b legal.
func Next(b []byte, lim Limits, u *Unit) (n int, err error) {
	*u = Unit{Queues: u.Queues[:0]}
	if len(b) == 0 {
		return 0, nil
	}
	if u.Verb, err = verbOf(b); u.Verb == Unknown {
		return 0, err
	}
	eol := bytes.IndexByte(b, '\n')
	line := b
	if eol >= 0 {
		line = bytes.TrimSuffix(b[:eol], []byte("\r"))
	}
	if len(line) > lim.ControlLine+1 || eol >= 0 && len(line) > lim.ControlLine { // a line that is not whole may end in \r
		return 0, ErrControlLine
	}
	if eol < 0 {
		return 0, nil
	}
	u.Line = eol + 1
	u.Len = u.Line
	if err := u.parse(bytes.Trim(line[len(verbs[u.Verb].name):], " \t"), lim); err != nil {
		return 0, err
	}
	if len(b) < u.Len {
		return 0, u.ended(b)
	}
	return u.Len, u.ended(b)
}

// parse reads what stands behind the verb.
func (u *Unit) parse(args []byte, lim Limits) error {
	switch u.Verb {
	case LSub:
		return u.subscribe(args)
	case LUnsub:
		return u.unsubscribe(args)
	case LMsg, HMsg:
		return u.message(args, lim)
	case PING, PONG, OK:
		if len(args) > 0 {
			return ErrArgs
		}
	default:
		u.Args = args
	}
	return nil
}

// ended checks the line end behind a message, as far as there is any of it.
func (u *Unit) ended(b []byte) error {
	if u.Verb != LMsg && u.Verb != HMsg {
		return nil
	}
	if len(b) >= u.Len-1 && b[u.Len-2] != '\r' || len(b) >= u.Len && b[u.Len-1] != '\n' {
		return ErrArgs
	}
	return nil
}

// field cuts the first field off args; both are nil when there is none.
func field(args []byte) (f, rest []byte) {
	i := 0
	for i < len(args) && isBlank(args[i]) {
		i++
	}
	at := i
	for i < len(args) && !isBlank(args[i]) {
		i++
	}
	if at == i {
		return nil, nil
	}
	return args[at:i:i], args[i:]
}

// clean says that f holds no control character, which would break the lines it stands in further on.
func clean(f []byte) bool {
	for _, c := range f {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// maxDigits keeps sizes below a gigabyte, and any int able to hold one.
const maxDigits = 9

// number reads a decimal number.
func number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > maxDigits {
		return 0, false
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

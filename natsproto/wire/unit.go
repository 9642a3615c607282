package wire

import "bytes"

// Limits bound one unit.
type Limits struct {
	ControlLine int // bytes of a line behind its verb and one blank
	Payload     int // bytes of header and payload together; negative: any size
}

// A Unit is one protocol unit. Its slices alias the buffer it was read from.
type Unit struct {
	Verb Verb
	Len  int    // bytes the whole unit takes, line ends included; 0: not known yet
	Args []byte // what stands behind the verb of verbs other than PUB and HPUB, without outer blanks

	// Of PUB and HPUB only.
	Line       int    // bytes of the line with its end; the message begins there
	Subject    []byte // not empty
	Reply      []byte // or nil
	HeaderSize int    // bytes of the header block, 0 without
	Size       int    // bytes of header block and payload together
	Tail       int    // where "[reply] sizes" begin, if they may be passed on verbatim up to Len; otherwise 0
	Unclean    bool   // Subject or Reply holds a control character
}

// Next reads the first unit of b into u and returns its length. When b does not hold all of it, n is 0 and u says what
// is known: the verb as soon as it can be told from b, and Len, with all of the line's arguments, once the line is whole.
// An error means that whatever comes next cannot make b legal.
func Next(b []byte, lim Limits, u *Unit) (n int, err error) {
	if !u.canonical(b) {
		if err = u.line(b, lim); err != nil || u.Line == 0 && u.Len == 0 {
			return 0, err
		}
	}
	if u.Len == 0 {
		if err = u.measure(b, lim); err != nil {
			return 0, err
		}
	}
	if len(b) < u.Len {
		return 0, u.ended(b)
	}
	return u.Len, u.ended(b)
}

// line reads a line of any verb in any spacing.
func (u *Unit) line(b []byte, lim Limits) (err error) {
	*u = Unit{}
	if len(b) == 0 {
		return nil
	}
	if u.Verb, err = verbOf(b); u.Verb == Unknown {
		return err
	}
	at := len(verbs[u.Verb].name)
	eol := bytes.IndexByte(b[at:], '\n')
	rest := b[at:]
	if eol >= 0 {
		rest = b[at : at+eol]
	}
	rest = bytes.TrimSuffix(rest, []byte("\r"))
	if len(rest) > 0 && isBlank(rest[0]) {
		rest = rest[1:]
	}
	// A line that is not whole may already be too long.
	if len(rest) > lim.ControlLine {
		return ErrControlLine
	}
	if eol < 0 {
		return nil
	}
	if u.Verb == PUB || u.Verb == HPUB {
		u.Line = at + eol + 1
		return u.publish(rest)
	}
	u.Args, u.Len = bytes.Trim(rest, " \t"), at+eol+1
	return nil
}

// measure checks the sizes of a message and says how long its unit is.
func (u *Unit) measure(b []byte, lim Limits) error {
	switch {
	case u.Tail > 0 && u.lineArgs() > lim.ControlLine: // canonical has not looked
		return ErrControlLine
	case u.HeaderSize > u.Size:
		return ErrArgs
	case lim.Payload >= 0 && u.Size > lim.Payload:
		return ErrPayload
	}
	u.Len = u.Line + u.Size + len("\r\n")
	return nil
}

// lineArgs is the length of the arguments of a canonical line.
func (u *Unit) lineArgs() int { return u.Line - len(verbs[u.Verb].name) - len(" \r\n") }

// ended checks the line end behind a message, as far as there is any of it.
func (u *Unit) ended(b []byte) error {
	if u.Line == 0 {
		return nil
	}
	if len(b) >= u.Len-1 && b[u.Len-2] != '\r' || len(b) >= u.Len && b[u.Len-1] != '\n' {
		return ErrUnknown
	}
	return nil
}

package wire

// A Sub is what SUB asks for. Its slices alias the line.
type Sub struct{ Subject, Queue, SID []byte }

// ParseSub reads the arguments of SUB.
func ParseSub(args []byte) (s Sub, err error) {
	var f [4][]byte
	switch fields(args, f[:]) {
	case 2:
		return Sub{Subject: f[0], SID: f[1]}, nil
	case 3:
		return Sub{Subject: f[0], Queue: f[1], SID: f[2]}, nil
	}
	return s, ErrArgs
}

// An Unsub is what UNSUB asks for.
type Unsub struct {
	SID []byte // aliases the line
	Max int    // deliveries since SUB after which the subscription ends; 0: now
}

// ParseUnsub reads the arguments of UNSUB. A maximum that is not a number means now, as with the peer.
func ParseUnsub(args []byte) (u Unsub, err error) {
	var f [3][]byte
	switch fields(args, f[:]) {
	case 1:
		return Unsub{SID: f[0]}, nil
	case 2:
		u.SID = f[0]
		u.Max, _ = number(f[1])
		return u, nil
	}
	return u, ErrArgs
}

// Clean says that b holds neither blanks nor control characters.
func Clean(b []byte) bool { return token(b) == len(b) }

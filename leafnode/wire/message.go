package wire

// message reads the arguments of LMSG and HMSG.
func (u *Unit) message(args []byte, lim Limits) error {
	var f []byte
	if u.Subject, args = field(args); u.Subject == nil || !clean(u.Subject) {
		return ErrArgs
	}
	f, args = field(args)
	switch {
	case string(f) == "+":
		if u.Reply, args = field(args); u.Reply == nil {
			return ErrArgs
		}
		f, args = field(args)
		return u.queues(f, args, lim)
	case string(f) == "|":
		f, args = field(args)
		return u.queues(f, args, lim)
	}
	if u.fieldsFrom(f, args) > u.sizes() {
		u.Reply = f
		f, args = field(args)
	}
	return u.measure(f, args, lim)
}

// sizes is how many numbers the line ends in.
func (u *Unit) sizes() int {
	if u.Verb == HMsg {
		return 2
	}
	return 1
}

// fieldsFrom counts f and the fields behind it.
func (u *Unit) fieldsFrom(f, args []byte) (n int) {
	for ; f != nil; n++ {
		f, args = field(args)
	}
	return n
}

// queues reads names, one at least, up to the sizes.
func (u *Unit) queues(f, args []byte, lim Limits) error {
	n := u.fieldsFrom(f, args) - u.sizes()
	if n < 1 {
		return ErrArgs
	}
	for ; n > 0; n-- {
		if !clean(f) {
			return ErrArgs
		}
		u.Queues = append(u.Queues, f)
		f, args = field(args)
	}
	return u.measure(f, args, lim)
}

// measure reads the sizes, with which the line ends, and says how long the unit is.
func (u *Unit) measure(f, args []byte, lim Limits) error {
	if !clean(u.Reply) {
		return ErrArgs
	}
	ok := true
	if u.Verb == HMsg {
		if u.HeaderSize, ok = number(f); !ok {
			return ErrArgs
		}
		f, args = field(args)
	}
	if u.Size, ok = number(f); !ok || u.HeaderSize > u.Size {
		return ErrArgs
	}
	if more, _ := field(args); more != nil {
		return ErrArgs
	}
	if u.Size > lim.Payload {
		return ErrPayload
	}
	u.Len = u.Line + u.Size + len("\r\n")
	return nil
}

package wire

// subscribe reads the arguments of LS+: a subject, or subject, queue and weight.
func (u *Unit) subscribe(args []byte) error {
	subject, args := field(args)
	queue, args := field(args)
	weight, args := field(args)
	more, _ := field(args)
	if subject == nil || more != nil || (queue == nil) != (weight == nil) || !clean(subject) || !clean(queue) {
		return ErrArgs
	}
	u.Subject, u.Queue = subject, queue
	if queue == nil {
		return nil
	}
	var ok bool
	if u.Weight, ok = number(weight); !ok || u.Weight == 0 {
		return ErrArgs
	}
	return nil
}

// unsubscribe reads the arguments of LS-: a subject, and the queue if there was one.
func (u *Unit) unsubscribe(args []byte) error {
	subject, args := field(args)
	queue, args := field(args)
	more, _ := field(args)
	if subject == nil || more != nil || !clean(subject) || !clean(queue) {
		return ErrArgs
	}
	u.Subject, u.Queue = subject, queue
	return nil
}

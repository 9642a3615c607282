package packet

// A walker goes over a property block, between walk and leave: for w.next() { switch w.id ... }.
type walker struct {
	block Block
	rest  []byte // of block, behind the property it stands at
	in    place
	seen  uint64 // bit per identifier
	err   error

	// The property it stands at.
	id          byte
	number      uint32 // if it is a number
	data, value []byte // if not; of a pair the name and the value
}

// walk takes a property block with its length off r.
func (r *reader) walk(in place) walker {
	b := r.take(int(r.varint()))
	return walker{block: b, rest: b, in: in}
}

// leave hands an error of the walk to r, and returns the block, nil when it is empty.
func (r *reader) leave(w *walker) Block {
	if w.err != nil && r.err == nil {
		r.b, r.err = nil, w.err
	}
	if len(w.block) == 0 {
		return nil
	}
	return w.block
}

// next goes to the next property and holds it against the rules.
func (w *walker) next() bool {
	if !w.take() {
		return false
	}
	rule, bit := &rules[w.id], uint64(1)<<w.id
	switch {
	case rule.in&w.in == 0:
		w.err = errPropertyPlace
	case w.seen&bit != 0 && !w.repeats():
		w.err = errPropertyTwice
	case w.number < rule.min || rule.max > 0 && w.number > rule.max:
		w.err = w.outOfRange()
	case rule.kind == text && !wellFormed(w.data):
		w.err = errString
	case rule.kind == pair && !(wellFormed(w.data) && wellFormed(w.value)): // [MQTT-1.5.7-1]
		w.err = errString
	}
	w.seen |= bit
	return w.err == nil
}

func (w *walker) repeats() bool {
	return w.id == userProperty || w.id == subscriptionID && w.in == inDelivered
}

func (w *walker) outOfRange() error {
	if w.id == topicAlias {
		return errTopicAlias
	}
	return errPropertyValue
}

// take goes to the next property and judges only its extent.
func (w *walker) take() bool {
	if len(w.rest) == 0 || w.err != nil {
		return false
	}
	if w.id = w.rest[0]; int(w.id) >= len(rules) || rules[w.id].kind == unknown {
		w.err = errPropertyID
		return false
	}
	r := reader{b: w.rest[1:]}
	switch rules[w.id].kind {
	case oneByte:
		w.number = uint32(r.uint8())
	case twoBytes:
		w.number = uint32(r.uint16())
	case fourBytes:
		w.number = r.uint32()
	case varBytes:
		w.number = r.varint()
	case pair:
		w.data, w.value = r.binary(), r.binary()
	default:
		w.data = r.binary()
	}
	w.rest, w.err = r.b, r.err
	return w.err == nil
}

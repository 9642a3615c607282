package packet

// A Raw is a whole packet whose body has not been looked at.
type Raw struct {
	Type  Type
	Flags byte   // the lower 4 bits of the first byte, legal for the type
	Body  []byte // aliases the input
}

// Next reads the first packet of b, sent by a peer that speaks v, of which zero stands for what comes before the CONNECT.
// The length of the whole packet is n, or 0 while b does not hold all of it; need is that length as soon as the fixed header
// is known, and 0 before. Max bounds the remaining length.
//
// An error comes as early as the bytes show it: a packet that is too large is refused by its fixed header, before anybody
// buffers its body.
func Next(b []byte, v Version, max int) (p Raw, n, need int, err error) {
	if len(b) == 0 {
		return p, 0, 0, nil
	}
	p.Type, p.Flags = Type(b[0]>>4), b[0]&15
	if legalFlags[p.Type]>>p.Flags&1 == 0 || p.Type == AUTH && v != V5 {
		return p, 0, 0, flagsError(p.Type, p.Flags)
	}
	size, k := 0, 0
	switch { // nearly all packets have one of the first two forms
	case len(b) > 1 && b[1] < 0x80:
		size, k = int(b[1]), 1
	case len(b) > 2 && b[2]-1 < 0x7f:
		size, k = int(b[1]&0x7f)|int(b[2])<<7, 2
	default:
		value, n, fault := varint(b[1:], v)
		if fault != nil {
			return p, 0, 0, fault
		}
		if n == 0 {
			return p, 0, 0, nil
		}
		size, k = int(value), n
	}
	switch {
	case size > max: // [MQTT-3.2.2-15]
		return p, 0, 0, errTooLarge
	case size > 0 && (p.Type == PINGREQ || p.Type == PINGRESP):
		return p, 0, 0, errPing
	}
	need = 1 + k + size
	if len(b) < need {
		return p, 0, need, nil
	}
	p.Body = b[1+k : need : need]
	return p, need, need, nil
}

// legalFlags has bit f set for each type that may have the flags f.
var legalFlags = func() (legal [16]uint16) {
	for t := CONNECT; t <= AUTH; t++ {
		legal[t] = 1 << t.fixedFlags()
	}
	for _, qos := range []int{0b0000, 0b0010, 0b0100} {
		legal[PUBLISH] |= 0b11 << qos // RETAIN or not
		if qos > 0 {
			legal[PUBLISH] |= 0b11 << 8 << qos // DUP
		}
	}
	return legal
}()

// flagsError says what is wrong with a first byte.
func flagsError(t Type, flags byte) error {
	switch {
	case t == 0 || t == AUTH && flags == 0: // [MQTT-2.2.2-2]
		return errType
	case t == PUBLISH && flags>>1&3 == 3: // [MQTT-3.3.1-4]
		return errQoS
	case t == PUBLISH: // [MQTT-3.3.1-2]
		return errDup
	}
	return errFlags // [MQTT-2.1.3-1] [MQTT-2.2.2-2] [MQTT-3.15.1-1]
}

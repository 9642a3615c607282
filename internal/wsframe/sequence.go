package wsframe

// A Sequence follows the frames of one direction. The zero value is the beginning.
type Sequence struct {
	open     bool  // a message has begun and not ended
	deflated bool  // it is compressed
	size     int64 // of its fragments so far
	empty    int   // of them without a byte, in a row
}

// mostEmpty is how many fragments of a message may come without a byte, one behind the other.
const mostEmpty = 64

// Take takes note of a frame, of a message of at most so many bytes. It does not want control frames.
func (s *Sequence) Take(h *Header, most int64) error {
	switch {
	case h.Op == Continuation && !s.open: // RFC 6455, 5.4
		return ErrNoMessage
	case h.Op == Continuation && h.Deflated: // RFC 7692, 6.1
		return errReserved
	case h.Op != Continuation && s.open:
		return ErrUnfinished
	case h.Op == Text:
		return ErrText
	}
	if h.Op != Continuation {
		s.size, s.deflated, s.empty = 0, h.Deflated, 0
	}
	if h.Payload > most-s.size {
		return ErrTooLarge
	}
	s.size += h.Payload
	if s.empty++; h.Payload > 0 {
		s.empty = 0
	}
	if s.empty > mostEmpty {
		return ErrTooManyParts
	}
	s.open = !h.Fin
	return nil
}

// Deflated says whether the message of the frame taken last is compressed.
func (s *Sequence) Deflated() bool { return s.deflated }

// Open says whether that message goes on.
func (s *Sequence) Open() bool { return s.open }

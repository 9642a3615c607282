package main

import "fmt"

// A subscriber takes messages off its socket. Measured, it only counts bytes: all its messages have the same size on
// the wire. Verified, it reads each of them.
type subscriber struct {
	*conn
	wire  int64
	bytes int64
	check *checker // verified mode, nil otherwise
	trash []byte   // address range to discard into, shared, never touched
}

func (s *subscriber) messages() int64 { return s.bytes / s.wire }

// drain takes what is there, within one call.
func (s *subscriber) drain() error {
	if s.check != nil {
		return s.receive(s.take) // with a full parser
	}
	n, err := discard(s.fd, s.trash)
	switch {
	case err == errAgain:
		return nil
	case err != nil:
		return fmt.Errorf("subscriber %s: %w: %w", s.name, errCut, err)
	case n == 0:
		return fmt.Errorf("subscriber %s: %w", s.name, errCut)
	}
	s.bytes += int64(n)
	return nil
}

// take checks and counts one message.
func (s *subscriber) take(u *unit) error {
	s.bytes += s.wire
	return s.check.message(u.payload)
}

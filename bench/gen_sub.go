package main

import "fmt"

// A subscriber takes messages off its socket. Measured, it only counts bytes: all its messages have the same size on
// the wire. Verified, it reads each of them; with QoS 1 and 2 always, to acknowledge it.
type subscriber struct {
	*conn
	wire     int64 // bytes of a message: what the dialect says, and then what was verified
	bytes    int64
	size     int64    // of all verified messages
	lost     int64    // messages that are not waited for any more
	released int64    // messages of QoS 2 that are done with
	check    *checker // verified mode, nil otherwise
	trash    []byte   // address range to discard into, shared; touched only where there are frames
}

func (s *subscriber) messages() int64 { return s.bytes / s.wire }

// rewind starts a new count.
func (s *subscriber) rewind() { s.bytes, s.lost, s.released = 0, 0, 0 }

// settle ends verified mode. Servers may deliver more than they were sent: nats-server adds headers to what comes from MQTT.
func (s *subscriber) settle() {
	s.check = nil
	if s.size > 0 {
		s.wire = s.size
	}
}

// drain takes what is there, within one call.
func (s *subscriber) drain() error {
	if s.check != nil || s.d.QoS() > 0 {
		return s.receive(s.take) // with a full parser
	}
	get := discard
	if s.frames != nil {
		get = receive // their headers have to be read
	}
	n, err := get(s.fd, s.trash)
	switch {
	case err == errAgain:
		return nil
	case err != nil:
		return fmt.Errorf("subscriber %s: %w: %w", s.name, errCut, err)
	case n == 0:
		return fmt.Errorf("subscriber %s: %w", s.name, errCut)
	}
	got := int64(n)
	if s.frames != nil {
		got, err = s.frames.count(s.trash[:n])
	}
	s.bytes += got
	return err
}

// take checks and counts one message. One that is sent again counts once: when its acknowledgement crossed it.
func (s *subscriber) take(u *unit) error {
	switch {
	case u.kind == released:
		s.released++
		return nil
	case u.kind != message:
		return fmt.Errorf("a subscriber is sent acknowledgement %d", u.id)
	case u.qos != s.d.QoS():
		return fmt.Errorf("message came with QoS %d, want %d", u.qos, s.d.QoS())
	}
	if !u.again {
		s.bytes += s.wire
	}
	if s.check == nil {
		return nil
	}
	if s.size == 0 {
		s.size = int64(u.size)
	}
	if s.size != int64(u.size) {
		return fmt.Errorf("message of %d bytes on the wire after one of %d: they cannot be counted", u.size, s.size)
	}
	return s.check.message(u)
}

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// patience is how long a blocking call waits for a server before the server counts as dead.
const patience = 10 * time.Second

// errCut says that a server closed a connection that did nothing wrong. It makes the row void.
var errCut = errors.New("cut by the server")

// A conn is one client connection on a raw socket. It belongs to one goroutine.
type conn struct {
	fd   int
	name string
	d    dialect
	in   inbox
	u    unit   // what in gave last
	out  []byte // answers that the kernel has not taken yet

	frames *deframer // nil: there are none
	secure *tls.Conn // nil: not encrypted; else only calls that block
}

// dialClient connects a client and waits until the server has taken it in. subs are sent along.
func dialClient(addr netip.AddrPort, d dialect, name string, subs []byte) (*conn, error) {
	fd, err := openSocket(addr, patience)
	if err != nil {
		return nil, err
	}
	c := &conn{fd: fd, name: name, d: d}
	if err = errors.Join(c.encrypt(), c.upgrade()); err == nil {
		err = c.exchange(append(d.Connect(nil, name), subs...), nil)
	}
	if err == nil {
		err = setBlocking(fd, false)
	}
	if err != nil {
		closeSocket(fd)
		return nil, fmt.Errorf("connect client %s: %w", name, err)
	}
	return c, nil
}

func (c *conn) close() { closeSocket(c.fd) }

// leave says goodbye and waits until the server has closed the connection, as it must.
func (c *conn) leave() error {
	err := setBlocking(c.fd, true)
	if err == nil {
		err = c.sayBlocking(c.d.Disconnect(nil))
	}
	for n := 1; n > 0 && err == nil; {
		n, err = c.readBlocking(c.in.room())
	}
	if err != nil {
		return fmt.Errorf("disconnect %s: %w", c.name, err)
	}
	return nil
}

// fence waits until the server has handled all that c has said, and, where a pong waits its turn, until c has read all
// that was queued for it. Messages on the way go to take; without one they are read over.
func (c *conn) fence(take func(*unit) error) error {
	if err := setBlocking(c.fd, true); err != nil {
		return fmt.Errorf("fence %s: %w", c.name, err)
	}
	if err := c.exchange(nil, take); err != nil {
		return fmt.Errorf("fence %s: %w", c.name, err)
	}
	return setBlocking(c.fd, false)
}

// exchange says b and a ping and reads until the pong. The socket is blocking.
func (c *conn) exchange(b []byte, take func(*unit) error) error {
	if err := c.sayBlocking(c.d.Ping(b)); err != nil {
		return err
	}
	for done := false; !done; {
		var err error
		if done, err = c.step(take); err != nil {
			return err
		}
	}
	return nil
}

// await reads until the condition holds; messages go to take, which has a hand in it.
func (c *conn) await(holds func() bool, take func(*unit) error) error {
	err := setBlocking(c.fd, true)
	for err == nil && !holds() {
		_, err = c.step(take)
	}
	if err != nil {
		return fmt.Errorf("client %s: %w", c.name, err)
	}
	return setBlocking(c.fd, false)
}

// step handles one unit, if need be after one read, and reports a pong. The socket is blocking.
func (c *conn) step(take func(*unit) error) (done bool, err error) {
	ok, err := c.in.next(c.d, &c.u)
	if err != nil {
		return false, err
	}
	if ok {
		if done, err = c.handle(&c.u, take); !done {
			return false, err
		}
	}
	if len(c.out) > 0 {
		if err = c.sayBlocking(c.out); err != nil {
			return false, err
		}
		c.out = c.out[:0]
	}
	if done {
		return true, nil
	}
	room := c.in.room()
	n, err := c.readBlocking(room)
	return false, c.took(room, n, err)
}

// handle deals with what is the same for all clients and reports a pong. What must be answered goes to out.
func (c *conn) handle(u *unit, take func(*unit) error) (done bool, err error) {
	c.out = c.d.Answer(c.out, u)
	switch u.kind {
	case pong:
		return true, nil
	case refusal:
		return false, fmt.Errorf("server says %q", u.payload)
	case message, released, settled:
		if take != nil {
			return false, take(u)
		}
	}
	return false, nil
}

// receive reads once without blocking, hands every whole message to take, and answers.
func (c *conn) receive(take func(*unit) error) error {
	_, err := c.read(take)
	if err == nil {
		err = c.flush()
	}
	return err
}

// read is receive without the answers. It reports whether the read was full, so that there may be more.
func (c *conn) read(take func(*unit) error) (full bool, err error) {
	room := c.in.room()
	n, err := receive(c.fd, room)
	if err == errAgain {
		return false, nil
	}
	err = c.took(room, n, err)
	for ok := true; ok && err == nil; {
		if ok, err = c.in.next(c.d, &c.u); ok && err == nil {
			_, err = c.handle(&c.u, take)
		}
	}
	if err != nil {
		return false, fmt.Errorf("client %s: %w", c.name, err)
	}
	return n == len(room), nil
}

// flush writes what the kernel takes of the answers.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	n, err := send(c.fd, c.out)
	if err == errAgain {
		return nil
	}
	if err != nil {
		return fmt.Errorf("answer on %s: %w: %w", c.name, errCut, err)
	}
	c.out = c.out[:copy(c.out, c.out[n:])]
	return nil
}

// say writes all of b, waiting where it must.
func (c *conn) say(b []byte) error {
	n, err := 0, errAgain
	if c.secure == nil {
		n, err = send(c.fd, b)
	}
	if err == nil && n == len(b) {
		return nil
	}
	if err != nil && err != errAgain {
		return fmt.Errorf("write on %s: %w: %w", c.name, errCut, err)
	}
	if err = setBlocking(c.fd, true); err == nil {
		err = c.sayBlocking(b[max(n, 0):])
	}
	return errors.Join(err, setBlocking(c.fd, false))
}

func (c *conn) sayBlocking(b []byte) error {
	for len(b) > 0 {
		n, err := c.writeBlocking(b)
		if err != nil {
			return fmt.Errorf("write on %s: %w", c.name, err)
		}
		b = b[n:]
	}
	return nil
}

func (c *conn) readBlocking(b []byte) (int, error) {
	if c.secure != nil {
		return c.secure.Read(b)
	}
	return receiveBlocking(c.fd, b)
}

func (c *conn) writeBlocking(b []byte) (int, error) {
	if c.secure != nil {
		return c.secure.Write(b)
	}
	return sendBlocking(c.fd, b)
}

// An inbox keeps what was read until it is whole.
type inbox struct {
	buf        []byte
	start, end int
}

// room is where the next read may go, never empty.
func (in *inbox) room() []byte {
	if in.start > 0 {
		in.end = copy(in.buf, in.buf[in.start:in.end])
		in.start = 0
	}
	if len(in.buf)-in.end < 512 {
		in.grow(max(1<<10, 2*len(in.buf)))
	}
	return in.buf[in.end:]
}

// grow makes the inbox hold n bytes; it begins small, for ten thousand idle ones.
func (in *inbox) grow(n int) {
	if n > len(in.buf) {
		in.buf = append(in.buf, make([]byte, n-len(in.buf))...)
	}
}

// filled says what the read gave.
func (in *inbox) filled(n int, err error) error {
	switch {
	case err == errAgain:
		return errors.New("no answer from the server")
	case err != nil:
		return fmt.Errorf("%w: %w", errCut, err)
	case n == 0:
		return errCut
	}
	in.end += n
	return nil
}

// next takes one unit off; false: none is whole. u borrows until room is called.
func (in *inbox) next(d dialect, u *unit) (bool, error) {
	n, err := d.Next(in.buf[in.start:in.end], u)
	in.start, u.size = in.start+n, n
	return n > 0, err
}

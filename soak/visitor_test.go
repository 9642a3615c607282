//go:build soak

package soak

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"leafgate/internal/peer"
)

// A visitor is a client over a bare socket that behaves as it likes.
type visitor struct {
	*net.TCPConn
	in   *bufio.Reader
	rand *rand.Rand
	name string // of subjects of its own
}

func visit(s *peer.Server, r *rand.Rand) (*visitor, error) {
	c, err := net.DialTimeout("tcp", s.Addr(), patience)
	if err != nil {
		return nil, err
	}
	v := &visitor{TCPConn: c.(*net.TCPConn), in: bufio.NewReader(c), rand: r, name: fmt.Sprintf("v.%x", r.Uint64())}
	if err := v.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := v.expect("INFO "); err != nil {
		return nil, err
	}
	return v, nil
}

// hello visits and connects.
func hello(s *peer.Server, r *rand.Rand) (*visitor, error) {
	v, err := visit(s, r)
	if err == nil {
		err = v.say("CONNECT {\"verbose\":false,\"protocol\":1}\r\n")
	}
	return v, err
}

func (v *visitor) say(format string, args ...any) error {
	_, err := fmt.Fprintf(v, format, args...)
	return err
}

// expect wants the next line, but for PING, to begin with head.
func (v *visitor) expect(head string) (string, error) {
	for {
		line, err := v.in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("wait for %s: %w", head, err)
		}
		if line == "PING\r\n" && head != "PING" {
			continue
		}
		if !strings.HasPrefix(line, head) {
			return "", fmt.Errorf("want %s, got %q", head, line)
		}
		return line, nil
	}
}

// echoes publishes n messages to a subject that the visitor subscribes to, and a PING.
func (v *visitor) echoes(n int) error {
	out := fmt.Appendf(nil, "SUB %s.* 1\r\n", v.name)
	for i := range n {
		out = fmt.Appendf(out, "PUB %s.%d %d\r\n%s\r\n", v.name, i, i%100, payload(i%100))
	}
	_, err := v.Write(append(out, "PING\r\n"...))
	return err
}

// echoed wants n of these messages back, in order, and the PONG.
func (v *visitor) echoed(n int) error {
	for i := range n {
		if _, err := v.expect(fmt.Sprintf("MSG %s.%d 1 %d\r\n", v.name, i, i%100)); err != nil {
			return err
		}
		if line, err := v.in.ReadString('\n'); err != nil || line != payload(i%100)+"\r\n" {
			return fmt.Errorf("payload %q: %w", line, err)
		}
	}
	_, err := v.expect("PONG")
	return err
}

func payload(size int) string { return strings.Repeat("x", size) }

// gone wants the server to end the connection, whatever it says before.
func (v *visitor) gone() error {
	if _, err := io.Copy(io.Discard, v.in); err != nil && isTimeout(err) {
		return errors.New("the server does not end the connection")
	}
	return nil
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// kill ends the connection as a crash of the client's machine would, as far as that can be done: RST, not FIN.
func (v *visitor) kill() error {
	_ = v.SetLinger(0)
	return v.Close()
}

// habits is what visitors do; each leaves nothing behind.
var habits = map[string]func(s *peer.Server, r *rand.Rand) error{
	"polite": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			n := r.IntN(500)
			return errors.Join(v.echoes(n), v.echoed(n), v.say("UNSUB 1\r\n"))
		})
	},
	"half-closed": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			return errors.Join(v.echoes(r.IntN(50)), v.CloseWrite(), v.gone())
		})
	},
	"killed": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			return errors.Join(v.echoes(r.IntN(2000)), v.kill())
		})
	},
	"leaves mail": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			return errors.Join(v.say("SUB steady.> 1\r\nSUB > 2\r\nPING\r\n"), discard(v, r.IntN(100_000)))
		})
	},
	"mute": func(s *peer.Server, r *rand.Rand) error {
		v, err := visit(s, r)
		if err != nil {
			return err
		}
		return v.Close()
	},
	"torn": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			all := "SUB a.* 1\r\nPUB a.b 20000\r\n" + payload(20_000) + "\r\n"
			return v.say("%s", all[:r.IntN(len(all))])
		})
	},
	"speaks nonsense": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			noise := make([]byte, 1+r.IntN(3000))
			for i := range noise {
				noise[i] = byte(r.UintN(256))
			}
			_, _ = v.Write(noise) // the server may have seen enough
			_ = v.CloseWrite()    // or not
			return v.gone()
		})
	},
	"limited": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error {
			return limited(v, 1+r.IntN(20))
		})
	},
	"restless": func(s *peer.Server, r *rand.Rand) error {
		return with(s, r, func(v *visitor) error { return restless(v, r.IntN(300)) })
	},
	"never reads": neverReads,
}

// with hands a connected visitor to do, and closes what is left of it.
func with(s *peer.Server, r *rand.Rand, do func(*visitor) error) error {
	v, err := hello(s, r)
	if err != nil {
		return err
	}
	defer v.Close()
	return do(v)
}

// discard takes what comes first, and leaves the rest.
func discard(v *visitor, n int) error {
	if _, err := v.expect(""); err != nil {
		return err
	}
	_, err := v.in.Discard(min(n, v.in.Buffered()))
	return err
}

// limited wants exactly as many messages as it asked for.
func limited(v *visitor, most int) error {
	out := fmt.Appendf(nil, "SUB %s 1\r\nUNSUB 1 %d\r\n", v.name, most)
	out = append(out, bytes.Repeat(fmt.Appendf(nil, "PUB %s 2\r\nhi\r\n", v.name), most+5)...)
	if _, err := v.Write(append(out, "PING\r\n"...)); err != nil {
		return err
	}
	for range most {
		if _, err := v.expect("MSG"); err != nil {
			return err
		}
		if _, err := v.in.ReadString('\n'); err != nil {
			return err
		}
	}
	_, err := v.expect("PONG")
	return err
}

// restless subscribes and unsubscribes, some of it for ever, and leaves in the middle.
func restless(v *visitor, n int) error {
	var out []byte
	for i := range n {
		out = fmt.Appendf(out, "SUB %s.%d.> %d\r\nSUB %s.* q %d\r\n", v.name, i, 2*i, v.name, 2*i+1)
		switch v.rand.IntN(3) {
		case 0:
			out = fmt.Appendf(out, "UNSUB %d\r\n", 2*i)
		case 1:
			out = fmt.Appendf(out, "UNSUB %d 7\r\nPUB %s.%d 1\r\nx\r\n", 2*i+1, v.name, i)
		}
	}
	_, err := v.Write(out)
	return err
}

// neverReads subscribes to much and takes nothing: it must be cut, and what does not fit must be dropped.
func neverReads(s *peer.Server, r *rand.Rand) error {
	const size, messages = 64 << 10, 256
	return with(s, r, func(slow *visitor) error {
		_ = slow.SetReadBuffer(16 << 10)
		if err := slow.say("SUB %s 1\r\nPING\r\n", slow.name); err != nil {
			return err
		}
		if _, err := slow.expect("PONG"); err != nil {
			return err
		}
		err := with(s, r, func(v *visitor) error {
			one := fmt.Appendf(nil, "PUB %s %d\r\n%s\r\n", slow.name, size, payload(size))
			for range messages {
				if _, err := v.Write(one); err != nil {
					return err
				}
			}
			err := v.say("PING\r\n")
			_, pong := v.expect("PONG")
			return errors.Join(err, pong)
		})
		if err != nil {
			return fmt.Errorf("publish to one that does not read: %w", err)
		}
		got, err := io.Copy(io.Discard, slow.in)
		if isTimeout(err) || got >= size*messages {
			return fmt.Errorf("it got %d bytes and was not cut: %w", got, err)
		}
		return nil
	})
}

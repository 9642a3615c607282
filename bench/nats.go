package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// natsDialect is the NATS client protocol, as far as a generator needs it.
type natsDialect struct {
	user string // whose name is also the password's; empty: nobody's
}

var crlf = []byte("\r\n")

func (d natsDialect) Connect(dst []byte, name string) []byte {
	dst = fmt.Appendf(dst, `CONNECT {"verbose":false,"pedantic":false,"protocol":1,"headers":true,"no_responders":true,`+
		`"lang":"go","version":"0","name":%q`, name)
	if d.user != "" {
		dst = fmt.Appendf(dst, `,"user":%q,"pass":%q`, d.user, password)
	}
	return append(dst, "}\r\n"...)
}

// password is that of every user of a bench.
const password = "bench"

func (natsDialect) Disconnect(dst []byte) []byte { return dst }

func (natsDialect) Subscribe(dst, subject []byte, queue string, sid int) []byte {
	dst = append(append(dst, "SUB "...), subject...)
	if queue != "" {
		dst = append(append(dst, ' '), queue...)
	}
	return append(strconv.AppendInt(append(dst, ' '), int64(sid), 10), crlf...)
}

func (natsDialect) Unsubscribe(dst, _ []byte, sid int) []byte {
	return append(strconv.AppendInt(append(dst, "UNSUB "...), int64(sid), 10), crlf...)
}

func (natsDialect) Publish(dst []byte, m *unit) []byte {
	dst = append(append(append(dst, "PUB "...), m.subject...), ' ')
	if len(m.reply) > 0 {
		dst = append(append(dst, m.reply...), ' ')
	}
	dst = append(strconv.AppendInt(dst, int64(len(m.payload)), 10), crlf...)
	return append(append(dst, m.payload...), crlf...)
}

func (natsDialect) Ping(dst []byte) []byte { return append(dst, "PING\r\n"...) }
func (natsDialect) QoS() byte              { return 0 }

func (natsDialect) Answer(dst []byte, u *unit) []byte {
	if u.kind != ping {
		return dst
	}
	return append(dst, "PONG\r\n"...)
}

func (natsDialect) Delivered(subject []byte, sid, payload int) int {
	digits := len(strconv.Itoa(sid)) + len(strconv.Itoa(payload))
	return len("MSG ") + len(subject) + len(" ") + len(" ") + digits + 2*len(crlf) + payload
}

func (natsDialect) Next(b []byte, u *unit) (int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0, nil
	}
	line := bytes.TrimSuffix(b[:end], []byte{'\r'})
	*u = unit{}
	switch {
	case bytes.HasPrefix(line, []byte("MSG ")):
		return natsMessage(b, line[len("MSG "):], end+1, u)
	case bytes.HasPrefix(line, []byte("HMSG ")):
		return natsHeaders(b, line[len("HMSG "):], end+1, u)
	case bytes.HasPrefix(line, []byte("-ERR")):
		u.kind, u.payload = refusal, bytes.TrimSpace(line[len("-ERR"):])
	case bytes.Equal(line, []byte("PING")):
		u.kind = ping
	case bytes.Equal(line, []byte("PONG")):
		u.kind = pong
	case !bytes.Equal(line, []byte("+OK")) && !bytes.HasPrefix(line, []byte("INFO ")):
		return 0, fmt.Errorf("read server's line %.60q: unknown verb", line)
	}
	return end + 1, nil
}

// natsMessage reads `subject sid [reply] size` and the payload, which begins at b[at:].
func natsMessage(b, args []byte, at int, u *unit) (int, error) {
	var f [4][]byte
	n := fields(args, f[:])
	if n < 3 {
		return 0, fmt.Errorf("read MSG %.60q: want 3 or 4 arguments", args)
	}
	size, err := natsSize(f[n-1])
	if err != nil {
		return 0, err
	}
	u.kind, u.subject = message, f[0]
	if n == 4 {
		u.reply = f[2]
	}
	return natsPayload(b, at, size, u)
}

// natsHeaders reads `subject sid [reply] header-size total`, headers and payload; a status in place of a message (no
// responders) is a refusal.
func natsHeaders(b, args []byte, at int, u *unit) (int, error) {
	var f [5][]byte
	n := fields(args, f[:])
	if n < 4 {
		return 0, fmt.Errorf("read HMSG %.60q: want 4 or 5 arguments", args)
	}
	size, err := natsSize(f[n-1])
	if err != nil {
		return 0, err
	}
	head, err := natsSize(f[n-2])
	if err != nil || head > size {
		return 0, fmt.Errorf("read HMSG %.60q: bad size of headers", args)
	}
	u.kind, u.subject = message, f[0]
	if n == 5 {
		u.reply = f[2]
	}
	whole, err := natsPayload(b, at, size, u)
	if whole == 0 || err != nil {
		return 0, err
	}
	if bytes.HasPrefix(u.payload[:head], []byte("NATS/1.0 ")) {
		u.kind = refusal
		return whole, nil
	}
	u.payload = u.payload[head:]
	return whole, nil
}

func natsPayload(b []byte, at, size int, u *unit) (int, error) {
	if len(b) < at+size+len(crlf) {
		return 0, nil
	}
	if !bytes.Equal(b[at+size:at+size+len(crlf)], crlf) {
		return 0, fmt.Errorf("read payload of %d bytes: not followed by a line end", size)
	}
	u.payload = b[at : at+size]
	return at + size + len(crlf), nil
}

func natsSize(b []byte) (int, error) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 64<<20 {
			return 0, fmt.Errorf("read size %.20q: not a size", b)
		}
		n = n*10 + int(c-'0')
	}
	if len(b) == 0 || n > 64<<20 {
		return 0, fmt.Errorf("read size %.20q: not a size", b)
	}
	return n, nil
}

// fields splits b at spaces into f and says how many there were; more than f holds count as none.
func fields(b []byte, f [][]byte) int {
	n := 0
	for len(b) > 0 {
		i := bytes.IndexByte(b, ' ')
		if i < 0 {
			i = len(b)
		}
		if i > 0 {
			if n == len(f) {
				return 0
			}
			f[n], n = b[:i], n+1
		}
		b = b[min(i+1, len(b)):]
	}
	return n
}

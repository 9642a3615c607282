package netio

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// An opening is what an outgoing connection goes through until it has a session: a proxy, TLS, WebSocket, the greeting, TLS.
// All of it blocks who dials.
type opening struct {
	c   *Conn
	o   *DialOptions
	tls *tlsLayer // the topmost; nil: none, or not yet
	top *layer    // nil: none
}

// run takes every step there is.
func (b *opening) run() error {
	if b.o.Proxy != nil {
		if err := b.tunnel(); err != nil {
			return err
		}
	}
	if err := b.secure(b.o.First, b.o.TLSTimeout); err != nil {
		return err
	}
	if b.o.WebSocket != nil {
		if err := b.upgrade(); err != nil {
			return err
		}
	}
	next, err := b.greeted()
	if err != nil {
		return err
	}
	if b.o.First == nil && b.top == nil { // a WebSocket has its TLS below
		if err := b.secure(next, b.o.TLSTimeout); err != nil {
			return err
		}
	}
	if err := b.c.deadline(time.Time{}); err != nil {
		return err
	}
	return b.done()
}

// secure starts TLS; with nil it does not.
func (b *opening) secure(conf *tls.Config, limit time.Duration) error {
	if conf == nil {
		return nil
	}
	l := newClientLayer(&b.c.sock, conf, &b.c.lis.driver.chunks)
	l.under, b.tls = b.tls, l
	return b.c.shake(l, limit)
}

// done leaves everything as it was built to a connection that does not block any more.
func (b *opening) done() error {
	if b.tls != nil {
		b.c.secure(b.tls)
	}
	if b.top != nil {
		b.top.below = transport{&b.c.sock}
		b.c.sock.top.Store(b.top)
	}
	return b.c.greet()
}

// greeted reads the other side's first line; what came behind it waits for the session.
func (b *opening) greeted() (*tls.Config, error) {
	if err := b.c.deadline(time.Now().Add(b.o.Greeting)); err != nil {
		return nil, err
	}
	line, err := b.upTo("\n", b.o.MostGreeted)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGreeting, err)
	}
	return b.o.Greeted(line)
}

var errLongGreeting = errors.New("the beginning is too long")

// upTo reads what ends in end. From layers it reads byte by byte, which costs nothing there: what is behind it stays in them.
func (b *opening) upTo(end string, most int) (text []byte, err error) {
	buf := make([]byte, 4<<10)
	if b.tls != nil || b.top != nil {
		buf = buf[:1]
	}
	for len(text) <= most {
		n, err := b.Read(buf)
		text = append(text, buf[:n]...)
		from := max(0, len(text)-n-len(end)+1)
		if at := bytes.Index(text[from:], []byte(end)); at >= 0 {
			at += from + len(end)
			if at < len(text) {
				b.c.sock.early = bytes.Clone(text[at:])
			}
			return text[:at], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errLongGreeting
}

// Read reads what is on top, and blocks.
func (b *opening) Read(p []byte) (int, error) {
	if b.top != nil {
		return b.top.read(p)
	}
	return b.read(p)
}

// read implements lower, for a layer that is part of the opening.
func (b *opening) read(p []byte) (int, error) {
	switch {
	case b.tls != nil:
		return b.tls.conn.Read(p)
	case len(b.c.sock.early) > 0:
		return b.c.sock.readRaw(p)
	}
	return b.c.sock.net.Read(p)
}

// say writes b, below a layer.
func (b *opening) say(text []byte, limit time.Duration) (err error) {
	b.c.sock.net.SetWriteDeadline(time.Now().Add(limit))
	if b.tls != nil {
		_, err = b.tls.conn.Write(text)
	} else {
		_, err = b.c.sock.net.Write(text)
	}
	b.c.sock.net.SetWriteDeadline(time.Time{})
	return err
}

// Nobody writes through a layer yet.
func (b *opening) write(*chunks, *queue, []byte, []byte) (queued, lent int, again bool, err error) {
	return 0, 0, true, nil
}
func (b *opening) dirty() bool { return false }
func (b *opening) sayEnd()     {}
func (b *opening) drop()       {}

const mostHead = 16 << 10 // bytes of what HTTP servers answer

// ask sends an HTTP request and takes the head of the answer, behind which something else begins.
func (b *opening) ask(r *http.Request, limit time.Duration) (*http.Response, error) {
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		return nil, err
	}
	if err := b.c.deadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	if err := b.say(text.Bytes(), limit); err != nil {
		return nil, err
	}
	head, err := b.upTo("\r\n\r\n", mostHead)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return readAnswer(head, r)
}

// readAnswer reads the head of an answer to r.
func readAnswer(head []byte, r *http.Request) (*http.Response, error) {
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), r)
	if err != nil {
		return nil, errNoHTTP // what HTTP says quotes the text
	}
	answer.Body.Close()
	return answer, nil
}

var errNoHTTP = errors.New("the answer is not HTTP")

// status is what an answer says, in words that are known here.
func status(r *http.Response) string {
	return fmt.Sprint(r.StatusCode, " ", http.StatusText(r.StatusCode))
}

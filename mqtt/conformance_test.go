package mqtt_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Every version passes the suite that every frontend passes, plain and over TLS.
func TestConformance(t *testing.T) {
	for _, v := range []packet.Version{v311, v5} {
		t.Run(v.String(), func(t *testing.T) { gatewaytest.Conformance(t, driver(v)) })
	}
}

func TestConformanceTLS(t *testing.T) {
	for _, v := range []packet.Version{v311, v5} {
		t.Run(v.String(), func(t *testing.T) { gatewaytest.Conformance(t, secure(t, driver(v))) })
	}
}

func driver(v packet.Version) gatewaytest.Driver {
	return gatewaytest.Driver{
		Module: "mqtt",
		Config: func(l gatewaytest.Limits) string { return limited(l, "") },
		Open: func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
			return open(conn, v, user, password)
		},
		OneCopy:   true,
		SlowDrops: true,
		IdleBytes: 7500,
	}
}

// secure is d behind TLS.
func secure(t *testing.T, d gatewaytest.Driver) gatewaytest.Driver {
	t.Helper()
	open, block := d.Open, tlsBlock(t)
	d.Config = func(l gatewaytest.Limits) string { return limited(l, block) }
	d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		return open(tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), user, password)
	}
	d.IdleBytes, d.BurstAllocs = 14_000, 3
	return d
}

func limited(l gatewaytest.Limits, more string) string {
	if l.Pending > 0 {
		more += fmt.Sprintf("\nmax_pending: %d", l.Pending)
	}
	return conf(more) + fmt.Sprintf("max_payload: %d, write_deadline: %q\n", l.Payload, l.Stall) // 0: default
}

// A conformist is a client that the conformance suite drives.
type conformist struct {
	net.Conn
	version packet.Version
	r       *bufio.Reader
	filters map[string]string // by pattern
	kept    []packet.Publish
}

var conformists atomic.Int64

func open(conn net.Conn, v packet.Version, user, password string) (gatewaytest.Client, error) {
	c := &conformist{Conn: conn, version: v, r: bufio.NewReader(conn), filters: make(map[string]string)}
	hello := connect(v, fmt.Sprint("conformist ", conformists.Add(1)), func(p *packet.Connect) {
		if user != "" {
			login(user, password)(p)
		}
	})
	answer, err := c.ask(hello, packet.CONNACK)
	var a packet.Connack
	if err == nil {
		err = a.Parse(answer, v)
	}
	if err == nil && a.Reason.Failed() {
		err = fmt.Errorf("%w: %v", gatewaytest.ErrDenied, a.Reason)
	}
	return c, err
}

// topics writes the engine's subjects and patterns as MQTT does, which is enough for those of the suite.
var topics = strings.NewReplacer(".", "/", "*", "+", ">", "#")

func (c *conformist) Subscribe(pattern, queue string) error {
	filter := topics.Replace(pattern)
	if queue != "" {
		filter = "$share/" + queue + "/" + filter
	}
	c.filters[pattern] = filter
	answer, err := c.ask(subscribe(c.version, 1, filter, 0), packet.SUBACK)
	var a packet.Suback
	if err == nil {
		err = a.Parse(answer, c.version)
	}
	if err == nil && a.Codes[0].Failed() {
		err = gatewaytest.ErrDenied
	}
	return err
}

func (c *conformist) Unsubscribe(pattern string) error {
	_, err := c.ask(unsubscribe(c.version, 2, c.filters[pattern]), packet.UNSUBACK)
	return err
}

func (c *conformist) Encode(subject string, payload []byte) []byte {
	return []byte(publish(c.version, topics.Replace(subject), string(payload), 0, 0))
}

func (c *conformist) Sync() error {
	_, err := c.ask(pingreq, packet.PINGRESP)
	return err
}

func (c *conformist) Next() (subject string, payload []byte, err error) {
	for len(c.kept) == 0 {
		if _, _, err = c.read(); err != nil {
			return "", nil, err
		}
	}
	p := c.kept[0]
	c.kept = c.kept[1:]
	return strings.ReplaceAll(string(p.Topic), "/", "."), p.Payload, nil
}

// ask sends s and waits for an answer, whose body it returns.
func (c *conformist) ask(s string, answer packet.Type) ([]byte, error) {
	if _, err := io.WriteString(c, s); err != nil {
		return nil, err
	}
	for {
		t, body, err := c.read()
		switch {
		case err != nil:
			return nil, err
		case t == answer:
			return body, nil
		case t != packet.PUBLISH:
			return nil, fmt.Errorf("got %v, want %v", t, answer)
		}
	}
}

// read takes the packet that comes next, and keeps it if it is a PUBLISH.
func (c *conformist) read() (packet.Type, []byte, error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size := 0
	for shift := 0; ; shift += 7 {
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, nil, errors.Join(io.ErrUnexpectedEOF, err)
		}
		if size |= int(b&0x7f) << shift; b < 0x80 {
			break
		}
	}
	body := make([]byte, size)
	if _, err = io.ReadFull(c.r, body); err != nil {
		return 0, nil, err
	}
	t := packet.Type(first >> 4)
	if t == packet.PUBLISH {
		var p packet.Publish
		if err = p.ParseServer(first&15, body, c.version); err == nil && p.Retain {
			err = fmt.Errorf("%q says RETAIN", p.Topic)
		}
		c.kept = append(c.kept, p)
	}
	return t, body, err
}

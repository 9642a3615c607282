package natsproto_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
)

func TestConformance(t *testing.T) {
	gatewaytest.Conformance(t, driver)
}

func TestConformanceTLS(t *testing.T) {
	cert, key := gatewaytest.Certificate(t)
	d := driver
	d.Config = func(l gatewaytest.Limits) string {
		return driver.Config(l) + fmt.Sprintf("\ntls { cert_file: %q, key_file: %q }", cert, key)
	}
	d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		return open(conn, user, password, &tls.Config{InsecureSkipVerify: true})
	}
	d.IdleBytes, d.BurstAllocs = 14_000, 3
	gatewaytest.Conformance(t, d)
}

var driver = gatewaytest.Driver{
	Module: "natsproto",
	Config: func(l gatewaytest.Limits) string {
		return fmt.Sprintf("max_payload: %d, max_pending: %d, write_deadline: %q", l.Payload, l.Pending, l.Stall) // 0: default
	},
	Open: func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
		return open(conn, user, password, nil)
	},
	IdleBytes: 7500,
}

// A conformist is a client that the conformance suite drives.
type conformist struct {
	net.Conn
	r    *bufio.Reader
	sids map[string]int // by pattern
	last int            // sid
	kept []delivery
}

type delivery struct {
	subject string
	payload []byte
}

func open(conn net.Conn, user, password string, secure *tls.Config) (gatewaytest.Client, error) {
	c := &conformist{Conn: conn, r: bufio.NewReader(conn), sids: make(map[string]int)}
	if _, err := c.r.ReadString('\n'); err != nil { // INFO
		return nil, err
	}
	if secure != nil {
		c.Conn = tls.Client(conn, secure)
		c.r.Reset(c.Conn)
	}
	credentials := ""
	if user != "" {
		credentials = fmt.Sprintf(`,"user":%q,"pass":%q`, user, password)
	}
	if _, err := fmt.Fprintf(c, "CONNECT {\"verbose\":false,\"headers\":true%s}\r\n", credentials); err != nil {
		return nil, err
	}
	return c, c.Sync()
}

func (c *conformist) Subscribe(pattern, queue string) error {
	c.last++
	c.sids[pattern] = c.last
	if _, err := fmt.Fprintf(c, "SUB %s %s %d\r\n", pattern, queue, c.last); err != nil {
		return err
	}
	return c.Sync()
}

func (c *conformist) Unsubscribe(pattern string) error {
	if _, err := fmt.Fprintf(c, "UNSUB %d\r\n", c.sids[pattern]); err != nil {
		return err
	}
	return c.Sync()
}

func (c *conformist) Encode(subject string, payload []byte) []byte {
	return fmt.Appendf(nil, "PUB %s %d\r\n%s\r\n", subject, len(payload), payload)
}

func (c *conformist) Sync() error {
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return err
	}
	var refused error
	for {
		verb, d, err := c.read()
		switch {
		case err != nil:
			return errors.Join(refused, err)
		case verb == "PONG":
			return refused
		case verb == "-ERR":
			refused = gatewaytest.ErrDenied
		case verb == "MSG":
			c.kept = append(c.kept, d)
		}
	}
}

func (c *conformist) Next() (string, []byte, error) {
	if len(c.kept) > 0 {
		d := c.kept[0]
		c.kept = c.kept[1:]
		return d.subject, d.payload, nil
	}
	for {
		if verb, d, err := c.read(); verb == "MSG" || err != nil {
			return d.subject, d.payload, err
		}
	}
}

// read takes what the server says next, a message whole.
func (c *conformist) read() (verb string, d delivery, err error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", d, err
	}
	if f := strings.Fields(line); f[0] != "MSG" {
		return f[0], d, nil
	}
	var sid, size int
	if _, err = fmt.Sscanf(line, "MSG %s %d %d\r\n", &d.subject, &sid, &size); err != nil {
		return "", d, fmt.Errorf("read %q: %w", line, err)
	}
	d.payload = make([]byte, size+len("\r\n"))
	if _, err = io.ReadFull(c.r, d.payload); err != nil {
		return "", d, err
	}
	end := d.payload[size:]
	if d.payload = d.payload[:size]; string(end) != "\r\n" {
		return "", d, fmt.Errorf("a message ends in %q", end)
	}
	return "MSG", d, nil
}

type party = gatewaytest.Client

// Each is a client or a promise that the suite has to find fault with, in the case named.
var faults = []struct {
	name, found string
	driver      func(d *gatewaytest.Driver)
	client      func(c party) party
}{
	{name: "loses a message", found: "order", client: func(c party) party { return &stutterer{c, 0, 0} }},
	{name: "gets a message twice", found: "order", client: func(c party) party { return &stutterer{c, 0, 2} }},
	{name: "gets a group's message twice", found: "queue groups", client: func(c party) party { return &stutterer{c, 0, 2} }},
	{name: "joins no group", found: "queue groups", client: func(c party) party { return &loner{c} }},
	{name: "alters payloads", found: "payloads", client: func(c party) party { return &forger{c} }},
	{name: "does not unsubscribe", found: "unsubscribe", client: func(c party) party { return &clinger{c} }},
	{name: "hears no refusal", found: "denied subscribe", client: func(c party) party { return &deaf{c} }},
	{name: "allocates", found: "allocations", client: func(c party) party { return &waster{party: c} }},
	{name: "wants one copy", found: "overlap", driver: func(d *gatewaytest.Driver) { d.OneCopy = true }},
	{name: "wants to stay though slow", found: "slow consumer", driver: func(d *gatewaytest.Driver) { d.SlowDrops = true }},
	{name: "has no limit", found: "slow consumer", driver: func(d *gatewaytest.Driver) {
		d.Config = func(gatewaytest.Limits) string { return "" }
	}},
	{name: "lets everybody in", found: "credentials", driver: func(d *gatewaytest.Driver) {
		d.Open = func(conn net.Conn, _, _ string) (gatewaytest.Client, error) {
			return open(conn, "free", "free-pw", nil)
		}
	}},
	{name: "wants to cost nothing", found: "idle", driver: func(d *gatewaytest.Driver) { d.IdleBytes = 100 }},
}

// A stutterer gets its hundredth message as often as it says.
type stutterer struct {
	party
	got, times int
}

func (c *stutterer) Next() (string, []byte, error) {
	subject, payload, err := c.party.Next()
	switch c.got++; {
	case c.got == 100 && c.times == 0:
		return c.party.Next()
	case c.got == 100:
		c.party = &replay{c.party, subject, payload}
	}
	return subject, payload, err
}

// A replay has one message first.
type replay struct {
	party
	subject string
	payload []byte
}

func (c *replay) Next() (string, []byte, error) {
	if subject := c.subject; subject != "" {
		c.subject = ""
		return subject, c.payload, nil
	}
	return c.party.Next()
}

type loner struct{ party }

func (c *loner) Subscribe(pattern, _ string) error { return c.party.Subscribe(pattern, "") }

type forger struct{ party }

func (c *forger) Next() (string, []byte, error) {
	subject, payload, err := c.party.Next()
	return subject, bytes.ReplaceAll(payload, []byte("\r\n"), []byte("\n")), err
}

type clinger struct{ party }

func (c *clinger) Unsubscribe(string) error { return nil }

type deaf struct{ party }

func (c *deaf) Subscribe(pattern, queue string) error {
	if err := c.party.Subscribe(pattern, queue); !errors.Is(err, gatewaytest.ErrDenied) {
		return err
	}
	return nil
}

type waster struct {
	party
	b []byte
}

func (c *waster) Write(b []byte) (int, error) {
	for range 100 { // as many as a burst has messages
		c.b = make([]byte, 16)
	}
	return c.party.Write(b)
}

const faultVariable = "LEAFGATE_TEST_FAULT"

// The suite fails where it should. It does so in processes of their own.
func TestConformanceFindsFaults(t *testing.T) {
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			run := "^TestConformanceFaulty$/^" + strings.ReplaceAll(f.found, " ", "_") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", run)
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", faultVariable, i))
			out, err := cmd.CombinedOutput()
			switch {
			case bytes.Contains(out, []byte("    --- SKIP: ")):
				t.Skip("a case that is not for this build")
			case err == nil || !bytes.Contains(out, []byte("--- FAIL: TestConformanceFaulty/")):
				t.Errorf("the suite finds no fault: %v\n%s", err, out)
			}
		})
	}
}

func TestConformanceFaulty(t *testing.T) {
	i, err := strconv.Atoi(os.Getenv(faultVariable))
	if err != nil {
		t.Skip("for TestConformanceFindsFaults")
	}
	d := driver
	if f := faults[i]; f.driver != nil {
		f.driver(&d)
	} else {
		d.Open = func(conn net.Conn, user, password string) (gatewaytest.Client, error) {
			c, err := open(conn, user, password, nil)
			return f.client(c), err
		}
	}
	gatewaytest.Conformance(t, d)
}

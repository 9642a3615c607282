package leafnode_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// A strange hub does as a test says with every connection, until the test ends.
type strange struct {
	lis  net.Listener
	wg   sync.WaitGroup
	mu   sync.Mutex
	seen []net.Conn
}

func newStrange(t *testing.T, serve func(c net.Conn, r *bufio.Reader)) *strange {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &strange{lis: l}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.seen = append(s.seen, c)
			s.mu.Unlock()
			s.wg.Go(func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range s.seen {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

func (s *strange) url() string { return "nats-leaf://" + s.lis.Addr().String() }

const info = `INFO {"server_id":"S","server_name":"STRANGE","client_id":1,"leafnode_urls":[],"headers":true,"max_payload":1048576,"info_on_connect":true} ` + "\r\n"

// enter plays a hub up to where interest flows.
func enter(c net.Conn, r *bufio.Reader) bool {
	if _, err := io.WriteString(c, info); err != nil {
		return false
	}
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "CONNECT ") {
		return false
	}
	_, err = io.WriteString(c, "INFO {\"connect_info\":true}\r\n")
	return err == nil
}

// TestStrangeHubs: whoever is at the other end, the site goes on, and says what is wrong.
func TestStrangeHubs(t *testing.T) {
	for name, tc := range map[string]struct {
		serve func(c net.Conn, r *bufio.Reader)
		err   string
	}{
		"says nothing":            {func(_ net.Conn, r *bufio.Reader) { _, _ = r.ReadByte() }, "no greeting"},
		"closes at once":          {func(net.Conn, *bufio.Reader) {}, "no greeting"},
		"speaks another protocol": {func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, "HTTP/1.1 400\r\n\r\n") }, "want INFO first"},
		"speaks without end":      {func(c net.Conn, _ *bufio.Reader) { _, _ = c.Write(make([]byte, 1<<20)) }, "no greeting"},
		"refuses":                 {func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, "-ERR 'go away'\r\n") }, "go away"},
		"is no leaf node port":    {func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, "INFO {\"client_id\":1}\r\n") }, "no leaf node port"},
		"closes behind the INFO":  {func(c net.Conn, r *bufio.Reader) { _, _ = io.WriteString(c, info); _, _ = r.ReadString('\n') }, "EOF"},
		"garbage when all is well": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "\x00\x01")
			_, _ = io.Copy(io.Discard, r)
		}, "Unknown Protocol Operation"},
		"interest before its time": {func(c net.Conn, r *bufio.Reader) {
			_, _ = io.WriteString(c, info+"LS+ a\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "before INFO"},
		"a message far too large": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "LMSG a 999999999\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "Maximum Payload"},
		"interest that never stops": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			for i := range 50_000 {
				if _, err := fmt.Fprintf(c, "LS+ a.%d\r\n", i); err != nil {
					return
				}
			}
			_, _ = io.WriteString(c, "the end\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "Unknown Protocol Operation"},
		"half a greeting": {func(c net.Conn, r *bufio.Reader) {
			_, _ = io.WriteString(c, info[:len(info)/2])
			_, _ = io.Copy(io.Discard, r)
		}, "no greeting"},
		"falls silent": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.Copy(io.Discard, r)
		}, "Stale Connection"},
		"stops in the middle of a line": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "LS+ half.a.sub")
			_, _ = io.Copy(io.Discard, r)
		}, "Stale Connection"},
		"stops in the middle of a message": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "LMSG a 1000\r\n"+strings.Repeat("x", 900))
			_, _ = io.Copy(io.Discard, r)
		}, "Stale Connection"},
		"closes in the middle of a message": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "LMSG a 1000\r\n"+strings.Repeat("x", 900))
		}, "EOF"},
		"two messages in one": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "LMSG a 4\r\nx\r\nLMSG a 1\r\nx\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "bad arguments"},
		"lets us in with other rights each time": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, "INFO {\"connect_info\":true,\"import\":{\"allow\":[\"a\"]}}\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "changed our rights"},
		"greets with rights of another type": {func(c net.Conn, r *bufio.Reader) {
			_, _ = io.WriteString(c, strings.Replace(info, `"client_id":1`, `"client_id":"one"`, 1))
			_, _ = io.Copy(io.Discard, r)
		}, "bad arguments"},
		"answers what nobody asked": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			_, _ = io.WriteString(c, strings.Repeat("PONG\r\n", 10_000)+"+OK\r\nPONG 1\r\n")
			_, _ = io.Copy(io.Discard, r)
		}, "bad arguments"},
		"complains without end": {func(c net.Conn, r *bufio.Reader) {
			enter(c, r)
			for range 100 {
				_, _ = io.WriteString(c, "-ERR 'no \x1b[31m good'\r\n")
			}
		}, "no ?[31m good"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStrange(t, tc.serve)
			g := gatewaytest.Start(t, fmt.Sprintf(`ping_interval: 1s
				leafnodes { reconnect: 100ms, write_deadline: 1s, remotes: [ { url: %q, first_info_timeout: 200ms } ] }`, s.url()))
			local := connect(t, siteURL(g))
			sub := subscribe(t, local, "here")
			until(t, "it is tried again, and said why", func() bool {
				u := uplinks(g)[0]
				return strings.Contains(u.Error, tc.err)
			})
			publish(t, local, "here", "still")
			want(t, sub, "still")
		})
	}
}

// TestSlowHub: a hub that reads nothing costs the site messages to it, and nothing else; it is given up in the end.
func TestSlowHub(t *testing.T) {
	entered := make(chan struct{}, 100)
	s := newStrange(t, func(c net.Conn, r *bufio.Reader) {
		if enter(c, r) {
			_, _ = io.WriteString(c, "LS+ >\r\n")
			entered <- struct{}{}
			<-t.Context().Done()
		}
	})
	g := gatewaytest.StartWith(t, gateway.Options{Text: "max_pending: 2000000\nmax_payload: 100000\n" +
		fmt.Sprintf("leafnodes { reconnect: 100ms, write_deadline: 2s, remotes: [ { url: %q } ] }", s.url())})
	<-entered
	awaitUp(t, g, 0)
	a, b := connect(t, siteURL(g)), connect(t, siteURL(g))
	sub, err := b.SubscribeSync("x")
	must(t, err)
	must(t, sub.SetPendingLimits(-1, -1))
	must(t, b.Flush())
	const messages = 2000
	data := []byte(strings.Repeat("x", 10_000))
	for i := range messages {
		must(t, a.Publish("x", data))
		if i%20 == 19 { // what the clients themselves take
			for range 20 {
				_, err := sub.NextMsg(patience)
				must(t, err)
			}
		}
	}
	until(t, "messages to it are dropped", func() bool { return uplinks(g)[0].Dropped > 0 })
	if u := uplinks(g)[0]; u.Pending > 2_000_000 {
		t.Errorf("%d bytes wait", u.Pending)
	}
	until(t, "it is given up", func() bool { return strings.Contains(uplinks(g)[0].Error, "Stale Connection") })
}

package natsproto_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// Inputs of these classes brought down, or opened, servers that are well kept. Each may end its own connection; nobody
// else may notice.

func TestPreAuthHugeLength(t *testing.T) {
	g := gatewaytest.Start(t, auth)
	for _, c := range []struct{ in, want string }{
		{"PUB a 999999999\r\n", "-ERR 'Authorization Violation'\r\n"},
		{"HPUB a 1 999999999\r\n", "-ERR 'Authorization Violation'\r\n"},
		{strings.Repeat("\x00", 100_000), "-ERR 'Authorization Violation'\r\n"},
		{"CONNECT " + strings.Repeat("x", 5000), "-ERR 'maximum control line exceeded'\r\n"},
		{"CONNECT " + strings.Repeat(" ", 5000), "-ERR 'maximum control line exceeded'\r\n"},
		{"CONNECT {\"user\":\"" + strings.Repeat("x", 5000) + "\"}\r\n", "-ERR 'maximum control line exceeded'\r\n"},
	} {
		conn, _ := connect(t, g)
		_, _ = io.WriteString(conn.Conn, c.in) // it may be closed before all has been written
		got, _ := io.ReadAll(conn.r)
		if s := string(got); s != c.want && s != "" { // an early close may take the last words with it
			t.Errorf("%.30q: %q, want %q", c.in, s, c.want)
		}
	}
	c := hello(t, g, `"user":"a","pass":"pw"`)
	c.alive()
}

func TestPreAuthSlowloris(t *testing.T) {
	g := gatewaytest.Start(t, `authorization { user: a, password: pw, timeout: 0.3 }`)
	good := hello(t, g, `"user":"a","pass":"pw"`)
	var held []*client
	for range 100 {
		c, _ := connect(t, g)
		c.send("CONNECT {\"user\":")
		held = append(held, c)
	}
	for _, c := range held {
		c.expect("-ERR 'Authentication Timeout'\r\n")
		c.closed()
	}
	good.alive()
}

// What is kept of a CONNECT that does not end is 4 KiB, but for what allocators and buffers of all connections add.
func TestPreAuthMemory(t *testing.T) {
	const n, least, most = 800, 3 << 10, 6 << 10
	g := gatewaytest.Start(t, `authorization { user: a, password: pw, timeout: 60 }`)
	begin := "CONNECT {\"user\":\""
	held := make([]*client, n)
	for i := range held {
		held[i], _ = connect(t, g)
		held[i].send(begin)
	}
	before := settled(t)
	for _, c := range held {
		c.send(strings.Repeat("x", 4<<10-len(begin)))
	}
	each := 0
	defer func() { t.Logf("%d bytes for each", each) }()
	waitFor(t, func() bool { // all has been read, and no more kept
		each = (heap() - before) / n
		return each >= least && each <= most
	})
	runtime.KeepAlive(held)
}

// settled is the bytes in use once that does not change any more: what comes has been read.
func settled(t *testing.T) (now int) {
	const like = 32 << 10
	calm := 0
	waitFor(t, func() bool {
		was := now
		if now = heap(); max(now-was, was-now) > like {
			calm = 0
		}
		calm++
		return calm > 4
	})
	return now
}

// heap is the bytes in use, without what pools keep.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have for one round
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Whoever is refused, and however, nobody else notices.
func TestNobodyElseNotices(t *testing.T) {
	g := gatewaytest.Start(t, "")
	witness, addr := hello(t, g, ""), g.Addr("natsproto")[0].String()
	witness.send("SUB witness 1\r\n")
	for i, c := range slices.Concat(conversations, spellings) {
		if c.conf != "" {
			continue
		}
		c.play(t, addr, c.script)
		witness.send(fmt.Sprintf("PUB witness 4\r\n%04d\r\n", i))
		witness.next(fmt.Sprintf("MSG witness 1 4\r\n%04d\r\n", i))
	}
}

// Whoever begins with another verb than CONNECT goes the same way through authorization.
func TestNoAuthUserFirstOp(t *testing.T) {
	const conf = `authorization { users: [
		{ user: guest, password: x, permissions: { publish: "ok.>", subscribe: "ok.>" } }
		{ user: boss, password: pw }
	] }
	no_auth_user: guest`
	g := gatewaytest.Start(t, conf)
	boss := hello(t, g, `"user":"boss","pass":"pw"`)
	boss.send("SUB > 1\r\nPING\r\n")
	boss.expect("PONG\r\n")
	for _, first := range []string{"", "CONNECT {\"pedantic\":false}\r\n"} {
		c, _ := connect(t, g)
		want := "-ERR 'Permissions Violation for Publish to \"secret\"'\r\n-ERR 'Permissions Violation for Subscription to \"secret\"'\r\n+OK\r\n"
		if first != "" {
			want = "+OK\r\n" + want
		}
		c.send(first + "PUB secret 1\r\nx\r\nSUB secret 1\r\nPUB ok.a 1\r\nx\r\n")
		c.expect(want)
		boss.expect("MSG ok.a 1 1\r\nx\r\n")
	}
	c, _ := connect(t, g)
	c.send("PUB ok.a 99999999\r\n")
	c.expect("-ERR 'Maximum Payload Violation'\r\n")
	c.closed()
	c, _ = connect(t, g)
	c.send("CONNECT {\"user\":\"guest\",\"pass\":\"wrong\"}\r\n")
	c.expect("-ERR 'Authorization Violation'\r\n")
	c.closed()
}

// Nothing that a client says gets into another client's lines.
func TestNoCommandInjection(t *testing.T) {
	g := gatewaytest.Start(t, "")
	victim, c := hello(t, g, ""), hello(t, g, "")
	victim.send("SUB > 1\r\nPING\r\n")
	victim.expect("PONG\r\n")
	for b := range 0x80 {
		if b > ' ' && b != 0x7f || b == '\n' || b == ' ' || b == '\t' {
			continue
		}
		c.send(fmt.Sprintf("PUB a%cb 0\r\n\r\nPUB a r%cs 0\r\n\r\n", b, b))
		if b == '\r' { // ends up inside of a token as well
			c.send("PUB a\rMSG b 0\r\n\r\n")
			c.expect("-ERR 'Invalid Publish Subject'\r\n")
		}
		c.expect(strings.Repeat("-ERR 'Invalid Publish Subject'\r\n", 2))
	}
	c.send("PUB end 0\r\n\r\n")
	victim.expect("MSG end 1 0\r\n\r\n")
}

func TestNoSecretsShown(t *testing.T) {
	key, public := newUser(t)
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	g := gatewaytest.StartWith(t, gateway.Options{
		Text: "authorization { users: [ { user: a, password: hidden1 }, { nkey: " + public + " } ] }",
		Log:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	for _, in := range []string{
		`{"user":"a","pass":"hidden2"}`, `{"user":"hidden3","pass":"hidden4"}`, `{"auth_token":"hidden5"}`,
		`{"user":"a","pass":hidden6}`, `{"user":"a","pass":["hidden7"]}`, `{"user":"a","pass":"hidden1","verbose":"hidden8"}`,
		`{"nkey":"` + string(seed) + `","sig":"hidden9"}`, `{"nkey":"` + public + `","sig":"hidden9"}`, `{"user":"` + string(seed) + `"}`,
	} {
		c, _ := connect(t, g)
		c.send("CONNECT " + in + "\r\n")
		if got, _ := io.ReadAll(c.r); strings.Contains(string(got), "hidden") || bytes.Contains(got, seed) {
			t.Errorf("%s: told %q", in, got)
		}
	}
	c := hello(t, g, `"user":"a","pass":"hidden1"`)
	c.send("-ERR 'bye'\r\n")
	c.closed()
	waitFor(t, func() bool { return strings.Contains(log.String(), "Parse Error") })
	if s := log.String(); strings.Contains(s, "hidden") || strings.Contains(s, string(seed)) {
		t.Errorf("the log shows secrets:\n%s", s)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// waitFor polls until ok.
func waitFor(t testing.TB, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("did not come to pass")
		}
	}
}

// Clients come, subscribe, publish, unsubscribe and go at once, without a word or in the middle of one.
func TestSubUnsubStorm(t *testing.T) {
	g := gatewaytest.Start(t, "no_system_account: true") // whose services are subscriptions, too
	witness, sender := hello(t, g, ""), hello(t, g, "")
	witness.send("SUB witness 1\r\nPING\r\n")
	witness.expect("PONG\r\n")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 40 {
				conn, err := net.Dial("tcp", g.Addr("natsproto")[0].String())
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintf(conn, "CONNECT {\"verbose\":false}\r\nSUB storm.%d 1\r\nSUB storm.* q 2\r\nUNSUB 2 3\r\nPUB storm.%d 2\r\nhi\r\nUNSUB 1\r\nPUB storm.1 5\r\nhe", w, i)
				conn.Close()
				runtime.Gosched()
			}
		})
	}
	const n = 200
	for i := range n {
		sender.send(fmt.Sprintf("PUB witness 4\r\n%04d\r\nPUB storm.%d 0\r\n\r\n", i, i%8))
		witness.expect(fmt.Sprintf("MSG witness 1 4\r\n%04d\r\n", i))
	}
	wg.Wait()
	sender.alive()
	waitFor(t, func() bool { // all that is left of them is gone
		left := 0
		for range g.Engine().Endpoints() {
			left++
		}
		return left == 2 && g.Engine().Stats().Subscriptions == 1
	})
}

// A million requests in the old way, a subscription with a maximum each, leave nothing behind.
func TestOneShotInboxes(t *testing.T) {
	c := hello(t, gatewaytest.Start(t, ""), "")
	const n, rounds = 500, 4
	for r := range rounds {
		var in, want strings.Builder
		for i := range n {
			sid := r*n + i
			fmt.Fprintf(&in, "SUB in.%d %d\r\nUNSUB %d 1\r\nPUB in.%d 0\r\n\r\n", sid, sid, sid, sid)
			fmt.Fprintf(&want, "MSG in.%d %d 0\r\n\r\n", sid, sid)
		}
		c.send(in.String())
		c.expect(want.String())
	}
	c.alive()
}

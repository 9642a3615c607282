package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"leafgate/internal/peer"
)

// A cli is the nats command, ready to talk to one server.
type cli struct {
	*testing.T
	path string
	env  []string
}

func newCLI(t *testing.T, s *peer.Server) *cli {
	t.Helper()
	path, err := peer.Binary(t.Context(), "nats")
	must(t, err)
	home := t.TempDir() // nobody's contexts
	return &cli{t, path, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "NATS_URL=" + s.URL}}
}

// A command is one call of the nats command that goes on.
type command struct {
	*exec.Cmd
	t      *testing.T
	out    bytes.Buffer
	cancel func()
}

func (c *cli) start(args ...string) *command {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	p := &command{Cmd: exec.CommandContext(ctx, c.path, args...), t: c.T, cancel: cancel}
	p.Env, p.Stdout, p.Stderr = c.env, &p.out, &p.out
	must(c.T, p.Start())
	return p
}

// wait returns what the command printed, once it has ended well.
func (p *command) wait() string {
	p.t.Helper()
	err := p.Wait()
	p.cancel()
	if err != nil {
		p.t.Fatalf("nats %s: %v\n%s", strings.Join(p.Args[1:], " "), err, &p.out)
	}
	return p.out.String()
}

// interrupt ends a command that would go on for ever, and returns what it printed.
func (p *command) interrupt() string {
	p.t.Helper()
	must(p.t, p.Process.Signal(os.Interrupt))
	_ = p.Wait() // how it ends by a signal is its own business
	p.cancel()
	return p.out.String()
}

func (c *cli) run(args ...string) string { c.Helper(); return c.start(args...).wait() }

func (c *cli) fails(args ...string) string {
	c.Helper()
	p := c.start(args...)
	defer p.cancel()
	if err := p.Wait(); err == nil {
		c.Fatalf("nats %s: ended well\n%s", strings.Join(args, " "), &p.out)
	}
	return p.out.String()
}

// contains wants all of parts in out, in this order.
func (c *cli) contains(out string, parts ...string) {
	c.Helper()
	rest := out
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			c.Fatalf("no %q (in this place) in\n%s", p, out)
		}
		rest = after
	}
}

func TestCLIPubSub(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		sub := c.start("sub", "fab.*.temp", "--count", "5")
		awaitInterest(t, connect(t, s), "fab.ready.temp")
		c.contains(c.run("pub", "fab.1.temp", "warm"), `Published 4 bytes to "fab.1.temp"`)
		c.run("pub", "other", "unheard")
		c.run("pub", "fab.2.temp", "", "--reply", "answers.here")
		c.run("pub", "fab.3.temp", "no {{Count}}", "--count", "2")
		c.contains(sub.wait(), `[#1] Received on "fab.ready.temp" with reply "_INBOX.`,
			`[#2] Received on "fab.1.temp"`, "warm",
			`[#3] Received on "fab.2.temp" with reply "answers.here"`,
			`[#4] Received on "fab.3.temp"`, "no 1", `[#5] Received on "fab.3.temp"`, "no 2")
	})
}

func TestCLIHeaders(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		sub := c.start("sub", "h", "--count", "2")
		awaitInterest(t, connect(t, s), "h")
		c.run("pub", "h", "body", "-H", "Color: green", "-H", "Trace-Id:7")
		out := sub.wait()
		c.contains(out, "[#2]", "Color: green", "body")
		c.contains(out, "[#2]", "Trace-Id: 7", "body")

		reply := c.start("reply", "svc", "--echo", "-H", "From: nats", "--count", "2")
		awaitInterest(t, connect(t, s), "svc")
		c.contains(c.run("request", "svc", "to and fro", "-H", "Color: blue"), "From: nats", "to and fro")
		reply.interrupt()
	})
}

func TestCLIReplyQueue(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		members := []*command{
			c.start("reply", "work", "done by first", "--queue", "workers"),
			c.start("reply", "work", "done by second", "--queue", "workers"),
		}
		nc := connect(t, s)
		awaitInterest(t, nc, "work")
		sent, first, second := 1, 0, 0
		for deadline := time.Now().Add(patience); first == 0 || second == 0; sent++ {
			m, err := nc.Request("work", nil, patience)
			must(t, err)
			switch string(m.Data) {
			case "done by first":
				first++
			case "done by second":
				second++
			default:
				t.Fatalf("answer %q", m.Data)
			}
			if time.Now().After(deadline) {
				t.Fatalf("after %d requests: first %d, second %d", sent, first, second)
			}
		}
		c.contains(c.run("request", "work", "again"), "done by ")
		sent++
		taken := 0
		for _, m := range members {
			taken += strings.Count(m.interrupt(), `Received on subject "work"`)
		}
		if taken != sent {
			t.Errorf("%d requests, and members took %d", sent, taken)
		}
	})
}

func TestCLINoResponders(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		c.contains(c.run("request", "nobody.listens", "hello"), "No responders are available")
	})
}

func TestCLIRoundTrips(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		var out []struct{ Results []struct{ RTT int64 } }
		text := newCLI(t, s).run("rtt", "--json", "3")
		if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != 1 || len(out[0].Results) != 1 {
			t.Fatalf("%v in\n%s", err, text)
		}
		if rtt := out[0].Results[0].RTT; rtt <= 0 {
			t.Errorf("a round trip of %d ns", rtt)
		}
	})
}

func TestCLICheckConnection(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		slow := []string{"--connect-warn=20s", "--connect-critical=30s", "--rtt-warn=20s", "--rtt-critical=30s",
			"--req-warn=20s", "--req-critical=30s"}
		c.contains(c.run(append([]string{"server", "check", "connection"}, slow...)...), "OK Connection")
		s.Stop()
		c.contains(c.fails("server", "check", "connection"), "CRITICAL")
	})
}

func TestCLIAuthorization(t *testing.T) {
	onEach(t, "authorization { user: ann, password: \"s3cret\" }", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		c.contains(c.run("pub", "a", "b", "--user", "ann", "--password", "s3cret"), "Published")
		c.contains(c.fails("pub", "a", "b"), "Authorization Violation")
		c.contains(c.fails("pub", "a", "b", "--user", "ann", "--password", "other"), "Authorization Violation")
	})
}

// More bytes go through than a subscriber may be behind: whoever reads is not cut.
func TestCLIBenchPubSub(t *testing.T) {
	const messages = 150_000
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		sub := c.start("bench", "sub", "bulk", "--msgs", strconv.Itoa(messages+1), "--size", "512", "--no-progress")
		awaitInterest(t, connect(t, s), "bulk")
		out := c.run("bench", "pub", "bulk", "--msgs", strconv.Itoa(messages), "--size", "512", "--clients", "3", "--no-progress")
		c.rate(out, "publisher")
		c.rate(sub.wait(), "subscriber")
	})
}

func TestCLIBenchService(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		c := newCLI(t, s)
		serve := c.start("bench", "service", "serve", "svc", "--clients", "2", "--size", "64", "--no-progress")
		awaitInterest(t, connect(t, s), "svc")
		out := c.run("bench", "service", "request", "svc", "--msgs", "1000", "--clients", "4", "--no-progress")
		c.rate(out, "requester")
		serve.interrupt()
	})
}

// rate wants the line that a benchmark ends with.
func (c *cli) rate(out, who string) {
	c.Helper()
	if !regexp.MustCompile(`(?i)` + who + `[^\n]* stats: [\d,]*[1-9][\d,]* msgs/sec`).MatchString(out) {
		c.Fatalf("no rate of the %s in\n%s", who, out)
	}
}

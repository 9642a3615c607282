package peers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const topologies = 100

// A topology is a few accounts that import from those before them, and what one hears in each.
type topology struct {
	config   []string   // an account each
	patterns [][]string // the second one in a queue
	subjects []string
}

func name(i, account int) string { return fmt.Sprintf("T%dA%d", i, account) }

// topology makes accounts with numbers from 0. Every import is of what was exported.
func (g generator) topology(i int) (t topology) {
	type export struct{ account, kind, subject string }
	var exports []export
	for a := range 4 {
		var out, in []string
		taken := map[string]bool{}
		for range g.IntN(4) {
			if len(exports) == 0 {
				break
			}
			e := exports[g.IntN(len(exports))]
			subject := g.narrow(e.subject)
			local, line := g.local(e.kind, subject)
			if key := e.kind + e.account; taken[key+subject] || taken[key+" "+local] {
				continue // nobody takes an import twice
			} else if taken[key+subject] = true; e.kind == "service" {
				taken[key+" "+local] = true
			}
			in = append(in, fmt.Sprintf("{%s: {account: %s, subject: %q}%s}", e.kind, e.account, subject, line))
			t.subjects = append(t.subjects, g.literal(local))
		}
		for range 1 + g.IntN(3) {
			e := export{name(i, a), g.pick("stream", "service"), g.subject(true)}
			exports = append(exports, e)
			out = append(out, fmt.Sprintf("{%s: %q}", e.kind, e.subject))
			t.subjects = append(t.subjects, g.literal(e.subject))
		}
		mappings := ""
		if g.IntN(3) == 0 {
			mappings = fmt.Sprintf(", mappings: {%q: %q}", g.subject(false), g.subject(false))
		}
		t.config = append(t.config, fmt.Sprintf("%s { users: [{user: %[1]s, password: %[1]s}], exports: [%s], imports: [%s]%s }",
			name(i, a), strings.Join(out, ", "), strings.Join(in, ", "), mappings))
		t.patterns = append(t.patterns, []string{g.pick(">", g.subject(true)), g.pick(">", "*.>", g.subject(true))})
	}
	for range 4 {
		t.subjects = append(t.subjects, g.subject(false))
	}
	return t
}

// narrow is a pattern that another covers.
func (g generator) narrow(pattern string) string {
	tokens := strings.Split(pattern, ".")
	for i, token := range tokens {
		switch {
		case token == "*" && g.IntN(2) == 0:
			tokens[i] = g.pick("a", "b", "c")
		case token == ">" && g.IntN(2) == 0:
			tokens[i] = g.pick("a", "a.b", "*", "a.>")
		}
	}
	return strings.Join(tokens, ".")
}

// local is where an import may appear, and how that is written.
func (g generator) local(kind, subject string) (local, line string) {
	switch g.IntN(3) {
	case 0:
		return subject, ""
	case 1:
		if kind == "stream" {
			return "p." + subject, ", prefix: p"
		}
		return "s." + subject, fmt.Sprintf(", to: %q", "s."+subject)
	}
	n := strings.Count(subject, "*")
	if n > 2 {
		return subject, ""
	}
	to := "t" + []string{"", ".$1", ".$2.x.$1"}[n]
	local = "t" + []string{"", ".*", ".*.x.*"}[n]
	if strings.HasSuffix(subject, ">") {
		to, local = to+".>", local+".>"
	}
	return local, fmt.Sprintf(", to: %q", to)
}

// literal is a subject that a pattern matches.
func (g generator) literal(pattern string) string {
	tokens := strings.Split(pattern, ".")
	for i, token := range tokens {
		if token == "*" || token == ">" {
			tokens[i] = g.pick("a", "b", "c", "x")
		}
	}
	return strings.Join(tokens, ".")
}

// Whatever accounts are made of: what is published in one is heard in the same ones, under the same names, at both servers.
func TestTopologies(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(4, 4222))}
	var all []topology
	var config strings.Builder
	for i := range topologies {
		all = append(all, g.topology(i))
		config.WriteString(strings.Join(all[i].config, "\n") + "\n")
	}
	text := "accounts {\n" + config.String() + "}"
	ours, theirs := peer.Start(t, "leafgate", text), peer.Start(t, "nats-server", text)
	heard := 0
	for i, top := range all {
		a, b := top.hear(t, theirs, i), top.hear(t, ours, i)
		heard += len(a)
		if slices.Equal(a, b) {
			continue
		}
		t.Errorf("%s\nhear %q", strings.Join(top.config, "\n"), top.patterns)
		for _, line := range a {
			if at := slices.Index(b, line); at < 0 {
				t.Errorf("only at the peer: %s", line)
			} else {
				b = slices.Delete(b, at, at+1)
			}
		}
		t.Errorf("only here: %q", b)
	}
	t.Logf("%d messages heard", heard)
}

// hear publishes every subject in every account, and returns who heard what.
func (top topology) hear(t *testing.T, s *peer.Server, i int) (all []string) {
	t.Helper()
	conns := make([]*nats.Conn, len(top.config))
	heard, queued := make([]chan *nats.Msg, len(conns)), make([]chan *nats.Msg, len(conns))
	for a := range conns {
		conns[a] = connect(t, s, nats.UserInfo(name(i, a), name(i, a)))
		heard[a], queued[a] = make(chan *nats.Msg, 10_000), make(chan *nats.Msg, 10_000)
		_, err := conns[a].ChanSubscribe(top.patterns[a][0], heard[a])
		must(t, err)
		_, err = conns[a].ChanQueueSubscribe(top.patterns[a][1], fmt.Sprint("q", a), queued[a])
		must(t, err)
		must(t, conns[a].Flush())
	}
	for from, nc := range conns {
		for n, subject := range top.subjects {
			must(t, nc.PublishRequest(subject, "reply.to", fmt.Appendf(nil, "%d from %d", n, from)))
		}
		must(t, nc.FlushTimeout(patience))
	}
	for a, nc := range conns {
		must(t, nc.FlushTimeout(patience))
		for len(heard[a]) > 0 {
			m := <-heard[a]
			reply, _, _ := strings.Cut(m.Reply, ".") // _R_ where it came as a request
			all = append(all, fmt.Sprintf("%s as %s, reply %s, in %d", m.Data, m.Subject, reply, a))
		}
		for len(queued[a]) > 0 { // by any of the names it has here
			all = append(all, fmt.Sprintf("%s in the queue of %d", (<-queued[a]).Data, a))
		}
		nc.Close()
	}
	slices.Sort(all)
	return all
}

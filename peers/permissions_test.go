package peers

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const (
	ruleSets   = 60
	actionsPer = 50
)

// An action is what a user tries.
type action struct{ verb, subject, queue string }

func (a action) line(sid int) string {
	if a.verb == "PUB" {
		return "PUB " + a.subject + " 0\r\n\r\n"
	}
	return fmt.Sprintf("SUB %s %s %d\r\n", a.subject, a.queue, sid)
}

// generator makes rules and actions that often meet: few tokens, at most four levels.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) subject(wild bool) string {
	var tokens []string
	for range 1 + g.IntN(4) {
		token := g.pick("a", "b", "c", "$d", "_INBOX")
		if wild && g.IntN(3) == 0 {
			token = "*"
		}
		tokens = append(tokens, token)
	}
	if wild && g.IntN(4) == 0 {
		tokens[len(tokens)-1] = ">"
	}
	return strings.Join(tokens, ".")
}

func (g generator) entries(queues bool) string {
	var all []string
	for range 1 + g.IntN(4) {
		entry := g.subject(true)
		if queues && g.IntN(3) == 0 {
			entry += " " + g.pick("q", "q.*", "v1.>", "v1.q", "*", ">", "q.a")
		}
		all = append(all, fmt.Sprintf("%q", entry))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// rule is one side of a user's permissions; nothing: it says nothing about it.
func (g generator) rule(name string, queues bool) string {
	switch g.IntN(5) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s: %s", name, g.entries(queues))
	case 2:
		return fmt.Sprintf("%s: {allow: %s}", name, g.entries(queues))
	case 3:
		return fmt.Sprintf("%s: {deny: %s}", name, g.entries(queues))
	}
	return fmt.Sprintf("%s: {allow: %s, deny: %s}", name, g.entries(queues), g.entries(queues))
}

func (g generator) permissions() string {
	parts := []string{g.rule("publish", false), g.rule("subscribe", true)}
	if g.IntN(6) == 0 {
		parts = append(parts, "allow_responses: true")
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return "{" + strings.Join(parts, ", ") + "}"
}

func (g generator) actions() (all []action) {
	for range actionsPer {
		a := action{"SUB", g.subject(true), g.pick("", "", "q", "q.a", "v1.q", "v2", "v1.q.a")}
		if g.IntN(2) == 0 {
			a = action{"PUB", g.subject(false), ""}
		}
		all = append(all, a)
		if head, ok := strings.CutSuffix(a.subject, ">"); ok {
			all = append(all, action{a.verb, head + "x", a.queue}) // see oneToken
		}
	}
	return all
}

// oneToken says whether the verdicts differ because the peer takes the ">" of a subscription for a token like any other,
// which "*" in a rule covers. It says then of "a.>" what Leafgate says of "a.x", the action that follows. Leafgate denies
// "a.>" where only "a.*" is allowed; where "a.*" is denied, it filters what it delivers.
func oneToken(act action, theirs, next string) bool {
	return act.verb == "SUB" && strings.HasSuffix(act.subject, ">") && (theirs == "+OK") == (next == "+OK")
}

// Rules that a generator thinks of mean the same to both servers.
func TestPermissionsDifferential(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(4, 2222))}
	var config strings.Builder
	rules, actions := make([]string, ruleSets), make([][]action, ruleSets)
	for i := range ruleSets {
		rules[i], actions[i] = g.permissions(), g.actions()
		fmt.Fprintf(&config, "{user: u%d, password: p, permissions: %s}\n", i, rules[i])
	}
	text := "authorization { users: [{user: admin, password: p}\n" + config.String() + "] }"
	var subjects []string
	for range 60 {
		subjects = append(subjects, g.subject(false))
	}
	ours, theirs := peer.Start(t, "leafgate", text), peer.Start(t, "nats-server", text)
	cases, denied, listed, heard := 0, 0, 0, 0
	for i := range ruleSets {
		a, b := verdicts(t, theirs.Addr(), i, actions[i]), verdicts(t, ours.Addr(), i, actions[i])
		cases += len(a)
		for n, act := range actions[i] {
			if a[n] != "+OK" {
				denied++
			}
			switch {
			case a[n] == b[n]:
			case n+1 < len(b) && oneToken(act, a[n], b[n+1]):
				listed++
			default:
				t.Errorf("%s\n%s %s %s: %q at the peer, %q here", rules[i], act.verb, act.subject, act.queue, a[n], b[n])
			}
		}
		for range 3 { // on a busy machine nats-server answers a PING before it has delivered all
			a, b = deliveries(t, theirs, i, actions[i], subjects), deliveries(t, ours, i, actions[i], subjects)
			if slices.Equal(a, b) {
				break
			}
		}
		if heard += len(a); !slices.Equal(a, b) {
			t.Errorf("%s\n%v\nhears %q at the peer\n%q here", rules[i], actions[i], a, b)
		}
	}
	t.Logf("%d cases, %d denied, %d differ in \">\", %d messages heard", cases, denied, listed, heard)
	if cases < 2000 || denied < cases/5 || denied > cases*4/5 {
		t.Errorf("%d of %d cases denied: the rules are no test", denied, cases)
	}
}

// deliveries are what a user with all its subscriptions gets of what an admin publishes: subscription and subject, sorted.
// Of a queue any one subscription may get it, so there the queue counts.
func deliveries(t *testing.T, s *peer.Server, user int, actions []action, subjects []string) (all []string) {
	t.Helper()
	name := fmt.Sprint("u", user)
	nc := connect(t, s, nats.UserInfo(name, "p"), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	admin := connect(t, s, nats.UserInfo("admin", "p"))
	heard := make([]chan *nats.Msg, len(actions))
	for i, a := range actions {
		if a.verb == "PUB" || strings.HasSuffix(a.subject, ">") { // see oneToken
			continue
		}
		heard[i] = make(chan *nats.Msg, 2*len(subjects))
		_, err := nc.ChanQueueSubscribe(a.subject, a.queue, heard[i])
		must(t, err)
	}
	must(t, nc.Flush())
	for _, subject := range subjects {
		must(t, admin.Publish(subject, nil))
	}
	must(t, admin.Flush())
	must(t, nc.Flush())
	for i, c := range heard {
		for len(c) > 0 {
			from := actions[i].queue
			if from == "" {
				from = fmt.Sprint(i)
			}
			all = append(all, from+" "+(<-c).Subject)
		}
	}
	nc.Close()
	slices.Sort(all)
	return all
}

// verdicts are the answers to what a user tries.
func verdicts(t *testing.T, addr string, user int, actions []action) (all []string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(patience)))
	in := bufio.NewReader(c)
	var out strings.Builder
	fmt.Fprintf(&out, "CONNECT {\"verbose\":true,\"pedantic\":true,\"echo\":false,\"user\":\"u%d\",\"pass\":\"p\"}\r\n", user)
	for i, a := range actions {
		out.WriteString(a.line(i))
	}
	_, err = c.Write([]byte(out.String()))
	must(t, err)
	for len(all) <= len(actions) {
		line, err := in.ReadString('\n')
		must(t, err)
		if line = strings.TrimSpace(line); !slices.ContainsFunc([]string{"INFO", "PING"}, func(p string) bool { return strings.HasPrefix(line, p) }) {
			all = append(all, line)
		}
	}
	return all[1:]
}

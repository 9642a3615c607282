package peers

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const limited = `accounts {
  L { users: [{user: l, password: l}], limits { max_connections: 2, max_subscriptions: 3 } }
  P { users: [{user: p, password: p}], limits { max_payload: 10 } }
  M { users: [{user: m, password: m}] }
}`

var limits = []script{
	{name: "connections of an account", lines: []string{"l sub a", "l:2 sub a", "l:3 refused .*maximum account active connections exceeded.*", "m sub a", "m:2 sub a", "m:3 sub a"}},
	{name: "subscriptions of a connection", lines: []string{
		"l sub a", "l sub b", "l:2 sub a", "l:2 sub b", "l:2 sub c", "l sub c", "l sub! d", "l:2 sub! d", "l:2 pub c x", "l got c x", "l none",
		"m sub a", "m sub b", "m sub c", "m sub d"}},
}

func TestAccountLimits(t *testing.T) {
	onEach(t, limited, func(t *testing.T, s *peer.Server) {
		play(t, s, nil, limits)
		t.Run("payload", func(t *testing.T) {
			nc := connect(t, s, nats.UserInfo("p", "p"))
			must(t, nc.Flush())
			if n := nc.MaxPayload(); n != 10 {
				t.Errorf("clients are told %d bytes", n)
			}
			want := []string{"+OK", "-ERR 'Maximum Payload Violation'"}
			if got := raw(t, s.Addr(), "p", "PUB a 10\r\n0123456789\r\n", "PUB a 11\r\n0123456789a\r\n"); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %q", got)
			}
			if got := raw(t, s.Addr(), "m", "PUB a 11\r\n0123456789a\r\n"); fmt.Sprint(got) != "[+OK]" {
				t.Errorf("got %q", got)
			}
		})
	})
}

// raw returns the answers to lines that a verbose user sends, as soon as there is room for one more of its account: those
// that have just left may still count.
func raw(t *testing.T, addr, user string, lines ...string) []string {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if all, err := rawOnce(t, addr, user, lines...); err == nil {
			return all
		} else if time.Now().After(deadline) {
			t.Fatalf("%q, %v", all, err)
		}
	}
}

func rawOnce(t *testing.T, addr, user string, lines ...string) (all []string, err error) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(c, "CONNECT {\"verbose\":true,\"pedantic\":true,\"echo\":false,\"headers\":true,\"user\":%q,\"pass\":%[1]q}\r\n%s", user, strings.Join(lines, ""))
	must(t, err)
	in := bufio.NewReader(c)
	for len(all) <= len(lines) {
		line, err := in.ReadString('\n')
		if err != nil {
			return all, err
		}
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "INFO ") && line != "PING" {
			all = append(all, line)
		}
	}
	return all[1:], nil
}

// Answers are allowed for some time.
func TestAnswersExpire(t *testing.T) {
	onEach(t, `authorization { users: [
		{user: ask, password: ask}
		{user: late, password: late, permissions: {subscribe: q, allow_responses: {max: -1, expires: "200ms"}}}
		{user: ever, password: ever, permissions: {subscribe: q, allow_responses: {max: -1}}}] }`, func(t *testing.T, s *peer.Server) {
		u := &users{t, s, nil, map[string]*speaker{}}
		u.play("late sub q", "ever sub q", "ask ask q ?", "late got q ?", "ever got q ?", "late answer 1", "ever answer 1")
		late := u.speaker("late")
		for end := time.Now().Add(patience); late.conn.LastError() == nil; {
			if time.Now().After(end) {
				t.Fatal("it may answer for ever")
			}
			must(t, late.conn.Publish(late.last.Reply, nil))
			must(t, late.conn.Flush())
		}
		for range 10 {
			u.say("ever answer 2")
		}
	})
}

// What weights say comes out on the average, and nobody hears what is lost.
func TestWeights(t *testing.T) {
	const n = 4000
	onEach(t, `mappings {
		three: [{destination: a, weight: 20%}, {destination: b, weight: 30}, {destination: c, weight: "50%"}]
		rest: [{dest: d, weight: 60%}]
		lost: [{destination: lost, weight: 40%}, {destination: e, weight: 10%}]
		"wild.*.*": [{destination: "w.$2.$1", weight: 50%}, {destination: "v.{{partition(3,1,2)}}", weight: 50%}]
	}`, func(t *testing.T, s *peer.Server) {
		from, to := connect(t, s), connect(t, s)
		heard := make(chan *nats.Msg, 5*n)
		_, err := to.ChanSubscribe(">", heard)
		must(t, err)
		must(t, to.Flush())
		for _, subject := range []string{"three", "rest", "lost", "wild.x.y"} {
			for range n {
				must(t, from.Publish(subject, nil))
			}
		}
		must(t, from.Publish("end", nil))
		got := map[string]int{}
		for m := await(t, "message", heard); m.Subject != "end"; m = await(t, "message", heard) {
			got[m.Subject]++
		}
		want := map[string]int{"a": 20, "b": 30, "c": 50, "d": 60, "rest": 40, "lost": 40, "e": 10, "w.y.x": 50, "v.1": 50}
		for subject, percent := range want {
			if share := 100 * got[subject] / n; share < percent-5 || share > percent+5 {
				t.Errorf("%s: %d%% instead of %d%%", subject, share, percent)
			}
			delete(got, subject)
		}
		if len(got) > 0 {
			t.Errorf("besides: %v", got)
		}
	})
}

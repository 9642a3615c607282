package natsproto_test

import (
	"maps"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/internal/peer"
	"leafgate/natsproto"
)

// A difference is a conversation in which nats-server says something else.
type difference struct {
	script []string // what is said with nats-server
	reason string   // why Leafgate differs, as it stands in README.md
}

// differences are all there are: a conversation that is not here goes letter by letter as with nats-server.
var differences = map[string]difference{
	"sub with control characters": {
		script: []string{quiet, "> SUB a\x00b 1\r\nSUB a q\x01 1\r\nSUB a\rb 1\r\nPING\r\n", "< PONG\r\n"},
		reason: "Such a subject breaks the lines of whoever hears of it next.",
	},
	"pub with control characters": {
		script: []string{quiet, "> PUB a\x00b 0\r\n\r\nPUB a b\x7f 0\r\n\r\nPING\r\n", "< PONG\r\n"},
		reason: "A carriage return in a subject gets into other clients' lines.",
	},
	"control line of ping": {
		script: []string{quiet, "> PING " + strings.Repeat("a", 101) + "\r\n", "< PONG\r\n"},
		reason: "No line is without a limit.",
	},
	"auth again without credentials": {
		script: []string{"> CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPING\r\nCONNECT {}\r\n", "< PONG\r\n"},
		reason: "A password is not kept once it has been checked.",
	},
	"wildcard wider than the right": {
		script: []string{asA, "> SUB a.> 1\r\nSUB b.> grp 2\r\nPUB a.b.c 0\r\n\r\nPING\r\n", "< MSG a.b.c 1 0\r\n\r\nPONG\r\n"},
		reason: "It would receive what its rights do not cover.",
	},
}

// infoDifferences are the fields of INFO that only nats-server has.
var infoDifferences = []string{"api_lvl", "xkey"}

// TestDifferential has every conversation with nats-server too.
func TestDifferential(t *testing.T) {
	groups := map[string][]conversation{}
	for _, c := range slices.Concat(conversations, spellings) {
		groups[c.conf] = append(groups[c.conf], c)
	}
	for _, conf := range slices.Sorted(maps.Keys(groups)) {
		t.Run("configuration", func(t *testing.T) {
			theirs := peer.Start(t, "nats-server", conf).Addr()
			ours := gatewaytest.Start(t, conf).Addr("natsproto")[0].String()
			for _, c := range groups[conf] {
				t.Run(c.name, func(t *testing.T) { c.compare(t, theirs, ours) })
			}
		})
	}
}

// compare has the conversation with both.
func (c conversation) compare(t *testing.T, theirs, ours string) {
	script := c.script
	if d, ok := differences[c.name]; ok {
		if script = d.script; reflect.DeepEqual(script, c.script) {
			t.Error("listed as a difference and is none")
		}
		if !slices.Equal(sent(script), sent(c.script)) {
			t.Error("the difference is in what the client sends")
		}
	}
	a := c.play(t, theirs, script)
	b := c.play(t, ours, c.script)
	for i := range a {
		if n, l := normal(a[i]), normal(b[i]); !reflect.DeepEqual(n, l) {
			t.Errorf("INFO %d of nats-server: %v\nand of Leafgate: %v", i, n, l)
		}
	}
}

// play returns the INFOs there were.
func (c conversation) play(t *testing.T, addr string, script []string) []map[string]any {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	client := wrap(t, conn)
	client.info()
	client.play(script)
	if script[len(script)-1] != "!" {
		client.leave(script)
	}
	conn.Close()
	return client.infos
}

// leave ends the subscriptions of a script: the end of the connection does so too, but nobody can say when.
func (c *client) leave(script []string) {
	c.Helper()
	for _, m := range regexp.MustCompile(`(?mi)^SUB[ \t].*?(\S+)\s*$`).FindAllStringSubmatch(text(script), -1) {
		c.send("UNSUB " + m[1] + "\r\n")
	}
	c.send("PING\r\n")
	for c.line() != "PONG\r\n" { // a verbose client gets +OK as well
	}
}

// text is all that the client sends.
func text(script []string) (all string) {
	for _, s := range sent(script) {
		all += strings.TrimPrefix(s[1:], " ")
	}
	return all
}

func sent(script []string) (steps []string) {
	for _, s := range script {
		if s[0] == '>' {
			steps = append(steps, s)
		}
	}
	return steps
}

// normal is INFO without what is each server's own.
func normal(info map[string]any) map[string]any {
	n := maps.Clone(info)
	for _, key := range slices.Concat(infoDifferences, []string{"server_id", "server_name", "port", "client_id", "go", "git_commit"}) {
		delete(n, key)
	}
	return n
}

func TestKeysAreToldOf(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range natsproto.Spec.Keys {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("README.md does not tell of %s", key)
		}
	}
}

// TestDifferencesAreToldOf reads what README.md says of them: every one, with its reason, and no other.
func TestDifferencesAreToldOf(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Differences from nats-server\n")
	if !found {
		t.Fatal("no section about differences")
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(.+?)` \\| .* \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		told[row[1]] = row[2]
	}
	want := map[string]string{"INFO": "Clients use them with JetStream and auth callout, which are not here."}
	for name, d := range differences {
		want[name] = d.reason
	}
	if !maps.Equal(told, want) {
		t.Errorf("README.md tells of %v\nthere are %v", told, want)
	}
	for _, key := range infoDifferences {
		if !strings.Contains(section, "`"+key+"`") {
			t.Errorf("README.md does not tell of %s in INFO", key)
		}
	}
	for name := range differences { // a misspelt one would never be tried
		if !slices.ContainsFunc(slices.Concat(conversations, spellings), func(c conversation) bool { return c.name == name }) {
			t.Errorf("no conversation is %q", name)
		}
	}
}

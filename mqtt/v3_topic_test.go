package mqtt_test

import (
	"slices"
	"strings"
	"testing"

	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// Which topics a filter matches, as section 4.7 has it: of those retained, and of those published afterwards.
func TestV3Wildcards(t *testing.T) {
	topics := []string{"sport", "sport/", "/sport", "sport/tennis", "sport/tennis/", "sport/tennis/p1", "sport/tennis/p1/ranking", "sport/golf",
		"sports", "/", "//", "a//b", "$test", "$test/a", "$test/a/b", "a/$b"}
	g := gatewaytest.Start(t, conf(""))
	p := dial(t, g)
	p.send(hello3("p"))
	p.expect(ok3)
	for _, topic := range topics {
		p.send(pub3(topic, "x", 0, 0, retained))
	}
	p.alive()
	for _, x := range []struct{ name, filter, matches string }{
		{"[MQTT-4.7.1-2] all below, and itself", "sport/tennis/#", "sport/tennis sport/tennis/ sport/tennis/p1 sport/tennis/p1/ranking"},
		{"[MQTT-4.7.1-2] [MQTT-4.7.2-1] everything, but what begins with $", "#", "sport sport/ /sport sport/tennis sport/tennis/ sport/tennis/p1 sport/tennis/p1/ranking sport/golf sports / // a//b a/$b"},
		{"[MQTT-4.7.1-3] one level", "sport/+", "sport/ sport/tennis sport/golf"},
		{"[MQTT-4.7.1-3] an empty level", "+/+", "sport/ /sport sport/tennis sport/golf / a/$b"},
		{"[MQTT-4.7.1-3] behind an empty one", "/+", "/sport /"},
		{"[MQTT-4.7.1-3] [MQTT-4.7.2-1] one level and no more", "+", "sport sports"},
		{"[MQTT-4.7.1-3] [MQTT-4.7.1-2] both", "+/tennis/#", "sport/tennis sport/tennis/ sport/tennis/p1 sport/tennis/p1/ranking"},
		{"[MQTT-4.7.1-3] in the middle", "a/+/b", "a//b"},
		{"[MQTT-4.7.2-1] + is not $test", "+/a/#", ""},
		{"[MQTT-4.7.2-1] $ in the filter", "$test/#", "$test $test/a $test/a/b"},
		{"[MQTT-4.7.2-1] $ in the filter and +", "$test/+", "$test/a"},
		{"[MQTT-4.7.2-1] $ not at the beginning", "a/#", "a//b a/$b"},
		{"[MQTT-4.7.3-4] a slash more is another topic", "sport/", "sport/"},
	} {
		t.Run(x.name, func(t *testing.T) {
			var want []string
			if x.matches != "" {
				want = strings.Split(x.matches, " ")
			}
			c := dial(t, g)
			c.send(hello3("c", func(c *packet.Connect) { c.ClientID = []byte(x.filter) }) + sub3(1, x.filter, 0))
			c.expect(ok3 + granted3(1, 0))
			got := c.topicsUntil("end", nil)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("retained: got %q, want %q", got, want)
			}
			live := func() {
				for _, topic := range topics {
					p.send(pub3(topic, "live", 0, 0))
				}
				p.alive()
			}
			got = c.topicsUntil("live", live)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("live: got %q, want %q", got, want)
			}
		})
	}
}

// topicsUntil subscribes to a mark, does what brings messages, and then answers the topics of those that came before the mark.
func (c *client) topicsUntil(mark string, do func()) (topics []string) {
	c.Helper()
	c.send(sub3(9, mark, 0))
	var early []string
	for b := c.next(); b != granted3(9, 0); b = c.next() {
		early = append(early, topicOf(b))
	}
	if do != nil {
		do()
	}
	c.send(pub3(mark, "", 0, 0))
	for topic := topicOf(c.next()); topic != mark; topic = topicOf(c.next()) {
		early = append(early, topic)
	}
	return early
}

func topicOf(b string) string {
	body := b[len(b)-remaining(b):]
	return body[2 : 2+int(body[0])<<8+int(body[1])]
}

func TestV3Filters(t *testing.T) {
	bad := func(statement string, filters ...string) (all []conversation) {
		for _, f := range filters {
			all = append(all, conversation{name: statement + " " + f, steps: play(enters("a"),
				steps(send("a", sub3(1, "t", 1, also(f, 1))), expect("a", granted3(1, 1, failed3)), ping("a")))})
		}
		return all
	}
	converse(t, bad("[MQTT-4.7.1-2] # is not the last level, or not a whole one:", "a#", "a/#/b", "#/", "#a", "a/b#", "##", "/#/"))
	converse(t, bad("[MQTT-4.7.1-3] + is not a whole level:", "a+", "+a", "a/+b", "a/b+/c", "++", "+#"))
}

func TestV3TopicLimits(t *testing.T) {
	const wide = "max_subject: 131071, max_levels: 65535"
	longest := strings.Repeat("a/b.c ", 10922) + "xyz" // 65,535 bytes
	if len(longest) != 65_535 {
		t.Fatal(len(longest))
	}
	converse(t, []conversation{
		{name: "[MQTT-4.7.3-3] the longest topic, and the deepest", conf: wide, steps: play(watches("s", "#", 0), enters("p"),
			steps(send("p", pub3(longest, "x", 0, 0)), expect("s", pub3(longest, "x", 0, 0)),
				send("p", pub3(strings.Repeat("/", 65_535), "y", 1, 1)), expect("p", puback(1)), expect("s", pub3(strings.Repeat("/", 65_535), "y", 0, 0)), ping("s")))},
		{name: "[MQTT-4.7.3-3] as a filter", conf: wide, steps: play(watches("s", longest, 0), enters("p"),
			steps(send("p", pub3(longest, "x", 0, 0)), expect("s", pub3(longest, "x", 0, 0)), ping("s")))},
		{name: "[MQTT-4.7.3-4] topics are bytes: nothing is made the same", steps: play(watches("s", "Account/é a", 0), enters("p"),
			steps(send("p", pub3("account/é a", "", 0, 0), pub3("Account/e\u0301 a", "", 0, 0), pub3("Account/é a/", "", 0, 0), pub3("/Account/é a", "", 0, 0), pub3("Account/é  a", "", 0, 0),
				pub3("Account/é a ", "", 0, 0), pub3("Account/é_a", "", 0, 0), pub3("Account.é a", "", 0, 0), pub3("Account/é a", "x", 0, 0)), expect("s", pub3("Account/é a", "x", 0, 0)), ping("s")))},
		{name: "[MQTT-4.7.3-1] one character is enough", steps: play(watches("s", "/", 0), enters("p"), steps(send("p", pub3("/", "x", 0, 0)), expect("s", pub3("/", "x", 0, 0)), ping("s")))},
		{name: "[MQTT-4.7.3-4] characters that others refuse", steps: play(watches("s", "a/+", 0), enters("p"),
			steps(send("p", pub3("a/b\tc", "1", 0, 0), pub3("a/*", "2", 0, 0), pub3("a/>", "3", 0, 0), pub3("a/ ", "4", 0, 0), pub3("a/\x01\x7f\u0080\uffff", "5", 0, 0), pub3("a/b.c", "6", 0, 0)),
				expect("s", pub3("a/b\tc", "1", 0, 0), pub3("a/*", "2", 0, 0), pub3("a/>", "3", 0, 0), pub3("a/ ", "4", 0, 0), pub3("a/\x01\x7f\u0080\uffff", "5", 0, 0), pub3("a/b.c", "6", 0, 0)), ping("s")))},
		{name: "or that are refused here, where one wants that", conf: "strict_utf8: true", steps: play(enters("p"), steps(send("p", pub3("a\tb", "1", 0, 0)), closed("p")))},
	})
}
